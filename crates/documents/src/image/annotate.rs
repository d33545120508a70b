use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use image::{DynamicImage, Rgba};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    marks::Canvas,
    picture::{self, Written},
};

/// Draws boxes and text on a picture, or blacks parts of it out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Annotate {
    /// The picture.
    path: String,
    /// The new file; its name says its kind.
    to: String,
    /// What is drawn, one after the other.
    marks: Vec<Mark>,
    /// How good a JPEG is, from 1 (small) to 100 (best).
    #[serde(default = "picture::usual_quality")]
    quality: u8,
}

/// Something that is drawn on a picture.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Mark {
    /// Its kind.
    #[serde(default)]
    kind: Kind,
    /// How far its left side is from the left of the picture, in pixels.
    x: u32,
    /// How far its top is from the top of the picture, in pixels.
    y: u32,
    /// How wide it is, in pixels. Not for text.
    #[serde(default)]
    width: u32,
    /// How high it is, in pixels. Not for text.
    #[serde(default)]
    height: u32,
    /// The text: of a box, above it.
    text: Option<String>,
    /// Its colour: `#C00000`, `#C0000080` (the last two digits say how much covers), or a name.
    #[serde(default = "red")]
    color: String,
    /// How thick the lines of a box are, in pixels.
    #[serde(default = "two")]
    thickness: u32,
    /// How high the letters are, in pixels.
    #[serde(default = "letters")]
    size: f32,
}

/// What is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// The sides of a rectangle.
    #[default]
    Box,
    /// A rectangle that covers what is behind: it can't be seen any more.
    Fill,
    /// Text.
    Text,
}

fn red() -> String {
    "red".to_owned()
}

fn two() -> u32 {
    2
}

fn letters() -> f32 {
    18.0
}

pub(super) fn node() -> Node {
    Node::action("image.annotate", annotate)
        .pure()
        .icon("pen-line")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Invalid,
            "The file is no picture, is damaged, or is too large.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: image.annotate
  with:
    path: scan.png
    to: out/marked.png
    marks:
      - { x: 20, y: 30, width: 180, height: 50, text: Here }
      - { kind: fill, x: 20, y: 120, width: 100, height: 30, color: black }
";

async fn annotate(cx: &StepContext, settings: Annotate) -> Result<Written, NodeError> {
    let (from, to) = (cx.file(&settings.path), cx.file(&settings.to));
    cx.blocking(move || {
        picture::format_of(&to)?;
        let mut canvas = Canvas::of(picture::read(&from)?.to_rgba8());
        for mark in &settings.marks {
            mark.draw(&mut canvas)?;
        }
        let drawn = DynamicImage::ImageRgba8(canvas.into_picture());
        picture::write(&drawn, &to, settings.quality)
    })
    .await
}

impl Mark {
    fn draw(&self, canvas: &mut Canvas) -> Result<(), NodeError> {
        let colour = Rgba(picture::colour("color", &self.color)?);
        let [x, y, width, height] = [self.x, self.y, self.width, self.height].map(i64::from);
        if self.kind != Kind::Text && (width == 0 || height == 0) {
            return Err(NodeError::invalid(
                "a box needs a `width` and a `height` of more than 0",
            ));
        }
        if !(4.0..=400.0).contains(&self.size) {
            return Err(NodeError::invalid("setting `size` lies between 4 and 400"));
        }
        match self.kind {
            Kind::Box => canvas.frame([x, y, width, height], i64::from(self.thickness), colour),
            Kind::Fill => canvas.fill(x, y, width, height, colour),
            Kind::Text => {}
        }
        if let Some(text) = &self.text {
            let above = match self.kind {
                Kind::Box => self.size as i64 + 4,
                Kind::Fill | Kind::Text => 0,
            };
            canvas.text(x, (y - above).max(0), self.size, text, colour)?;
        }
        Ok(())
    }
}
