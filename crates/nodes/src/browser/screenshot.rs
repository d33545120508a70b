use casare_browser::{Area, ImageFormat, Locator, Page, Shot};
use casare_engine::{Artifact, Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    aim::{self, Aim, Intent},
    fault,
    target::{Target, deadline},
};

/// Takes a picture of the page, of all of it, or of one element; the run's report shows it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Screenshot {
    /// One element, for example `css=#chart`.
    target: Option<Target>,
    /// From top to bottom, not only what can be seen.
    #[serde(default)]
    full_page: bool,
    /// The kind of file.
    #[serde(default)]
    format: Format,
    /// The quality of a JPEG, from 0 to 100.
    #[serde(default = "good")]
    quality: u8,
    /// Its name among the run's files, without an ending.
    #[serde(default = "name")]
    name: String,
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
}

fn good() -> u8 {
    80
}

fn name() -> String {
    "screenshot".into()
}

/// The kind of picture file.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// Exact.
    #[default]
    Png,
    /// Smaller.
    Jpeg,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Picture {
    /// Where the file is.
    path: String,
    /// Its name among the run's files.
    name: String,
    /// Its size in bytes.
    size: u64,
}

pub(super) fn node() -> Node {
    fault::of_elements(Node::action("browser.screenshot", screenshot))
        .effect(Effect::Live)
        .icon("camera")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://example.com/" }
  do:
    - use: browser.screenshot
      with: { full_page: true, name: start }
"#;

async fn screenshot(cx: &StepContext, settings: Screenshot) -> Result<Picture, NodeError> {
    let (format, ending, media_type) = match settings.format {
        Format::Png => (ImageFormat::Png, "png", "image/png"),
        Format::Jpeg => (
            ImageFormat::Jpeg {
                quality: settings.quality,
            },
            "jpg",
            "image/jpeg",
        ),
    };
    let target = settings.target.as_ref();
    let aim = target.map(|target| Aim::new("target", target, Intent::Read));
    let full_page = settings.full_page;
    let shoot = |page: Page, at: Option<Locator>, until| async move {
        let area = match at {
            Some(element) => Area::Element(element),
            None if full_page => Area::FullPage,
            None => Area::Viewport,
        };
        page.screenshot(&Shot { area, format }, until).await
    };
    let picture = aim::at_any(cx, aim, settings.heal, deadline(cx), shoot).await?;
    let Artifact {
        path, name, size, ..
    } = cx.artifact(&format!("{}.{ending}", settings.name), media_type, &picture)?;
    Ok(Picture { path, name, size })
}
