use casare_browser::DialogPolicy;
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::live;

/// Says how the page's dialogs (`alert`, `confirm`, `prompt`) are answered from now on.
///
/// Put it before the step that opens the dialog. Without it dialogs are dismissed. A second such
/// step tells in `shown` what the dialogs said.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Dialog {
    /// Which button is pressed.
    answer: Button,
    /// What is typed into a `prompt` before it is accepted; what it suggests if not set.
    text: Option<String>,
}

/// A button of a dialog.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Button {
    /// OK.
    Accept,
    /// Cancel.
    Dismiss,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Dialogs {
    /// The dialogs that the page has shown until now, oldest first.
    shown: Vec<Shown>,
}

/// A dialog of the past.
#[derive(Debug, Serialize, JsonSchema)]
struct Shown {
    /// `alert`, `confirm`, `prompt` or `beforeunload`.
    kind: String,
    /// What it said.
    message: String,
    /// Whether it was accepted.
    accepted: bool,
}

pub(super) fn node() -> Node {
    Node::action("browser.dialog", dialog)
        .effect(Effect::Live)
        .icon("message-square")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/" }
  do:
    - use: browser.dialog
      with: { answer: accept }
    - use: browser.evaluate
      with: { script: "confirm('Order now?')", repeatable: true }
    - id: dialogs
      use: browser.dialog
      with: { answer: dismiss }
    - use: log.write
      with: { message: "{{ steps.dialogs.shown[0].message }}" }
"#;

async fn dialog(cx: &StepContext, settings: Dialog) -> Result<Dialogs, NodeError> {
    let page = live::page(cx)?;
    page.set_dialog_policy(match settings.answer {
        Button::Accept => DialogPolicy::Accept {
            text: settings.text,
        },
        Button::Dismiss => DialogPolicy::Dismiss,
    });
    let shown = page
        .dialogs()
        .into_iter()
        .map(|dialog| Shown {
            kind: dialog.kind,
            message: dialog.message,
            accepted: dialog.accepted,
        })
        .collect();
    Ok(Dialogs { shown })
}
