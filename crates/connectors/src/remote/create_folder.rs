use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    path::RemotePath,
    session::{self, Files, Protocol},
};

/// Makes a folder on the server, and those above it.
///
/// A folder that is there already is left as it is. In S3 folders are but parts of names: there is
/// nothing to make.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateFolder {
    /// The folder.
    path: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Created {
    /// The path on the server.
    path: String,
    /// Whether there was anything to make.
    created: bool,
}

pub(super) fn node<P: Protocol>() -> Node {
    session::node::<P>("create_folder", EXAMPLE, |name| {
        Node::action(name, create::<P>).pure().icon("folder-plus")
    })
}

const EXAMPLE: &str = r"- use: {p}.create_folder
  with: { path: archive/2026/03 }
";

async fn create<P: Protocol>(
    cx: &StepContext,
    settings: CreateFolder,
) -> Result<Created, NodeError> {
    let files = Files::<P>::of(cx)?;
    let path = RemotePath::read("path", &settings.path)?;
    let created = files.make_folders(&path).await?;
    Ok(Created {
        path: path.to_string(),
        created,
    })
}
