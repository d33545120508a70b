use std::{path::Path, process::Stdio};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::AtomicFile;
use casare_files::FileFaults as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

/// Makes a PDF of a document, by the program LibreOffice on this machine.
///
/// It takes all that LibreOffice opens: .docx, .doc, .odt, .rtf, and workbooks as well.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ToPdf {
    /// The document.
    path: String,
    /// The new file.
    to: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Made {
    /// The PDF, as a full path.
    path: String,
}

pub(super) fn node() -> Node {
    Node::action("word.to_pdf", to_pdf)
        .pure()
        .icon("file-output")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Unavailable,
            "LibreOffice, which does the work, is not installed.",
        )
        .fails(
            ErrorKind::Invalid,
            "The file is no Word document, or is damaged.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: word.to_pdf
  with: { path: letter.docx, to: out/letter.pdf }
";

async fn to_pdf(cx: &StepContext, settings: ToPdf) -> Result<Made, NodeError> {
    let (from, to) = (cx.file(&settings.path), cx.file(&settings.to));
    if !from.is_file() {
        return Err(NodeError::not_found(format!(
            "{} is not there",
            from.display()
        )));
    }
    let folder = tempfile::Builder::new()
        .prefix("casare-")
        .tempdir()
        .map_err(|error| NodeError::io("could not make a temporary folder", &error))?;
    convert(&from, folder.path()).await?;
    let stem = from.file_stem().unwrap_or_default();
    let made = folder.path().join(stem).with_extension("pdf");
    cx.blocking(move || {
        use std::io::Write as _;
        let content = std::fs::read(&made).map_err(|_| {
            NodeError::invalid(format!("LibreOffice could not open {}", from.display()))
                .with_help("open it there to see why: it may be damaged or have a password")
        })?;
        drop(folder);
        let mut file = AtomicFile::create(&to)?;
        file.write_all(&content)
            .map_err(|error| file.failed(&error))?;
        file.commit()?;
        Ok(Made {
            path: to.display().to_string(),
        })
    })
    .await
}

async fn convert(from: &Path, folder: &Path) -> Result<(), NodeError> {
    // A profile of its own: LibreOffice that is open already would take the order and say nothing.
    let profile = format!(
        "-env:UserInstallation=file://{}",
        folder.join("profile").display()
    );
    let output = Command::new("soffice")
        .arg(profile)
        .args([
            "--headless",
            "--norestore",
            "--convert-to",
            "pdf",
            "--outdir",
        ])
        .arg(folder)
        .arg(from)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => NodeError::unavailable(
                "the program `soffice` of LibreOffice, which makes the PDF, is not installed",
            )
            .permanent()
            .with_help("install LibreOffice, and see that `soffice` is in PATH"),
            _ => NodeError::io("could not start LibreOffice", &error),
        })?;
    if output.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    Err(NodeError::invalid(format!(
        "LibreOffice could not make a PDF of {}: {}",
        from.display(),
        told.lines().last().unwrap_or("it gave no reason")
    )))
}
