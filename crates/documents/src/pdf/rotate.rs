use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use lopdf::{Object, ObjectId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    file::{Source, pages, save, settle_page},
    merge::Written,
};

/// Turns pages of a PDF.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotate {
    /// The PDF.
    path: String,
    /// The new file; it may be the same.
    to: String,
    /// How far pages are turned clockwise, in degrees: 90, 180 or 270, or backwards with a minus.
    degrees: i64,
    /// Which pages, such as `1-3, 5`, `2-` or `-1`. All if not set.
    pages: Option<String>,
    /// The credential whose `password` opens the file, if it has one.
    credential: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action("pdf.rotate", rotate)
        .icon("rotate-cw")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Denied,
            "The PDF is locked: its password is missing or wrong, or it forbids this.",
        )
        .fails(ErrorKind::Invalid, "The file is no PDF, or is damaged.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: pdf.rotate
  with: { path: invoice.pdf, to: out/turned.pdf, degrees: 90, pages: "1" }
"#;

async fn rotate(cx: &StepContext, settings: Rotate) -> Result<Written, NodeError> {
    if settings.degrees % 90 != 0 {
        return Err(NodeError::invalid(format!(
            "setting `degrees` is {}; pages are turned by 90, 180 or 270",
            settings.degrees
        )));
    }
    let source = Source::of(cx, &settings.path, settings.credential.as_deref()).await?;
    let to = cx.file(&settings.to);
    cx.blocking(move || {
        let mut document = source.open()?;
        let all: Vec<ObjectId> = document.page_iter().collect();
        for index in pages(settings.pages.as_deref(), all.len())? {
            settle_page(&mut document, all[index]);
            if let Ok(page) = document.get_dictionary_mut(all[index]) {
                let before = page.get(b"Rotate").and_then(Object::as_i64).unwrap_or(0);
                let turned = (before % 360 + settings.degrees % 360).rem_euclid(360);
                page.set("Rotate", turned);
            }
        }
        save(&mut document, &to)?;
        Ok(Written {
            path: to.display().to_string(),
            page_count: all.len(),
        })
    })
    .await
}
