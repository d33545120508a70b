use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    path::RemotePath,
    session::{self, Files, Protocol},
    settings::IfExists,
};

/// Moves or renames a file or folder on the server.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    /// The file or folder.
    from: String,
    /// Its new path. A folder that is there, or a path with `/` at its end, takes it under its own
    /// name. Folders are made if they are not there.
    to: String,
    /// What happens when a file is there already.
    #[serde(default)]
    if_exists: IfExists,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Moved {
    /// Its path on the server now.
    path: String,
    /// Whether it was moved; not with `if_exists: skip` and a file that was there.
    moved: bool,
}

pub(super) fn node<P: Protocol>() -> Node {
    session::node::<P>("move", EXAMPLE, |name| {
        Node::action(name, move_it::<P>).icon("folder-input")
    })
}

const EXAMPLE: &str = r"- use: {p}.move
  with: { from: inbox/orders.csv, to: archive/ }
";

async fn move_it<P: Protocol>(cx: &StepContext, settings: Move) -> Result<Moved, NodeError> {
    let files = Files::<P>::of(cx)?;
    let remote = files.remote();
    let from = RemotePath::read("from", &settings.from)?;
    let given = RemotePath::read("to", &settings.to)?;
    let moved = files.found(&from).await?;
    let mut to = given.clone();
    let mut there = None;
    if settings.to.ends_with('/') || given.name().is_empty() {
        to = given.join(from.name());
    } else {
        there = remote.info(&given).await?;
        if there.as_ref().is_some_and(|there| there.is_folder) {
            to = given.join(from.name());
            there = None;
        }
    }
    if from == to {
        return Err(NodeError::invalid(format!(
            "{from} can't be moved to itself"
        )));
    }
    if to != given {
        there = remote.info(&to).await?;
    }
    if let Some(there) = there {
        if there.is_folder || moved.is_folder {
            return Err(NodeError::conflict(format!("{to} exists already"))
                .permanent()
                .with_help("folders are not replaced: remove it first, or choose another name"));
        }
        if settings.if_exists.leaves(to.as_str())? {
            return Ok(Moved {
                path: to.to_string(),
                moved: false,
            });
        }
    }
    if let Some(folder) = to.parent() {
        files.make_folders(&folder).await?;
    }
    remote.rename(&from, &to).await?;
    if moved.is_folder {
        files.forget_folders();
    }
    Ok(Moved {
        path: to.to_string(),
        moved: true,
    })
}
