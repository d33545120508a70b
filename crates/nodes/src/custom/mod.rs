//! Nodes that a project brings along: a `*.node.yaml` file and a script in its folder `nodes/`.
//!
//! | module | what it holds |
//! |---|---|
//! | `definition` | the file: what the node says about itself, and what it runs |
//! | `contract` | settings and outputs against their JSON Schemas |
//! | `messages` | the JSON lines that programs and Casare exchange |
//! | `run` | a step of the node |

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use casare_engine::Node;
use casare_workflow::ProblemList;

mod contract;
mod definition;
mod messages;
mod run;

pub use definition::{Definition, Run};

/// How the names of definitions end.
const SUFFIX: &str = ".node.yaml";

/// Why a project's node can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CustomNodeError {
    /// A file or folder can't be read.
    #[error("could not read {}: {source}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The definition is wrong.
    #[error("{0}")]
    Invalid(ProblemList),
}

/// The folder `nodes/` of the project that `folder` belongs to: the nearest one, upwards, that
/// holds a `*.node.yaml`. The search ends at the root of a git repository, and in a folder that
/// belongs to none one level up.
pub fn project_nodes(folder: &Path) -> Option<PathBuf> {
    let in_repository = folder.ancestors().any(|above| above.join(".git").exists());
    let mut left = if in_repository { usize::MAX } else { 2 };
    for above in folder.ancestors() {
        if left == 0 {
            return None;
        }
        left -= 1;
        let nodes = above.join("nodes");
        if definitions(&nodes).is_ok_and(|found| !found.is_empty()) {
            return Some(nodes);
        }
        if above.join(".git").exists() {
            return None;
        }
    }
    None
}

/// The definitions in a folder, by name.
///
/// # Errors
///
/// When the folder can't be listed.
pub fn definitions(nodes: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(nodes)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(SUFFIX) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The node that the definition at `path` describes.
///
/// # Errors
///
/// Everything that is wrong with the definition, with its place.
pub fn load(path: &Path) -> Result<Node, CustomNodeError> {
    let text = fs::read_to_string(path).map_err(|source| CustomNodeError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let name = path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new("."));
    let (definition, document) =
        Definition::read(&name, &text).map_err(CustomNodeError::Invalid)?;
    let contract = contract::Contract::of(&definition)
        .and_then(|contract| {
            definition.check_files(folder)?;
            Ok(contract)
        })
        .map_err(|fault| CustomNodeError::Invalid(fault.in_document(&name, &text, &document)))?;
    let spec = definition.spec();
    Ok(Node::described(
        spec,
        run::Custom {
            definition: Arc::new(definition),
            folder: folder.to_owned(),
            contract,
        },
    ))
}
