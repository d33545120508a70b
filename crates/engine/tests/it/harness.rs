//! A place to run workflows in, with a few nodes whose effects can be counted.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use casare_engine::{
    BlockEnd, Cancel, CancelReason, Decision, Engine, EventKind, EventSink, Node, NodeError,
    Opened, Registry, Resource, RunEvent, RunOptions, RunOutcome, StepContext,
};
use casare_store::{Journal, RunFilter};
use casare_workflow::Effect;
use parking_lot::Mutex;
use rand::RngCore;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tempfile::TempDir;
use tokio::sync::Notify;

/// Writes a line to `notes.txt`: a step with a consequence that can be counted.
#[derive(Debug, Deserialize, JsonSchema)]
struct Note {
    /// The line.
    text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Noted {
    text: String,
}

async fn note(cx: &StepContext, settings: Note) -> Result<Noted, NodeError> {
    append(&cx.file("notes.txt"), &settings.text);
    append(&cx.file("done.txt"), &cx.path().to_string());
    Ok(Noted {
        text: settings.text,
    })
}

/// Fails the first `failures` times that it is executed under this name.
#[derive(Debug, Deserialize, JsonSchema)]
struct Flaky {
    name: String,
    failures: usize,
    #[serde(default)]
    kind: Option<casare_engine::ErrorKind>,
}

async fn flaky(cx: &StepContext, settings: Flaky) -> Result<Noted, NodeError> {
    let file = cx.file(format!("{}.txt", settings.name));
    append(&file, "tried");
    let tried = fs::read_to_string(&file).unwrap().lines().count();
    if tried <= settings.failures {
        let kind = settings
            .kind
            .unwrap_or(casare_engine::ErrorKind::Unavailable);
        return Err(NodeError::new(kind, format!("not yet ({tried})")));
    }
    Ok(Noted {
        text: format!("after {tried}"),
    })
}

/// Opens something that writes down how it ends.
#[derive(Debug, Deserialize, JsonSchema)]
struct Door {
    name: String,
}

struct OpenDoor {
    notes: PathBuf,
    name: String,
}

#[async_trait]
impl Resource for OpenDoor {
    async fn close(&self, end: BlockEnd) -> Result<(), NodeError> {
        append(&self.notes, &format!("{} closed: {end:?}", self.name));
        Ok(())
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn std::any::Any + Send + Sync> {
        self
    }
}

async fn door(cx: &StepContext, settings: Door) -> Result<Opened<Noted>, NodeError> {
    Ok(Opened {
        resource: Arc::new(OpenDoor {
            notes: cx.file("doors.txt"),
            name: settings.name.clone(),
        }),
        outputs: Noted {
            text: settings.name,
        },
    })
}

/// What time and chance say.
#[derive(Debug, Deserialize, JsonSchema)]
struct Dice {}

#[derive(Debug, Serialize, JsonSchema)]
struct Thrown {
    pips: u64,
    at: String,
}

async fn dice(cx: &StepContext, _: Dice) -> Result<Thrown, NodeError> {
    Ok(Thrown {
        pips: cx.rng().next_u64(),
        at: cx.now().to_string(),
    })
}

fn append(path: &Path, line: &str) {
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    writeln!(file, "{line}").unwrap();
}

/// A folder, an engine and a journal.
pub(crate) struct Lab {
    folder: TempDir,
    pub(crate) engine: Engine,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let nodes = [
            Node::action("test.note", note).effect(Effect::Once),
            Node::action("test.jot", note).pure(),
            Node::action("test.knock", note).effect(Effect::Live),
            Node::action("test.flaky", flaky).pure(),
            Node::action("test.dice", dice).pure(),
            Node::session("test.door", door),
        ];
        Self {
            folder: TempDir::new().unwrap(),
            engine: Engine::new(Registry::new(nodes)),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// The lines of a file that steps wrote.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn options(&self) -> RunOptions {
        RunOptions::new(self.folder.path(), self.path("runs"))
    }

    pub(crate) async fn journal(&self) -> Journal {
        Journal::open(&self.path("journal")).await.unwrap()
    }

    /// Runs `steps` without a journal.
    pub(crate) async fn run(&self, text: &str) -> RunOutcome {
        self.run_with(text, self.options()).await
    }

    pub(crate) async fn run_with(&self, text: &str, options: RunOptions) -> RunOutcome {
        let plan = match self
            .engine
            .load("test.workflow.yaml", text, self.folder.path())
        {
            Ok(plan) => plan,
            Err(casare_engine::PlanError::Invalid(list)) => {
                let told: Vec<&str> = list.problems.iter().map(|p| p.message.as_str()).collect();
                panic!("not valid: {told:#?}")
            }
            Err(error) => panic!("{error}"),
        };
        self.engine.run(&plan, options).await.unwrap()
    }

    /// Runs with a journal and drops everything, as a crash does, at the `crash_at`th event.
    /// `None` if the run ended before.
    pub(crate) async fn crash(&self, text: &str, crash_at: usize) -> Option<RunOutcome> {
        let sink = Arc::new(Crash {
            left: AtomicUsize::new(crash_at),
            now: Notify::new(),
        });
        let mut options = self.options();
        options.journal = Some(self.journal().await);
        options.sinks = vec![sink.clone()];
        let outcome = tokio::select! {
            biased;
            () = sink.now.notified() => None,
            outcome = self.run_with(text, options) => Some(outcome),
        };
        // The journal's thread outlives the run that was dropped by one commit.
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        outcome
    }

    /// Whether the journal says that the run has succeeded.
    pub(crate) async fn has_succeeded(&self) -> bool {
        let runs = self
            .journal()
            .await
            .list(RunFilter::default())
            .await
            .unwrap();
        runs[0].state == casare_engine::RunState::Succeeded
    }

    pub(crate) async fn resume(&self, decisions: &[(&str, Decision)]) -> RunOutcome {
        let journal = self.journal().await;
        let runs = journal.list(RunFilter::default()).await.unwrap();
        let mut options = self.options();
        options.journal = Some(journal);
        let decisions: BTreeMap<String, Decision> = decisions
            .iter()
            .map(|(step, decision)| ((*step).to_owned(), decision.clone()))
            .collect();
        self.engine
            .resume(&runs[0].id.to_string(), &decisions, options)
            .await
            .unwrap()
    }
}

/// Tells when an event was reached.
struct Crash {
    left: AtomicUsize,
    now: Notify,
}

impl EventSink for Crash {
    fn event(&self, _: &RunEvent) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.now.notify_one();
        }
    }
}

/// Keeps every event, as JSON.
#[derive(Default)]
pub(crate) struct Events(Mutex<Vec<Json>>);

impl Events {
    pub(crate) fn all(&self) -> Vec<Json> {
        self.0.lock().clone()
    }

    pub(crate) fn named(&self, name: &str) -> Vec<Json> {
        let events = self.0.lock();
        events
            .iter()
            .filter(|event| event["event"] == name)
            .cloned()
            .collect()
    }
}

impl EventSink for Events {
    fn event(&self, event: &RunEvent) {
        self.0.lock().push(serde_json::to_value(event).unwrap());
    }
}

/// Cancels the run as soon as the step called `title` has begun.
pub(crate) struct CancelAt {
    pub(crate) title: &'static str,
    pub(crate) cancel: Cancel,
}

impl EventSink for CancelAt {
    fn event(&self, event: &RunEvent) {
        if let EventKind::StepStarted { step, .. } = &event.kind
            && step.title == self.title
        {
            self.cancel.cancel(CancelReason::User);
        }
    }
}

pub(crate) fn inputs<const N: usize>(inputs: [(&str, Json); N]) -> Map<String, Json> {
    inputs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
