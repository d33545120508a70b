//! Finds test files and runs their cases side by side.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use casare_engine::{Engine, PlanError};
use casare_workflow::ProblemList;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    case::{self, CaseResult, Failure, Ground, Outcome},
    coverage::Coverage,
    file::{TestFile, check_names},
    snapshot::Snapshots,
};

/// How deep folders are searched.
const DEEPEST: usize = 64;
/// Folders that hold no tests of a project.
const LEFT_OUT: [&str; 2] = ["node_modules", "target"];

/// How tests are run.
#[derive(Debug, Clone)]
pub struct Manner {
    /// Only cases whose `file › case` holds one of these, without regard to case; all if empty.
    pub filter: Vec<String>,
    /// How many cases run at the same time.
    pub jobs: usize,
    /// Whether snapshots are kept as they are now.
    pub update: bool,
    /// The browser to start where a workflow names none.
    pub browser: Option<PathBuf>,
}

/// What came of all test files.
#[derive(Debug, Default)]
pub struct Report {
    /// In the order of their names.
    pub files: Vec<FileReport>,
    /// What the cases went through.
    pub coverage: Coverage,
    /// How long it took.
    pub took: Duration,
    /// Snapshot files that were changed.
    pub updated: usize,
}

/// What came of a test file.
#[derive(Debug)]
pub struct FileReport {
    /// As it was found.
    pub name: String,
    /// The cases that ran, in the order of the file.
    pub cases: Vec<CaseResult>,
    /// Why it could not be run.
    pub broken: Option<Broken>,
    /// How many cases the filter left out.
    pub left_out: usize,
    /// The test file and its workflow: what to watch.
    pub watched: Vec<PathBuf>,
}

/// Why a test file could not be run.
#[derive(Debug)]
pub enum Broken {
    /// The test file is not right.
    Test(ProblemList),
    /// Its workflow is not.
    Workflow(PlanError),
    /// Something else.
    Other(String),
}

/// How many cases ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Everything was as expected.
    pub passed: usize,
    /// Something was not.
    pub failed: usize,
    /// Not run.
    pub skipped: usize,
    /// Test files that could not be run.
    pub broken: usize,
}

impl Report {
    /// How many cases ended how.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for file in &self.files {
            counts.broken += usize::from(file.broken.is_some());
            for case in &file.cases {
                match case.outcome {
                    Outcome::Passed => counts.passed += 1,
                    Outcome::Failed(_) => counts.failed += 1,
                    Outcome::Skipped(_) => counts.skipped += 1,
                }
            }
        }
        counts
    }
}

/// The test files among and below `paths`, sorted; hidden folders are left out.
///
/// # Errors
///
/// A path that is not there or can't be listed.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let mut found = Vec::new();
    for path in paths {
        let about = fs::metadata(path).map_err(|error| (path.clone(), error))?;
        if !about.is_dir() {
            found.push(path.clone());
            continue;
        }
        let mut open = vec![(path.clone(), 0)];
        while let Some((folder, depth)) = open.pop() {
            let entries = fs::read_dir(&folder).map_err(|error| (folder.clone(), error))?;
            for entry in entries {
                let entry = entry.map_err(|error| (folder.clone(), error))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let kind = entry.file_type().map_err(|error| (entry.path(), error))?;
                let is_hidden = name.starts_with('.') || LEFT_OUT.contains(&name.as_str());
                if kind.is_dir() && !is_hidden && depth < DEEPEST {
                    open.push((entry.path(), depth + 1));
                } else if name.ends_with(".test.yaml") && !kind.is_dir() {
                    let path = entry.path();
                    found.push(path.strip_prefix(".").unwrap_or(&path).to_owned());
                }
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Runs the cases of test files. `engine` answers the engine for workflows of a folder; `told` is
/// called for each case that has ended, in the order in which they end.
pub async fn run(
    files: &[PathBuf],
    manner: &Manner,
    engine: impl Fn(&Path) -> Result<Engine, String>,
    told: impl Fn(&str, &CaseResult),
) -> Report {
    let began = Instant::now();
    let mut report = Report::default();
    let mut grounds: Vec<Option<Arc<Ground>>> = Vec::new();
    let room = Arc::new(Semaphore::new(manner.jobs.max(1)));
    let mut running = JoinSet::new();
    for (number, path) in files.iter().enumerate() {
        let (mut file, ground) = prepared(path, manner, &engine, &mut report.coverage);
        if let Some(ground) = &ground {
            for (place, case) in ground.file.cases.iter().enumerate() {
                if !is_wanted(&manner.filter, &file.name, &case.name) {
                    file.left_out += 1;
                    continue;
                }
                let (ground, room) = (ground.clone(), room.clone());
                running.spawn(async move {
                    // The semaphore is never closed.
                    let _turn = room.acquire_owned().await;
                    let result = case::run(&ground, &ground.file.cases[place]).await;
                    (number, place, result)
                });
            }
        }
        report.files.push(file);
        grounds.push(ground);
    }
    let mut results: BTreeMap<(usize, usize), CaseResult> = BTreeMap::new();
    while let Some(ended) = running.join_next().await {
        match ended {
            Ok((number, place, result)) => {
                told(&report.files[number].name, &result);
                report.coverage.add(&result.hits);
                results.insert((number, place), result);
            }
            Err(error) => {
                // Which case it was is not known: the panic has been told on stderr.
                if let Some(file) = report.files.first_mut() {
                    let reason = format!("a case ended unexpectedly: {error}");
                    file.broken = Some(Broken::Other(reason));
                }
            }
        }
    }
    for ((number, _), result) in results {
        report.files[number].cases.push(result);
    }
    if manner.update {
        report.update(&grounds, manner);
    }
    report.took = began.elapsed();
    report
}

impl Report {
    fn update(&mut self, grounds: &[Option<Arc<Ground>>], manner: &Manner) {
        for (file, ground) in self.files.iter_mut().zip(grounds) {
            let Some(ground) = ground else {
                continue;
            };
            let cases = file.cases.iter_mut();
            let changed = cases.filter_map(|case| Some((case.name.clone(), case.snapshot.take()?)));
            let changed = changed.collect();
            // Cases that the filter left out keep their snapshots.
            let all = manner.filter.is_empty();
            let is_case = |name: &str| {
                let mut cases = ground.file.cases.iter();
                !all || cases.any(|case| case.name == name && !case.expect.snapshot.is_empty())
            };
            match ground.snapshots.keep(changed, is_case) {
                Ok(changed) => self.updated += usize::from(changed),
                Err(reason) => file.broken = Some(Broken::Other(reason)),
            }
        }
    }
}

fn is_wanted(filter: &[String], file: &str, case: &str) -> bool {
    let name = format!("{file} › {case}").to_lowercase();
    filter.is_empty()
        || filter
            .iter()
            .any(|part| name.contains(&part.to_lowercase()))
}

/// Reads a test file and its workflow.
fn prepared(
    path: &Path,
    manner: &Manner,
    engine: &impl Fn(&Path) -> Result<Engine, String>,
    coverage: &mut Coverage,
) -> (FileReport, Option<Arc<Ground>>) {
    let mut report = FileReport {
        name: path.display().to_string(),
        cases: Vec::new(),
        broken: None,
        left_out: 0,
        watched: vec![path.to_owned()],
    };
    match ground(path, manner, engine, &mut report.watched) {
        Ok(ground) => {
            coverage.add_workflow(&ground.plan);
            (report, Some(Arc::new(ground)))
        }
        Err(broken) => {
            report.broken = Some(broken);
            (report, None)
        }
    }
}

fn ground(
    path: &Path,
    manner: &Manner,
    engine: &impl Fn(&Path) -> Result<Engine, String>,
    watched: &mut Vec<PathBuf>,
) -> Result<Ground, Broken> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|error| Broken::Other(format!("it can't be read: {error}")))?;
    let absolute = std::path::absolute(path)
        .map_err(|error| Broken::Other(format!("it can't be found: {error}")))?;
    let file = TestFile::read(&absolute, &name, &text).map_err(Broken::Test)?;
    watched.push(file.workflow.clone());
    let workflow = fs::read_to_string(&file.workflow).map_err(|error| {
        let path = file.workflow.display();
        Broken::Other(format!("the workflow `{path}` can't be read: {error}"))
    })?;
    let resolved = fs::canonicalize(&file.workflow).unwrap_or_else(|_| file.workflow.clone());
    let folder = resolved.parent().unwrap_or(Path::new("."));
    let engine = engine(folder).map_err(Broken::Other)?;
    let file_name = resolved.file_name().unwrap_or_default().to_string_lossy();
    let plan = engine
        .load(&file_name, &workflow, folder)
        .map_err(Broken::Workflow)?;
    let called = plan.called().keys();
    watched.extend(called.map(|called| folder.join(called)));
    let problems = check_names(&file, &plan, engine.registry());
    if !problems.is_empty() {
        return Err(Broken::Test(file.problems(problems)));
    }
    let snapshots = Snapshots::of(&absolute).map_err(Broken::Other)?;
    Ok(Ground {
        file,
        plan,
        engine,
        snapshots,
        browser: manner.browser.clone(),
        update: manner.update,
    })
}

impl CaseResult {
    /// What is not as expected.
    pub fn failures(&self) -> &[Failure] {
        match &self.outcome {
            Outcome::Failed(failures) => failures,
            _ => &[],
        }
    }
}
