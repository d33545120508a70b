//! One case: sets up its folder, runs the workflow, and looks at what came of it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use casare_engine::{CancelReason, Engine, EventSink, Plan, RunOptions, RunOutcome};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::{
    coverage::Hits,
    file::{Case, Given, HttpRule, TestFile},
    mismatch::Mismatch,
    recording::Recording,
    snapshot::Snapshots,
    stage::{Seen, Stage},
    still::{MadeUp, StillClock},
    verdict,
    wire::{Answers, Asked, Wire},
};

/// The time that a case has if it says nothing.
const TIMEOUT: Duration = Duration::from_mins(1);
/// What chance begins with: the same each time.
const SEED: u64 = 1;

/// How a case ended.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// Its line in the test file.
    pub line: usize,
    /// Passed, failed or skipped.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
    pub(crate) hits: Hits,
    /// The snapshot to keep, if it is another one.
    pub(crate) snapshot: Option<Json>,
}

/// Passed, failed or skipped.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Everything is as expected.
    Passed,
    /// Something is not.
    Failed(Vec<Failure>),
    /// It was not run, and why.
    Skipped(String),
}

/// Something that is not as expected.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What.
    pub message: String,
    /// The line of the expectation in the test file.
    pub line: usize,
    /// The step of the workflow, and its line.
    pub step: Option<(String, u32)>,
    /// What to do.
    pub help: Option<String>,
    /// The values that differ.
    pub mismatches: Vec<Mismatch>,
}

impl Failure {
    pub(crate) fn new(line: usize, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            line,
            step: None,
            help: None,
            mismatches: Vec::new(),
        }
    }

    /// For `--json`.
    pub fn to_json(&self) -> Json {
        let step = self.step.as_ref();
        let step = step.map(|(title, line)| json!({ "title": title, "line": line }));
        json!({
            "message": self.message,
            "line": self.line,
            "step": step,
            "help": self.help,
            "mismatches": self.mismatches.iter().map(Mismatch::to_json).collect::<Json>(),
        })
    }
}

/// What all cases of a file share.
pub(crate) struct Ground {
    pub(crate) file: TestFile,
    pub(crate) plan: Arc<Plan>,
    pub(crate) engine: Engine,
    pub(crate) snapshots: Snapshots,
    pub(crate) browser: Option<PathBuf>,
    pub(crate) update: bool,
}

/// What came of a run.
pub(crate) struct Came {
    pub(crate) outcome: RunOutcome,
    pub(crate) seen: Seen,
    pub(crate) asked: Vec<Asked>,
    /// The folder that it ran in.
    pub(crate) folder: PathBuf,
    /// It was stopped because it took longer than this.
    pub(crate) timed_out: Option<Duration>,
}

pub(crate) async fn run(ground: &Ground, case: &Case) -> CaseResult {
    let began = Instant::now();
    let mut result = CaseResult {
        name: case.name.clone(),
        line: case.line,
        outcome: Outcome::Passed,
        took: Duration::ZERO,
        hits: Hits::default(),
        snapshot: None,
    };
    if let Some(reason) = &case.skip {
        result.outcome = Outcome::Skipped(reason.clone());
        return result;
    }
    match came(ground, case).await {
        Err(message) => {
            result.outcome = Outcome::Failed(vec![Failure::new(case.line, message)]);
        }
        Ok((came, _scratch)) => {
            let (failures, snapshot) = verdict::of(ground, case, &came);
            if !failures.is_empty() {
                result.outcome = Outcome::Failed(failures);
            }
            result.snapshot = snapshot;
            result.hits = came.seen.hits;
        }
    }
    result.took = began.elapsed();
    result
}

/// Runs the workflow in a folder of its own, which lasts as long as what is answered.
async fn came(ground: &Ground, case: &Case) -> Result<(Came, TempDir), String> {
    let scratch = TempDir::with_prefix("casare-test-")
        .map_err(|error| format!("a folder for the case could not be made: {error}"))?;
    let folder = scratch.path().join("files");
    set_up(case, &folder)?;
    let stage = Arc::new(Stage::new(case));
    let answers = answers(case)?;
    let needs_wire = answers.is_some() || !case.expect.http.is_empty();
    let wire = needs_wire.then(|| Wire::new(answers, stage.clone()));

    let setup = &case.setup;
    let mut options = RunOptions::new(&folder, scratch.path().join("runs"));
    options.files = Some(folder.clone());
    options.inputs = setup.inputs.clone();
    options.variables = setup.variables.clone();
    options.env = setup.env.clone();
    options.credentials = Arc::new(MadeUp(setup.credentials.clone()));
    options.seed = Some(setup.seed.unwrap_or(SEED));
    options.browser.clone_from(&ground.browser);
    options.sinks = vec![stage.clone() as Arc<dyn EventSink>];
    options.attendant = Some(stage.clone());
    options.shown.insert("id".into(), "test".into());
    if let Some(clock) = setup.clock {
        options.clock = Some(Arc::new(StillClock::new(clock)));
        let time = clock.at.to_string();
        options.shown.insert("started_at".into(), time.into());
    }
    if let Some(wire) = &wire {
        options.exchanges = Some(wire.clone());
    }
    let cancel = options.cancel.clone();
    let limit = setup.timeout.unwrap_or(TIMEOUT);
    let mut run = Box::pin(ground.engine.run(&ground.plan, options));
    let mut timed_out = None;
    let outcome = tokio::select! {
        outcome = &mut run => outcome,
        () = tokio::time::sleep(limit) => {
            timed_out = Some(limit);
            cancel.cancel(CancelReason::User);
            run.await
        }
    };
    let outcome = outcome.map_err(|error| error.to_string())?;
    let came = Came {
        outcome,
        seen: stage.take(),
        asked: wire.map(|wire| wire.asked()).unwrap_or_default(),
        folder,
        timed_out,
    };
    Ok((came, scratch))
}

fn answers(case: &Case) -> Result<Option<Vec<Answers>>, String> {
    let Some(rules) = &case.setup.http else {
        return Ok(None);
    };
    let answers = rules.iter().map(|rule| match rule {
        HttpRule::Rule(rule) => Ok(Answers::Rule(rule.clone())),
        HttpRule::Recording(file) => {
            let recording = Recording::read(file).map_err(|error| error.to_string())?;
            Ok(Answers::Recorded(recording.exchanges))
        }
    });
    answers.collect::<Result<_, String>>().map(Some)
}

fn set_up(case: &Case, folder: &Path) -> Result<(), String> {
    let failed = |path: &Path, error: io::Error| {
        format!("`{}` could not be set up: {error}", path.display())
    };
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for (name, given) in &case.setup.files {
        let target = folder.join(name);
        let parent = target.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
        match given {
            Given::Text(text) => fs::write(&target, text),
            Given::Copy(source) => copy(source, &target),
        }
        .map_err(|error| failed(&target, error))?;
    }
    Ok(())
}

/// Copies a file, or a folder with all that is in it.
fn copy(source: &Path, target: &Path) -> io::Result<()> {
    let mut open = vec![(source.to_owned(), target.to_owned())];
    while let Some((source, target)) = open.pop() {
        if !source.is_dir() {
            fs::copy(&source, &target)?;
            continue;
        }
        fs::create_dir_all(&target)?;
        for entry in fs::read_dir(&source)? {
            let entry = entry?;
            // A link could lead round in circles.
            if !entry.file_type()?.is_symlink() {
                open.push((entry.path(), target.join(entry.file_name())));
            }
        }
    }
    Ok(())
}
