use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use image::DynamicImage;
use schemars::JsonSchema;
use serde::Deserialize;

use super::picture::{self, Written};

/// Turns or mirrors a picture.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotate {
    /// The picture.
    path: String,
    /// The new file; its name says its kind.
    to: String,
    /// How far it is turned clockwise, in degrees: 0, 90, 180 or 270.
    #[serde(default)]
    degrees: i32,
    /// How it is mirrored after that.
    #[serde(default)]
    mirror: Mirror,
    /// How good a JPEG is, from 1 (small) to 100 (best).
    #[serde(default = "picture::usual_quality")]
    quality: u8,
}

/// How a picture is mirrored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mirror {
    /// Not at all.
    #[default]
    None,
    /// Left and right change places.
    Horizontal,
    /// Top and bottom change places.
    Vertical,
}

pub(super) fn node() -> Node {
    Node::action("image.rotate", rotate)
        .pure()
        .icon("rotate-cw")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Invalid,
            "The file is no picture, is damaged, or is too large.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: image.rotate
  with: { path: scan.png, to: out/turned.png, degrees: 90 }
";

async fn rotate(cx: &StepContext, settings: Rotate) -> Result<Written, NodeError> {
    let (from, to) = (cx.file(&settings.path), cx.file(&settings.to));
    cx.blocking(move || {
        picture::format_of(&to)?;
        let turn = match settings.degrees.rem_euclid(360) {
            0 => DynamicImage::clone,
            90 => DynamicImage::rotate90,
            180 => DynamicImage::rotate180,
            270 => DynamicImage::rotate270,
            _ => {
                return Err(NodeError::invalid(format!(
                    "setting `degrees` is {}; a picture is turned by 90, 180 or 270",
                    settings.degrees
                )));
            }
        };
        let turned = turn(&picture::read(&from)?);
        let mirrored = match settings.mirror {
            Mirror::None => turned,
            Mirror::Horizontal => turned.fliph(),
            Mirror::Vertical => turned.flipv(),
        };
        picture::write(&mirrored, &to, settings.quality)
    })
    .await
}
