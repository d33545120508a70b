use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    path::RemotePath,
    session::{self, Files, Protocol, absent},
    settings::{Missing, Paths, split_pattern},
    walk::{self, Wanted},
};

/// Deletes a file on the server, or all files that match a pattern, for good.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Delete {
    /// The file, a pattern such as `inbox/*.tmp`, or a list of these.
    path: Paths,
    /// What happens when there is no such file. That no file matches a pattern is no failure.
    #[serde(default)]
    missing: Missing,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Deleted {
    /// Whether there was something to delete.
    deleted: bool,
    /// The files that were deleted.
    paths: Vec<String>,
    /// How many there were.
    count: usize,
}

pub(super) fn node<P: Protocol>() -> Node {
    session::node::<P>("delete", EXAMPLE, |name| {
        Node::action_with_effect(name, delete::<P>, |settings: &Delete| {
            settings.missing.effect()
        })
        .icon("trash-2")
    })
}

const EXAMPLE: &str = r#"- use: {p}.delete
  with: { path: ["inbox/*.tmp", inbox/old.csv], missing: ok }
"#;

async fn delete<P: Protocol>(cx: &StepContext, settings: Delete) -> Result<Deleted, NodeError> {
    let files = Files::<P>::of(cx)?;
    let remote = files.remote();
    let mut paths = Vec::new();
    for given in settings.path.all() {
        let Some((folder, pattern)) = split_pattern(given) else {
            let path = RemotePath::read("path", given)?;
            match remove(&files, &path).await {
                Ok(()) => paths.push(path.to_string()),
                Err(error)
                    if error.kind() == ErrorKind::NotFound && settings.missing == Missing::Ok => {}
                Err(error) => return Err(error),
            }
            continue;
        };
        let folder = RemotePath::read("path", folder)?;
        let wanted = Wanted::new(pattern, false)?;
        for found in walk::remote(cx, remote, &folder, &wanted).await? {
            if !found.entry.is_folder {
                remote.delete(&found.path).await?;
                paths.push(found.path.to_string());
            }
        }
    }
    Ok(Deleted {
        deleted: !paths.is_empty(),
        count: paths.len(),
        paths,
    })
}

async fn remove<P: Protocol>(files: &Files<P>, path: &RemotePath) -> Result<(), NodeError> {
    match files.remote().info(path).await? {
        None => Err(absent(path)),
        Some(found) if found.is_folder => Err(NodeError::invalid(format!("{path} is a folder"))
            .with_help(format!(
                "folders are removed with {}.remove_folder",
                P::CATEGORY
            ))),
        Some(_) => files.remote().delete(path).await,
    }
}
