use std::path::Path;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use image::{DynamicImage, GrayImage, Rgb, RgbImage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::picture::{self, Region};

/// Compares two pictures and tells how alike they are.
///
/// Pictures of different sizes are as unlike as can be, unless `resize` is set. With `diff`, a
/// picture is written that shows the second one pale, with what differs in red.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Compare {
    /// The picture as it should be.
    expected: String,
    /// The picture as it is.
    actual: String,
    /// How they are compared.
    #[serde(default)]
    method: Method,
    /// How alike they have to be to match, from 0 to 1.
    #[serde(default = "alike")]
    threshold: f64,
    /// How far a colour of a pixel may be off without counting, from 0 to 255.
    #[serde(default = "tolerance")]
    tolerance: u8,
    /// Parts that are not looked at, such as a clock.
    #[serde(default)]
    ignore: Vec<Region>,
    /// Whether the second is brought to the size of the first before.
    #[serde(default)]
    resize: bool,
    /// A file for the picture of what differs.
    diff: Option<String>,
}

fn alike() -> f64 {
    0.99
}

fn tolerance() -> u8 {
    16
}

/// How pictures are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Method {
    /// By the share of pixels that are the same.
    #[default]
    Pixels,
    /// By their structure (SSIM), as an eye would.
    Structure,
    /// By how often each colour occurs, wherever it does.
    Colors,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Compared {
    /// How alike they are, from 0 to 1.
    similarity: f64,
    /// Whether that is at least the threshold.
    matches: bool,
    /// How many pixels differ.
    different: u64,
    /// The rectangle around all that differs; none if nothing does.
    region: Option<Region>,
    /// The picture of what differs, as a full path; none if it was not asked for.
    diff: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action("image.compare", compare)
        .pure()
        .icon("images")
        .fails_reading()
        .fails(
            ErrorKind::Invalid,
            "The file is no picture, is damaged, or is too large.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: same
  use: image.compare
  with: { expected: scan.png, actual: scan.png, diff: out/diff.png }
- use: log.write
  with: { message: "{{ steps.same.matches }}" }
"#;

async fn compare(cx: &StepContext, settings: Compare) -> Result<Compared, NodeError> {
    let (expected, actual) = (cx.file(&settings.expected), cx.file(&settings.actual));
    let diff = settings.diff.as_ref().map(|diff| cx.file(diff));
    cx.blocking(move || work(&expected, &actual, diff.as_deref(), &settings))
        .await
}

fn work(
    expected: &Path,
    actual: &Path,
    diff: Option<&Path>,
    settings: &Compare,
) -> Result<Compared, NodeError> {
    let expected = picture::flattened(&picture::read(expected)?);
    let mut actual = picture::flattened(&picture::read(actual)?);
    let (width, height) = expected.dimensions();
    if actual.dimensions() != (width, height) {
        if !settings.resize {
            return Ok(Compared {
                similarity: 0.0,
                matches: settings.threshold <= 0.0,
                different: u64::from(width) * u64::from(height),
                region: Some(Region {
                    x: 0,
                    y: 0,
                    width,
                    height,
                }),
                diff: None,
            });
        }
        let filter = image::imageops::FilterType::Triangle;
        actual = image::imageops::resize(&actual, width, height, filter);
    }
    let (different, region, shown) = differences(&expected, &actual, settings);
    let all = (u64::from(width) * u64::from(height)).max(1);
    let similarity = match settings.method {
        Method::Pixels => 1.0 - different as f64 / all as f64,
        Method::Structure => structure(
            &DynamicImage::ImageRgb8(expected).to_luma8(),
            &DynamicImage::ImageRgb8(actual).to_luma8(),
        ),
        Method::Colors => colours(&expected, &actual),
    };
    let diff = diff
        .map(|path| {
            picture::write(&DynamicImage::ImageRgb8(shown), path, 90).map(|written| written.path)
        })
        .transpose()?;
    Ok(Compared {
        similarity,
        matches: similarity >= settings.threshold,
        different,
        region,
        diff,
    })
}

/// How many pixels differ, where, and a picture of it.
fn differences(
    expected: &RgbImage,
    actual: &RgbImage,
    settings: &Compare,
) -> (u64, Option<Region>, RgbImage) {
    let (width, height) = expected.dimensions();
    let mut shown = RgbImage::new(width, height);
    let mut different = 0;
    let (mut left, mut top, mut right, mut bottom) = (width, height, 0, 0);
    let ignored = |x: u32, y: u32| {
        settings.ignore.iter().any(|part| {
            (part.x..part.x.saturating_add(part.width)).contains(&x)
                && (part.y..part.y.saturating_add(part.height)).contains(&y)
        })
    };
    for (x, y, pixel) in expected.enumerate_pixels() {
        let other = actual.get_pixel(x, y);
        let off = (0..3).any(|c| pixel.0[c].abs_diff(other.0[c]) > settings.tolerance);
        let colour = if off && !ignored(x, y) {
            different += 1;
            (left, top) = (left.min(x), top.min(y));
            (right, bottom) = (right.max(x), bottom.max(y));
            Rgb([220, 0, 0])
        } else {
            Rgb(other.0.map(|channel| 191 + channel / 4))
        };
        shown.put_pixel(x, y, colour);
    }
    let region = (different > 0).then(|| Region {
        x: left,
        y: top,
        width: right - left + 1,
        height: bottom - top + 1,
    });
    (different, region, shown)
}

/// The mean structural similarity over windows of 8×8 pixels.
fn structure(a: &GrayImage, b: &GrayImage) -> f64 {
    const WINDOW: u32 = 8;
    const C1: f64 = 6.5025;
    const C2: f64 = 58.5225;
    let (width, height) = a.dimensions();
    let (mut total, mut windows) = (0.0, 0_u64);
    for top in (0..height).step_by(WINDOW as usize) {
        for left in (0..width).step_by(WINDOW as usize) {
            let (mut n, mut sa, mut sb, mut saa, mut sbb, mut sab) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
            for y in top..(top + WINDOW).min(height) {
                for x in left..(left + WINDOW).min(width) {
                    let pa = f64::from(a.get_pixel(x, y).0[0]);
                    let pb = f64::from(b.get_pixel(x, y).0[0]);
                    n += 1.0;
                    sa += pa;
                    sb += pb;
                    saa += pa * pa;
                    sbb += pb * pb;
                    sab += pa * pb;
                }
            }
            let (ma, mb) = (sa / n, sb / n);
            let (va, vb, cov) = (saa / n - ma * ma, sbb / n - mb * mb, sab / n - ma * mb);
            total += ((2.0 * ma * mb + C1) * (2.0 * cov + C2))
                / ((ma * ma + mb * mb + C1) * (va + vb + C2));
            windows += 1;
        }
    }
    (total / windows.max(1) as f64).clamp(0.0, 1.0)
}

/// How much the colours of two pictures have in common.
fn colours(a: &RgbImage, b: &RgbImage) -> f64 {
    let histogram = |picture: &RgbImage| {
        let mut counts = vec![0_u64; 512];
        for pixel in picture.pixels() {
            let [r, g, b] = pixel.0.map(|channel| usize::from(channel >> 5));
            counts[r * 64 + g * 8 + b] += 1;
        }
        counts
    };
    let (ha, hb) = (histogram(a), histogram(b));
    let common: u64 = ha.iter().zip(&hb).map(|(a, b)| a.min(b)).sum();
    common as f64 / ha.iter().sum::<u64>().max(1) as f64
}
