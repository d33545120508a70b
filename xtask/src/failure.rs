//! Why a task could not be done.

use std::{fmt, io, process::ExitStatus};

/// Why a task could not be done, in words that say what to try.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A program could not be started at all.
    NotStarted { program: String, source: io::Error },
    /// A program ran and did not succeed.
    Ended { command: String, status: ExitStatus },
    /// Something is missing that this task does not install by itself.
    Missing { what: String, how: String },
    /// A file, folder or socket refused.
    Io { doing: String, source: io::Error },
    /// A program answered something else than agreed.
    Unexpected(String),
    /// Steps that were run to the end did not all succeed.
    Steps(Vec<String>),
}

impl Failure {
    /// For `map_err` on I/O: `doing` completes "could not …".
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted { program, source } => {
                write!(
                    f,
                    "`{program}` could not be started ({source}); is it installed and in PATH?"
                )
            }
            Self::Ended { command, status } => write!(f, "`{command}` ended with {status}"),
            Self::Missing { what, how } => write!(f, "{what} is missing; {how}"),
            Self::Io { doing, source } => write!(f, "could not {doing}: {source}"),
            Self::Unexpected(what) => f.write_str(what),
            Self::Steps(names) => write!(f, "{}", names.join(", ")),
        }
    }
}
