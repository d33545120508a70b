//! Settings that several nodes share.

use casare_engine::NodeError;
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{backend::Entry, path::RemotePath};

/// What happens when the target is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IfExists {
    /// It is replaced.
    #[default]
    Replace,
    /// The step fails.
    Fail,
    /// It stays as it is, and the step succeeds.
    Skip,
}

impl IfExists {
    /// Done twice, `fail` would fail on what it did itself.
    pub(crate) fn effect(self) -> Effect {
        match self {
            Self::Fail => Effect::Once,
            Self::Replace | Self::Skip => Effect::Pure,
        }
    }

    /// Whether something at `place` that is there already is to be left alone.
    pub(crate) fn leaves(self, place: &str) -> Result<bool, NodeError> {
        match self {
            Self::Replace => Ok(false),
            Self::Skip => Ok(true),
            Self::Fail => Err(NodeError::conflict(format!("{place} exists already"))
                .permanent()
                .with_help(
                    "remove it, choose another name, or set `if_exists` to `replace` or `skip`",
                )),
        }
    }
}

/// What happens when there is nothing to delete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Missing {
    /// The step fails.
    #[default]
    Fail,
    /// That is what was wanted.
    Ok,
}

impl Missing {
    pub(crate) fn effect(self) -> Effect {
        match self {
            Self::Ok => Effect::Pure,
            Self::Fail => Effect::Once,
        }
    }
}

/// What something in a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// A file or folder on the server.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RemoteEntry {
    /// The last part of its path.
    pub(crate) name: String,
    /// The path on the server, as other steps of the session take it.
    pub(crate) path: String,
    /// The path below the folder that was listed, with `/` between its parts.
    pub(crate) relative: String,
    /// Whether it is a file or a folder.
    pub(crate) kind: Kind,
    /// The size of a file in bytes.
    pub(crate) size: u64,
    /// When it was last changed, UTC: `2026-03-01T08:30:00Z`.
    pub(crate) modified: Option<String>,
}

impl RemoteEntry {
    pub(crate) fn new(path: &RemotePath, relative: String, entry: &Entry) -> Self {
        Self {
            name: entry.name.clone(),
            path: path.to_string(),
            relative,
            kind: if entry.is_folder {
                Kind::Folder
            } else {
                Kind::File
            },
            size: entry.size.unwrap_or_default(),
            modified: entry.modified.map(|modified| format!("{modified:.0}")),
        }
    }
}

/// One path or pattern, or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Paths {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Paths {
    pub(crate) fn all(&self) -> &[String] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Many(paths) => paths,
        }
    }
}

/// The folder before the first wildcard of a path, and the pattern below it; no pattern in a path
/// without wildcards.
pub(crate) fn split_pattern(path: &str) -> Option<(&str, &str)> {
    let wildcard = path.find(['*', '?', '{', '['])?;
    match path[..wildcard].rfind('/') {
        Some(0) => Some(("/", &path[1..])),
        Some(slash) => Some((&path[..slash], &path[slash + 1..])),
        None => Some(("", path)),
    }
}

pub(crate) fn yes() -> bool {
    true
}

/// How often a broken transfer is taken up again if a step does not say.
pub(crate) fn retries() -> u32 {
    3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_begins_after_the_last_folder_without_wildcards() {
        assert_eq!(split_pattern("/in/2026/*.csv"), Some(("/in/2026", "*.csv")));
        assert_eq!(split_pattern("/*.csv"), Some(("/", "*.csv")));
        assert_eq!(split_pattern("in/**/x.csv"), Some(("in", "**/x.csv")));
        assert_eq!(split_pattern("*"), Some(("", "*")));
        assert_eq!(split_pattern("in/a.csv"), None);
    }
}
