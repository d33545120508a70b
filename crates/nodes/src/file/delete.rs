use std::{fs, io, path::Path};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Deletes a file or a folder, for good.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Delete {
    /// The file or folder.
    path: String,
    /// What happens when it is not there.
    #[serde(default)]
    missing: Missing,
    /// Whether a folder is deleted with all that is in it. An empty folder needs no leave.
    #[serde(default)]
    recursive: bool,
}

/// What happens when there is nothing to delete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Missing {
    /// The step fails.
    #[default]
    Fail,
    /// That is what was wanted.
    Ok,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Deleted {
    /// Whether there was something to delete.
    deleted: bool,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("file.delete", delete, |settings: &Delete| {
        match settings.missing {
            Missing::Ok => Effect::Pure,
            Missing::Fail => Effect::Once,
        }
    })
    .icon("trash-2")
    .fails(
        ErrorKind::NotFound,
        "Nothing is there and `missing` is `fail`.",
    )
    .fails(
        ErrorKind::Invalid,
        "The folder is not empty and `recursive` is not set.",
    )
    .fails(
        ErrorKind::Denied,
        "It may not be deleted, or it holds the workflow, a home folder or the whole disk.",
    )
    .fails(
        ErrorKind::Unavailable,
        "It is in use, or the disk does not answer.",
    )
    .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: file.delete
  with: { path: out/old, recursive: true, missing: ok }
";

async fn delete(cx: &StepContext, settings: Delete) -> Result<Deleted, NodeError> {
    let path = cx.file(&settings.path);
    let workplace = cx.file("");
    cx.blocking(move || {
        let failed =
            |error| NodeError::io(format_args!("could not delete {}", path.display()), &error);
        // A link itself is deleted, never what it points to.
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && settings.missing == Missing::Ok =>
            {
                return Ok(Deleted { deleted: false });
            }
            Err(error) => return Err(failed(error)),
        };
        if !found.is_dir() {
            fs::remove_file(&path).map_err(failed)?;
        } else if settings.recursive {
            refuse_folders_of_worth(&path, &workplace)?;
            fs::remove_dir_all(&path).map_err(failed)?;
        } else {
            fs::remove_dir(&path).map_err(|error| match error.kind() {
                io::ErrorKind::DirectoryNotEmpty => NodeError::invalid(format!(
                    "could not delete {}: the folder is not empty",
                    path.display()
                ))
                .with_help("set `recursive: true` to delete all that is in it"),
                _ => failed(error),
            })?;
        }
        Ok(Deleted { deleted: true })
    })
    .await
}

/// An empty variable in a path must not cost a disk: `{{ vars.folder }}/` can become `/`.
fn refuse_folders_of_worth(path: &Path, workplace: &Path) -> Result<(), NodeError> {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let workplace = fs::canonicalize(workplace).unwrap_or_else(|_| workplace.to_owned());
    let home = std::env::home_dir().unwrap_or_default();
    if real.parent().is_none() || workplace.starts_with(&real) || home.starts_with(&real) {
        return Err(NodeError::denied(format!(
            "{} holds the workflow itself, a home folder or the whole disk; it is not deleted",
            real.display()
        ))
        .with_help("check the path: an empty variable in it may have made it shorter"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_around_the_workflow_are_not_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("out");
        fs::create_dir(&inside).unwrap();

        assert!(refuse_folders_of_worth(&inside, folder.path()).is_ok());
        assert!(refuse_folders_of_worth(folder.path(), &inside).is_err());
        assert!(refuse_folders_of_worth(folder.path(), folder.path()).is_err());
        assert!(refuse_folders_of_worth(Path::new("/"), folder.path()).is_err());
    }
}
