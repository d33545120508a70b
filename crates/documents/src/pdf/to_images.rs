use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use hayro::{
    PixmapSettings, RenderCache, RenderSettings, hayro_interpret::InterpreterSettings,
    vello_cpu::color::palette::css::WHITE,
};
use image::{DynamicImage, RgbaImage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{Source, pages};
use crate::image::picture;

/// Makes a picture of each page of a PDF.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ToImages {
    /// The PDF.
    path: String,
    /// The folder for the pictures.
    to: String,
    /// Which pages, such as `1-3, 5`, `2-` or `-1`. All if not set.
    pages: Option<String>,
    /// How fine the pictures are, in dots an inch. 300 is good for reading text with ocr.read.
    #[serde(default = "fine")]
    dpi: f32,
    /// The kind of the pictures.
    #[serde(default)]
    format: Format,
    /// How good a JPEG is, from 1 (small) to 100 (best).
    #[serde(default = "picture::usual_quality")]
    quality: u8,
    /// The credential whose `password` opens the file, if it has one.
    credential: Option<String>,
}

fn fine() -> f32 {
    150.0
}

/// A kind of picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// PNG.
    #[default]
    Png,
    /// JPEG.
    Jpg,
    /// WebP.
    Webp,
    /// TIFF.
    Tiff,
    /// BMP.
    Bmp,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Pictures {
    /// The pictures, as full paths.
    paths: Vec<String>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("pdf.to_images", to_images)
        .pure()
        .icon("image")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Denied,
            "The PDF is locked: its password is missing or wrong, or it forbids this.",
        )
        .fails(ErrorKind::Invalid, "The file is no PDF, or is damaged.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- id: pages
  use: pdf.to_images
  with: { path: invoice.pdf, to: out/pages, dpi: 100 }
";

async fn to_images(cx: &StepContext, settings: ToImages) -> Result<Pictures, NodeError> {
    if !(10.0..=1200.0).contains(&settings.dpi) {
        return Err(NodeError::invalid("setting `dpi` lies between 10 and 1200"));
    }
    let source = Source::of(cx, &settings.path, settings.credential.as_deref()).await?;
    let folder = cx.file(&settings.to);
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let pdf = source.read()?;
        let all = pdf.pages();
        let extension = match settings.format {
            Format::Png => "png",
            Format::Jpg => "jpg",
            Format::Webp => "webp",
            Format::Tiff => "tiff",
            Format::Bmp => "bmp",
        };
        let stem = source.path.file_stem().unwrap_or_default();
        let stem = stem.to_string_lossy();
        let digits = all.len().to_string().len();
        let scale = settings.dpi / 72.0;
        let cache = RenderCache::new();
        let mut paths = Vec::new();
        for index in pages(settings.pages.as_deref(), all.len())? {
            if cancel.is_cancelled() {
                return Err(NodeError::timeout("drawing was stopped"));
            }
            let page = &all[index];
            let (width, height) = page.render_dimensions();
            let (wide, high) = (width * scale, height * scale);
            let too_large = wide > 65_000.0
                || high > 65_000.0
                || f64::from(wide) * f64::from(high) > picture::MOST_PIXELS as f64;
            if too_large || wide < 1.0 || high < 1.0 {
                return Err(NodeError::invalid(format!(
                    "page {} would be a picture of {wide:.0}×{high:.0} pixels",
                    index + 1
                ))
                .with_help("choose another `dpi`"));
            }
            let drawn = hayro::render(
                page,
                &cache,
                &InterpreterSettings::default(),
                &RenderSettings::default(),
                &PixmapSettings {
                    x_scale: scale,
                    y_scale: scale,
                    bg_color: WHITE,
                },
            );
            let (w, h) = (u32::from(drawn.width()), u32::from(drawn.height()));
            let pixels: Vec<u8> = drawn.data_as_u8_slice().to_vec();
            let drawn = RgbaImage::from_raw(w, h, pixels)
                .ok_or_else(|| NodeError::bug("a page was drawn with too few pixels"))?;
            let drawn = DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(drawn).to_rgb8());
            let number = index + 1;
            let path = folder.join(format!("{stem}-{number:0digits$}.{extension}"));
            paths.push(picture::write(&drawn, &path, settings.quality)?.path);
        }
        Ok(Pictures {
            count: paths.len(),
            paths,
        })
    })
    .await
}
