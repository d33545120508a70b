use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    path::RemotePath,
    session::{self, Files, Protocol},
    settings::Kind,
};

/// Tells whether a file or folder is on the server, its size and when it was last changed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Info {
    /// The file or folder.
    path: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Facts {
    /// Whether it is there. The rest is empty if not.
    exists: bool,
    /// Whether it is a file or a folder.
    kind: Option<Kind>,
    /// The last part of its path.
    name: String,
    /// The path on the server.
    path: String,
    /// The size of a file in bytes.
    size: Option<u64>,
    /// When it was last changed, UTC: `2026-03-01T08:30:00Z`.
    modified: Option<String>,
}

pub(super) fn node<P: Protocol>() -> Node {
    session::node::<P>("info", EXAMPLE, |name| {
        Node::action(name, info::<P>).pure().icon("file-search")
    })
}

const EXAMPLE: &str = r#"- id: orders
  use: {p}.info
  with: { path: inbox/orders.csv }
- use: log.write
  when: "{{ steps.orders.exists }}"
  with: { message: "There are orders of {{ steps.orders.modified }}" }
"#;

async fn info<P: Protocol>(cx: &StepContext, settings: Info) -> Result<Facts, NodeError> {
    let files = Files::<P>::of(cx)?;
    let path = RemotePath::read("path", &settings.path)?;
    let found = files.remote().info(&path).await?;
    let kind = found.as_ref().map(|found| {
        if found.is_folder {
            Kind::Folder
        } else {
            Kind::File
        }
    });
    Ok(Facts {
        exists: found.is_some(),
        kind,
        name: path.name().to_owned(),
        path: path.to_string(),
        size: found.as_ref().and_then(|found| found.size),
        modified: found
            .and_then(|found| found.modified)
            .map(|modified| format!("{modified:.0}")),
    })
}
