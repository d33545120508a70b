use base64::{Engine, engine::general_purpose::STANDARD};
use casare_engine::{Node, NodeError, StepContext};
use casare_files::Charset;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    backend::Source,
    path::RemotePath,
    session::{self, Files, Protocol},
    settings::{IfExists, retries},
    transfer::{self, Placing},
};

/// Writes a text (or bytes, given as base64) into a file on the server.
///
/// The file is whole or as it was before: where the protocol needs it, it is written under a
/// temporary name first. Folders are made if they are not there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Write {
    /// The file on the server.
    path: String,
    /// What it is to contain.
    content: String,
    /// Whether `content` is base64 of the bytes to write.
    #[serde(default)]
    base64: bool,
    /// The encoding: `utf-8`, `utf-8-bom`, `windows-1252`, `utf-16`, …
    #[serde(default = "utf_8")]
    encoding: String,
    /// What happens when the file is there already.
    #[serde(default)]
    if_exists: IfExists,
    /// Whether the file is written straight to its name, for servers that allow no renaming.
    #[serde(default)]
    direct: bool,
}

fn utf_8() -> String {
    "utf-8".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Written {
    /// The path on the server.
    path: String,
    /// The size in bytes of what was to be written.
    size: u64,
    /// Whether it was written; not with `if_exists: skip` and a file that was there.
    written: bool,
}

pub(super) fn node<P: Protocol>() -> Node {
    session::node::<P>("write", EXAMPLE, |name| {
        Node::action_with_effect(name, write::<P>, |settings: &Write| {
            settings.if_exists.effect()
        })
        .icon("file-pen")
    })
}

const EXAMPLE: &str = r#"- use: {p}.write
  with: { path: outbox/done.txt, content: "All orders are in." }
"#;

async fn write<P: Protocol>(cx: &StepContext, settings: Write) -> Result<Written, NodeError> {
    let files = Files::<P>::of(cx)?;
    let path = RemotePath::read("path", &settings.path)?;
    let bytes = if settings.base64 {
        STANDARD.decode(settings.content.trim()).map_err(|error| {
            NodeError::invalid(format!("setting `content` is no base64 text: {error}"))
        })?
    } else {
        let charset = Charset::named(&settings.encoding)?;
        [charset.mark().to_vec(), charset.encode(&settings.content)?].concat()
    };
    let size = bytes.len() as u64;
    let written = settings.if_exists == IfExists::Replace
        || files.remote().info(&path).await?.is_none()
        || !settings.if_exists.leaves(path.as_str())?;
    if written {
        let placing = Placing {
            direct: settings.direct,
            retries: retries(),
        };
        transfer::upload(&files, &Source::Bytes(bytes), &path, placing).await?;
    }
    Ok(Written {
        path: path.to_string(),
        size,
        written,
    })
}
