use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{fault, live, target::deadline};

/// Lists the pictures of the page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Images {
    /// The least width, in pixels.
    #[serde(default)]
    min_width: u32,
    /// The least height, in pixels.
    #[serde(default)]
    min_height: u32,
    /// Whether pictures that styles put behind elements count.
    #[serde(default = "yes")]
    backgrounds: bool,
    /// Only these kinds of file, such as `png`; all if not set.
    #[serde(default)]
    types: Vec<String>,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The pictures, in the order of the page, each address once.
    images: Vec<Image>,
    /// How many they are.
    count: usize,
}

/// A picture.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Image {
    /// Its address.
    url: String,
    /// Its text for those who can't see it.
    alt: String,
    /// Width in pixels; 0 for what lies behind an element.
    width: u32,
    /// Height in pixels; 0 for what lies behind an element.
    height: u32,
}

pub(super) fn node() -> Node {
    Node::action("browser.images", images)
        .effect(Effect::Live)
        .icon("images")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/" }
  do:
    - id: pictures
      use: browser.images
      with: { min_width: 100 }
    - use: log.write
      with: { message: "{{ steps.pictures.count }} pictures" }
"#;

const SCRIPT: &str = r#"(settings) => {
    const found = new Map();
    const add = (url, image) => {
        if (!url) return;
        const name = url.startsWith("data:") ? url.slice(5, url.indexOf(";")).replace("image/", ".") : new URL(url, location).pathname;
        const kind = name.slice(name.lastIndexOf(".") + 1).toLowerCase().replace("jpeg", "jpg").replace("svg+xml", "svg");
        if (settings.types.length && !settings.types.includes(kind)) return;
        if (!found.has(url)) found.set(url, { url, ...image });
    };
    for (const element of document.querySelectorAll(settings.backgrounds ? "*" : "img")) {
        if (element instanceof HTMLImageElement) {
            const [width, height] = [element.naturalWidth, element.naturalHeight];
            if (width >= settings.min_width && height >= settings.min_height) {
                add(element.currentSrc || element.src, { alt: element.alt, width, height });
            }
        } else if (settings.backgrounds) {
            const box = element.getBoundingClientRect();
            if (box.width < settings.min_width || box.height < settings.min_height) continue;
            for (const [, url] of getComputedStyle(element).backgroundImage.matchAll(/url\("([^"]+)"\)/g)) {
                add(url, { alt: "", width: 0, height: 0 });
            }
        }
    }
    return [...found.values()];
}"#;

async fn images(cx: &StepContext, settings: Images) -> Result<Found, NodeError> {
    let page = live::page(cx)?;
    let types: Vec<String> = settings
        .types
        .iter()
        .map(|kind| {
            kind.trim_start_matches('.')
                .to_lowercase()
                .replace("jpeg", "jpg")
        })
        .collect();
    let wanted = json!({
        "min_width": settings.min_width,
        "min_height": settings.min_height,
        "backgrounds": settings.backgrounds,
        "types": types,
    });
    let listed = match page.evaluate(SCRIPT, &[wanted], deadline(cx)).await {
        Ok(listed) => listed,
        Err(error) => return Err(fault::on_page(cx, &page, error).await),
    };
    let images: Vec<Image> = serde_json::from_value(listed)
        .map_err(|error| NodeError::bug(format!("the page listed no pictures: {error}")))?;
    Ok(Found {
        count: images.len(),
        images,
    })
}
