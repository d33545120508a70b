//! A folder to run workflows in.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use casare_engine::{
    Credential, Credentials, Engine, ErrorKind, ErrorReport, EventSink, Nobody, Node, NodeError,
    People, Question, Registry, RunEvent, RunOptions, RunOutcome, RunState,
};
use casare_workflow::Catalogue as _;
use serde_json::Value as Json;
use tempfile::TempDir;

/// A folder with files, and an engine that knows the nodes under test.
pub struct Office {
    folder: TempDir,
    engine: Engine,
    credentials: Arc<Known>,
    answers: Arc<Answers>,
    heard: Arc<Heard>,
}

/// What people say when they are asked.
#[derive(Debug, Clone, Default)]
struct Answers(BTreeMap<String, Json>);

#[async_trait::async_trait]
impl People for Answers {
    async fn ask(&self, question: &Question) -> Result<Json, NodeError> {
        match self.0.get(&question.name) {
            Some(answer) => Ok(answer.clone()),
            None => Nobody.ask(question).await,
        }
    }
}

/// The credentials that runs can use.
#[derive(Default)]
struct Known(BTreeMap<String, Credential>);

#[async_trait::async_trait]
impl Credentials for Known {
    async fn credential(&self, name: &str) -> Result<Option<Credential>, NodeError> {
        Ok(self.0.get(name).cloned())
    }
}

/// All events of all runs, as JSON.
#[derive(Default)]
struct Heard(Mutex<String>);

impl EventSink for Heard {
    fn event(&self, event: &RunEvent) {
        let mut heard = self.0.lock().unwrap();
        heard.push_str(&serde_json::to_string(event).unwrap());
        heard.push('\n');
    }
}

impl Office {
    /// Somebody answers this to the question of this name.
    #[must_use]
    pub fn answer(mut self, name: &str, answer: Json) -> Self {
        Arc::make_mut(&mut self.answers)
            .0
            .insert(name.to_owned(), answer);
        self
    }

    /// An empty folder, and an engine that knows the engine's own nodes and these.
    pub fn with(nodes: impl IntoIterator<Item = Node>) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            engine: Engine::new(Registry::new(nodes)),
            credentials: Arc::default(),
            answers: Arc::default(),
            heard: Arc::default(),
        }
    }

    /// The office with a credential that its runs can use.
    pub fn credential(mut self, name: &str, fields: &[(&str, &str)]) -> Self {
        let secrets = fields
            .iter()
            .map(|(field, secret)| ((*field).to_owned(), (*secret).to_owned().into()));
        let credential = Credential::new(name, secrets.collect());
        let mut known = self.credentials.0.clone();
        known.insert(name.to_owned(), credential);
        self.credentials = Arc::new(Known(known));
        self
    }

    /// All that the runs so far have told, as a text to look for what must not be in it.
    pub fn heard(&self) -> String {
        self.heard.0.lock().unwrap().clone()
    }

    /// A folder that holds the files which examples of nodes read.
    pub fn with_fixtures(nodes: impl IntoIterator<Item = Node>) -> Self {
        let office = Self::with(nodes);
        copy(&fixtures(), office.folder.path());
        office
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the example of a node to its end, each `(written, meant)` replaced: the address of a
    /// server that the test has started, say.
    pub async fn example(&self, node: &str, replaced: &[(&str, &str)]) -> RunOutcome {
        let mut steps = self
            .engine
            .registry()
            .node(node)
            .unwrap_or_else(|| panic!("there is no node {node}"))
            .example
            .to_string();
        for (written, meant) in replaced {
            assert!(
                steps.contains(written),
                "the example of {node} has no {written}"
            );
            steps = steps.replace(written, meant);
        }
        self.run(&format!("steps:\n{steps}")).await
    }

    /// The place of a file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file into the folder.
    pub fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// The text of a file in the folder.
    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The names of all files below the folder, sorted; those of runs are left out.
    pub fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect(self.folder.path(), "", &mut names);
        names.sort();
        names
    }

    /// Runs a workflow (everything below its `name`) to its end.
    pub async fn run(&self, workflow: &str) -> RunOutcome {
        let text = format!("casare: 1\nname: test\n{workflow}");
        let plan = self
            .engine
            .load("test.workflow.yaml", &text, self.folder.path())
            .unwrap_or_else(|error| panic!("{error:?}"));
        let runs = self.path(".runs");
        let mut options = RunOptions::new(self.folder.path(), runs);
        options.credentials = self.credentials.clone();
        options.people = self.answers.clone();
        options.sinks.push(self.heard.clone());
        let outcome = self.engine.run(&plan, options).await.unwrap();
        if let Some(error) = &outcome.error {
            self.fails_as_it_says(error);
        }
        outcome
    }

    /// A node's manual names each kind of error that it can end with.
    fn fails_as_it_says(&self, error: &ErrorReport) {
        const ALL: [ErrorKind; 3] = [ErrorKind::Invalid, ErrorKind::Timeout, ErrorKind::Bug];
        let spec = error
            .node
            .as_ref()
            .and_then(|name| self.engine.registry().node(name));
        let Some(spec) = spec.filter(|spec| spec.category() != "flow") else {
            return;
        };
        let kind = error.kind.name();
        let told = spec.faults.iter().any(|fault| fault.kind == kind);
        assert!(
            told || ALL.contains(&error.kind),
            "`{}` does not say that it fails with `{kind}`: {}",
            spec.name,
            error.message
        );
    }

    /// The outputs of a workflow that succeeds.
    pub async fn outputs(&self, workflow: &str) -> Json {
        let outcome = self.run(workflow).await;
        assert_eq!(outcome.state, RunState::Succeeded, "{:#?}", outcome.error);
        outcome.outputs
    }

    /// Why a workflow failed.
    pub async fn failure(&self, workflow: &str) -> ErrorReport {
        let outcome = self.run(workflow).await;
        assert_eq!(outcome.state, RunState::Failed, "it should have failed");
        outcome.error.unwrap()
    }
}

fn collect(folder: &Path, prefix: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == ".runs" {
            continue;
        }
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), names);
        } else {
            names.push(format!("{prefix}{name}"));
        }
    }
}

/// The files which examples of nodes read.
fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
