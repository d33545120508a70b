use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::picture;

/// Tells how large a picture is and of what kind, without reading its pixels.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Info {
    /// The picture: PNG, JPEG, GIF, BMP, TIFF, WebP, ICO or PNM.
    path: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Described {
    /// How wide it is, in pixels.
    width: u32,
    /// How high it is, in pixels.
    height: u32,
    /// Its kind, such as `png`.
    format: String,
    /// How many bits a pixel has.
    bits_per_pixel: u16,
    /// Whether it can be transparent in places.
    transparency: bool,
    /// Whether it has no colours.
    gray: bool,
    /// The file's size, in bytes.
    size: u64,
}

pub(super) fn node() -> Node {
    Node::action("image.info", info)
        .pure()
        .icon("image")
        .fails_reading()
        .fails(
            ErrorKind::Invalid,
            "The file is no picture, is damaged, or is too large.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: scan
  use: image.info
  with: { path: scan.png }
- use: log.write
  with: { message: "{{ steps.scan.width }} × {{ steps.scan.height }}" }
"#;

async fn info(cx: &StepContext, settings: Info) -> Result<Described, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || {
        let found = picture::describe(&path)?;
        let size = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        let extensions = found.format.extensions_str();
        Ok(Described {
            width: found.width,
            height: found.height,
            format: extensions.first().copied().unwrap_or_default().to_owned(),
            bits_per_pixel: found.bits,
            transparency: found.alpha,
            gray: found.gray,
            size,
        })
    })
    .await
}
