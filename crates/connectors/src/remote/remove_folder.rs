use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    path::RemotePath,
    session::{self, Files, Protocol, absent},
    settings::Missing,
    walk::{self, Wanted},
};

/// Removes a folder on the server, for good.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RemoveFolder {
    /// The folder.
    path: String,
    /// Whether it is removed with all that is in it. An empty folder needs no leave.
    #[serde(default)]
    recursive: bool,
    /// What happens when it is not there.
    #[serde(default)]
    missing: Missing,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Removed {
    /// Whether there was a folder to remove.
    removed: bool,
    /// How many files in it were deleted.
    files: usize,
}

pub(super) fn node<P: Protocol>() -> Node {
    session::node::<P>("remove_folder", EXAMPLE, |name| {
        Node::action_with_effect(name, remove::<P>, |settings: &RemoveFolder| {
            settings.missing.effect()
        })
        .icon("folder-x")
    })
}

const EXAMPLE: &str = r#"- use: {p}.write
  with: { path: old/2024/orders.csv, content: "id" }
- use: {p}.remove_folder
  with: { path: old/2024, recursive: true, missing: ok }
"#;

async fn remove<P: Protocol>(
    cx: &StepContext,
    settings: RemoveFolder,
) -> Result<Removed, NodeError> {
    let files = Files::<P>::of(cx)?;
    let remote = files.remote();
    let path = RemotePath::read("path", &settings.path)?;
    if path.name().is_empty() {
        // An empty variable in a path must not cost all that is there.
        return Err(NodeError::denied(format!(
            "{path} is where everything on the server is; it is not removed"
        ))
        .with_help("write the path of a folder in it"));
    }
    match remote.info(&path).await? {
        None if settings.missing == Missing::Ok => {
            return Ok(Removed {
                removed: false,
                files: 0,
            });
        }
        None => return Err(absent(&path)),
        Some(found) if !found.is_folder => {
            return Err(NodeError::invalid(format!("{path} is a file"))
                .with_help(format!("files are deleted with {}.delete", P::CATEGORY)));
        }
        Some(_) => {}
    }
    files.forget_folders();
    let everything = Wanted::new("**", true)?;
    let mut inside = if settings.recursive {
        walk::remote(cx, remote, &path, &everything).await?
    } else if remote.list(&path).await?.is_empty() {
        Vec::new()
    } else {
        return Err(NodeError::invalid(format!(
            "could not remove {path}: the folder is not empty"
        ))
        .with_help("set `recursive: true` to delete all that is in it"));
    };
    let mut deleted = 0;
    // What is in a folder sorts after it.
    inside.reverse();
    for found in inside {
        if found.entry.is_folder && !found.entry.is_link {
            remote.remove_folder(&found.path).await?;
        } else {
            remote.delete(&found.path).await?;
            deleted += 1;
        }
    }
    remote.remove_folder(&path).await?;
    Ok(Removed {
        removed: true,
        files: deleted,
    })
}
