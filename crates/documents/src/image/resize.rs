use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use image::{DynamicImage, imageops::FilterType};
use schemars::JsonSchema;
use serde::Deserialize;

use super::picture::{self, MOST_PIXELS, Written};

/// Makes a picture larger or smaller.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Resize {
    /// The picture.
    path: String,
    /// The new file; its name says its kind.
    to: String,
    /// How wide it becomes, in pixels. What follows from the height if not set.
    width: Option<u32>,
    /// How high it becomes, in pixels. What follows from the width if not set.
    height: Option<u32>,
    /// How large it becomes, in percent, in place of width and height.
    percent: Option<f64>,
    /// What happens where width and height are both set and the picture has another shape.
    #[serde(default)]
    fit: Fit,
    /// How good a JPEG is, from 1 (small) to 100 (best).
    #[serde(default = "picture::usual_quality")]
    quality: u8,
}

/// How a picture takes a shape that is not its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Fit {
    /// It keeps its shape and is as large as fits inside.
    #[default]
    Inside,
    /// It fills the size, and what is too much is cut off on both sides.
    Cover,
    /// It is stretched.
    Stretch,
}

pub(super) fn node() -> Node {
    Node::action("image.resize", resize)
        .pure()
        .icon("scaling")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Invalid,
            "The file is no picture, is damaged, or is too large.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: image.resize
  with: { path: scan.png, to: out/small.png, width: 200 }
";

async fn resize(cx: &StepContext, settings: Resize) -> Result<Written, NodeError> {
    let (from, to) = (cx.file(&settings.path), cx.file(&settings.to));
    cx.blocking(move || {
        picture::format_of(&to)?;
        let read = picture::read(&from)?;
        let resized = settings.apply(&read)?;
        picture::write(&resized, &to, settings.quality)
    })
    .await
}

impl Resize {
    fn apply(&self, read: &DynamicImage) -> Result<DynamicImage, NodeError> {
        let (width, height) = (f64::from(read.width()), f64::from(read.height()));
        let scaled = |factor: f64| (width * factor, height * factor);
        let (wide, high) = match (self.percent, self.width, self.height) {
            (Some(percent), None, None) => scaled(percent / 100.0),
            (None, Some(wide), Some(high)) => (f64::from(wide), f64::from(high)),
            (None, Some(wide), None) => scaled(f64::from(wide) / width),
            (None, None, Some(high)) => scaled(f64::from(high) / height),
            _ => {
                return Err(NodeError::invalid(
                    "say how large the picture becomes: `width`, `height`, both, or `percent`",
                ));
            }
        };
        if !(wide * high <= MOST_PIXELS as f64 && wide >= 0.5 && high >= 0.5) {
            return Err(NodeError::invalid(format!(
                "a picture of {wide:.0}×{high:.0} pixels can't be made"
            )));
        }
        let (wide, high) = (wide.round().max(1.0) as u32, high.round().max(1.0) as u32);
        let both = self.width.is_some() && self.height.is_some();
        let filter = FilterType::Lanczos3;
        Ok(match self.fit {
            Fit::Inside if both => read.resize(wide, high, filter),
            Fit::Cover if both => read.resize_to_fill(wide, high, filter),
            _ => read.resize_exact(wide, high, filter),
        })
    }
}
