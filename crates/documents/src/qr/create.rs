use std::path::Path;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::AtomicFile;
use casare_files::FileFaults as _;
use image::{DynamicImage, GrayImage, Luma};
use qrcode::{Color, EcLevel, QrCode, render::svg};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::image::picture;

/// Makes a QR code of a text or an address, as a picture or as SVG.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// What the code says. A phone takes a few hundred characters easily; 2953 bytes are the most.
    text: String,
    /// The file: `.png`, another kind of picture, or `.svg`.
    to: String,
    /// How wide and high the picture is at least, in pixels.
    #[serde(default = "usual_size")]
    size: u32,
    /// How much of the code may be dirty or torn.
    #[serde(default)]
    correction: Correction,
    /// How wide the white border is, in points of the code. Less than 4 is hard to read.
    #[serde(default = "usual_border")]
    border: u32,
}

/// How much of a code may be lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Correction {
    /// 7 percent.
    Low,
    /// 15 percent.
    #[default]
    Medium,
    /// 25 percent.
    Quartile,
    /// 30 percent.
    High,
}

fn usual_size() -> u32 {
    300
}

fn usual_border() -> u32 {
    4
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Created {
    /// The file, as a full path.
    path: String,
    /// How wide and high the code is without its border, in points of the code.
    modules: usize,
}

pub(super) fn node() -> Node {
    Node::action("qr.create", create)
        .pure()
        .icon("qr-code")
        .fails_writing()
        .fails(ErrorKind::Invalid, "The text is too long for a code.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: qr.create
  with: { text: "https://www.example.com/tickets/4711", to: out/ticket.png }
"#;

async fn create(cx: &StepContext, settings: Create) -> Result<Created, NodeError> {
    let to = cx.file(&settings.to);
    cx.blocking(move || make(&to, &settings)).await
}

fn make(to: &Path, settings: &Create) -> Result<Created, NodeError> {
    let level = match settings.correction {
        Correction::Low => EcLevel::L,
        Correction::Medium => EcLevel::M,
        Correction::Quartile => EcLevel::Q,
        Correction::High => EcLevel::H,
    };
    if settings.border > 100 || settings.size > 10_000 {
        return Err(NodeError::invalid(
            "setting `border` is at most 100, setting `size` at most 10000",
        ));
    }
    let code = QrCode::with_error_correction_level(&settings.text, level).map_err(|error| {
        NodeError::invalid(format!(
            "{} bytes of text don't fit into a QR code: {error}",
            settings.text.len()
        ))
        .with_help("shorten the text, or set `correction: low`")
    })?;
    let modules = code.width();
    let is_svg = to
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("svg"));
    if is_svg {
        use std::io::Write as _;
        let drawing = code
            .render::<svg::Color<'_>>()
            .min_dimensions(settings.size, settings.size)
            .quiet_zone(settings.border > 0)
            .build();
        let mut file = AtomicFile::create(to)?;
        file.write_all(drawing.as_bytes())
            .map_err(|error| file.failed(&error))?;
        file.commit()?;
    } else {
        let across = modules as u32 + 2 * settings.border;
        let point = settings.size.div_ceil(across).max(1);
        let colors = code.to_colors();
        let drawing = GrayImage::from_fn(across * point, across * point, |x, y| {
            let at = |n: u32| (n / point).checked_sub(settings.border).map(|n| n as usize);
            match (at(x), at(y)) {
                (Some(x), Some(y))
                    if x < modules && y < modules && colors[y * modules + x] == Color::Dark =>
                {
                    Luma([0])
                }
                _ => Luma([255]),
            }
        });
        picture::write(&DynamicImage::ImageLuma8(drawing), to, 95)?;
    }
    Ok(Created {
        path: to.display().to_string(),
        modules,
    })
}
