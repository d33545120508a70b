use std::path::PathBuf;

use casare_browser::{Locator, Page};
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    aim::{self, Aim, Intent},
    target::{Target, deadline},
};

/// Puts files into a file field of a page.
///
/// The target is the field, its label, or the button that opens the dialog for choosing files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Upload {
    /// The field, for example `label=Invoice`.
    target: Target,
    /// The file, or several. Relative paths start at the workflow's folder.
    files: Files,
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
}

/// One file or several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Files {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

pub(super) fn node() -> Node {
    Node::action("browser.upload", upload)
        .effect(Effect::Live)
        .icon("upload")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://example.com/" }
  do:
    - use: browser.upload
      with: { target: "label=Invoice", files: invoice.pdf }
"#;

async fn upload(cx: &StepContext, settings: Upload) -> Result<(), NodeError> {
    let files: Vec<PathBuf> = match settings.files {
        Files::One(file) => vec![cx.file(file)],
        Files::Several(files) => files.into_iter().map(|file| cx.file(file)).collect(),
    };
    let aim = Aim::new("target", &settings.target, Intent::Fill);
    let files = &files;
    let upload =
        |page: Page, at: Locator, until| async move { page.upload(&at, files, until).await };
    aim::at(cx, aim, settings.heal, deadline(cx), upload).await
}
