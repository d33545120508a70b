//! A folder to run workflows in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use casare_engine::{Engine, ErrorReport, Registry, RunOptions, RunOutcome, RunState};
use serde_json::Value as Json;
use tempfile::TempDir;

/// A folder with files, and an engine that knows the standard nodes.
pub(crate) struct Office {
    folder: TempDir,
    engine: Engine,
}

impl Office {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            engine: Engine::new(Registry::new(casare_nodes::standard())),
        }
    }

    /// The place of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file into the folder.
    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// The text of a file in the folder.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The names of all files below the folder, sorted; those of runs are left out.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect(self.folder.path(), "", &mut names);
        names.sort();
        names
    }

    /// Runs a workflow (everything below its `name`) to its end.
    pub(crate) async fn run(&self, workflow: &str) -> RunOutcome {
        let text = format!("casare: 1\nname: test\n{workflow}");
        let plan = self
            .engine
            .load("test.workflow.yaml", &text, self.folder.path())
            .unwrap_or_else(|error| panic!("{error:?}"));
        let runs = self.path(".runs");
        let options = RunOptions::new(self.folder.path(), runs);
        self.engine.run(&plan, options).await.unwrap()
    }

    /// The outputs of a workflow that succeeds.
    pub(crate) async fn outputs(&self, workflow: &str) -> Json {
        let outcome = self.run(workflow).await;
        assert_eq!(outcome.state, RunState::Succeeded, "{:#?}", outcome.error);
        outcome.outputs
    }

    /// Why a workflow failed.
    pub(crate) async fn failure(&self, workflow: &str) -> ErrorReport {
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
