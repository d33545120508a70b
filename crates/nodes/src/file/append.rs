use std::io::Write as _;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::{AppendedFile, Charset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use casare_files::FileFaults as _;

/// Adds a text to the end of a file, which is made if it is not there.
///
/// If that fails half-way, as on a full disk, the file gets its old length back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Append {
    /// The file. Its folders are made if they are not there.
    path: String,
    /// What to add.
    content: String,
    /// Whether a line break follows the text.
    #[serde(default = "yes")]
    line_break: bool,
    /// The encoding: `utf-8`, `windows-1252`, `utf-16`, …
    #[serde(default = "utf_8")]
    encoding: String,
}

fn yes() -> bool {
    true
}

fn utf_8() -> String {
    "utf-8".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Appended {
    /// The file, as a full path.
    path: String,
    /// Its size in bytes.
    size: u64,
}

pub(super) fn node() -> Node {
    Node::action("file.append", append)
        .icon("file-plus")
        .fails(
            ErrorKind::Invalid,
            "The text has characters that the encoding lacks.",
        )
        .fails_writing()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: file.append
  with: { path: out/done.txt, content: "invoice 4711" }
"#;

async fn append(cx: &StepContext, settings: Append) -> Result<Appended, NodeError> {
    let path = cx.file(&settings.path);
    let charset = Charset::named(&settings.encoding)?;
    let mut text = settings.content;
    if settings.line_break {
        text.push('\n');
    }
    cx.blocking(move || {
        let mut file = AppendedFile::open(&path)?;
        let mark = match file.length_before() {
            0 => charset.mark(),
            _ => b"",
        };
        let content = [mark, &charset.encode(&text)?].concat();
        file.write_all(&content)
            .map_err(|error| file.failed(&error))?;
        Ok(Appended {
            path: path.display().to_string(),
            size: file.commit()?,
        })
    })
    .await
}
