//! Which folder is the project, its object repository and its workflows.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use casare_browser::{ObjectName, Objects, Target};
use casare_workflow::{DocPath, Document};
use serde_json::Value as Json;
use thiserror::Error;

/// The file of the object repository; `objects/` holds more of them.
pub const OBJECTS: &str = "objects.yaml";
/// The folder of more files of the object repository.
const OBJECTS_FOLDER: &str = "objects";
/// What Casare keeps for itself in a project.
const OWN: &str = ".casare";
/// How workflow files end.
const WORKFLOW: &str = ".workflow.yaml";
/// How files of tests end.
const TEST: &str = ".test.yaml";
/// A larger file is no object repository.
const LARGEST: u64 = 16 << 20;
/// Folders below the project are looked into this deep.
const DEEPEST: usize = 12;
/// More files are not looked for.
const MOST_FILES: usize = 20_000;

/// The folder that workflows, their objects and what is known of them belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    root: PathBuf,
    is_marked: bool,
}

/// Why the object repository can't be read.
#[derive(Debug, Error)]
pub enum RepositoryError {
    /// A file or folder can't be read.
    #[error("could not read {}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds something else than objects.
    #[error("{}: {reason}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// The object repository of a project, and which file names which object.
#[derive(Debug, Clone, Default)]
pub struct Repository {
    /// The objects of all files.
    pub objects: Objects,
    files: BTreeMap<ObjectName, PathBuf>,
}

impl Project {
    /// The project around `folder`: the nearest folder upwards with an object repository, what Casare keeps
    /// there, or a git repository. Outside of a repository only two folders up are looked at. A folder that
    /// belongs to none is its own.
    pub fn around(folder: &Path) -> Self {
        let in_repository = folder.ancestors().any(|above| above.join(".git").exists());
        let reach = if in_repository { usize::MAX } else { 3 };
        let marks = [OBJECTS, OBJECTS_FOLDER, OWN, ".git"];
        let is_root = |above: &&Path| marks.iter().any(|mark| above.join(mark).exists());
        match folder.ancestors().take(reach).find(is_root) {
            Some(root) => Project {
                root: root.to_owned(),
                is_marked: true,
            },
            None => Project {
                root: folder.to_owned(),
                is_marked: false,
            },
        }
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether something marks it as a project, rather than being any folder with a workflow.
    pub fn is_marked(&self) -> bool {
        self.is_marked
    }

    /// Where what is known of selectors is kept.
    pub fn healing(&self) -> PathBuf {
        self.root.join(OWN).join("healing")
    }

    /// Makes the folder for what is known of selectors; git passes over it.
    ///
    /// # Errors
    ///
    /// Where it can't be made.
    pub fn make_healing(&self) -> io::Result<PathBuf> {
        let folder = self.healing();
        fs::create_dir_all(&folder)?;
        let ignore = folder.join(".gitignore");
        if !ignore.exists() {
            // It is of this machine; without the file git only asks more.
            let _ = fs::write(ignore, "*\n");
        }
        Ok(folder)
    }

    /// `file` as people of the project name it: from its folder, with `/`.
    pub fn name_of(&self, file: &Path) -> String {
        let inside = file.strip_prefix(&self.root).unwrap_or(file);
        inside.to_string_lossy().replace('\\', "/")
    }

    /// The file that people of the project call `name`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The files of the object repository.
    ///
    /// # Errors
    ///
    /// Where a folder can't be read.
    pub fn object_files(&self) -> Result<Vec<PathBuf>, RepositoryError> {
        let mut files = Vec::new();
        let main = self.root.join(OBJECTS);
        if main.is_file() {
            files.push(main);
        }
        let folder = self.root.join(OBJECTS_FOLDER);
        let listed = match fs::read_dir(&folder) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
            Err(source) => {
                return Err(RepositoryError::Unreadable {
                    path: folder,
                    source,
                });
            }
        };
        let mut more: Vec<PathBuf> = listed
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
            .collect();
        more.sort();
        files.extend(more);
        Ok(files)
    }

    /// The object repository; empty if there is none.
    ///
    /// # Errors
    ///
    /// What is wrong in which file.
    pub fn repository(&self) -> Result<Repository, RepositoryError> {
        let mut repository = Repository::default();
        for path in self.object_files()? {
            let text = read_bounded(&path)?;
            let objects = objects_in(&path, &text)?;
            for (name, _) in objects.iter() {
                repository.files.insert(name.clone(), path.clone());
            }
            let merged = repository.objects.merge(objects);
            merged.map_err(|error| RepositoryError::Wrong {
                path,
                reason: error.to_string(),
            })?;
        }
        Ok(repository)
    }

    /// The workflow files of the project.
    pub fn workflows(&self) -> Vec<PathBuf> {
        self.files_ending(WORKFLOW)
    }

    /// The files of tests of the project.
    pub fn tests(&self) -> Vec<PathBuf> {
        self.files_ending(TEST)
    }

    fn files_ending(&self, end: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![(self.root.clone(), 0)];
        while let Some((folder, depth)) = open.pop() {
            let Ok(entries) = fs::read_dir(&folder) else {
                continue;
            };
            for entry in entries.flatten() {
                let (path, name) = (entry.path(), entry.file_name());
                let name = name.to_string_lossy();
                let Ok(kind) = entry.file_type() else {
                    continue;
                };
                let is_hidden = name.starts_with('.')
                    || matches!(&*name, "node_modules" | "target" | "__pycache__");
                if kind.is_dir() && !is_hidden && depth < DEEPEST {
                    open.push((path, depth + 1));
                } else if kind.is_file() && name.ends_with(end) && found.len() < MOST_FILES {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }
}

impl Repository {
    /// The target of this name.
    ///
    /// # Errors
    ///
    /// That there is none, with the name that comes nearest.
    pub fn get(&self, name: &ObjectName) -> Result<&Target, casare_browser::ObjectError> {
        self.objects.get(name)
    }

    /// The file that names the object.
    pub fn file_of(&self, name: &ObjectName) -> Option<&Path> {
        self.files.get(name).map(PathBuf::as_path)
    }

    /// Whether there is no object at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// The content of a file that should not be large.
pub(super) fn read_bounded(path: &Path) -> Result<String, RepositoryError> {
    let unreadable = |source| RepositoryError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > LARGEST {
        return Err(RepositoryError::Wrong {
            path: path.to_owned(),
            reason: format!("it is larger than {} MiB", LARGEST >> 20),
        });
    }
    fs::read_to_string(path).map_err(unreadable)
}

fn objects_in(path: &Path, text: &str) -> Result<Objects, RepositoryError> {
    let wrong = |reason: String| RepositoryError::Wrong {
        path: path.to_owned(),
        reason,
    };
    let document = Document::parse(&path.display().to_string(), text).map_err(|problems| {
        let first = problems.problems.first();
        wrong(first.map_or_else(
            || problems.to_string(),
            |problem| {
                let (line, column) = problems.position(problem.range.start);
                format!("line {line}, column {column}: {}", problem.message)
            },
        ))
    })?;
    Objects::deserialize_json(document.to_json()).map_err(wrong)
}

/// Reads objects and says which one is wrong.
trait FromJson: Sized {
    fn deserialize_json(json: Json) -> Result<Self, String>;
}

impl FromJson for Objects {
    fn deserialize_json(json: Json) -> Result<Self, String> {
        let read = serde_json::from_value::<Objects>(json.clone());
        read.map_err(|error| match first_wrong(&json) {
            Some((name, reason)) => format!("`{name}`: {reason}"),
            None => error.to_string(),
        })
    }
}

/// The first object that is none, and why: what reads them all together can't tell.
fn first_wrong(json: &Json) -> Option<(String, String)> {
    let mut open = vec![(String::new(), json.get("objects")?)];
    while let Some((name, entry)) = open.pop() {
        match entry {
            Json::Object(map) if !map.contains_key("selector") => {
                for (key, inner) in map {
                    let name = match &*name {
                        "" => key.clone(),
                        name => format!("{name}.{key}"),
                    };
                    open.push((name, inner));
                }
            }
            entry => {
                if let Err(error) = serde_json::from_value::<Target>(entry.clone()) {
                    return Some((name, error.to_string()));
                }
            }
        }
    }
    None
}

/// Where an object stands in a file of the repository; keys may hold points.
pub fn place_of(document: &Json, name: &str) -> Option<DocPath> {
    fn below(entry: &Json, left: &str, at: &DocPath) -> Option<DocPath> {
        if left.is_empty() {
            return Some(at.clone());
        }
        let folder = entry.as_object()?;
        folder.iter().find_map(|(key, inner)| {
            let rest = left.strip_prefix(key.as_str())?;
            let rest = match rest.strip_prefix('.') {
                Some(rest) => rest,
                None if rest.is_empty() => "",
                None => return None,
            };
            below(inner, rest, &at.key(key))
        })
    }
    let at = DocPath::default().key("objects");
    below(document.get("objects")?, name, &at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_the_nearest_marked_folder_and_its_objects_come_from_all_files() {
        let root = tempfile::tempdir().unwrap();
        let flows = root.path().join("flows");
        fs::create_dir_all(&flows).unwrap();
        fs::create_dir_all(root.path().join("objects")).unwrap();
        fs::write(
            root.path().join(OBJECTS),
            "objects:\n  login:\n    user: label=User\n",
        )
        .unwrap();
        fs::write(
            root.path().join("objects/b.yaml"),
            "objects: { cart: css=.cart }\n",
        )
        .unwrap();

        let project = Project::around(&flows);

        assert_eq!(project.root(), root.path());
        let repository = project.repository().unwrap();
        let names: Vec<String> = repository
            .objects
            .iter()
            .map(|(name, _)| name.to_string())
            .collect();
        assert_eq!(names, ["cart", "login.user"]);
        let at = place_of(
            &serde_json::json!({ "objects": { "a.b": { "c": "text=x" } } }),
            "a.b.c",
        );
        assert_eq!(at.unwrap().to_string(), "objects.a.b.c");
    }

    #[test]
    fn a_wrong_object_is_told_by_its_name_and_file() {
        let root = tempfile::tempdir().unwrap();
        let text = "objects:\n  login:\n    user: role=button[\n";
        fs::write(root.path().join(OBJECTS), text).unwrap();

        let error = Project::around(root.path()).repository().unwrap_err();

        let told = error.to_string();
        assert!(told.contains("objects.yaml: `login.user`: "), "{told}");
    }
}
