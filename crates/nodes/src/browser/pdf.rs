use std::io::Write as _;

use casare_browser::Print;
use casare_engine::{Artifact, Node, NodeError, StepContext};
use casare_files::AtomicFile;
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{fault, live, target::deadline};

/// Prints the page as a PDF.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pdf {
    /// The file; among the run's files if not set.
    path: Option<String>,
    /// The size of the paper.
    #[serde(default)]
    paper: Paper,
    /// Broader than high.
    #[serde(default)]
    landscape: bool,
    /// All four margins, in millimetres.
    #[serde(default = "one_centimetre")]
    margin: f64,
    /// How large things are printed, from 0.1 to 2.
    #[serde(default = "unscaled")]
    scale: f64,
    /// Whether background colours and pictures are printed.
    #[serde(default = "yes")]
    background: bool,
    /// Which pages, such as `1-3, 5`; all if not set.
    pages: Option<String>,
    /// HTML above each page; elements of the classes `date`, `title`, `url`, `pageNumber` and
    /// `totalPages` are filled in.
    header: Option<String>,
    /// HTML below each page.
    footer: Option<String>,
}

fn one_centimetre() -> f64 {
    10.0
}

fn unscaled() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

/// The size of paper.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Paper {
    /// 297 × 420 mm.
    A3,
    /// 210 × 297 mm.
    #[default]
    A4,
    /// 148 × 210 mm.
    A5,
    /// 8.5 × 11 inches.
    Letter,
    /// 8.5 × 14 inches.
    Legal,
    /// What the page's own style says.
    Page,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Printed {
    /// Where the file is.
    path: String,
    /// Its size in bytes.
    size: u64,
}

pub(super) fn node() -> Node {
    Node::action("browser.pdf", pdf)
        .effect(Effect::Live)
        .icon("printer")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/" }
  do:
    - id: printed
      use: browser.pdf
      with: { path: shop.pdf, landscape: true }
    - use: log.write
      with: { message: "{{ steps.printed.size }} bytes" }
"#;

async fn pdf(cx: &StepContext, settings: Pdf) -> Result<Printed, NodeError> {
    let page = live::page(cx)?;
    let (width, height) = match settings.paper {
        Paper::A3 => (297.0, 420.0),
        Paper::A4 | Paper::Page => (210.0, 297.0),
        Paper::A5 => (148.0, 210.0),
        Paper::Letter => (215.9, 279.4),
        Paper::Legal => (215.9, 355.6),
    };
    let print = Print {
        width,
        height,
        landscape: settings.landscape,
        margins: [settings.margin; 4],
        scale: settings.scale,
        background: settings.background,
        pages: settings.pages,
        header: settings.header,
        footer: settings.footer,
        page_style: matches!(settings.paper, Paper::Page),
        tagged: true,
    };
    let printed = match page.pdf(&print, deadline(cx)).await {
        Ok(printed) => printed,
        Err(error) => return Err(fault::on_page(cx, &page, error).await),
    };
    let Some(path) = &settings.path else {
        let Artifact { path, size, .. } = cx.artifact("page.pdf", "application/pdf", &printed)?;
        return Ok(Printed { path, size });
    };
    let path = cx.file(path);
    let size = printed.len() as u64;
    let written = path.clone();
    cx.blocking(move || {
        let mut file = AtomicFile::create(&written)?;
        file.write_all(&printed)
            .map_err(|error| file.failed(&error))?;
        file.commit()
    })
    .await?;
    Ok(Printed {
        path: path.to_string_lossy().into_owned(),
        size,
    })
}
