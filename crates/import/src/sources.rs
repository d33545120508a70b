//! The files of an import: which tool each comes from, and where its workflow goes.

use casare_workflow::Catalogue;
use serde_json::Value as Json;

use crate::{ImportError, MAX_BYTES, casarerpa::project, repair, report::Report};

/// A file to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, with `/`; the workflow gets the same path below the target folder.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What became of a file.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The file's path.
    pub source: String,
    /// The workflow and its loss report, or why there is none.
    pub outcome: Result<Outcome, ImportError>,
}

/// A workflow that was imported.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its path below the target folder, with `/`, ending in `.workflow.yaml`.
    pub path: String,
    /// Its text, in canonical form.
    pub text: String,
    /// What was converted, changed and lost.
    pub report: Report,
}

pub(crate) fn import(files: &[SourceFile], catalogue: &dyn Catalogue) -> Vec<Imported> {
    let mut outcomes = Vec::new();
    let mut graphs: Vec<(&SourceFile, Result<Json, ImportError>)> = Vec::new();
    for file in files {
        graphs.push((file, json(&file.text)));
    }
    for (file, drafted) in project::import(&graphs) {
        let outcome = drafted.map(|draft| {
            let (text, report) = repair::checked(&draft.path, draft.workflow, draft.report, catalogue);
            Outcome {
                path: draft.path,
                text,
                report,
            }
        });
        outcomes.push(Imported {
            source: file,
            outcome,
        });
    }
    outcomes
}

fn json(text: &str) -> Result<Json, ImportError> {
    if text.len() > MAX_BYTES {
        return Err(ImportError::TooLarge {
            what: "bytes",
            count: text.len(),
            limit: MAX_BYTES,
        });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).map_err(|error| ImportError::NotJson {
        reason: error.to_string(),
    })
}
