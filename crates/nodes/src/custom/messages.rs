use casare_engine::{ErrorKind, LogLevel, NodeError, StepContext};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// The one line a program reads.
#[derive(Debug, Serialize)]
pub(super) struct Order<'a> {
    /// The node.
    pub(super) node: &'a str,
    /// The settings, checked and complete.
    pub(super) settings: &'a Json,
    /// The fields of the credentials that the settings name, by credential.
    pub(super) credentials: Map<String, Json>,
    /// The step.
    pub(super) step: Step<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Step<'a> {
    pub(super) run: &'a str,
    pub(super) path: String,
    pub(super) attempt: u32,
    /// Where relative paths of the workflow start.
    pub(super) folder: String,
}

/// A line that a program writes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Message {
    Log {
        #[serde(default = "info")]
        level: LogLevel,
        message: String,
    },
    Progress {
        done: u64,
        total: Option<u64>,
    },
    Outputs(Json),
    Error(Told),
}

fn info() -> LogLevel {
    LogLevel::Info
}

/// A failure as scripts tell it.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    pub(super) message: String,
    #[serde(default = "invalid")]
    pub(super) kind: ErrorKind,
    pub(super) help: Option<String>,
    pub(super) details: Option<Json>,
}

fn invalid() -> ErrorKind {
    ErrorKind::Invalid
}

impl From<Told> for NodeError {
    fn from(told: Told) -> Self {
        let mut error = Self::new(told.kind, told.message);
        if let Some(help) = told.help {
            error = error.with_help(help);
        }
        match told.details {
            Some(details) => error.with_details(details),
            None => error,
        }
    }
}

/// What a program has answered so far.
#[derive(Debug, Default)]
pub(super) struct Answer(Option<Result<Json, Told>>);

impl Answer {
    /// Takes a line; what is no message is what the program prints for people.
    pub(super) fn take(&mut self, line: &str, cx: &StepContext) {
        if line.trim().is_empty() {
            return;
        }
        match serde_json::from_str(line) {
            Ok(Message::Log { level, message }) => cx.log(level, message),
            Ok(Message::Progress { done, total }) => cx.progress(done, total),
            Ok(Message::Outputs(outputs)) => self.0 = Some(Ok(outputs)),
            Ok(Message::Error(told)) => self.0 = Some(Err(told)),
            Err(_) => cx.log(LogLevel::Info, line),
        }
    }

    pub(super) fn into_result(self) -> Option<Result<Json, NodeError>> {
        Some(self.0?.map_err(NodeError::from))
    }
}
