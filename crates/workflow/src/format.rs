//! Text → [`Workflow`] → text, with errors that point into the text.

use std::{fmt, sync::Arc};

use crate::{DocPath, SourceRange, Workflow};

/// A parsed workflow text: knows where each part of it stands.
#[derive(Debug, Clone)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
}

impl Source {
    /// Reads YAML or JSON and the workflow in it.
    ///
    /// # Errors
    ///
    /// Every problem found, each with its place.
    pub fn read(name: &str, text: &str) -> Result<(Workflow, Self), ProblemList> {
        let _ = (name, text);
        unimplemented!("format")
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the value at `path` stands.
    pub fn range(&self, path: &DocPath) -> Option<SourceRange> {
        let _ = path;
        unimplemented!("format")
    }

    /// Where the key at the end of `path` stands.
    pub fn key_range(&self, path: &DocPath) -> Option<SourceRange> {
        let _ = path;
        unimplemented!("format")
    }

    /// A list of `problems` of this source.
    pub fn problems(&self, problems: Vec<Problem>) -> ProblemList {
        ProblemList {
            name: self.name.clone(),
            text: self.text.clone(),
            problems,
        }
    }
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing runs.
    Error,
    /// Worth a look.
    Warning,
}

/// One thing that is wrong with a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// A stable name, such as `unknown-node`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What is underlined says this.
    pub label: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// The part of the document.
    pub path: DocPath,
    /// Where in the text.
    pub range: SourceRange,
}

/// Everything that is wrong with one workflow.
#[derive(Debug, Clone)]
pub struct ProblemList {
    /// The file's name.
    pub name: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
    /// At least one problem, in the order of the text.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ProblemList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a valid workflow", self.name)
    }
}

impl std::error::Error for ProblemList {}

/// `workflow` in canonical YAML.
pub fn write(workflow: &Workflow) -> String {
    let _ = workflow;
    unimplemented!("format")
}
