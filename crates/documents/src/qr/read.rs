use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use image::{DynamicImage, imageops::FilterType};
use rqrr::PreparedImage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::image::picture;

/// Reads the QR codes in a picture.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    /// The picture: a photo, a scan or a screenshot.
    path: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// What the first code says; none if there is none.
    text: Option<String>,
    /// The codes, from top to bottom.
    codes: Vec<Code>,
    /// How many there are.
    count: usize,
}

/// A code in a picture.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
struct Code {
    /// What it says.
    text: String,
    /// Its middle from the left of the picture, in pixels.
    x: i32,
    /// Its middle from the top of the picture, in pixels.
    y: i32,
}

pub(super) fn node() -> Node {
    Node::action("qr.read", read)
        .pure()
        .icon("scan-qr-code")
        .fails_reading()
        .fails(
            ErrorKind::Invalid,
            "The file is no picture, is damaged, or is too large.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: ticket
  use: qr.read
  with: { path: ticket.png }
- use: log.write
  with: { message: "{{ steps.ticket.text }}" }
"#;

async fn read(cx: &StepContext, settings: Read) -> Result<Found, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || {
        let picture = DynamicImage::ImageRgb8(picture::flattened(&picture::read(&path)?));
        let mut codes = codes(&picture, 1.0);
        // A photo is often too fine, a small code too coarse.
        let (width, height) = (picture.width(), picture.height());
        for scale in [0.5, 2.0, 0.25] {
            let fits = f64::from(width.max(height)) * scale <= 8000.0
                && f64::from(width.min(height)) * scale >= 20.0;
            if codes.is_empty() && fits {
                let size = |n: u32| (f64::from(n) * scale) as u32;
                let scaled = picture.resize(size(width), size(height), FilterType::Triangle);
                codes = self::codes(&scaled, scale);
            }
        }
        codes.sort_by_key(|code| (code.y, code.x));
        Ok(Found {
            text: codes.first().map(|code| code.text.clone()),
            count: codes.len(),
            codes,
        })
    })
    .await
}

fn codes(picture: &DynamicImage, scale: f64) -> Vec<Code> {
    let gray = picture.to_luma8();
    let mut prepared = PreparedImage::prepare_from_greyscale(
        gray.width() as usize,
        gray.height() as usize,
        |x, y| gray.get_pixel(x as u32, y as u32).0[0],
    );
    prepared
        .detect_grids()
        .into_iter()
        .filter_map(|grid| {
            let (_, text) = grid.decode().ok()?;
            let middle = |of: fn(&rqrr::Point) -> i32| {
                let sum: i32 = grid.bounds.iter().map(of).sum();
                (f64::from(sum) / 4.0 / scale) as i32
            };
            Some(Code {
                text,
                x: middle(|point| point.x),
                y: middle(|point| point.y),
            })
        })
        .collect()
}
