//! What went wrong, in the words of workflows.

use casare_engine::{ErrorKind, NodeError};
use suppaftp::{FtpError, Status, types::Response};

/// Why `doing` failed.
pub(super) fn fault(doing: &str, error: &FtpError) -> NodeError {
    match error {
        FtpError::ConnectionError(error) => NodeError::new(
            ErrorKind::Unavailable,
            format!("{doing}: the connection broke: {error}"),
        )
        .with_help("check that the server runs and that its address is right"),
        FtpError::SecureError(error) => secure(doing, error),
        FtpError::UnexpectedResponse(response) => refused(doing, response),
        FtpError::BadResponse | FtpError::InvalidAddress(_) => NodeError::unavailable(format!(
            "{doing}: the server's answer can't be understood: {error}"
        )),
        FtpError::DataConnectionAlreadyOpen => NodeError::bug(format!("{doing}: {error}")),
    }
}

/// Whether the connection can be used after this.
pub(super) fn is_usable_after(error: &FtpError) -> bool {
    match error {
        FtpError::UnexpectedResponse(response) => {
            !matches!(response.status, Status::NotAvailable | Status::Unknown)
        }
        _ => false,
    }
}

/// Whether the server knows no such command.
pub(super) fn is_unknown(error: &FtpError) -> bool {
    matches!(error, FtpError::UnexpectedResponse(response)
        if (500..=504).contains(&response.status.code()) && response.status.code() != 501)
}

/// Whether the server says that there is no such thing. It may mean that it may not be seen.
pub(super) fn is_absent(error: &FtpError) -> bool {
    matches!(error, FtpError::UnexpectedResponse(response)
        if matches!(response.status.code(), 450 | 501 | 550))
}

fn secure(doing: &str, error: &str) -> NodeError {
    if error.contains("certificate") {
        return NodeError::denied(format!("{doing}: the server is not to be trusted: {error}"))
            .with_help(
                "if its certificate is signed by an authority of your own, set `authority`; `host` \
                 must be the name in the certificate",
            );
    }
    NodeError::unavailable(format!("{doing}: no encrypted connection: {error}"))
        .with_help("set `tls` to what the server offers: `explicit`, `implicit` or `none`")
}

fn refused(doing: &str, response: &Response) -> NodeError {
    let text = String::from_utf8_lossy(&response.body);
    let text = text.trim();
    let says = text.to_ascii_lowercase();
    let code = response.status.code();
    let (kind, help) = match code {
        421 | 425 | 426 | 450 | 451 => (ErrorKind::Unavailable, "try again later"),
        452 | 552 => (
            ErrorKind::Unavailable,
            "there is no space left for this login on the server",
        ),
        430 | 530 | 331 | 332 => (ErrorKind::Denied, "check the credential"),
        534 | 500 | 502 | 504 if doing.contains("encrypt") => (
            ErrorKind::Denied,
            "the server offers no encryption; only if nobody can listen, set `tls: none`",
        ),
        522 | 533 | 534 | 536 => (ErrorKind::Denied, "check `tls`"),
        550 | 553
            if [
                "permission",
                "denied",
                "not allowed",
                "not enough priv",
                "not permitted",
            ]
            .iter()
            .any(|word| says.contains(word)) =>
        {
            (ErrorKind::Denied, "the login has no right to do this")
        }
        550 | 553 | 521 if says.contains("exists") && !says.contains("not exist") => (
            ErrorKind::Conflict,
            "choose another name, or remove what is there",
        ),
        501 | 550 if code_of_absence(code, &says) => (ErrorKind::NotFound, "check the path"),
        553 => (ErrorKind::Denied, "the server does not allow this name"),
        _ => (ErrorKind::Invalid, "check what the server allows"),
    };
    NodeError::new(kind, format!("{doing}: the server says: {text}")).with_help(help)
}

/// 550 is for whatever can't be done with a path; 501 complains of the argument, in some servers
/// because there is no such path.
fn code_of_absence(code: u32, says: &str) -> bool {
    code == 550 || says.contains("no such") || says.contains("not found")
}
