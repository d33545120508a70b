use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    file::{Source, save},
    merge::Written,
};

/// Takes the password off a PDF; it takes the password to do so.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Unprotect {
    /// The PDF.
    path: String,
    /// The new file; it may be the same.
    to: String,
    /// The credential whose `password` opens the file. Not needed where it opens without one and
    /// only says what is allowed.
    credential: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action("pdf.unprotect", unprotect)
        .pure()
        .icon("lock-open")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Denied,
            "The PDF is locked: its password is missing or wrong, or it forbids this.",
        )
        .fails(ErrorKind::Invalid, "The file is no PDF, or is damaged.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: pdf.unprotect
  with: { path: locked.pdf, to: out/open.pdf, credential: invoices }
";

async fn unprotect(cx: &StepContext, settings: Unprotect) -> Result<Written, NodeError> {
    let source = Source::of(cx, &settings.path, settings.credential.as_deref()).await?;
    let to = cx.file(&settings.to);
    cx.blocking(move || {
        let mut document = source.open()?;
        document.trailer.remove(b"Encrypt");
        document.encryption_state = None;
        let page_count = document.get_pages().len();
        save(&mut document, &to)?;
        Ok(Written {
            path: to.display().to_string(),
            page_count,
        })
    })
    .await
}
