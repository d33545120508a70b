use std::path::Path;

use casare_engine::{Cancel, ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use image::{GrayImage, imageops::FilterType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::picture::{self, Region};

/// Finds where a smaller picture occurs in a larger one, such as a button on a screenshot.
///
/// It has to have the same size there; brightness and contrast may differ. A picture without any
/// structure, such as a plain area, can't be found.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Find {
    /// The picture that is searched.
    path: String,
    /// The smaller picture.
    part: String,
    /// How alike a place has to be, from 0 to 1.
    #[serde(default = "alike")]
    threshold: f64,
    /// How many places are found at most, best first.
    #[serde(default = "most")]
    limit: usize,
    /// The part of the picture that is searched; all if not set.
    region: Option<Region>,
}

fn alike() -> f64 {
    0.9
}

fn most() -> usize {
    20
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The places, best first.
    matches: Vec<Match>,
    /// How many there are.
    count: usize,
}

/// A place that was found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Match {
    /// How far its left side is from the left of the picture, in pixels.
    x: u32,
    /// How far its top is from the top of the picture, in pixels.
    y: u32,
    /// How wide it is, in pixels.
    width: u32,
    /// How high it is, in pixels.
    height: u32,
    /// Its middle from the left, in pixels: where one would click.
    center_x: u32,
    /// Its middle from the top, in pixels.
    center_y: u32,
    /// How alike it is, from 0 to 1.
    score: f64,
}

pub(super) fn node() -> Node {
    Node::action("image.find", find)
        .pure()
        .icon("scan-search")
        .fails_reading()
        .fails(
            ErrorKind::Invalid,
            "The file is no picture, is damaged, or is too large.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: image.crop
  with: { path: scan.png, to: out/part.png, region: { x: 30, y: 20, width: 80, height: 40 } }
- id: place
  use: image.find
  with: { path: scan.png, part: out/part.png }
- use: log.write
  with: { message: "{{ steps.place.matches[0].center_x }}" }
"#;

async fn find(cx: &StepContext, settings: Find) -> Result<Found, NodeError> {
    let (path, part) = (cx.file(&settings.path), cx.file(&settings.part));
    let cancel = cx.cancel().clone();
    cx.blocking(move || search(&path, &part, &settings, &cancel))
        .await
}

fn search(path: &Path, part: &Path, settings: &Find, cancel: &Cancel) -> Result<Found, NodeError> {
    let mut whole = picture::read(path)?;
    let (mut left, mut top) = (0, 0);
    if let Some(region) = settings.region {
        let region = region.check(whole.width(), whole.height())?;
        (left, top) = (region.x, region.y);
        whole = whole.crop_imm(region.x, region.y, region.width, region.height);
    }
    let whole = whole.to_luma8();
    let part = picture::read(part)?.to_luma8();
    let (width, height) = part.dimensions();
    if width > whole.width() || height > whole.height() {
        return Ok(Found {
            matches: Vec::new(),
            count: 0,
        });
    }
    let template = Template::of(&part).ok_or_else(|| {
        NodeError::invalid("the smaller picture is all of one colour, and can't be found")
            .with_help("choose a part with some structure: a letter, a border, an icon")
    })?;
    // A coarse search finds candidates, which are looked at closely.
    let factor = (width.min(height) / 12).clamp(1, 8);
    let coarse = |picture: &GrayImage| {
        let size = |n: u32| (n / factor).max(1);
        image::imageops::resize(
            picture,
            size(picture.width()),
            size(picture.height()),
            FilterType::Triangle,
        )
    };
    let (small, small_part) = (coarse(&whole), coarse(&part));
    let mut candidates = Vec::new();
    match Template::of(&small_part) {
        Some(small_template) if factor > 1 => {
            let wanted = settings.threshold - 0.25;
            small_template.each(&small, cancel, |x, y, score| {
                if score >= wanted {
                    candidates.push((x * factor, y * factor, score));
                }
            })?;
        }
        _ => template.each(&whole, cancel, |x, y, score| {
            if score >= settings.threshold {
                candidates.push((x, y, score));
            }
        })?,
    }
    candidates.sort_by(|a, b| b.2.total_cmp(&a.2));
    candidates.truncate(4000);
    let mut matches: Vec<Match> = Vec::new();
    for (x, y, _) in candidates {
        if cancel.is_cancelled() {
            return Err(NodeError::timeout("the search was stopped"));
        }
        let near = |found: &Match| {
            found.x.abs_diff(x + left) < width / 2 + 1 && found.y.abs_diff(y + top) < height / 2 + 1
        };
        if matches.iter().any(near) || matches.len() >= settings.limit.max(1) * 4 {
            continue;
        }
        let Some((x, y, score)) = template.best_near(&whole, x, y, factor) else {
            continue;
        };
        if score >= settings.threshold {
            let (x, y) = (x + left, y + top);
            matches.push(Match {
                x,
                y,
                width,
                height,
                center_x: x + width / 2,
                center_y: y + height / 2,
                score: (score * 10_000.0).round() / 10_000.0,
            });
        }
    }
    matches.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Match> = Vec::new();
    for found in matches {
        let overlaps = kept.iter().any(|other| {
            other.x.abs_diff(found.x) < width / 2 + 1 && other.y.abs_diff(found.y) < height / 2 + 1
        });
        if !overlaps && kept.len() < settings.limit {
            kept.push(found);
        }
    }
    Ok(Found {
        count: kept.len(),
        matches: kept,
    })
}

/// A picture to be found, its mean taken out of it.
struct Template {
    width: u32,
    height: u32,
    pixels: Vec<f32>,
    norm: f32,
}

impl Template {
    /// `None` for a picture without structure.
    fn of(picture: &GrayImage) -> Option<Self> {
        let (width, height) = picture.dimensions();
        let count = (width * height) as f32;
        let mean = picture.pixels().map(|p| f32::from(p.0[0])).sum::<f32>() / count;
        let pixels: Vec<f32> = picture.pixels().map(|p| f32::from(p.0[0]) - mean).collect();
        let norm = pixels.iter().map(|p| p * p).sum::<f32>().sqrt();
        (norm > 1.0).then_some(Self {
            width,
            height,
            pixels,
            norm,
        })
    }

    /// How alike the place at `x`, `y` is: the correlation of what differs from the mean.
    fn score(&self, picture: &GrayImage, x: u32, y: u32) -> f64 {
        let stride = picture.width() as usize;
        let raw = picture.as_raw();
        let (mut sum, mut squares, mut product) = (0.0_f32, 0.0_f32, 0.0_f32);
        for row in 0..self.height as usize {
            let from = (y as usize + row) * stride + x as usize;
            let line = &raw[from..from + self.width as usize];
            let own = &self.pixels[row * self.width as usize..(row + 1) * self.width as usize];
            for (pixel, own) in line.iter().zip(own) {
                let pixel = f32::from(*pixel);
                sum += pixel;
                squares += pixel * pixel;
                product += pixel * own;
            }
        }
        let count = (self.width * self.height) as f32;
        let norm = (squares - sum * sum / count).max(0.0).sqrt();
        if norm < 1.0 {
            return 0.0;
        }
        f64::from(product / (norm * self.norm)).clamp(0.0, 1.0)
    }

    fn each(
        &self,
        picture: &GrayImage,
        cancel: &Cancel,
        mut visit: impl FnMut(u32, u32, f64),
    ) -> Result<(), NodeError> {
        if self.width > picture.width() || self.height > picture.height() {
            return Ok(());
        }
        for y in 0..=picture.height() - self.height {
            if cancel.is_cancelled() {
                return Err(NodeError::timeout("the search was stopped"));
            }
            for x in 0..=picture.width() - self.width {
                visit(x, y, self.score(picture, x, y));
            }
        }
        Ok(())
    }

    /// The best place at most `reach` pixels from `x`, `y`.
    fn best_near(
        &self,
        picture: &GrayImage,
        x: u32,
        y: u32,
        reach: u32,
    ) -> Option<(u32, u32, f64)> {
        let span = |at: u32, most: u32| at.saturating_sub(reach)..=(at + reach).min(most);
        let right = picture.width() - self.width;
        let bottom = picture.height() - self.height;
        span(y, bottom)
            .flat_map(|y| span(x, right).map(move |x| (x, y)))
            .map(|(x, y)| (x, y, self.score(picture, x, y)))
            .max_by(|a, b| a.2.total_cmp(&b.2))
    }
}
