//! Workflow files as the command line names them.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use casare_engine::{Engine, Plan, PlanError, Registry};
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

/// An engine that knows every node.
pub(crate) fn engine() -> Engine {
    let nodes = [
        casare_nodes::standard(),
        casare_documents::standard(),
        casare_connectors::standard(),
    ];
    Engine::new(Registry::new(nodes.into_iter().flatten()))
}
