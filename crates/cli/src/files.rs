//! Workflow files as the command line names them.

use std::{
    fs,
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use casare_engine::{Engine, Node, Plan, PlanError, Registry};
use casare_files::AtomicFile;
use casare_nodes::{
    custom,
    healing::{self, project::Project},
};
use casare_workflow::ProblemList;

use crate::failure::CliError;

/// A workflow's text, and where it came from.
#[derive(Debug)]
pub(crate) struct WorkflowFile {
    /// As it was typed; `-` is stdin.
    pub(crate) name: String,
    pub(crate) text: String,
    /// Where relative paths in it start.
    pub(crate) folder: PathBuf,
}

impl WorkflowFile {
    /// Reads `path`, or stdin for `-`.
    pub(crate) fn read(path: &Path) -> Result<Self, CliError> {
        let unreadable = |source| CliError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let is_stdin = path.as_os_str() == "-";
        let bytes = if is_stdin {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            fs::read(path)
        };
        let text = bytes
            .and_then(|bytes| {
                String::from_utf8(bytes)
                    .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
            })
            .map_err(unreadable)?;
        let absolute = std::path::absolute(path).map_err(unreadable)?;
        let folder = absolute.parent().unwrap_or(&absolute).to_owned();
        let name = path.display().to_string();
        Ok(Self { name, text, folder })
    }

    /// Compiles it. Problems name the file as it was typed.
    pub(crate) fn load(&self, engine: &Engine) -> Result<Arc<Plan>, PlanError> {
        let file = Path::new(&self.name)
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        engine
            .load(&file, &self.text, &self.folder)
            .map_err(|error| match error {
                PlanError::Invalid(problems) if *problems.name == *file => {
                    self.named(problems).into()
                }
                error => error,
            })
    }

    /// `problems` under the name that was typed.
    pub(crate) fn named(&self, problems: ProblemList) -> ProblemList {
        ProblemList {
            name: self.name.as_str().into(),
            ..problems
        }
    }
}

/// An engine that knows every node of Casare's own.
pub(crate) fn engine() -> Engine {
    Engine::new(Registry::new(standard()))
}

/// The nodes, and what knows how elements are written in workflows of the project around `folder`.
fn registry(folder: &Path, nodes: impl IntoIterator<Item = Node>) -> Registry {
    let project = Project::around(folder);
    Registry::new(nodes).with_formats(healing::formats(project))
}

/// An engine that also knows the nodes of the project that `folder` belongs to.
pub(crate) fn engine_at(folder: &Path) -> Result<Engine, CliError> {
    let Some(nodes) = custom::project_nodes(folder) else {
        return Ok(Engine::new(registry(folder, standard())));
    };
    let definitions = custom::definitions(&nodes).map_err(|source| CliError::Unreadable {
        path: nodes.clone(),
        source,
    })?;
    let own = Registry::new(standard());
    let mut known: Vec<Node> = Vec::new();
    for path in definitions {
        let node = custom::load(&path)?;
        let taken = known.iter().any(|other| other.name() == node.name());
        if taken || own.get(node.name()).is_some() {
            let name = node.name().to_owned();
            return Err(CliError::NodeNameTaken { name, path });
        }
        known.push(node);
    }
    let nodes = standard().into_iter().chain(known);
    Ok(Engine::new(registry(folder, nodes)))
}

/// An engine that also knows the nodes of the project around the current folder.
pub(crate) fn engine_here() -> Result<Engine, CliError> {
    match std::env::current_dir() {
        Ok(folder) => engine_at(&folder),
        // A folder that has gone has no project.
        Err(_) => Ok(engine()),
    }
}

/// A registry of the nodes that are compiled in.
pub(crate) fn standard_registry() -> Registry {
    Registry::new(standard())
}

/// The nodes that are compiled in.
fn standard() -> Vec<Node> {
    [
        casare_nodes::standard(),
        casare_documents::standard(),
        casare_connectors::standard(),
    ]
    .concat()
}

/// Writes a file that is whole, or as it was before.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<(), CliError> {
    let mut file = AtomicFile::create(path).map_err(CliError::NotWritten)?;
    file.write_all(text.as_bytes())
        .map_err(|error| CliError::NotWritten(file.failed(&error)))?;
    file.commit().map_err(CliError::NotWritten)?;
    Ok(())
}
