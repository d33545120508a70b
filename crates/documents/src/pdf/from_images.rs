use std::path::Path;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::AtomicFile;
use casare_files::FileFaults as _;
use image::ImageFormat;
use krilla::{
    Document,
    geom::{Size, Transform},
    image::Image,
    page::PageSettings,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::merge::Written;
use crate::image::picture;

/// Makes a PDF of pictures, one on each page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FromImages {
    /// The pictures, in order.
    paths: Vec<String>,
    /// The new file.
    to: String,
    /// How large the pages are.
    #[serde(default)]
    page: PageKind,
    /// How wide the white border is, in points; 72 are an inch.
    #[serde(default)]
    margin: f32,
    /// How many dots an inch the pictures have, where pages are as large as pictures.
    #[serde(default = "usual_dpi")]
    dpi: f32,
}

fn usual_dpi() -> f32 {
    150.0
}

/// How large pages are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum PageKind {
    /// A4, upright or across as the picture is.
    #[default]
    A4,
    /// US Letter, upright or across as the picture is.
    Letter,
    /// Each as large as its picture.
    Picture,
}

pub(super) fn node() -> Node {
    Node::action("pdf.from_images", from_images)
        .pure()
        .icon("images")
        .fails_reading()
        .fails_writing()
        .fails(ErrorKind::Invalid, "A file is no picture that can be read.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: pdf.from_images
  with: { paths: [scan.png, ticket.png], to: out/scans.pdf, margin: 36 }
";

async fn from_images(cx: &StepContext, settings: FromImages) -> Result<Written, NodeError> {
    if settings.paths.is_empty() {
        return Err(NodeError::invalid("setting `paths` names no pictures"));
    }
    let paths: Vec<_> = settings.paths.iter().map(|path| cx.file(path)).collect();
    let to = cx.file(&settings.to);
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let mut document = Document::new();
        for path in &paths {
            if cancel.is_cancelled() {
                return Err(NodeError::timeout("writing was stopped"));
            }
            settings.add(&mut document, path)?;
        }
        write(document, &to)?;
        Ok(Written {
            path: to.display().to_string(),
            page_count: paths.len(),
        })
    })
    .await
}

/// Writes a document that was made: whole, or not at all.
pub(super) fn write(document: Document, to: &Path) -> Result<(), NodeError> {
    use std::io::Write as _;
    let content = document
        .finish()
        .map_err(|error| NodeError::invalid(format!("the PDF can't be made: {error:?}")))?;
    let mut file = AtomicFile::create(to)?;
    file.write_all(&content)
        .map_err(|error| file.failed(&error))?;
    file.commit()?;
    Ok(())
}

impl FromImages {
    fn add(&self, document: &mut Document, path: &Path) -> Result<(), NodeError> {
        let picture = image_of(path)?;
        let (width, height) = picture.size();
        let (width, height) = (width as f32, height as f32);
        let (page_width, page_height) = match self.page {
            PageKind::Picture => {
                let factor = 72.0 / self.dpi.clamp(10.0, 2400.0);
                let border = 2.0 * self.margin;
                (width * factor + border, height * factor + border)
            }
            kind => {
                let (short, long) = match kind {
                    PageKind::Letter => (612.0, 792.0),
                    _ => (595.28, 841.89),
                };
                if width > height {
                    (long, short)
                } else {
                    (short, long)
                }
            }
        };
        let room = (
            page_width - 2.0 * self.margin,
            page_height - 2.0 * self.margin,
        );
        if room.0 < 1.0 || room.1 < 1.0 || self.margin < 0.0 {
            return Err(NodeError::invalid(
                "setting `margin` leaves no room on the page",
            ));
        }
        let scale = (room.0 / width).min(room.1 / height);
        let size = Size::from_wh(width * scale, height * scale);
        let settings = PageSettings::from_wh(page_width, page_height);
        let (Some(size), Some(settings)) = (size, settings) else {
            return Err(NodeError::invalid("the page has no size"));
        };
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        let left = (page_width - size.width()) / 2.0;
        let top = (page_height - size.height()) / 2.0;
        surface.push_transform(&Transform::from_translate(left, top));
        surface.draw_image(picture, size);
        surface.pop();
        surface.finish();
        page.finish();
        Ok(())
    }
}

/// A picture for a PDF; a JPEG goes in as it is.
pub(super) fn image_of(path: &Path) -> Result<Image, NodeError> {
    let described = picture::describe(path)?;
    let pixels = u64::from(described.width) * u64::from(described.height);
    if described.format == ImageFormat::Jpeg && pixels <= picture::MOST_PIXELS {
        let content = std::fs::read(path).map_err(|error| {
            NodeError::io(format_args!("could not read {}", path.display()), &error)
        })?;
        if let Ok(image) = Image::from_jpeg(content.into(), true) {
            return Ok(image);
        }
    }
    let read = picture::read(path)?.to_rgba8();
    let (width, height) = read.dimensions();
    Ok(Image::from_rgba8(read.into_raw(), width, height))
}
