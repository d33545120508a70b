use casare_engine::{Artifact, ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::desktop_program::{Call, first};

/// Takes a picture of the whole screen and keeps it among the run's files.
///
/// Through `grim` on Wayland, `scrot`, `maim` or `import` on X11, and `screencapture` on macOS. Pages of a browser are
/// pictured by `browser.screenshot`, which needs no screen.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Screenshot {
    /// Its name among the run's files, without an ending.
    #[serde(default = "name")]
    name: String,
    /// The X11 display, such as `:1`; the one of this desktop if not set.
    display: Option<String>,
}

fn name() -> String {
    "screen".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Picture {
    /// Where the file is: a PNG.
    path: String,
    /// Its name among the run's files.
    name: String,
    /// Its size in bytes.
    size: u64,
}

pub(super) fn node() -> Node {
    Node::action("system.screenshot", screenshot)
        .pure()
        .icon("monitor")
        .fails(ErrorKind::Invalid, "There is no screen, or none that may be pictured.")
        .fails(
            ErrorKind::Unavailable,
            "No program that takes pictures of the screen is there, or the disk has no room for it.",
        )
        .fails(ErrorKind::Timeout, "The program did not take it in five minutes.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: system.screenshot
  on_error: continue
  with: { name: after-booking }
";

async fn screenshot(cx: &StepContext, settings: Screenshot) -> Result<Picture, NodeError> {
    let folder = tempfile::tempdir()
        .map_err(|error| NodeError::io("no temporary folder for the picture", &error))?;
    let file = folder.path().join("screen.png");
    let path = file.display().to_string();
    let x11: [(&'static str, Vec<&str>); 3] = [
        ("scrot", vec!["--silent"]),
        ("maim", vec![]),
        ("import", vec!["-silent", "-window", "root"]),
    ];
    let wayland = settings.display.is_none() && std::env::var_os("WAYLAND_DISPLAY").is_some();
    let calls = wayland
        .then(|| ("grim", Vec::new()))
        .into_iter()
        .chain(x11)
        .chain([("screencapture", vec!["-x"])])
        .map(|(program, arguments)| -> Call {
            let arguments = arguments.into_iter().map(str::to_owned);
            (program, arguments.chain([path.clone()]).collect())
        });
    let help = "install `scrot` (X11) or `grim` (Wayland), and run where there is a screen";
    let display = settings.display.map(|display| ("DISPLAY", display));
    first(cx, "picture the screen", calls.collect(), display, help).await?;
    let picture = std::fs::read(&file)
        .map_err(|error| NodeError::io("the picture of the screen was not written", &error))?;
    let Artifact {
        path, name, size, ..
    } = cx.artifact(&format!("{}.png", settings.name), "image/png", &picture)?;
    Ok(Picture { path, name, size })
}
