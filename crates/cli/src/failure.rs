//! Why a command could not do its work, and the exit codes.

use std::{io, path::PathBuf, process::ExitCode};

use casare_engine::{NodeError, PlanError, RunError};
use casare_nodes::custom::CustomNodeError;
use casare_store::StoreError;
use casare_testing::RecordingError;
use serde_json::{Value as Json, json};

use crate::{heal::HealError, record::RecordError};

/// The exit codes, as `--help` shows them.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   the workflow failed, or what was checked is not as it should be
  2   the command line or what it names is wrong
  3   the workflow is not valid
  4   cancelled
  5   the run needs a decision: see `casare resume --help`
  70  Casare itself could not do its work";

/// What the process answers to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Invalid = 3,
    Cancelled = 4,
    Undecided = 5,
    Internal = 70,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error("could not read `{}`", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("could not write `{}`", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("input `{name}` could not be read from `{}`", path.display())]
    InputFile {
        name: String,
        path: PathBuf,
        source: io::Error,
    },
    #[error("`{}` holds no inputs: {reason}", path.display())]
    InputsFile { path: PathBuf, reason: String },
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Run(RunError),
    #[error(transparent)]
    Debug(casare_debug::Refused),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there is no node `{name}`")]
    NoSuchNode {
        name: String,
        nearest: Option<String>,
    },
    #[error(transparent)]
    CustomNode(CustomNodeError),
    #[error("{}: there is a node `{name}` already", path.display())]
    NodeNameTaken { name: String, path: PathBuf },
    #[error("`{}` is there already", _0.display())]
    AlreadyThere(PathBuf),
    #[error("`{}` was not written: {reason}", path.display())]
    InTheWay { path: PathBuf, reason: &'static str },
    #[error(transparent)]
    NotWritten(NodeError),
    #[error("`{0}` is no name for a node")]
    NodeName(String),
    #[error("`git {what}` failed: {reason}")]
    Git { what: String, reason: String },
    #[error("two workflows can be compared, not more")]
    TooManyFiles,
    #[error("there are no tests")]
    NoTests,
    #[error("no case has `{0}` in its name or file")]
    NoSuchCase(String),
    #[error("changes of files can't be watched: {0}")]
    Watch(String),
    #[error(transparent)]
    Recording(#[from] RecordingError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Heal(#[from] HealError),
    #[error("there are no runs yet")]
    NoRuns,
    #[error("the data folder of this user could not be found")]
    NoHome,
    #[error(transparent)]
    Server(#[from] casare_orchestrator::OrchestratorError),
    #[error(transparent)]
    Robot(#[from] casare_robot::RobotError),
    #[error("the server cannot listen on {address}")]
    Listen {
        address: std::net::SocketAddr,
        source: io::Error,
    },
    #[error("there is no server's database at {}", path.display())]
    NoServerData { path: PathBuf },
    #[error("this database is no file")]
    NotSqlite,
    #[error("the runtime could not be started")]
    Runtime(#[source] io::Error),
    /// Whoever read our output has gone; nobody is left to tell.
    #[error("the output could not be written")]
    Output(#[source] io::Error),
}

impl From<CustomNodeError> for CliError {
    fn from(error: CustomNodeError) -> Self {
        match error {
            // Shown as the problems of a workflow are: with their places.
            CustomNodeError::Invalid(problems) => Self::Plan(PlanError::Invalid(problems)),
            error @ CustomNodeError::Unreadable { .. } => Self::CustomNode(error),
        }
    }
}

impl From<RunError> for CliError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Plan(error) => Self::Plan(error),
            RunError::Store(error) => Self::Store(error),
            error => Self::Run(error),
        }
    }
}

impl CliError {
    /// The exit code that tells it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Plan(_) => Exit::Invalid,
            Self::Record(error) => error.exit(),
            Self::Heal(_)
            | Self::Unreadable { .. }
            | Self::InputFile { .. }
            | Self::InputsFile { .. }
            | Self::NoSuchNode { .. }
            | Self::CustomNode(_)
            | Self::NodeNameTaken { .. }
            | Self::AlreadyThere(_)
            | Self::InTheWay { .. }
            | Self::NodeName(_)
            | Self::Git { .. }
            | Self::TooManyFiles
            | Self::NoTests
            | Self::NoSuchCase(_)
            | Self::Recording(RecordingError::Unreadable { .. } | RecordingError::NotOne { .. })
            | Self::NoRuns
            | Self::NoHome
            | Self::Listen { .. }
            | Self::NoServerData { .. }
            | Self::NotSqlite
            | Self::Run(_)
            | Self::Debug(_)
            | Self::Store(
                StoreError::NoSuchRun { .. }
                | StoreError::AmbiguousRun { .. }
                | StoreError::NotAnId { .. }
                | StoreError::RunInUse { .. },
            ) => Exit::Usage,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Store(_)
            | Self::Unwritable { .. }
            | Self::NotWritten(_)
            | Self::Recording(_)
            | Self::Watch(_)
            | Self::Server(_)
            | Self::Robot(_)
            | Self::Runtime(_)
            | Self::Output(_) => Exit::Internal,
        }
    }

    /// What the reader can do about it.
    pub(crate) fn help(&self) -> Option<String> {
        let help = match self {
            Self::Store(error) => error.help().to_owned(),
            Self::Server(error) => error.help().to_owned(),
            Self::Robot(error) => error.help().to_owned(),
            Self::Listen { .. } => {
                "choose another address with --listen, or end what listens there".to_owned()
            }
            Self::NoServerData { .. } => "name its folder with --data".to_owned(),
            Self::NotSqlite => "PostgreSQL is restored with `pg_restore`".to_owned(),
            Self::Record(error) => error.help()?,
            Self::Heal(error) => error.help()?.to_owned(),
            Self::NoSuchNode {
                nearest: Some(nearest),
                ..
            } => format!("did you mean `{nearest}`?"),
            Self::NoSuchNode { .. } => "`casare nodes` lists them all".to_owned(),
            Self::NodeNameTaken { .. } => {
                "give it another name: `category.action`, the category your own".to_owned()
            }
            Self::NotWritten(error) => error.help()?.to_owned(),
            Self::AlreadyThere(_) => "choose another name, or delete it first".to_owned(),
            Self::NodeName(_) => {
                "a name is `category.action` of small letters, digits and `_`: `acme.greet`"
                    .to_owned()
            }
            Self::NoTests => {
                "tests are files called `*.test.yaml`; docs/testing.md says what is in them"
                    .to_owned()
            }
            Self::Recording(RecordingError::NotOne { .. }) => {
                "`casare run FILE --record RECORDING` makes one".to_owned()
            }
            Self::NoRuns => "start one with `casare run FILE`".to_owned(),
            Self::NoHome => "set CASARE_HOME to a folder that can be written".to_owned(),
            Self::InputsFile { .. } => {
                "write a map of input names to values, as JSON or YAML".to_owned()
            }
            Self::Run(RunError::Inputs(_)) => {
                "the `inputs` section of the workflow says what it takes".to_owned()
            }
            _ => return None,
        };
        Some(help)
    }

    /// For `--json`: the problems of a workflow, or what failed.
    pub(crate) fn to_json(&self) -> Json {
        if let Self::Plan(PlanError::Invalid(problems)) = self {
            return json!({ "problems": problems.to_json() });
        }
        let mut message = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        let mut error = json!({ "message": message });
        if let Some(help) = self.help() {
            error["help"] = help.into();
        }
        json!({ "error": error })
    }
}
