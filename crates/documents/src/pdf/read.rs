use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    file::{Source, pages},
    glyphs,
};

/// Reads the text of a PDF, page by page.
///
/// A scanned page has no text but a picture of it: make pictures with pdf.to_images and read them
/// with ocr.read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    /// The PDF. A relative path starts at the workflow's folder.
    path: String,
    /// Which pages, such as `1-3, 5`, `2-` or `-1`. All if not set.
    pages: Option<String>,
    /// How the text is put together.
    #[serde(default)]
    layout: Layout,
    /// What stands between the pages in `text`.
    #[serde(default = "between")]
    separator: String,
    /// The credential whose `password` opens the file, if it has one.
    credential: Option<String>,
}

fn between() -> String {
    "\n\n".to_owned()
}

/// How text is put together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Layout {
    /// Line after line, one space between words.
    #[default]
    Plain,
    /// With spaces where there is space on the page, so that columns stay below each other.
    Page,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Contents {
    /// The text of all pages that were read.
    text: String,
    /// The pages that were read.
    pages: Vec<PageText>,
    /// How many pages the file has.
    page_count: usize,
}

/// A page.
#[derive(Debug, Serialize, JsonSchema)]
struct PageText {
    /// Its number, from 1.
    number: usize,
    /// Its text.
    text: String,
}

pub(super) fn node() -> Node {
    Node::action("pdf.read", read)
        .pure()
        .icon("file-text")
        .fails_reading()
        .fails(
            ErrorKind::Denied,
            "The PDF is locked: its password is missing or wrong, or it forbids this.",
        )
        .fails(ErrorKind::Invalid, "The file is no PDF, or is damaged.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: invoice
  use: pdf.read
  with: { path: invoice.pdf, pages: "1" }
- use: log.write
  with: { message: "{{ steps.invoice.text }}" }
"#;

async fn read(cx: &StepContext, settings: Read) -> Result<Contents, NodeError> {
    let source = Source::of(cx, &settings.path, settings.credential.as_deref()).await?;
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let pdf = source.read()?;
        let count = pdf.pages().len();
        let mut read = Vec::new();
        for index in pages(settings.pages.as_deref(), count)? {
            if cancel.is_cancelled() {
                return Err(NodeError::timeout("reading was stopped"));
            }
            let lines = glyphs::lines(&pdf, &pdf.pages()[index]);
            read.push(PageText {
                number: index + 1,
                text: match settings.layout {
                    Layout::Plain => glyphs::plain(&lines),
                    Layout::Page => glyphs::laid_out(&lines),
                },
            });
        }
        let texts: Vec<&str> = read.iter().map(|page| page.text.as_str()).collect();
        Ok(Contents {
            text: texts.join(&settings.separator),
            pages: read,
            page_count: count,
        })
    })
    .await
}
