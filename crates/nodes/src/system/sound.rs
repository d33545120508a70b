use std::io::{IsTerminal as _, Write as _};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Deserialize;

use super::desktop_program::first;

/// Plays a sound file, or rings the terminal's bell.
///
/// Through `paplay` or `aplay` on Linux and `afplay` on macOS.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Sound {
    /// The file, such as a `.wav`; the terminal's bell if not set.
    path: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action("system.sound", sound)
        .icon("volume-2")
        .fails(ErrorKind::NotFound, "There is no file at `path`.")
        .fails(
            ErrorKind::Invalid,
            "The file can't be played, as without a sound card.",
        )
        .fails(
            ErrorKind::Unavailable,
            "There is no program that plays sounds.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = "- use: system.sound\n";

async fn sound(cx: &StepContext, settings: Sound) -> Result<(), NodeError> {
    let Some(path) = settings.path else {
        let mut terminal = std::io::stderr();
        if terminal.is_terminal() {
            // A terminal that has gone rings no bell.
            let _ = terminal.write_all(b"\x07");
        }
        return Ok(());
    };
    let path = cx.file(path);
    if !path.is_file() {
        return Err(NodeError::not_found(format!(
            "{} is not there",
            path.display()
        )));
    }
    let file = vec![path.display().to_string()];
    let calls = vec![
        ("paplay", file.clone()),
        ("aplay", [vec!["--quiet".to_owned()], file.clone()].concat()),
        ("afplay", file),
    ];
    let help = "install `paplay` (Debian: pulseaudio-utils) or `aplay` (alsa-utils)";
    first(cx, "play a sound", calls, None, help).await
}
