use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use lopdf::ObjectId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{Source, keep_pages, save};

/// Splits a PDF into files of one page or several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Split {
    /// The PDF.
    path: String,
    /// The folder for the new files.
    to: String,
    /// How many pages a file has.
    #[serde(default = "one")]
    every: usize,
    /// What the files are called: `{name}` stands for the name of the PDF, `{n}` for the number of
    /// the file, `{page}` for that of its first page.
    #[serde(default = "usual_names")]
    names: String,
    /// The credential whose `password` opens the file, if it has one.
    credential: Option<String>,
}

fn one() -> usize {
    1
}

fn usual_names() -> String {
    "{name}-{n}.pdf".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Parts {
    /// The new files, as full paths.
    paths: Vec<String>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("pdf.split", split)
        .pure()
        .icon("split")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Denied,
            "The PDF is locked: its password is missing or wrong, or it forbids this.",
        )
        .fails(ErrorKind::Invalid, "The file is no PDF, or is damaged.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: pdf.split
  with: { path: invoice.pdf, to: out/pages }
";

async fn split(cx: &StepContext, settings: Split) -> Result<Parts, NodeError> {
    if settings.every == 0 {
        return Err(NodeError::invalid("setting `every` is at least 1"));
    }
    let has_number = settings.names.contains("{n}") || settings.names.contains("{page}");
    if !has_number || settings.names.contains(['/', '\\']) {
        return Err(NodeError::invalid(
            "setting `names` is the name of a file with `{n}` or `{page}` in it",
        ));
    }
    let source = Source::of(cx, &settings.path, settings.credential.as_deref()).await?;
    let folder = cx.file(&settings.to);
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let document = source.open()?;
        let all: Vec<ObjectId> = document.page_iter().collect();
        let stem = source.path.file_stem().unwrap_or_default();
        let stem = stem.to_string_lossy();
        let digits = all.len().to_string().len();
        let mut paths = Vec::new();
        for (index, kept) in all.chunks(settings.every).enumerate() {
            if cancel.is_cancelled() {
                return Err(NodeError::timeout("splitting was stopped"));
            }
            let mut part = document.clone();
            keep_pages(&mut part, kept)?;
            if let Ok(catalog) = part.catalog_mut() {
                catalog.remove(b"Outlines");
                catalog.remove(b"Dests");
            }
            part.prune_objects();
            let page = index * settings.every + 1;
            let name = settings
                .names
                .replace("{name}", &stem)
                .replace("{n}", &format!("{:0digits$}", index + 1))
                .replace("{page}", &format!("{page:0digits$}"));
            let path = folder.join(name);
            save(&mut part, &path)?;
            paths.push(path.display().to_string());
        }
        Ok(Parts {
            count: paths.len(),
            paths,
        })
    })
    .await
}
