use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::{Charset, write_text};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document;
use casare_files::FileFaults as _;

/// Writes data or XML text into an XML file, which is whole or as it was before.
///
/// Data becomes XML as with xml.format. A text has to be XML that can be read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Write {
    /// The file. Its folders are made if they are not there.
    path: String,
    /// The data: a map, or XML text.
    data: Any,
    /// The name of the outermost element. If not set, the only key of the data, or `root`.
    root: Option<String>,
    /// Whether it is laid out for people, indented by two blanks.
    #[serde(default = "yes")]
    pretty: bool,
    /// Whether it begins with `<?xml version="1.0"…?>`.
    #[serde(default = "yes")]
    declaration: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Written {
    /// The file, as a full path.
    path: String,
    /// The size of the file in bytes.
    size: u64,
}

pub(super) fn node() -> Node {
    Node::action("xml.write", write)
        .pure()
        .icon("file-code")
        .fails(
            ErrorKind::Invalid,
            "A key is no name that an element can have.",
        )
        .fails_writing()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: xml.write
  with:
    path: out/order.xml
    data: { order: { "@number": INV-1, item: [pen, paper] } }
"#;

async fn write(cx: &StepContext, settings: Write) -> Result<Written, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || {
        let data = &settings.data.0;
        let text = match data.as_str() {
            Some(text) if settings.pretty => document::laid_out(text, settings.declaration)?,
            Some(text) => {
                document::document(text)?;
                text.to_owned()
            }
            None => {
                let root = settings.root.as_deref();
                document::text(data, root, "#text", settings.declaration, settings.pretty)?
            }
        };
        Ok(Written {
            size: write_text(&path, &text, Charset::UTF_8)?,
            path: path.display().to_string(),
        })
    })
    .await
}
