//! A folder with workflows, and a few nodes to debug.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use casare_debug::{Host, Launch, Opened, Refused};
use casare_engine::{
    Credential, Credentials, Engine, LogLevel, Node, NodeError, Registry, RunOptions, StepContext,
};
use casare_store::Journal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// Writes a line to `notes.txt` and to the log.
#[derive(Debug, Deserialize, JsonSchema)]
struct Note {
    text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Noted {
    text: String,
}

async fn note(cx: &StepContext, settings: Note) -> Result<Noted, NodeError> {
    let path = cx.file("notes.txt");
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::write(&path, format!("{before}{}\n", settings.text)).unwrap();
    cx.log(LogLevel::Info, &settings.text);
    Ok(Noted {
        text: settings.text,
    })
}

/// Answers what a login holds, as careless servers do.
#[derive(Debug, Deserialize, JsonSchema)]
struct Login {}

async fn login(cx: &StepContext, _: Login) -> Result<Noted, NodeError> {
    let credential = cx.credential("portal").await?;
    Ok(Noted {
        text: format!("token={}", credential.field("password")?),
    })
}

/// Waits until it is cancelled.
#[derive(Debug, Deserialize, JsonSchema)]
struct Endless {}

async fn endless(cx: &StepContext, _: Endless) -> Result<Noted, NodeError> {
    cx.log(LogLevel::Info, "waiting");
    std::future::pending().await
}

struct OnePassword;

#[async_trait]
impl Credentials for OnePassword {
    async fn credential(&self, name: &str) -> Result<Option<Credential>, NodeError> {
        let fields = [("password".to_owned(), "hunter2-and-more".to_owned().into())];
        Ok(Some(Credential::new(name, BTreeMap::from(fields))))
    }
}

/// A folder, and whoever knows how to run what is in it.
pub(crate) struct Lab {
    folder: TempDir,
    engine: Engine,
}

impl Lab {
    pub(crate) fn with(text: &str) -> Arc<Self> {
        let nodes = [
            Node::action("test.note", note).pure(),
            Node::action("test.login", login).pure(),
            Node::action("test.endless", endless).pure(),
        ];
        let lab = Self {
            folder: TempDir::new().unwrap(),
            engine: Engine::new(Registry::new(nodes)),
        };
        lab.write("main.workflow.yaml", text);
        Arc::new(lab)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn main(&self) -> PathBuf {
        self.path("main.workflow.yaml")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// The lines that `test.note` wrote.
    pub(crate) fn notes(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("notes.txt")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

#[async_trait]
impl Host for Lab {
    async fn open(&self, launch: &Launch) -> Result<Opened, Refused> {
        let text = fs::read_to_string(&launch.file)
            .map_err(|error| Refused::new(format!("{}: {error}", launch.file.display())))?;
        let name = launch.file.file_name().unwrap().to_str().unwrap();
        let plan = self
            .engine
            .load(name, &text, self.folder.path())
            .map_err(|error| Refused::new(error.to_string()))?;
        let mut options = RunOptions::new(self.folder.path(), self.path("runs"));
        options.inputs.clone_from(&launch.inputs);
        options.credentials = Arc::new(OnePassword);
        options.journal = Some(Journal::open(&self.path("journal")).await.unwrap());
        Ok(Opened {
            engine: self.engine.clone(),
            plan,
            options,
        })
    }
}
