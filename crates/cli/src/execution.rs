//! What running and resuming share: who listens, how it is stopped, and what is told at the end.

use std::{path::PathBuf, sync::Arc};

use casare_engine::{Cancel, EventSink, HealingPolicy, RunOptions, RunOutcome, RunState};
use casare_workflow::Workflow;
use clap::{Args, ValueEnum};
use tokio::runtime::Runtime;

use crate::{
    config::Config,
    event_lines::EventLines,
    failure::{CliError, Exit},
    interrupt, outcome,
    people::{self, AtTerminal},
    progress::Progress,
    report::{self, Collected, Collector},
    terminal::Terminal,
};

/// How a run is shown and where its files go.
#[derive(Debug, Args)]
pub(crate) struct Manner {
    /// Print one JSON object at the end
    #[arg(long)]
    json: bool,
    /// Print each event as a line of JSON while it happens, and the JSON object at the end
    #[arg(long)]
    events: bool,
    /// Show browsers, whatever the workflow says
    #[arg(long)]
    headed: bool,
    /// What is done when a selector finds nothing any more, whatever the workflow says
    #[arg(long, value_name = "POLICY")]
    healing: Option<Healing>,
    /// The answer to a question that the workflow asks: `--answer NAME=VALUE`
    #[arg(long = "answer", value_name = "NAME=VALUE", value_parser = people::answer)]
    answers: Vec<(String, String)>,
    /// Where the files of runs are kept: FOLDER/<run id>/ [default: `runs` in the data folder]
    #[arg(long, value_name = "FOLDER")]
    runs: Option<PathBuf>,
}

/// What is done when a selector finds nothing any more.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Healing {
    /// Nothing: the step fails
    Off,
    /// The step fails, and the repair is written down for `casare heal`
    Propose,
    /// The step goes on with what was found, the run is marked as healed, and the repair is written down
    Provisional,
}

impl From<Healing> for HealingPolicy {
    fn from(healing: Healing) -> Self {
        match healing {
            Healing::Off => Self::Off,
            Healing::Propose => Self::Propose,
            Healing::Provisional => Self::Provisional,
        }
    }
}

impl Manner {
    pub(crate) fn wants_json(&self) -> bool {
        self.json || self.events
    }
}

/// Two workers are enough to wait with: what computes for long has threads of its own.
pub(crate) fn runtime() -> Result<Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(CliError::Runtime)
}

/// A run that is about to begin.
pub(crate) struct Execution<'a> {
    pub(crate) options: RunOptions,
    cancel: Cancel,
    collector: Arc<Collector>,
    progress: Arc<Progress>,
    lines: Option<Arc<EventLines>>,
    json: bool,
    terminal: &'a Terminal,
}

impl<'a> Execution<'a> {
    pub(crate) fn new(
        manner: &Manner,
        config: &Config,
        terminal: &'a Terminal,
        folder: PathBuf,
        workflow: &Workflow,
    ) -> Result<Self, CliError> {
        let runs = match &manner.runs {
            Some(folder) => std::path::absolute(folder).map_err(|source| CliError::Unreadable {
                path: folder.clone(),
                source,
            })?,
            None => config.runs()?,
        };
        // Before the first HTTPS connection; what it costs comes with that connection.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let collector = Arc::new(Collector::default());
        let progress = Arc::new(Progress::new(terminal, workflow));
        let lines = manner.events.then(|| Arc::new(EventLines::default()));
        let mut options = RunOptions::new(folder, runs);
        options.sinks = vec![collector.clone() as Arc<dyn EventSink>, progress.clone()];
        if let Some(lines) = &lines {
            options.sinks.push(lines.clone());
        }
        options.credentials = Arc::new(config.credentials());
        options.env.clone_from(&config.variables);
        options.headed = manner.headed.then_some(true);
        options.browser.clone_from(&config.chromium.value);
        options.keep.clone_from(&config.home.value);
        options.healing = manner.healing.map(Into::into);
        let cancel = options.cancel.clone();
        options.people = Arc::new(AtTerminal {
            answers: manner.answers.iter().cloned().collect(),
            progress: progress.clone(),
            cancel: cancel.clone(),
        });
        Ok(Self {
            options,
            cancel,
            collector,
            progress,
            lines,
            json: manner.wants_json(),
            terminal,
        })
    }

    /// The first Ctrl-C or SIGTERM ends the run in good order, the second at once.
    pub(crate) fn cancel_on_signals(&self) -> Result<(), CliError> {
        interrupt::cancel_on_signals(self.cancel.clone()).map_err(CliError::Runtime)
    }

    /// Begins to show progress; answers what the engine needs, and what is left to do at the end.
    pub(crate) fn start(self) -> (RunOptions, Ending<'a>) {
        self.progress.start();
        if let Some(lines) = &self.lines {
            lines.start();
        }
        let ending = Ending {
            collected: None,
            collector: self.collector,
            progress: self.progress,
            lines: self.lines,
            json: self.json,
            terminal: self.terminal,
        };
        (self.options, ending)
    }
}

/// What is left to do when the engine is done.
pub(crate) struct Ending<'a> {
    /// What the report tells, if it is not what was collected while the run went on.
    pub(crate) collected: Option<Collected>,
    collector: Arc<Collector>,
    progress: Arc<Progress>,
    lines: Option<Arc<EventLines>>,
    json: bool,
    terminal: &'a Terminal,
}

impl Ending<'_> {
    /// Ends what is shown while the run goes on.
    pub(crate) fn quiet(&self) {
        self.progress.stop();
        if let Some(lines) = &self.lines {
            lines.stop();
        }
    }

    /// Writes the report and tells how the run ended.
    pub(crate) fn finish(
        mut self,
        outcome: RunOutcome,
        workflow: &Workflow,
        file: &str,
        text: &str,
    ) -> Result<Exit, CliError> {
        self.quiet();
        let collected = self
            .collected
            .take()
            .unwrap_or_else(|| self.collector.take());
        let path = outcome.folder.join(report::FILE);
        let report = match report::write(&path, collected, workflow) {
            Ok(()) => Some(path),
            Err(error) => {
                // The run has ended as it has; a full disk must not turn that into a failure.
                let paint = self.terminal.err;
                let warning = paint.yellow("warning");
                self.terminal.note(&format!(
                    "{warning}: the report could not be written: {error}"
                ));
                None
            }
        };
        let told = outcome::Told {
            outcome: &outcome,
            workflow,
            file,
            text,
            report: report.as_deref(),
        };
        if self.json {
            self.terminal.print_json(&told.to_json())?;
        } else {
            told.print_outputs(self.terminal)?;
        }
        self.terminal.note(&told.summary(self.terminal.err));
        Ok(match outcome.state {
            RunState::Succeeded => Exit::Done,
            RunState::Failed => Exit::Failed,
            RunState::Cancelled => Exit::Cancelled,
            RunState::NeedsDecision => Exit::Undecided,
            RunState::Running => Exit::Internal,
        })
    }
}
