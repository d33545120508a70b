//! The files of an import: which tool each comes from, and where its workflow goes.

use casare_workflow::{Catalogue, Workflow};
use serde_json::Value as Json;

use crate::{
    ImportError, MAX_BYTES, casarerpa::project, circles, repair, report::Report, robot, selenium,
};

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

/// A workflow before its last check.
pub(crate) struct Draft {
    pub(crate) path: String,
    pub(crate) workflow: Workflow,
    pub(crate) report: Report,
}

pub(crate) fn import(files: &[SourceFile], catalogue: &dyn Catalogue) -> Vec<Imported> {
    let mut drafts: Vec<(String, Result<Draft, ImportError>)> = Vec::new();
    let mut graphs: Vec<(&SourceFile, Result<Json, ImportError>)> = Vec::new();
    for file in files {
        let (stem, ending) = file.path.rsplit_once('.').unwrap_or((&file.path, ""));
        let several = match &*ending.to_lowercase() {
            "side" => json(&file.text).and_then(|root| selenium::import(&root, stem)),
            "robot" => within_bounds(&file.text).and_then(|()| robot::import(&file.text, stem)),
            _ => {
                graphs.push((file, json(&file.text)));
                continue;
            }
        };
        match several {
            Ok(several) => {
                drafts.extend(
                    several
                        .into_iter()
                        .map(|draft| (file.path.clone(), Ok(draft))),
                );
            }
            Err(error) => drafts.push((file.path.clone(), Err(error))),
        }
    }
    drafts.extend(project::import(&graphs));
    circles::cut(&mut drafts);
    let checked = drafts.into_iter().map(|(source, draft)| {
        let outcome = draft.map(|draft| {
            let (text, report) =
                repair::checked(&draft.path, draft.workflow, draft.report, catalogue);
            Outcome {
                path: draft.path,
                text,
                report,
            }
        });
        Imported { source, outcome }
    });
    checked.collect()
}

fn within_bounds(text: &str) -> Result<(), ImportError> {
    if text.len() > MAX_BYTES {
        return Err(ImportError::TooLarge {
            what: "bytes",
            count: text.len(),
            limit: MAX_BYTES,
        });
    }
    Ok(())
}

fn json(text: &str) -> Result<Json, ImportError> {
    within_bounds(text)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).map_err(|error| ImportError::NotJson {
        reason: error.to_string(),
    })
}
