//! What can go wrong between us and a page, said so that a person knows what to do next.

use std::{fmt, io, path::PathBuf, time::Duration};

use thiserror::Error;

use crate::locator::{Locator, LocatorError};

/// Why the browser could not do what was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// No Chromium was found on this machine.
    #[error("no Chromium found (looked for {looked_for})")]
    NotInstalled { looked_for: String },

    /// The program started, but never answered.
    #[error("{} did not start: {reason}{}", executable.display(), said(stderr))]
    Launch {
        executable: PathBuf,
        reason: String,
        stderr: String,
    },

    /// Another browser has this profile folder open.
    #[error("the profile {} is in use by process {pid}", folder.display())]
    ProfileInUse { folder: PathBuf, pid: u32 },

    /// A remote browser did not answer.
    #[error("the browser at {endpoint} does not answer: {reason}")]
    Unreachable { endpoint: String, reason: String },

    /// The browser has gone: closed, crashed or killed.
    #[error("the browser has gone: {reason}")]
    Gone { reason: String },

    /// The page was closed, by us, by itself or by a person.
    #[error("the page {url} has been closed")]
    PageClosed { url: String },

    /// The page's process crashed.
    #[error("the page {url} crashed")]
    PageCrashed { url: String },

    /// Chromium refused a command.
    #[error("Chromium refused {method}: {message}")]
    Protocol {
        method: &'static str,
        message: String,
    },

    /// Chromium's answer was not what the protocol promises.
    #[error("Chromium's answer to {method} was not understood")]
    Answer {
        method: &'static str,
        source: serde_json::Error,
    },

    /// The page could not be opened.
    #[error("cannot open {url}: {}", describe_net_error(reason))]
    Navigation { url: String, reason: String },

    /// The page did not get ready in time.
    #[error("{url} was not ready after {}: {state}{}", seconds(*waited), list("still loading", pending))]
    NavigationTimeout {
        url: String,
        waited: Duration,
        state: String,
        pending: Vec<String>,
    },

    /// The page's own script blocks it.
    #[error("the page {url} did not answer for {}: {because}", seconds(*waited))]
    Unresponsive {
        url: String,
        waited: Duration,
        because: String,
    },

    /// An element was not ready to be acted on before the deadline.
    #[error("`{locator}` {check} after {} on {url}{}", seconds(*waited), list("nearest", nearest))]
    NotActionable {
        locator: Box<Locator>,
        check: Check,
        waited: Duration,
        url: String,
        /// Elements that come close, best first, each with the locator that would find it.
        nearest: Vec<String>,
    },

    /// Several elements match where one is wanted.
    #[error(
        "`{locator}` matches {total} elements on {url}{}",
        list("they are", matches)
    )]
    Ambiguous {
        locator: Box<Locator>,
        total: usize,
        url: String,
        matches: Vec<String>,
    },

    /// What was waited for did not happen.
    #[error("{what} did not happen in {}{}", seconds(*waited), now(found))]
    WaitTimeout {
        what: String,
        waited: Duration,
        found: String,
    },

    /// Chromium does not understand a part of the locator, or it leads to something that it cannot.
    #[error("`{locator}` cannot be looked for: {reason}")]
    Unusable {
        locator: Box<Locator>,
        reason: String,
    },

    /// The element does not take this value, or this kind of value.
    #[error("`{locator}` does not take this: {reason}")]
    InvalidValue {
        locator: Box<Locator>,
        reason: String,
    },

    /// A script given to `evaluate` threw.
    #[error("the script failed: {message}")]
    Script { message: String },

    /// The browser does not take a setting.
    #[error("the browser does not take the {what}: {reason}")]
    Refused { what: &'static str, reason: String },

    /// Text on the screen is read by another program.
    #[error("the program `tesseract`, which reads text on the screen, is not installed")]
    NoOcr,

    /// The page has no records like the example.
    #[error("no records like the example on {url}: {reason}")]
    NoPattern { reason: String, url: String },

    /// A download ended before it was complete.
    #[error("the download of {url} was cancelled")]
    DownloadCancelled { url: String },

    /// The locator's text is not a locator.
    #[error(transparent)]
    Locator(#[from] LocatorError),

    /// An unknown key name.
    #[error("`{key}` is not a key{}", suggestion.as_ref().map(|s| format!("; did you mean `{s}`?")).unwrap_or_default())]
    UnknownKey {
        key: String,
        suggestion: Option<String>,
    },

    /// A file or folder could not be used.
    #[error("cannot {what} {}", path.display())]
    File {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

/// The check that an element did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Check {
    /// No element matches.
    NotAttached,
    /// It matches, but has no box or is hidden.
    NotVisible,
    /// Its box kept moving.
    NotStable,
    /// It is disabled.
    NotEnabled,
    /// It is read-only or takes no text at all.
    NotEditable,
    /// Another element lies over it; holds a short outline of that one.
    CoveredBy(String),
    /// It lies outside the page and cannot be scrolled into view.
    OutOfView,
    /// Only a closed shadow root has it; holds a short outline of what that belongs to.
    InClosedShadow(String),
    /// It is a list that has no such option; holds the options it has.
    NoSuchOption(String),
    /// It did not become what was expected; holds what it was.
    NotYet(String),
}

impl fmt::Display for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Check::NotAttached => out.write_str("was not found"),
            Check::NotVisible => out.write_str("was not visible"),
            Check::NotStable => out.write_str("did not stop moving"),
            Check::NotEnabled => out.write_str("was not enabled"),
            Check::NotEditable => out.write_str("was not editable"),
            Check::CoveredBy(what) => write!(out, "was covered by {what}"),
            Check::OutOfView => out.write_str("could not be scrolled into view"),
            Check::InClosedShadow(host) => {
                write!(
                    out,
                    "lies in the closed shadow root of {host}, which lets nobody in,"
                )
            }
            Check::NoSuchOption(options) => write!(out, "had no such option ({options})"),
            Check::NotYet(state) => write!(out, "was still {state}"),
        }
    }
}

impl BrowserError {
    /// What the reader can do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            BrowserError::NotInstalled { .. } => {
                "install it (Debian, Ubuntu: `apt-get install chromium`; macOS: `brew install --cask chromium`; \
                 Windows: `winget install Google.Chrome`) or name its program"
                    .into()
            }
            BrowserError::NoOcr => {
                "install it (Debian, Ubuntu: `apt-get install tesseract-ocr`; macOS: `brew install tesseract`; \
                 Windows: from its setup), and see that it is in PATH"
                    .into()
            }
            BrowserError::Launch { stderr, .. } => launch_help(stderr).into(),
            BrowserError::ProfileInUse { .. } => {
                "close the browser that uses it, or give each session its own profile folder".into()
            }
            BrowserError::Unreachable { .. } => "start it, or check its address".into(),
            BrowserError::Gone { .. } => {
                "open a new session; if it was killed, look for a lack of memory".into()
            }
            BrowserError::PageCrashed { .. } => "open it again; look for a lack of memory".into(),
            BrowserError::Navigation { reason, .. } => net_error_help(reason).into(),
            BrowserError::NavigationTimeout { .. } => {
                "allow more time, or wait for less (`until: domcontentloaded`)".into()
            }
            BrowserError::NotActionable { check: Check::NotAttached, nearest, .. }
                if nearest.is_empty() =>
            {
                "is this the page you expect? look at the screenshot".into()
            }
            BrowserError::NotActionable { check, .. } => check_help(check).into(),
            BrowserError::Ambiguous { .. } => {
                "name one of them, chain from something around it (`css=form.login >> …`), or add `>> nth=0`"
                    .into()
            }
            BrowserError::Locator(error) => return error.suggestion().map(str::to_owned),
            _ => return None,
        })
    }

    /// Whether the same call may well succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            BrowserError::Gone { .. }
            | BrowserError::Unreachable { .. }
            | BrowserError::PageCrashed { .. }
            | BrowserError::NavigationTimeout { .. }
            | BrowserError::Unresponsive { .. }
            | BrowserError::NotActionable { .. }
            | BrowserError::WaitTimeout { .. } => true,
            BrowserError::Navigation { reason, .. } => !reason.contains("INVALID"),
            _ => false,
        }
    }
}

fn check_help(check: &Check) -> &'static str {
    match check {
        Check::NotAttached => {
            "take the locator of one of the nearest elements, or wait for the page first"
        }
        Check::NotVisible => {
            "something must be opened first, or a second, visible element is meant"
        }
        Check::NotStable => "it is animated without end; stop that, or act on something inside it",
        Check::NotEnabled => "fill what it depends on first",
        Check::NotEditable => "it is read-only, or not a field",
        Check::CoveredBy(_) => "close what covers it (a dialog, a banner, a spinner) first",
        Check::OutOfView => "it is outside the page's scrollable area",
        Check::InClosedShadow(_) => {
            "click the element that holds it at a `position`, or go there by keyboard (`Tab`); \
             its author closed it to scripts"
        }
        Check::NoSuchOption(_) => "choose one of these",
        Check::NotYet(_) => "allow more time",
    }
}

/// Turns Chromium's `net::ERR_…` into a sentence; keeps the code, since people search for it.
fn describe_net_error(reason: &str) -> String {
    let meaning = match reason.trim_start_matches("net::") {
        "ERR_NAME_NOT_RESOLVED" => "no such host",
        "ERR_CONNECTION_REFUSED" => "nothing listens there",
        "ERR_CONNECTION_RESET" | "ERR_CONNECTION_CLOSED" | "ERR_EMPTY_RESPONSE" => {
            "the server closed the connection"
        }
        "ERR_CONNECTION_TIMED_OUT" | "ERR_TIMED_OUT" => "the server did not answer",
        "ERR_INTERNET_DISCONNECTED" => "there is no network",
        "ERR_ADDRESS_UNREACHABLE" => "the address cannot be reached",
        "ERR_TOO_MANY_REDIRECTS" => "it redirects in circles",
        "ERR_FILE_NOT_FOUND" => "there is no such file",
        "ERR_PROXY_CONNECTION_FAILED" | "ERR_TUNNEL_CONNECTION_FAILED" => "the proxy does not work",
        "ERR_ABORTED" => "the navigation was cancelled",
        "ERR_INVALID_URL" => "this is not an address",
        "ERR_BLOCKED_BY_CLIENT" => "it was blocked",
        "ERR_INVALID_AUTH_CREDENTIALS" => "it asks for a name and a password",
        code if code.starts_with("ERR_CERT") || code.starts_with("ERR_SSL") => {
            "its certificate or encryption is not to be trusted"
        }
        _ => return reason.to_owned(),
    };
    format!("{meaning} ({reason})")
}

fn net_error_help(reason: &str) -> &'static str {
    match reason.trim_start_matches("net::") {
        "ERR_NAME_NOT_RESOLVED" => "check the spelling of the host, and the network",
        "ERR_INVALID_URL" => "write the whole address, such as https://example.com/",
        "ERR_CONNECTION_REFUSED" => "check the port, and that the server runs",
        "ERR_PROXY_CONNECTION_FAILED" | "ERR_TUNNEL_CONNECTION_FAILED" => "check the proxy setting",
        "ERR_INVALID_AUTH_CREDENTIALS" => "give the session a `login`",
        code if code.starts_with("ERR_CERT") => "install the certificate authority on this machine",
        _ => "try it in a browser on the same machine",
    }
}

pub(crate) fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

fn list(what: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    format!("; {what}:\n  {}", lines.join("\n  "))
}

/// What Chromium complained of, without what it says on every start and on every line.
fn said(stderr: &str) -> String {
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| !line.contains("/bus.cc") && !line.contains("unexpected operator"))
        // `[process:thread:time:ERROR:file] message`
        .map(|line| {
            line.split_once("] ")
                .filter(|_| line.starts_with('['))
                .map_or(line, |(_, text)| text)
        })
        .filter(|line| !line.trim().is_empty())
        .collect();
    if lines.is_empty() {
        String::new()
    } else {
        format!("; it said:\n  {}", lines.join("\n  "))
    }
}

fn launch_help(stderr: &str) -> &'static str {
    if stderr.contains("Missing X server") || stderr.contains("$DISPLAY") {
        "there is no screen here: run it without a window (headless), or under `xvfb-run`"
    } else if stderr.contains("No usable sandbox") {
        "this system forbids Chromium's sandbox: allow unprivileged user namespaces \
         (`sysctl kernel.unprivileged_userns_clone=1`)"
    } else if stderr.contains("shared libraries") {
        "a library is missing: install Chromium from the system's packages, which bring all it needs"
    } else {
        "start it by hand to see what it misses"
    }
}

fn now(found: &str) -> String {
    if found.is_empty() {
        String::new()
    } else {
        format!("; {found}")
    }
}
