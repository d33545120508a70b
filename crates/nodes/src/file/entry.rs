//! Files and folders as nodes describe them.

use std::{
    fs::{self, Metadata},
    path::Path,
    time::SystemTime,
};

use casare_engine::{Cancel, NodeError};
use casare_workflow::Effect;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happens when the target is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum IfExists {
    /// It is replaced.
    #[default]
    Replace,
    /// The step fails.
    Fail,
    /// It stays as it is, and the step succeeds.
    Skip,
}

impl IfExists {
    /// The effect of a step that would otherwise have `effect`: done twice, `fail` would fail on
    /// what it did itself.
    pub(super) fn effect(self, effect: Effect) -> Effect {
        match self {
            Self::Fail => Effect::Once,
            Self::Replace | Self::Skip => effect,
        }
    }
}

/// Whether `path` is there and to be left alone.
pub(super) fn already_there(path: &Path, if_exists: IfExists) -> Result<bool, NodeError> {
    if if_exists == IfExists::Replace || fs::symlink_metadata(path).is_err() {
        return Ok(false);
    }
    match if_exists {
        IfExists::Skip => Ok(true),
        _ => Err(
            NodeError::conflict(format!("{} exists already", path.display()))
                .permanent()
                .with_help(
                    "remove it, choose another name, or set `if_exists` to `replace` or `skip`",
                ),
        ),
    }
}

/// What something in a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// Something else: a device, a pipe, a link to nothing.
    Other,
}

impl Kind {
    pub(super) fn of(found: &Metadata) -> Self {
        if found.is_dir() {
            Self::Folder
        } else if found.is_file() {
            Self::File
        } else {
            Self::Other
        }
    }
}

/// When a file was last written, as `2026-03-01T08:30:00Z`.
pub(super) fn modified(found: &Metadata) -> Option<String> {
    let modified: SystemTime = found.modified().ok()?;
    let modified = Timestamp::try_from(modified).ok()?;
    Some(format!("{modified:.0}"))
}

/// An error when the run was cancelled meanwhile.
pub(super) fn go_on(cancel: &Cancel) -> Result<(), NodeError> {
    if cancel.is_cancelled() {
        return Err(NodeError::conflict("the step was cancelled").permanent());
    }
    Ok(())
}

/// The last part of a path.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
