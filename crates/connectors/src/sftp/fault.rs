//! What went wrong, in the words of workflows.

use casare_engine::{ErrorKind, NodeError};
use russh_sftp::{client::error::Error as SftpError, protocol::StatusCode};

/// Why the connection failed while `doing`.
pub(super) fn broken(doing: &str, error: &russh::Error) -> NodeError {
    let (kind, help) = match error {
        russh::Error::NoCommonAlgo { .. } => (
            ErrorKind::Denied,
            "the server only offers old methods that are not safe; ask its owner to update it",
        ),
        russh::Error::ConnectionTimeout | russh::Error::KeepaliveTimeout => {
            (ErrorKind::Timeout, "the server does not answer; try again")
        }
        _ => (
            ErrorKind::Unavailable,
            "check that the server runs and that its address is right",
        ),
    };
    NodeError::new(kind, format!("{doing}: {error}")).with_help(help)
}

/// Why `doing` failed.
pub(super) fn fault(doing: &str, error: &SftpError) -> NodeError {
    let SftpError::Status(status) = error else {
        let kind = match error {
            SftpError::Timeout => ErrorKind::Timeout,
            SftpError::Limited(_) | SftpError::UnexpectedPacket => ErrorKind::Invalid,
            _ => ErrorKind::Unavailable,
        };
        return NodeError::new(kind, format!("{doing}: {error}"));
    };
    let says = status.error_message.to_ascii_lowercase();
    let (kind, help) = match status.status_code {
        StatusCode::NoSuchFile => (ErrorKind::NotFound, "check the path"),
        StatusCode::PermissionDenied => (ErrorKind::Denied, "the login has no right to do this"),
        StatusCode::NoConnection | StatusCode::ConnectionLost => {
            (ErrorKind::Unavailable, "try again")
        }
        StatusCode::OpUnsupported => (ErrorKind::Invalid, "the server can't do this"),
        _ if says.contains("exist") => (
            ErrorKind::Conflict,
            "choose another name, or remove what is there",
        ),
        _ if says.contains("space") || says.contains("quota") => (
            ErrorKind::Unavailable,
            "there is no space left for this login on the server",
        ),
        _ => (ErrorKind::Invalid, "check the path and the login's rights"),
    };
    let text = match status.error_message.trim() {
        "" => status.status_code.to_string(),
        text => text.to_owned(),
    };
    NodeError::new(kind, format!("{doing}: the server says: {text}")).with_help(help)
}

/// Whether the server says that there is no such thing.
pub(super) fn is_absent(error: &SftpError) -> bool {
    matches!(error, SftpError::Status(status) if status.status_code == StatusCode::NoSuchFile)
}

/// Whether the connection can be used after this.
pub(super) fn is_usable_after(error: &SftpError) -> bool {
    matches!(
        error,
        SftpError::Status(status)
            if !matches!(status.status_code, StatusCode::NoConnection | StatusCode::ConnectionLost)
    )
}
