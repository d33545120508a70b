//! Several files together: projects, scenarios, subflows, and which of them calls which.

use indexmap::{IndexMap, IndexSet};
use serde_json::{Map, Value as Json};

use super::{Surroundings, graph::Variable, read};
use crate::{
    ImportError, SourceFile, n8n,
    report::{Report, Weight},
    sources::Draft,
};

/// Files of a project that hold no workflow.
const PARTS: [&str; 4] = [
    "project.json",
    "variables.json",
    "credentials.json",
    "environments.json",
];

/// Imports every workflow among `files`; `targets` are paths that are taken.
pub(crate) fn import(
    files: &[(&SourceFile, Result<Json, ImportError>)],
    mut targets: IndexSet<String>,
) -> Vec<(String, Result<Draft, ImportError>)> {
    let projects = projects(files);
    let is_part = |path: &str| {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let in_project = projects.keys().any(|project| under(folder, project));
        in_project && (PARTS.contains(&name) || folder.ends_with("environments"))
    };
    let mut siblings: IndexMap<String, String> = IndexMap::new();
    let mut work = Vec::new();
    for (file, json) in files {
        if is_part(&file.path) {
            continue;
        }
        let target = target(&file.path, &mut targets);
        if let Ok(Json::Object(top)) = json {
            for name in names(top, &file.path) {
                siblings.entry(name).or_insert_with(|| target.clone());
            }
        }
        work.push((file, json, target));
    }
    let mut drafts = Vec::new();
    for (file, json, target) in work {
        let project = projects
            .iter()
            .filter(|(folder, _)| {
                under(
                    file.path.rsplit_once('/').map_or("", |(folder, _)| folder),
                    folder,
                )
            })
            .max_by_key(|(folder, _)| folder.len())
            .map(|(_, project)| project);
        let draft = json
            .clone()
            .and_then(|json| one(&json, &file.path, target, &siblings, project));
        drafts.push((file.path.clone(), draft));
    }
    drafts
}

fn one(
    json: &Json,
    path: &str,
    target: String,
    siblings: &IndexMap<String, String>,
    project: Option<&Project>,
) -> Result<Draft, ImportError> {
    let empty = Project::default();
    let project = project.unwrap_or(&empty);
    let mut variables = project.variables.clone();
    let top = json.as_object();
    // A scenario gives the project's variables values of its own.
    let values = top
        .and_then(|top| top.get("variable_values"))
        .and_then(Json::as_object);
    for (name, value) in values.into_iter().flatten() {
        let known = variables.entry(name.clone()).or_default();
        known.value = value.clone();
    }
    let stem = path
        .rsplit('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".json");
    let around = Surroundings {
        siblings,
        target: &target,
        variables: &variables,
        credentials: &project.credentials,
    };
    if n8n::is_n8n(json) {
        let (graph, told) = n8n::as_graph(json);
        let (workflow, mut report) = super::import(&graph, stem, &around)?;
        report.remarks.extend(told.remarks);
        return Ok(Draft {
            path: target,
            workflow,
            report,
        });
    }
    let (workflow, mut report) = super::import(json, stem, &around)?;
    if let Some(top) = top {
        tell_scenario(top, &mut report);
    }
    Ok(Draft {
        path: target,
        workflow,
        report,
    })
}

/// What a scenario says beyond its workflow.
fn tell_scenario(top: &Map<String, Json>, report: &mut Report) {
    let triggers = top
        .get("triggers")
        .and_then(Json::as_array)
        .into_iter()
        .flatten();
    for trigger in triggers {
        let kind = trigger["trigger_type"]
            .as_str()
            .or_else(|| trigger["type"].as_str());
        let name = trigger["name"].as_str().unwrap_or("trigger");
        report.add(
            Weight::Lost,
            Some(name),
            format!(
                "the trigger `{}` is set up at the orchestrator, not in the workflow",
                kind.unwrap_or("?")
            ),
        );
    }
    let settings = top.get("execution_settings").and_then(Json::as_object);
    if settings.is_some_and(|settings| !settings.is_empty()) {
        report.add(
            Weight::Look,
            Some("execution_settings"),
            "priority, timeout and environment are given when the workflow is started",
        );
    }
    let bindings = top.get("credential_bindings").and_then(Json::as_object);
    for (name, _) in bindings.into_iter().flatten() {
        report.add(
            Weight::Look,
            Some(name),
            "this credential has to be put into the vault under the name that steps use",
        );
    }
}

/// What the files of a project say for all its workflows.
#[derive(Debug, Clone, Default)]
struct Project {
    variables: IndexMap<String, Variable>,
    credentials: IndexMap<String, String>,
}

fn projects(files: &[(&SourceFile, Result<Json, ImportError>)]) -> IndexMap<String, Project> {
    let mut projects: IndexMap<String, Project> = IndexMap::new();
    let in_folder = |name: &'static str| {
        files.iter().filter_map(move |(file, json)| {
            let folder = file.path.strip_suffix(name)?;
            let folder = folder
                .strip_suffix('/')
                .or((folder.is_empty()).then_some(""))?;
            Some((folder.to_owned(), json.as_ref().ok()?.as_object()?))
        })
    };
    for (folder, top) in in_folder("project.json") {
        // A workflow may have that name, too.
        if !top.contains_key("nodes") {
            projects.entry(folder).or_default();
        }
    }
    for (folder, top) in in_folder("variables.json") {
        let Some(project) = projects.get_mut(&folder) else {
            continue;
        };
        let written = top
            .get("variables")
            .and_then(Json::as_object)
            .unwrap_or(top);
        for (name, value) in written.iter().filter(|(name, _)| !name.starts_with('$')) {
            project
                .variables
                .insert(name.clone(), read::variable(value));
        }
    }
    for (folder, top) in in_folder("credentials.json") {
        let Some(project) = projects.get_mut(&folder) else {
            continue;
        };
        let written = top
            .get("credentials")
            .and_then(Json::as_object)
            .unwrap_or(top);
        for name in written.keys().filter(|name| !name.starts_with('$')) {
            project.credentials.insert(name.clone(), String::new());
        }
    }
    projects
}

fn under(folder: &str, project: &str) -> bool {
    project.is_empty()
        || folder == project
        || folder
            .strip_prefix(project)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// Names by which other workflows call this one.
fn names(top: &Map<String, Json>, path: &str) -> Vec<String> {
    let stem = path
        .rsplit('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".json");
    let mut names = vec![stem.to_owned(), path.to_owned()];
    let metadata = top.get("metadata").and_then(Json::as_object);
    for fields in [Some(top), metadata].into_iter().flatten() {
        for key in ["id", "name"] {
            names.extend(fields.get(key).and_then(Json::as_str).map(str::to_owned));
        }
    }
    names
}

/// The file a workflow goes to; no two go to the same.
pub(crate) fn target(path: &str, targets: &mut IndexSet<String>) -> String {
    let stem = path
        .rsplit_once('.')
        .filter(|(_, end)| !end.contains('/'))
        .map_or(path, |(stem, _)| stem);
    let mut target = format!("{stem}.workflow.yaml");
    let mut number = 2;
    while !targets.insert(target.clone()) {
        target = format!("{stem}-{number}.workflow.yaml");
        number += 1;
    }
    target
}
