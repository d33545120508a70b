use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Deserialize;

use super::desktop_program::first;

/// Shows a notification on this desktop.
///
/// Through `notify-send` on Linux and `osascript` on macOS.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Notify {
    /// What it is about.
    #[serde(default = "title")]
    title: String,
    /// What it says.
    message: String,
}

fn title() -> String {
    "Casare".to_owned()
}

pub(super) fn node() -> Node {
    Node::action("system.notify", notify)
        .icon("bell")
        .fails(
            ErrorKind::Invalid,
            "The notification can't be shown, as without a desktop.",
        )
        .fails(
            ErrorKind::Unavailable,
            "There is no program that shows notifications.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: system.notify
  on_error: continue
  with: { title: Invoices, message: all are booked }
";

async fn notify(cx: &StepContext, settings: Notify) -> Result<(), NodeError> {
    let Notify { title, message } = settings;
    // The texts are arguments of their own: they can't become a part of the script.
    let script =
        "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run";
    let calls = vec![
        (
            "notify-send",
            vec![
                "--app-name=Casare".into(),
                "--".into(),
                title.clone(),
                message.clone(),
            ],
        ),
        (
            "osascript",
            vec!["-e".into(), script.into(), title, message],
        ),
    ];
    let help =
        "install `notify-send` (Debian: libnotify-bin), and run where somebody has a desktop";
    first(cx, "show a notification", calls, None, help).await
}
