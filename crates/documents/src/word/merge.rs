use std::path::{Path, PathBuf};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{document::Document, joined};

/// Puts several Word documents (.docx) into one.
///
/// Texts, tables, lists, pictures, charts and links come along. Page size, headers and footers are
/// those of the first document, and a style that several have looks as in the first. Comments of the
/// others are left out; footnotes can't come along, and a document with some must be the first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    /// The documents, in order.
    paths: Vec<String>,
    /// The new file; it may be one of them.
    to: String,
    /// Whether each begins on a new page.
    #[serde(default = "yes")]
    page_break: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Merged {
    /// The document, as a full path.
    path: String,
    /// How many documents it was made of.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("word.merge", merge)
        .pure()
        .icon("combine")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Invalid,
            "The file is no Word document, or is damaged.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: word.create
  with: { to: out/cover.docx, title: March }
- use: word.merge
  with: { paths: [out/cover.docx, letter.docx], to: out/all.docx }
";

async fn merge(cx: &StepContext, settings: Merge) -> Result<Merged, NodeError> {
    let paths: Vec<PathBuf> = settings.paths.iter().map(|path| cx.file(path)).collect();
    let to = cx.file(&settings.to);
    cx.blocking(move || work(&paths, &to, settings.page_break))
        .await
}

fn work(paths: &[PathBuf], to: &Path, page_break: bool) -> Result<Merged, NodeError> {
    let is_docx = to
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("docx"));
    if !is_docx {
        return Err(NodeError::invalid(format!(
            "{}: a new document can only be .docx",
            to.display()
        )));
    }
    let Some((first, others)) = paths.split_first() else {
        return Err(NodeError::invalid("setting `paths` names no document"));
    };
    let mut into = Document::open(first)?;
    into.package = into.package.to_be_changed()?;
    for (number, path) in (1..).zip(others) {
        let mut from = Document::open(path)?;
        joined::append(&mut into, &mut from, number, page_break)?;
    }
    to.clone_into(&mut into.package.path);
    into.package.save()?;
    Ok(Merged {
        path: to.display().to_string(),
        count: paths.len(),
    })
}
