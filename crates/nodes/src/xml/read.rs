use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::{Charset, decode, read_whole, unreadable};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::{self, Shape};

/// Reads an XML file, as text and as data.
///
/// The encoding is the one that the file declares. Entities are refused, and nothing that the file
/// names is opened.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    /// The file.
    path: String,
    /// The file's encoding, if it does not declare the right one.
    encoding: Option<String>,
    /// Names of elements that are lists in the data also where there is only one.
    #[serde(default)]
    lists: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Content {
    /// The XML text, for xml.query.
    text: String,
    /// The data of the outermost element, as of xml.parse.
    data: Any,
    /// The name of the outermost element.
    root: String,
    /// The file, as a full path.
    path: String,
}

pub(super) fn node() -> Node {
    Node::action("xml.read", read)
        .pure()
        .icon("file-code")
        .fails(ErrorKind::NotFound, "The file is not there.")
        .fails(
            ErrorKind::Invalid,
            "The file holds no XML, or has more than 256 MiB.",
        )
        .fails(ErrorKind::Denied, "The file may not be read.")
        .fails(
            ErrorKind::Unavailable,
            "The disk that holds it does not answer.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: xml.read
  with: { path: order.xml }
- use: log.write
  with: { message: "{{ steps.order.data.customer }} ordered {{ steps.order.data.item | length }} things" }
"#;

async fn read(cx: &StepContext, settings: Read) -> Result<Content, NodeError> {
    let path = cx.file(&settings.path);
    let chosen = Charset::chosen(settings.encoding.as_deref())?;
    cx.blocking(move || {
        let bytes = read_whole(&path)?;
        let charset = match chosen {
            Some(charset) => Some(charset),
            None if Charset::of_mark(&bytes).is_some() => None,
            None => declared(&bytes)
                .map(|name| Charset::named(&name))
                .transpose()?,
        };
        let text = decode(bytes, charset)
            .map_err(|error| unreadable(&path.display().to_string(), &error))?;
        let shape = Shape {
            lists: settings.lists,
            ..Shape::default()
        };
        let (root, data) = document::root(&document::document(&text)?, &shape);
        Ok(Content {
            text,
            data: Any(data),
            root,
            path: path.display().to_string(),
        })
    })
    .await
}

/// The encoding in `<?xml … encoding="…"?>`.
fn declared(bytes: &[u8]) -> Option<String> {
    let start = String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes)).into_owned();
    let declaration = start.strip_prefix("<?xml")?.split("?>").next()?;
    let rest = declaration.split_once("encoding")?.1.trim_start();
    let rest = rest.strip_prefix('=')?.trim_start();
    let quote = rest
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    rest[1..].split(quote).next().map(str::to_owned)
}
