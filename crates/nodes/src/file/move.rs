use std::{fs, io, path::Path};

use casare_engine::{Cancel, ErrorKind, Node, NodeError, StepContext};
use casare_files::make_folder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    entry::{IfExists, already_there},
    transfer,
};

/// Moves or renames a file or folder.
///
/// On one disk this is a single act. Across disks it is a copy, and the original is deleted only
/// when the copy is whole.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    /// The file or folder.
    from: String,
    /// Its new place. A folder that is there, or a path with `/` at its end, takes the file under
    /// its own name. Folders are made if they are not there.
    to: String,
    /// What happens when the target is there already. A folder is never replaced.
    #[serde(default)]
    if_exists: IfExists,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Moved {
    /// The new place, as a full path.
    path: String,
    /// Whether it was moved; not with `if_exists: skip` and a target that was there.
    moved: bool,
}

pub(super) fn node() -> Node {
    Node::action("file.move", move_file)
        .icon("file-output")
        .fails(ErrorKind::NotFound, "There is nothing at `from`.")
        .fails(
            ErrorKind::Denied,
            "It may not be taken away, or may not be put there.",
        )
        .fails(
            ErrorKind::Unavailable,
            "It is in use, or the disk is full or does not answer.",
        )
        .fails(
            ErrorKind::Conflict,
            "`to` is there already and `if_exists` is `fail`, or a folder is in the way.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: file.move
  with: { from: inbox/invoice.pdf, to: done/ }
";

async fn move_file(cx: &StepContext, settings: Move) -> Result<Moved, NodeError> {
    let from = cx.file(&settings.from);
    let to = cx.file(&settings.to);
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let to = transfer::destination(&from, &to, &settings.to);
        let path = to.display().to_string();
        fs::symlink_metadata(&from).map_err(|error| unmoved(&from, &error))?;
        transfer::check_apart(&from, &to)?;
        if already_there(&to, settings.if_exists)? {
            return Ok(Moved { path, moved: false });
        }
        if to.is_dir() {
            return Err(
                NodeError::conflict(format!("{path} is a folder that is there already"))
                    .permanent()
                    .with_help("delete it first, or choose another name"),
            );
        }
        if let Some(folder) = to.parent() {
            make_folder(folder)?;
        }
        move_to(&from, &to, &cancel)?;
        Ok(Moved { path, moved: true })
    })
    .await
}

fn move_to(from: &Path, to: &Path, cancel: &Cancel) -> Result<(), NodeError> {
    match fs::rename(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            transfer::copy(from, to, cancel)?;
            let removed = if from.is_dir() {
                fs::remove_dir_all(from)
            } else {
                fs::remove_file(from)
            };
            removed.map_err(|error| {
                NodeError::io(
                    format_args!(
                        "{} was copied to {}, but the original could not be deleted",
                        from.display(),
                        to.display()
                    ),
                    &error,
                )
            })
        }
        Err(error) => Err(unmoved(from, &error)),
    }
}

fn unmoved(from: &Path, error: &io::Error) -> NodeError {
    NodeError::io(format_args!("could not move {}", from.display()), error)
}
