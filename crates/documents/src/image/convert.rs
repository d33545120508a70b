use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use image::DynamicImage;
use schemars::JsonSchema;
use serde::Deserialize;

use super::picture::{self, Written};

/// Writes a picture as another kind: PNG, JPEG, GIF, BMP, TIFF, WebP or ICO.
///
/// The name of the new file says its kind. Where that has no transparency, what was transparent
/// becomes white. A photo stands upright afterwards, as its camera meant it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Convert {
    /// The picture.
    path: String,
    /// The new file, such as `photo.jpg`.
    to: String,
    /// How good a JPEG is, from 1 (small) to 100 (best).
    #[serde(default = "picture::usual_quality")]
    quality: u8,
    /// Whether its colours go.
    #[serde(default)]
    gray: bool,
}

pub(super) fn node() -> Node {
    Node::action("image.convert", convert)
        .pure()
        .icon("image-up")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Invalid,
            "The file is no picture, is damaged, or is too large.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: image.convert
  with: { path: scan.png, to: out/scan.jpg, quality: 90 }
";

async fn convert(cx: &StepContext, settings: Convert) -> Result<Written, NodeError> {
    let (from, to) = (cx.file(&settings.path), cx.file(&settings.to));
    cx.blocking(move || {
        picture::format_of(&to)?;
        let mut read = picture::read(&from)?;
        if settings.gray {
            read = DynamicImage::ImageLumaA8(read.to_luma_alpha8());
            if !read.color().has_alpha() {
                read = DynamicImage::ImageLuma8(read.to_luma8());
            }
        }
        picture::write(&read, &to, settings.quality)
    })
    .await
}
