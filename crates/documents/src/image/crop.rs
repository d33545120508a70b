use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use schemars::JsonSchema;
use serde::Deserialize;

use super::picture::{self, Region, Written};

/// Cuts a rectangle out of a picture.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Crop {
    /// The picture.
    path: String,
    /// The new file; its name says its kind.
    to: String,
    /// The part that is kept.
    region: Region,
    /// How good a JPEG is, from 1 (small) to 100 (best).
    #[serde(default = "picture::usual_quality")]
    quality: u8,
}

pub(super) fn node() -> Node {
    Node::action("image.crop", crop)
        .pure()
        .icon("crop")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Invalid,
            "The file is no picture, is damaged, or is too large.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: image.crop
  with:
    path: scan.png
    to: out/title.png
    region: { x: 0, y: 0, width: 200, height: 60 }
";

async fn crop(cx: &StepContext, settings: Crop) -> Result<Written, NodeError> {
    let (from, to) = (cx.file(&settings.path), cx.file(&settings.to));
    cx.blocking(move || {
        picture::format_of(&to)?;
        let read = picture::read(&from)?;
        let part = settings.region.check(read.width(), read.height())?;
        let cut = read.crop_imm(part.x, part.y, part.width, part.height);
        picture::write(&cut, &to, settings.quality)
    })
    .await
}
