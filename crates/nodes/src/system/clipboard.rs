use std::sync::OnceLock;

use arboard::{Clipboard, Error};
use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reads, writes or empties the clipboard of this desktop.
///
/// On Linux what was written is gone when Casare ends, unless a clipboard program keeps it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClipboardStep {
    /// What to do.
    action: Action,
    /// For `write`: the text.
    #[serde(default)]
    text: String,
}

/// What to do with the clipboard.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Answer its text.
    Read,
    /// Put a text there.
    Write,
    /// Empty it.
    Clear,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Content {
    /// The text that is in the clipboard now; empty where there is none.
    text: String,
}

pub(super) fn node() -> Node {
    Node::action("system.clipboard", clipboard)
        .pure()
        .icon("clipboard")
        .fails(
            ErrorKind::Unavailable,
            "Nobody is logged in at a desktop, which has the clipboard.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: system.clipboard
  on_error: continue
  with: { action: write, text: "4711" }
"#;

/// Kept while Casare runs: who wrote a clipboard on Linux has to be there when it is read.
static CLIPBOARD: OnceLock<Mutex<Option<Clipboard>>> = OnceLock::new();

async fn clipboard(cx: &StepContext, settings: ClipboardStep) -> Result<Content, NodeError> {
    cx.blocking(move || {
        let mut kept = CLIPBOARD.get_or_init(Mutex::default).lock();
        let board = match kept.as_mut() {
            Some(board) => board,
            None => kept.insert(Clipboard::new().map_err(|error| unusable(&error))?),
        };
        let text = match settings.action {
            Action::Read => match board.get_text() {
                Ok(text) => text,
                Err(Error::ContentNotAvailable) => String::new(),
                Err(error) => return Err(unusable(&error)),
            },
            Action::Write => {
                board
                    .set_text(settings.text.as_str())
                    .map_err(|error| unusable(&error))?;
                settings.text
            }
            Action::Clear => {
                board.clear().map_err(|error| unusable(&error))?;
                String::new()
            }
        };
        Ok(Content { text })
    })
    .await
}

fn unusable(error: &Error) -> NodeError {
    NodeError::unavailable(format!("the clipboard can't be used: {error}"))
        .with_help("it belongs to a desktop: run where somebody is logged in, or set DISPLAY")
        .permanent()
}
