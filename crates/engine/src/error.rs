//! Why a step failed, as a kind that workflows can choose by.

use std::{error::Error, fmt, str::FromStr};

use casare_workflow::value::SettingsError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What sort of failure it is; `catch` and `retry.on` choose by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// What was asked for is not there: a file, an element, a row, a sheet.
    NotFound,
    /// Time ran out.
    Timeout,
    /// The settings or the data make no sense; trying again can't help.
    Invalid,
    /// Not allowed: permissions, credentials, a guard.
    Denied,
    /// The other side does not answer, or not now.
    Unavailable,
    /// Something else changed it meanwhile, or it exists already.
    Conflict,
    /// The business says no: bad data of the case at hand, not of the machinery.
    Business,
    /// A fault of Casare itself.
    Bug,
}

impl ErrorKind {
    /// Every kind, as workflows write them.
    pub const NAMES: &'static [&'static str] = &[
        "not_found",
        "timeout",
        "invalid",
        "denied",
        "unavailable",
        "conflict",
        "business",
        "bug",
    ];

    /// The name that workflows write.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether trying again may help, unless the error says otherwise.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Timeout | Self::Unavailable | Self::Conflict)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ErrorKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const KINDS: [ErrorKind; 8] = [
            ErrorKind::NotFound,
            ErrorKind::Timeout,
            ErrorKind::Invalid,
            ErrorKind::Denied,
            ErrorKind::Unavailable,
            ErrorKind::Conflict,
            ErrorKind::Business,
            ErrorKind::Bug,
        ];
        KINDS
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| {
                format!(
                    "`{text}` is no kind of error; kinds: {}",
                    Self::NAMES.join(", ")
                )
            })
    }
}

/// Why a node could not do its work.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeError(Box<Parts>);

#[derive(Debug, Clone, PartialEq)]
struct Parts {
    kind: ErrorKind,
    message: String,
    help: Option<String>,
    retryable: bool,
    details: Option<Json>,
    artifacts: Vec<String>,
}

impl NodeError {
    /// A failure of `kind`; `message` says what failed and why.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            message: message.into(),
            help: None,
            retryable: kind.is_transient(),
            details: None,
            artifacts: Vec::new(),
        }))
    }

    /// What was asked for is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// Time ran out.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Timeout, message)
    }

    /// The settings or the data make no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// Not allowed.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, message)
    }

    /// The other side does not answer.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// It exists already or changed meanwhile.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// Bad data of the case at hand.
    pub fn business(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Business, message)
    }

    /// A fault of Casare itself.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Bug, message)
    }

    /// `doing` failed with an error of the operating system: the kind follows from it, and common
    /// causes (no such file, no permission, disk full, read-only) get their help.
    pub fn io(doing: impl fmt::Display, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let (kind, help) = match error.kind() {
            Io::NotFound => (
                ErrorKind::NotFound,
                Some("check the path; a relative one starts at the workflow's folder"),
            ),
            Io::PermissionDenied => (
                ErrorKind::Denied,
                Some("give the user who runs Casare access, or choose another place"),
            ),
            Io::ReadOnlyFilesystem => (
                ErrorKind::Denied,
                Some("the place is mounted read-only: choose another one"),
            ),
            Io::StorageFull | Io::QuotaExceeded | Io::FileTooLarge => (
                ErrorKind::Unavailable,
                Some("free some space or choose another disk, then resume the run"),
            ),
            Io::AlreadyExists => (ErrorKind::Conflict, None),
            Io::TimedOut => (ErrorKind::Timeout, None),
            Io::InvalidData | Io::InvalidInput | Io::IsADirectory | Io::NotADirectory => {
                (ErrorKind::Invalid, None)
            }
            _ => (ErrorKind::Unavailable, None),
        };
        let mut failure = Self::new(kind, format!("{doing}: {error}"));
        if matches!(
            error.kind(),
            Io::StorageFull | Io::QuotaExceeded | Io::FileTooLarge
        ) {
            failure = failure.permanent();
        }
        match help {
            Some(help) => failure.with_help(help),
            None => failure,
        }
    }

    /// Says what to do.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Adds data that a `catch` block can read as `error.details`.
    pub fn with_details(mut self, details: Json) -> Self {
        self.0.details = Some(details);
        self
    }

    /// Names an artifact that shows what happened, such as a screenshot.
    pub fn with_artifact(mut self, name: impl Into<String>) -> Self {
        self.0.artifacts.push(name.into());
        self
    }

    /// Trying again can't help, whatever the kind says.
    pub fn permanent(mut self) -> Self {
        self.0.retryable = false;
        self
    }

    /// Trying again may help, whatever the kind says.
    pub fn transient(mut self) -> Self {
        self.0.retryable = true;
        self
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What failed and why.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// Whether trying again may help.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Data about the failure.
    pub fn details(&self) -> Option<&Json> {
        self.0.details.as_ref()
    }

    /// Artifacts that show what happened.
    pub fn artifacts(&self) -> &[String] {
        &self.0.artifacts
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl Error for NodeError {}

impl From<SettingsError> for NodeError {
    fn from(error: SettingsError) -> Self {
        Self::invalid(error.to_string())
    }
}

/// Joins an error and what lies below it into one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
