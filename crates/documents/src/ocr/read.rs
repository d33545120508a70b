use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use image::{DynamicImage, imageops::FilterType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tesseract::{self, Word};
use crate::image::picture::{self, Region};

/// Reads the text in a picture, by the program `tesseract` on this machine.
///
/// For a scanned PDF, make pictures of its pages with pdf.to_images first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    /// The picture: a scan, a photo or a screenshot.
    path: String,
    /// The languages of the text, as tesseract calls them: `eng`, `deu`, `fra`.
    #[serde(default = "english")]
    languages: Vec<String>,
    /// The part of the picture that is read; all if not set.
    region: Option<Region>,
    /// How the text stands in the picture.
    #[serde(default)]
    layout: Layout,
    /// How much larger the picture is made before. 2 or 3 helps with the small letters of
    /// screenshots.
    #[serde(default = "as_it_is")]
    scale: f64,
    /// How sure a word has to be, from 0 to 100; others are left out.
    #[serde(default)]
    confidence: f64,
}

fn english() -> Vec<String> {
    vec!["eng".to_owned()]
}

fn as_it_is() -> f64 {
    1.0
}

/// How text stands in a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Layout {
    /// A page: columns, paragraphs and lines are found.
    #[default]
    Page,
    /// One column of lines of different heights.
    Column,
    /// One block of lines.
    Block,
    /// One line.
    Line,
    /// One word.
    Word,
    /// Words here and there, as on a screenshot.
    Sparse,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The text: lines on lines of their own, an empty one between paragraphs.
    text: String,
    /// The lines.
    lines: Vec<String>,
    /// The words, and where they stand in the picture.
    words: Vec<FoundWord>,
    /// How sure the words are on average, from 0 to 100.
    confidence: f64,
}

/// A word.
#[derive(Debug, Serialize, JsonSchema)]
struct FoundWord {
    /// The word.
    text: String,
    /// How sure it is, from 0 to 100.
    confidence: f64,
    /// How far its left side is from the left of the picture, in pixels.
    x: u32,
    /// How far its top is from the top of the picture, in pixels.
    y: u32,
    /// How wide it is, in pixels.
    width: u32,
    /// How high it is, in pixels.
    height: u32,
}

pub(super) fn node() -> Node {
    Node::action("ocr.read", read)
        .pure()
        .icon("scan-text")
        .fails_reading()
        .fails(ErrorKind::NotFound, "A language is not installed.")
        .fails(
            ErrorKind::Unavailable,
            "Tesseract, which reads the text, is not installed.",
        )
        .fails(
            ErrorKind::Invalid,
            "The file is no picture, is damaged, or is too large.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: scan
  use: ocr.read
  with: { path: scan.png }
- use: log.write
  with: { message: "{{ steps.scan.text }}" }
"#;

async fn read(cx: &StepContext, settings: Read) -> Result<Found, NodeError> {
    check_languages(&settings.languages)?;
    let path = cx.file(&settings.path);
    let (region, scale) = (settings.region, settings.scale);
    // The picture is handed over as one that is known to be whole and not too large.
    let file = cx
        .blocking(move || {
            let picture = prepared(&path, region, scale)?;
            let file = tempfile::Builder::new()
                .prefix("casare-")
                .suffix(".png")
                .tempfile()
                .map_err(|error| NodeError::io("could not make a temporary file", &error))?;
            picture
                .save_with_format(file.path(), image::ImageFormat::Png)
                .map_err(|error| {
                    NodeError::invalid(format!("the picture can't be handed over: {error}"))
                })?;
            Ok(file)
        })
        .await?;
    let layout = match settings.layout {
        Layout::Page => "3",
        Layout::Column => "4",
        Layout::Block => "6",
        Layout::Line => "7",
        Layout::Word => "8",
        Layout::Sparse => "11",
    };
    let mut words = tesseract::words(file.path(), &settings.languages, layout, None).await?;
    words.retain(|word| word.confidence >= settings.confidence);
    let (text, lines) = joined(&words);
    let offset = region.map_or((0, 0), |region| (region.x, region.y));
    let back = |length: u32| (f64::from(length) / scale).round() as u32;
    let confidence =
        words.iter().map(|word| word.confidence).sum::<f64>() / words.len().max(1) as f64;
    Ok(Found {
        text,
        lines,
        confidence: (confidence * 10.0).round() / 10.0,
        words: words
            .into_iter()
            .map(|word| FoundWord {
                x: back(word.left) + offset.0,
                y: back(word.top) + offset.1,
                width: back(word.width),
                height: back(word.height),
                text: word.text,
                confidence: word.confidence,
            })
            .collect(),
    })
}

/// A name of a language is no option of the program.
fn check_languages(languages: &[String]) -> Result<(), NodeError> {
    let is_name = |language: &String| {
        !language.is_empty()
            && language
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '/'))
    };
    if !languages.is_empty() && languages.iter().all(is_name) {
        return Ok(());
    }
    Err(NodeError::invalid(
        "setting `languages`: names such as `eng` and `deu` are wanted",
    ))
}

fn prepared(
    path: &std::path::Path,
    region: Option<Region>,
    scale: f64,
) -> Result<DynamicImage, NodeError> {
    if !(0.1..=8.0).contains(&scale) {
        return Err(NodeError::invalid("setting `scale` lies between 0.1 and 8"));
    }
    let mut picture = picture::read(path)?;
    if let Some(region) = region {
        let part = region.check(picture.width(), picture.height())?;
        picture = picture.crop_imm(part.x, part.y, part.width, part.height);
    }
    if scale != 1.0 {
        let size = |length: u32| ((f64::from(length) * scale) as u32).max(1);
        let (width, height) = (size(picture.width()), size(picture.height()));
        if u64::from(width) * u64::from(height) > picture::MOST_PIXELS {
            return Err(NodeError::invalid(format!(
                "the picture would have {width}×{height} pixels, which is too many"
            ))
            .with_help("choose a smaller `scale` or a `region`"));
        }
        picture = picture.resize_exact(width, height, FilterType::CatmullRom);
    }
    let flat = DynamicImage::ImageRgb8(picture::flattened(&picture));
    Ok(DynamicImage::ImageLuma8(flat.to_luma8()))
}

/// The words as text and as lines.
fn joined(words: &[Word]) -> (String, Vec<String>) {
    let mut text = String::new();
    let mut lines: Vec<String> = Vec::new();
    let mut last = None;
    for word in words {
        let (block, paragraph, _) = word.place;
        match last {
            Some(place) if place == word.place => {
                if let Some(line) = lines.last_mut() {
                    line.push(' ');
                    line.push_str(&word.text);
                }
                text.push(' ');
            }
            Some((b, p, _)) => {
                text.push_str(if (b, p) == (block, paragraph) {
                    "\n"
                } else {
                    "\n\n"
                });
                lines.push(word.text.clone());
            }
            None => lines.push(word.text.clone()),
        }
        text.push_str(&word.text);
        last = Some(word.place);
    }
    (text, lines)
}
