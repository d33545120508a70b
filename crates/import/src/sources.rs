//! The files of an import: which tool each comes from, and where its workflow goes.

use casare_workflow::{Catalogue, Workflow};
use indexmap::IndexSet;
use serde_json::Value as Json;

use crate::{
    ImportError, MAX_BYTES, casarerpa::project, circles, devtools, repair, report::Report, robot,
    selenium,
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
    let mut taken = IndexSet::new();
    for file in files {
        match several(file, &taken) {
            None => match json(&file.text) {
                Ok(root) if devtools::is_recording(&root) => {
                    let path = project::target(&file.path, &mut taken);
                    drafts.push((file.path.clone(), devtools::import(&root, path)));
                }
                root => graphs.push((file, root)),
            },
            Some(Ok(several)) => {
                taken.extend(several.iter().map(|draft| draft.path.clone()));
                let several = several
                    .into_iter()
                    .map(|draft| (file.path.clone(), Ok(draft)));
                drafts.extend(several);
            }
            Some(Err(error)) => drafts.push((file.path.clone(), Err(error))),
        }
    }
    drafts.extend(project::import(&graphs, taken));
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

/// The workflows of a file that holds several; `None` if files of its kind hold one.
///
/// They go beside each other, or into a folder named after the file where their names are taken.
fn several(file: &SourceFile, taken: &IndexSet<String>) -> Option<Result<Vec<Draft>, ImportError>> {
    let (stem, ending) = file.path.rsplit_once('.').unwrap_or((&file.path, ""));
    let read: fn(&str, &str) -> Result<Vec<Draft>, ImportError> = match &*ending.to_lowercase() {
        "side" => |text, stem| selenium::import(&json(text)?, stem),
        "robot" => |text, stem| within_bounds(text).and_then(|()| robot::import(text, stem)),
        _ => return None,
    };
    let last = stem.rsplit('/').next().unwrap_or(stem);
    let mut folders = std::iter::once(stem.to_owned())
        .chain(std::iter::once(format!("{stem}/{last}")))
        .chain((2..).map(|number| format!("{stem}-{number}/{last}")));
    loop {
        let mut drafts = match read(&file.text, &folders.next()?) {
            Ok(drafts) => drafts,
            Err(error) => return Some(Err(error)),
        };
        // Calls mean the first of those with the same name.
        let mut own = IndexSet::new();
        for draft in &mut drafts {
            let whole = draft.path.clone();
            let stem = whole.trim_end_matches(".workflow.yaml");
            let mut number = 2;
            while !own.insert(draft.path.clone()) {
                draft.path = format!("{stem}-{number}.workflow.yaml");
                number += 1;
            }
        }
        if !drafts.iter().any(|draft| taken.contains(&draft.path)) {
            return Some(Ok(drafts));
        }
    }
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
