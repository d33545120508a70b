use std::{fs, path::Path};

use casare_browser::{Expect, Locator, Page};
use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    aim::{self, Aim, Intent},
    target::{Target, deadline, effect},
};

/// Clicks what begins a download and waits until the file is there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Download {
    /// What to click, for example `role=link[name=Invoice]`.
    target: Target,
    /// Where to save it: a file, or a folder (ending in `/`) in which it gets the name that the server
    /// suggests. Among the run's files if not set.
    path: Option<String>,
    /// Whether downloading again does no harm (true); otherwise a run that was interrupted at it
    /// asks.
    #[serde(default = "yes")]
    repeatable: bool,
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Downloaded {
    /// Where the file is.
    path: String,
    /// The name that the server suggests.
    name: String,
    /// Its size in bytes.
    size: u64,
    /// The SHA-256 of its content.
    sha256: String,
    /// Where it came from.
    url: String,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("browser.download", download, |settings: &Download| {
        effect(settings.repeatable)
    })
    .effect(effect(true))
    .icon("download")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://example.com/" }
  do:
    - id: invoice
      use: browser.download
      with: { target: "role=link[name=Invoice]", path: invoices/ }
    - use: log.write
      with: { message: "{{ steps.invoice.path }}" }
"#;

async fn download(cx: &StepContext, settings: Download) -> Result<Downloaded, NodeError> {
    let aim = Aim::new("target", &settings.target, Intent::Press);
    let until = deadline(cx);
    let download = |page: Page, at: Locator, found_until| async move {
        if found_until < until {
            // A part of the time is kept for looking for it another way; the file has all of it.
            page.wait_for(&at, &Expect::Attached, found_until).await?;
        }
        page.download(&at, until).await
    };
    let got = aim::at(cx, aim, settings.heal, until, download).await?;
    let to = match &settings.path {
        Some(path) if path.ends_with(['/', '\\']) => {
            let name = Path::new(&got.suggested_name)
                .file_name()
                .unwrap_or("download".as_ref());
            cx.file(path).join(name)
        }
        Some(path) => cx.file(path),
        None => cx.artifact_path(&got.suggested_name)?,
    };
    let (from, saved) = (got.path.clone(), to.clone());
    cx.blocking(move || {
        move_file(&from, &saved).map_err(|error| {
            NodeError::io(format_args!("could not save {}", saved.display()), &error)
        })
    })
    .await?;
    if settings.path.is_none() {
        cx.keep_file(&to, "application/octet-stream")?;
    }
    Ok(Downloaded {
        path: to.to_string_lossy().into_owned(),
        name: got.suggested_name,
        size: got.size,
        sha256: got.sha256,
        url: got.url,
    })
}

fn move_file(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    // Downloads may lie on another disk, to which nothing can be renamed.
    fs::rename(from, to).or_else(|_| fs::copy(from, to).and_then(|_| fs::remove_file(from)))
}
