//! Text → [`Workflow`] → text, with errors that point into the text.
//!
//! Reading is strict: what is not known is refused, and everything that is wrong is found in one go.
//! Whether the nodes exist and take what is written for them is [`mod@crate::check`]'s.
//!
//! | code | what is wrong |
//! |---|---|
//! | `yaml` | the syntax |
//! | `tab` | a line is indented with a tab |
//! | `unquoted-expression` | `{{ … }}` without quotes, which YAML reads as a map |
//! | `several-documents`, `anchor`, `alias`, `tag` | corners of YAML that workflows do not have |
//! | `duplicate-key`, `key` | a key is there twice, or is no text |
//! | `number` | digits that would not survive as a number: `007`, `+49…`, too many |
//! | `too-large`, `too-deep` | more than can be read safely |
//! | `empty`, `version`, `missing-key`, `missing-use` | something that has to be there is not |
//! | `unknown-key` | a key that nothing reads |
//! | `wrong-type`, `wrong-value`, `duration` | a value that can't stand there |
//! | `block` | one step where a list of steps belongs |
//! | `name` | a name that expressions could not write: ids, inputs, variables and environment variables are `[A-Za-z_][A-Za-z0-9_]*` |
//!
//! Three short forms are read and written out: an input that is only a type (`who: string`), and a
//! single name for the lists `env` and `retry.on`.

use std::{path::Path, sync::Arc};

use crate::{DocPath, Document, Segment, SourceRange, Workflow, document};

mod bytes;
mod fields;
mod meant;
mod problem;
mod read;
mod steps;
mod write;

pub(crate) use read::INPUT_KINDS;
pub(crate) use steps::{ON_ERROR, ON_RESUME, STEP_KEYS};

pub use problem::{Problem, ProblemList, Severity};
pub use write::{to_document, write};

/// A parsed workflow text: knows where each part of it stands.
#[derive(Debug, Clone)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
    document: Arc<Document>,
}

impl Source {
    /// Reads YAML or JSON and the workflow in it.
    ///
    /// A workflow without a name is called as its file, `name` without folder and ending.
    ///
    /// # Errors
    ///
    /// Every problem found, each with its place.
    pub fn read(name: &str, text: &str) -> Result<(Workflow, Self), ProblemList> {
        let (document, mut problems) = document::parse(text);
        let Some(document) = document else {
            return Err(ProblemList::new(name, text, problems));
        };
        let workflow = read::workflow(&document, file_stem(name), &mut problems);
        if !problems.is_empty() {
            return Err(ProblemList::new(name, text, problems));
        }
        let source = Self {
            name: name.into(),
            text: text.into(),
            document: Arc::new(document),
        };
        Ok((workflow, source))
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree, for edits.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Where the value at `path` stands.
    pub fn range(&self, path: &DocPath) -> Option<SourceRange> {
        self.document.get(path).map(|node| node.range)
    }

    /// Where the key at the end of `path` stands.
    pub fn key_range(&self, path: &DocPath) -> Option<SourceRange> {
        match path.0.last()? {
            Segment::Key(_) => self.document.key_range(path),
            Segment::Index(_) => None,
        }
    }

    /// A list of `problems` of this source.
    pub fn problems(&self, problems: Vec<Problem>) -> ProblemList {
        ProblemList::shared(self.name.clone(), self.text.clone(), problems)
    }
}

/// `text` in its canonical form: what `casare fmt` writes.
///
/// A file whose `name` ends with `.json` stays JSON; everything else becomes YAML. Comments, the
/// order of keys and the data stay as they are; a canonical text is not changed any more.
///
/// # Errors
///
/// The text is no YAML. Whether it is a workflow is not looked at.
pub fn canonical(name: &str, text: &str) -> Result<String, ProblemList> {
    let document = Document::parse(name, text)?;
    let is_json = Path::new(name)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if is_json {
        return Ok(format!("{:#}\n", document.to_json()));
    }
    Ok(document.write())
}

/// `folder/orders.workflow.yaml` → `orders`.
fn file_stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = file.split('.').next().unwrap_or(file);
    if stem.is_empty() { "workflow" } else { stem }
}
