//! Paths on a server, and what becomes of them here.

use std::{
    fmt,
    path::{Component, Path, PathBuf},
};

use casare_engine::NodeError;

/// A path on a server: parts joined by `/`, none of them `.` or `..`, nothing that could be read as
/// the end of a command. Empty is the folder in which the session starts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RemotePath(String);

impl RemotePath {
    /// Reads the setting `name`.
    pub(crate) fn read(name: &str, given: &str) -> Result<Self, NodeError> {
        let refuse = |why: &str, help: &str| {
            Err(
                NodeError::invalid(format!("setting `{name}`: `{given}` {why}"))
                    .with_help(help.to_owned()),
            )
        };
        if given.chars().any(char::is_control) {
            return refuse("has a line break or another control character", "remove it");
        }
        let mut path = String::with_capacity(given.len());
        if given.starts_with('/') {
            path.push('/');
        }
        for part in given.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    return refuse(
                        "leads upwards with `..`",
                        "write the path from the server's root: `/folder/file.csv`",
                    );
                }
                part => {
                    if !path.is_empty() && !path.ends_with('/') {
                        path.push('/');
                    }
                    path.push_str(part);
                }
            }
        }
        Ok(Self(path))
    }

    /// The folder in which the session starts.
    pub(crate) fn start() -> Self {
        Self(String::new())
    }

    /// The path as the server takes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Its last part; empty for the root and the start.
    pub(crate) fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The folder that it is in; none for the root and the start.
    pub(crate) fn parent(&self) -> Option<Self> {
        match self.0.rsplit_once('/') {
            Some(("", "")) => None,
            Some(("", _)) => Some(Self("/".to_owned())),
            Some((folder, _)) => Some(Self(folder.to_owned())),
            None if self.0.is_empty() => None,
            None => Some(Self::start()),
        }
    }

    /// The path of something below this folder; `relative` comes from [`safe`] names.
    pub(crate) fn join(&self, relative: &str) -> Self {
        match self.0.as_str() {
            "" => Self(relative.to_owned()),
            folder if folder.ends_with('/') => Self(format!("{folder}{relative}")),
            folder => Self(format!("{folder}/{relative}")),
        }
    }

    /// A name beside this one, for what is not whole yet.
    pub(crate) fn beside(&self, mark: &str) -> Self {
        let name = format!(".{}.{mark}.part", self.name());
        self.parent().unwrap_or_else(Self::start).join(&name)
    }
}

impl fmt::Display for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}

/// Whether a name that a server lists is the name of one thing in one folder, here as there.
///
/// A server may list `../../.profile`; joined to a folder of this machine, it would leave it.
pub(crate) fn safe(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!(
        (parts.next(), parts.next()),
        (Some(Component::Normal(part)), None) if part == name
    ) && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control)
}

/// The place of `relative`, made of safe names, below a folder of this machine.
pub(crate) fn below(folder: &Path, relative: &str) -> Result<PathBuf, NodeError> {
    let mut path = folder.to_owned();
    for part in relative.split('/') {
        if !safe(part) {
            return Err(NodeError::denied(format!(
                "the server lists `{relative}`, which would lie outside of {}",
                folder.display()
            ))
            .permanent());
        }
        path.push(part);
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &str) -> RemotePath {
        RemotePath::read("path", given).unwrap()
    }

    #[test]
    fn paths_keep_their_root_and_lose_what_means_nothing() {
        assert_eq!(read("/in//a/./b.csv/").as_str(), "/in/a/b.csv");
        assert_eq!(read("in/b.csv").as_str(), "in/b.csv");
        assert_eq!(read("/").as_str(), "/");
        assert_eq!(read("").as_str(), "");
        assert_eq!(read("/a").parent(), Some(read("/")));
        assert_eq!(read("a").parent(), Some(RemotePath::start()));
        assert_eq!(read("/").parent(), None);
        assert_eq!(read("/").join("a").as_str(), "/a");
        assert_eq!(
            read("/in/b.csv").beside("x1").as_str(),
            "/in/.b.csv.x1.part"
        );
    }

    #[test]
    fn a_path_can_neither_climb_nor_end_a_command() {
        assert!(RemotePath::read("path", "/in/../../etc/passwd").is_err());
        assert!(RemotePath::read("path", "a\r\nDELE b").is_err());
    }

    #[test]
    fn names_that_a_server_lists_stay_in_their_folder() {
        for name in ["..", ".", "", "../x", "a/b", "a\\b", "/etc", "a\nb", "a/"] {
            assert!(!safe(name), "{name:?}");
        }
        for path in ["../x", "a/../../x", "a//b", "/etc", "a\\b", ""] {
            assert!(below(Path::new("in"), path).is_err(), "{path:?}");
        }
        assert!(safe("Ümläut (1).csv"));
        assert_eq!(below(Path::new("in"), "a/b").unwrap(), Path::new("in/a/b"));
    }
}
