use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use lopdf::ObjectId;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    file::{Source, keep_pages, pages, save},
    merge::Written,
};

/// Makes a new PDF of some of the pages of another, in any order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExtractPages {
    /// The PDF.
    path: String,
    /// The new file.
    to: String,
    /// Which pages, in which order: `1-3, 5`, `2-`, `-1`, or `3-1` backwards.
    pages: String,
    /// The credential whose `password` opens the file, if it has one.
    credential: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action("pdf.extract_pages", extract)
        .pure()
        .icon("file-output")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Denied,
            "The PDF is locked: its password is missing or wrong, or it forbids this.",
        )
        .fails(ErrorKind::Invalid, "The file is no PDF, or is damaged.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: pdf.extract_pages
  with: { path: invoice.pdf, to: out/last.pdf, pages: "-1" }
"#;

async fn extract(cx: &StepContext, settings: ExtractPages) -> Result<Written, NodeError> {
    let source = Source::of(cx, &settings.path, settings.credential.as_deref()).await?;
    let to = cx.file(&settings.to);
    cx.blocking(move || {
        let mut document = source.open()?;
        let all: Vec<ObjectId> = document.page_iter().collect();
        let kept: Vec<ObjectId> = pages(Some(&settings.pages), all.len())?
            .into_iter()
            .map(|index| all[index])
            .collect();
        keep_pages(&mut document, &kept)?;
        // Bookmarks may lead to pages that are gone.
        if let Ok(catalog) = document.catalog_mut() {
            catalog.remove(b"Outlines");
            catalog.remove(b"Dests");
        }
        document.prune_objects();
        save(&mut document, &to)?;
        Ok(Written {
            path: to.display().to_string(),
            page_count: kept.len(),
        })
    })
    .await
}
