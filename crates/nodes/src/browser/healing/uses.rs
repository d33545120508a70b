//! Which settings of a workflow are targets.

use std::path::{Path, PathBuf};

use casare_workflow::{Block, Catalogue, DocPath, ProblemList, Source, Step, Workflow};
use serde_json::Value as Json;

use super::project::{Project, RepositoryError, read_bounded};
use crate::browser::target::{FIELD_FORMAT, FORMAT, OBJECT};

/// Schemas are followed this deep.
const DEEPEST: usize = 16;

/// A target in a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetUse {
    /// Where the step is written.
    pub step: DocPath,
    /// Where the target is written.
    pub at: DocPath,
    /// It is the key itself, as in the `fields` of a form.
    pub is_key: bool,
    /// The node.
    pub node: String,
    /// The step's title.
    pub title: String,
    /// The setting, below `with`.
    pub setting: String,
    /// What is written: a text or a bundle.
    pub value: Json,
}

impl TargetUse {
    /// The name of the object, if it is one of the repository.
    pub fn object(&self) -> Option<&str> {
        let text = self.value.as_str()?;
        text.strip_prefix(OBJECT).map(str::trim)
    }

    /// Whether what it is turns out when the workflow runs.
    pub fn is_computed(&self) -> bool {
        self.value.as_str().is_some_and(|text| text.contains("{{"))
    }
}

/// Where an object is used.
#[derive(Debug, Clone)]
pub struct ObjectUse {
    /// The workflow's file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The target.
    pub target: TargetUse,
}

/// All targets of a workflow, in the order of its steps.
pub fn targets(workflow: &Workflow, catalogue: &dyn Catalogue) -> Vec<TargetUse> {
    let mut found = Vec::new();
    walk(&workflow.steps, &mut |step| {
        found.extend(targets_of(step, catalogue));
    });
    found
}

/// The targets of one step.
pub fn targets_of(step: &Step, catalogue: &dyn Catalogue) -> Vec<TargetUse> {
    let mut found = Vec::new();
    let Some(spec) = catalogue.node(&step.uses) else {
        return found;
    };
    let root = &spec.settings;
    for (name, value) in &step.with {
        let schema = &root["properties"][name];
        let look = Look { root, step };
        look.below(
            schema,
            value,
            &step.at.key("with").key(name),
            name,
            0,
            &mut found,
        );
    }
    found
}

fn walk(steps: &[Step], each: &mut impl FnMut(&Step)) {
    // A list of its own: deep nesting costs no stack.
    let mut open: Vec<&Step> = steps.iter().rev().collect();
    while let Some(step) = open.pop() {
        each(step);
        let lists = step.blocks.values().flat_map(Block::lists);
        let below: Vec<&Step> = lists.flat_map(|(_, steps)| steps).collect();
        open.extend(below.into_iter().rev());
    }
}

/// One look into the settings of a step.
struct Look<'a> {
    root: &'a Json,
    step: &'a Step,
}

impl Look<'_> {
    fn below(
        &self,
        schema: &Json,
        value: &Json,
        at: &DocPath,
        setting: &str,
        depth: usize,
        found: &mut Vec<TargetUse>,
    ) {
        if depth > DEEPEST {
            return;
        }
        let schema = self.resolved(schema);
        if is_target(schema) && (value.is_string() || value.get("selector").is_some()) {
            found.push(self.used(at, false, setting, value.clone()));
            return;
        }
        let inner = |key: &str| schema.get(key).and_then(Json::as_array);
        let branches = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(inner);
        for branch in branches.flatten() {
            let before = found.len();
            self.below(branch, value, at, setting, depth + 1, found);
            if found.len() > before {
                return;
            }
        }
        match value {
            Json::Object(map) => {
                let is_field = format_of(&schema["propertyNames"]) == Some(FIELD_FORMAT);
                for (key, value) in map {
                    let (below, name) = (at.key(key), format!("{setting}.{key}"));
                    if is_field {
                        found.push(self.used(&below, true, &name, Json::String(key.clone())));
                    }
                    let inner = schema["properties"]
                        .get(key)
                        .or_else(|| schema.get("additionalProperties"));
                    if let Some(inner) = inner {
                        self.below(inner, value, &below, &name, depth + 1, found);
                    }
                }
            }
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let (below, name) = (at.index(index), format!("{setting}[{index}]"));
                    self.below(&schema["items"], item, &below, &name, depth + 1, found);
                }
            }
            _ => {}
        }
    }

    fn resolved<'s>(&'s self, schema: &'s Json) -> &'s Json {
        let place = schema.get("$ref").and_then(Json::as_str);
        place
            .and_then(|place| self.root.pointer(place.strip_prefix('#')?))
            .unwrap_or(schema)
    }

    fn used(&self, at: &DocPath, is_key: bool, setting: &str, value: Json) -> TargetUse {
        TargetUse {
            step: self.step.at.clone(),
            at: at.clone(),
            is_key,
            node: self.step.uses.clone(),
            title: self.step.title().to_owned(),
            setting: setting.to_owned(),
            value,
        }
    }
}

fn format_of(schema: &Json) -> Option<&str> {
    schema.get("format").and_then(Json::as_str)
}

/// Whether a schema, or one of its alternatives, is that of a target.
fn is_target(schema: &Json) -> bool {
    let alternatives = schema.get("anyOf").and_then(Json::as_array);
    format_of(schema) == Some(FORMAT)
        || alternatives.is_some_and(|all| all.iter().any(|one| format_of(one) == Some(FORMAT)))
}

/// Reads a workflow file.
///
/// # Errors
///
/// When it can't be read, or is no workflow.
pub fn read_workflow(path: &Path) -> Result<(Workflow, Source), ReadError> {
    let text = read_bounded(path)?;
    Ok(Source::read(&path.display().to_string(), &text)?)
}

/// Why a workflow file can't be looked into.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It can't be read.
    #[error(transparent)]
    Unreadable(#[from] RepositoryError),
    /// It is no workflow.
    #[error(transparent)]
    Invalid(#[from] ProblemList),
}

/// Where workflows of a project use objects, and the files that could not be looked into.
pub fn object_uses(
    project: &Project,
    catalogue: &dyn Catalogue,
) -> (Vec<ObjectUse>, Vec<(PathBuf, ReadError)>) {
    let (mut uses, mut unread) = (Vec::new(), Vec::new());
    for file in project.workflows() {
        let (workflow, source) = match read_workflow(&file) {
            Ok(read) => read,
            Err(error) => {
                unread.push((file, error));
                continue;
            }
        };
        let used = targets(&workflow, catalogue);
        for target in used.into_iter().filter(|used| used.object().is_some()) {
            uses.push(ObjectUse {
                file: file.clone(),
                line: line_of(&source, &target.step),
                target,
            });
        }
    }
    (uses, unread)
}

/// The line on which something is written, from 1.
pub fn line_of(source: &Source, at: &DocPath) -> usize {
    let start = source.range(at).map_or(0, |range| range.start);
    let before = source.text().get(..start).unwrap_or_default();
    before.matches('\n').count() + 1
}
