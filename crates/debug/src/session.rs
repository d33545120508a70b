//! A run under the debugger: started, restarted, ended.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use casare_engine::{
    Beginning, Cancel, CancelReason, Engine, EventSink, Plan, RunError, RunOptions, RunOutcome,
};
use serde_json::{Map, Value as Json};
use tokio::task::JoinHandle;

use crate::{Debugger, Program, debugger::Status};

/// How long a cancelled run may take to end: its grace time, and a little more.
const ENDING: Duration = Duration::from_secs(45);

/// What is to be debugged.
#[derive(Debug, Clone, Default)]
pub struct Launch {
    /// The workflow's file.
    pub file: PathBuf,
    /// Its inputs.
    pub inputs: Map<String, Json>,
    /// Shows browsers, whatever the workflow says.
    pub headed: bool,
}

/// A workflow, read and ready to run.
pub struct Opened {
    /// What runs it.
    pub engine: Engine,
    /// The workflow.
    pub plan: Arc<Plan>,
    /// All that a run needs, apart from the debugger. With a journal, a step can be restarted with
    /// what came before it.
    pub options: RunOptions,
}

/// Why a workflow can't be debugged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// What is wrong and what to do, in as many lines as it takes.
    pub message: String,
}

impl Refused {
    /// What is wrong and what to do.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// The program that a debugger is part of: knows where workflows, nodes and secrets come from.
#[async_trait]
pub trait Host: Send + Sync {
    /// Reads the workflow as it is now; called again for each restart.
    async fn open(&self, launch: &Launch) -> Result<Opened, Refused>;
}

/// Runs of one workflow under one debugger.
pub struct Session {
    host: Arc<dyn Host>,
    /// What stops the runs.
    pub debugger: Arc<Debugger>,
    launch: Launch,
    program: Arc<Program>,
    opened: Option<Opened>,
    running: Option<Running>,
    /// The newest run, for restarting at a step.
    last: Option<String>,
}

struct Running {
    handle: JoinHandle<Result<RunOutcome, RunError>>,
    cancel: Cancel,
}

impl Session {
    /// Reads the workflow; nothing runs yet.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub async fn open(
        host: Arc<dyn Host>,
        debugger: Arc<Debugger>,
        launch: Launch,
    ) -> Result<Self, Refused> {
        let opened = host.open(&launch).await?;
        let program = Arc::new(Program::new(opened.plan.clone()));
        debugger.begin(program.clone(), false);
        Ok(Self {
            host,
            debugger,
            launch,
            program,
            opened: Some(opened),
            running: None,
            last: None,
        })
    }

    /// The workflow as it was read last.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Whether a run is under way.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The run that a restart at a step goes back to: the newest one.
    pub fn set_last(&mut self, run: Option<String>) {
        self.last = run;
    }

    /// Begins a run, at its first step or where `beginning` says. The workflow is read again if it
    /// ran before. Answers where the breakpoints are.
    ///
    /// # Errors
    ///
    /// When the workflow can't be read any more.
    pub async fn start(
        &mut self,
        beginning: Option<Beginning>,
        stop_on_entry: bool,
        attended: bool,
    ) -> Result<Vec<Status>, Refused> {
        let Opened {
            engine,
            plan,
            mut options,
        } = match self.opened.take() {
            Some(opened) => opened,
            None => self.host.open(&self.launch).await?,
        };
        self.program = Arc::new(Program::new(plan.clone()));
        let statuses = self.debugger.begin(self.program.clone(), stop_on_entry);
        if attended {
            options.attendant = Some(self.debugger.clone());
        }
        options
            .sinks
            .push(self.debugger.clone() as Arc<dyn EventSink>);
        let cancel = options.cancel.clone();
        let handle = tokio::spawn(async move {
            match beginning {
                Some(beginning) => engine.run_from(&plan, &beginning, options).await,
                None => engine.run(&plan, options).await,
            }
        });
        self.running = Some(Running { handle, cancel });
        Ok(statuses)
    }

    /// Begins a new run at `step`, with what the newest run did before it, and `outputs` for what
    /// it did not do. The run that is under way ends.
    ///
    /// # Errors
    ///
    /// When the workflow can't be read any more.
    pub async fn restart_at(&mut self, mut beginning: Beginning) -> Result<Vec<Status>, Refused> {
        self.end().await;
        if beginning.earlier.is_none() {
            beginning.earlier.clone_from(&self.last);
        }
        self.start(Some(beginning), true, true).await
    }

    /// Waits for the run to end. `None` if none is under way. Dropping the future loses nothing.
    pub async fn ended(&mut self) -> Option<Result<RunOutcome, Refused>> {
        let ended = match &mut self.running {
            Some(running) => (&mut running.handle).await,
            None => return None,
        };
        self.running = None;
        self.last = self.debugger.run().or(self.last.take());
        Some(match ended {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(error)) => Err(Refused::new(error.to_string())),
            Err(error) => Err(Refused::new(format!("the run ended unexpectedly: {error}"))),
        })
    }

    /// Tells the run to end in good order: `finally` blocks run, sessions are closed.
    pub fn cancel(&self) {
        if let Some(running) = &self.running {
            running.cancel.cancel(CancelReason::User);
            self.debugger.detach();
        }
    }

    /// Ends the run in good order, and waits until it has.
    pub async fn end(&mut self) -> Option<Result<RunOutcome, Refused>> {
        self.cancel();
        if let Ok(ended) = tokio::time::timeout(ENDING, self.ended()).await {
            return ended;
        }
        let running = self.running.take()?;
        running.handle.abort();
        Some(Err(Refused::new("the run did not end and was given up")))
    }
}
