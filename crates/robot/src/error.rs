//! Why a robot can't work.

use std::{io, path::PathBuf};

/// Why a robot could not be enrolled, or stopped working.
#[derive(Debug, thiserror::Error)]
pub enum RobotError {
    #[error("cannot {doing} {}", path.display())]
    File {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("this machine is no robot yet: there is no {}", path.display())]
    NotEnrolled { path: PathBuf },
    #[error("{} is not what `casare robot enroll` wrote", path.display())]
    Unreadable { path: PathBuf },
    #[error("`{0}` is no address of a server")]
    Address(String),
    #[error("the server at {server} cannot be reached: {why}")]
    Unreachable { server: String, why: String },
    #[error("the server at {server} refuses: {why}")]
    Refused { server: String, why: String },
    #[error("another robot works in {}", home.display())]
    InUse { home: PathBuf },
}

impl RobotError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::File { .. } => "check the folder's permissions and free space",
            Self::NotEnrolled { .. } => {
                "make a token on the page or with `POST /api/v1/enrolment-tokens`, then: casare robot enroll URL TOKEN"
            }
            Self::Unreadable { .. } => "remove the file and enrol the robot again",
            Self::Address(_) => "write it as https://casare.example.com",
            Self::Unreachable { .. } => {
                "check the address, the network and whether the server runs"
            }
            Self::Refused { .. } => {
                "the token may be used up or too old, or the robot was removed: enrol it again with a new token"
            }
            Self::InUse { .. } => {
                "stop that one first, or give this one a folder of its own with --home"
            }
        }
    }

    pub(crate) fn file(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            doing,
            path,
            source,
        }
    }
}
