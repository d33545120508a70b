use base64::{Engine, engine::general_purpose::STANDARD};
use casare_engine::{Node, NodeError, StepContext};
use casare_files::{Charset, decode, unreadable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    path::RemotePath,
    session::{self, Files, Protocol},
};

/// What is read at most; larger files are downloaded.
const MOST: usize = 16 * 1024 * 1024;

/// Reads a small file on the server: its text, or its bytes as base64.
///
/// Up to 16 MiB; download what is larger.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    /// The file on the server.
    path: String,
    /// What `content` is.
    #[serde(default, rename = "as")]
    form: Form,
    /// The file's encoding, such as `windows-1252`. If not set, the mark at its beginning says it,
    /// and without a mark it is UTF-8.
    encoding: Option<String>,
}

/// What is made of a file's content.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Form {
    /// One text.
    #[default]
    Text,
    /// The bytes, as base64 text.
    Base64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Content {
    /// The text, or the base64 text.
    content: String,
    /// The path on the server.
    path: String,
    /// The file's size in bytes.
    size: u64,
}

pub(super) fn node<P: Protocol>() -> Node {
    session::node::<P>("read", EXAMPLE, |name| {
        Node::action(name, read::<P>).pure().icon("file-text")
    })
}

const EXAMPLE: &str = r#"- id: orders
  use: {p}.read
  with: { path: inbox/orders.csv }
- use: log.write
  with: { message: "{{ steps.orders.content }}" }
"#;

async fn read<P: Protocol>(cx: &StepContext, settings: Read) -> Result<Content, NodeError> {
    let files = Files::<P>::of(cx)?;
    let path = RemotePath::read("path", &settings.path)?;
    let charset = Charset::chosen(settings.encoding.as_deref())?;
    let mut bytes = Vec::new();
    let mut take = |piece: &[u8]| {
        if bytes.len() + piece.len() > MOST {
            return Err(
                NodeError::invalid(format!("{path} has more than 16 MiB")).with_help(format!(
                    "download it with {}.download, then read it with file.read",
                    P::CATEGORY
                )),
            );
        }
        bytes.extend_from_slice(piece);
        Ok(())
    };
    files.remote().download(&path, 0, &mut take).await?;
    let size = bytes.len() as u64;
    let content = match settings.form {
        Form::Base64 => STANDARD.encode(bytes),
        Form::Text => {
            decode(bytes, charset).map_err(|error| unreadable(&path.to_string(), &error))?
        }
    };
    Ok(Content {
        content,
        path: path.to_string(),
        size,
    })
}
