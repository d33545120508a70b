//! What the designer asks besides drafts: the nodes, what an expression yields, what two texts
//! differ in, what three come to, and what another tool's file becomes.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use casare_access::Permission;
use casare_import::SourceFile;
use casare_workflow::{
    Document, Template,
    diff::Diff,
    expression,
    merge::{Markers, Versions, merge},
    value,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Json, workflows};
use crate::{Orchestrator, Problem, guard::may};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::WorkflowRead, routes!(show_catalogue)))
        .routes(may(Permission::WorkflowRead, routes!(preview_expression)))
        .routes(may(Permission::WorkflowRead, routes!(compare_texts)))
        .routes(may(Permission::WorkflowRead, routes!(merge_texts)))
        .routes(may(Permission::WorkflowRead, routes!(import_files)))
}

/// An expression to try.
#[derive(Debug, Deserialize, ToSchema)]
struct Trial {
    /// A setting as a workflow has it: text with `{{ }}`, or lists and maps with such texts.
    #[schema(value_type = Object)]
    setting: Value,
    /// Text without `{{ }}` is an expression, too, as in `when`.
    #[serde(default)]
    condition: bool,
    /// What its names mean: `inputs`, `vars`, `steps`, …
    #[serde(default)]
    #[schema(value_type = Object)]
    scope: serde_json::Map<String, Value>,
}

/// What an expression came to.
#[derive(Debug, Serialize, ToSchema)]
struct TrialView {
    /// What it yields; nothing where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    value: Option<Value>,
    /// What kind of value that is, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<TrialError>,
}

/// Why an expression yields nothing.
#[derive(Debug, Serialize, ToSchema)]
struct TrialError {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    /// Which part of the setting: `rows[0].name`.
    at: String,
    /// Characters from the start of the text there, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<usize>,
}

/// Two texts of a workflow.
#[derive(Debug, Deserialize, ToSchema)]
struct TwoTexts {
    old: String,
    new: String,
}

/// A text, and two that were made of it.
#[derive(Debug, Deserialize, ToSchema)]
struct ThreeTexts {
    base: String,
    ours: String,
    theirs: String,
}

/// What three texts come to.
#[derive(Debug, Serialize, ToSchema)]
struct MergeView {
    /// The merged text; with markers where a person has to decide.
    text: String,
    /// What a person has to decide, in sentences.
    conflicts: Vec<String>,
    /// What a person may want to look at.
    notes: Vec<String>,
}

/// Files of another tool.
#[derive(Debug, Deserialize, ToSchema)]
struct ForeignFiles {
    /// All that belong together, because workflows call each other.
    files: Vec<ForeignFile>,
}

/// A file of another tool.
#[derive(Debug, Deserialize, ToSchema)]
struct ForeignFile {
    /// Its path, with `/`.
    path: String,
    text: String,
}

/// What became of the files.
#[derive(Debug, Serialize, ToSchema)]
struct ImportView {
    files: Vec<ImportedView>,
}

/// What became of a file.
#[derive(Debug, Serialize, ToSchema)]
struct ImportedView {
    source: String,
    /// The workflow; nothing where the file could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// What was converted, changed and lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    report: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'static str>,
}

/// Every node with the schemas of its settings and outputs, its blocks, manual and example; and
/// every filter, test and function of expressions.
#[utoipa::path(get, path = "/designer/catalogue", tag = "designer",
    responses((status = 200, body = Object), (status = 304)))]
async fn show_catalogue(State(server): State<Orchestrator>, headers: HeaderMap) -> Response {
    let nodes = server.settings.catalogue.nodes();
    let functions: Vec<Value> = expression::functions()
        .map(|function| {
            json!({
                "sort": format!("{:?}", function.sort).to_lowercase(),
                "name": function.name,
                "group": function.group,
                "usage": function.usage,
                "says": function.says,
                "example": function.example,
                "yields": function.yields,
            })
        })
        .collect();
    let body = json!({ "nodes": nodes, "functions": functions }).to_string();
    let hash: String = Sha256::digest(body.as_bytes())
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = format!("\"{hash}\"");
    let kept = headers.get(header::IF_NONE_MATCH);
    let is_known = kept.and_then(|kept| kept.to_str().ok()) == Some(tag.as_str());
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    };
    let added = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        added.insert(header::ETAG, tag);
    }
    // It changes only with the program; the tag tells.
    let keep = HeaderValue::from_static("private, no-cache");
    added.insert(header::CACHE_CONTROL, keep);
    response
}

/// What an expression yields, or why nothing.
#[utoipa::path(post, path = "/designer/expression", tag = "designer",
    responses((status = 200, body = TrialView)))]
async fn preview_expression(Json(trial): Json<Trial>) -> Result<Json<TrialView>, Problem> {
    // Expressions are bounded, but may take a while: not on the threads that answer everybody.
    let tried = tokio::task::spawn_blocking(move || preview(&trial));
    let view = tried.await.map_err(|error| Problem::internal(&error))?;
    Ok(Json(view))
}

fn preview(trial: &Trial) -> TrialView {
    let scope = value::from_json(&Value::Object(trial.scope.clone()));
    let compiled = if trial.condition {
        Template::compile_condition(&trial.setting)
    } else {
        Template::compile(&trial.setting)
    };
    match compiled.and_then(|template| template.evaluate(&scope)) {
        Ok(found) => TrialView {
            kind: Some(value::kind_name(&found)),
            value: Some(value::to_json(&found)),
            error: None,
        },
        Err(error) => {
            let bytes = error.offset;
            let before = bytes.and_then(|end| text_at(&trial.setting, &error).get(..end));
            TrialView {
                value: None,
                kind: None,
                error: Some(TrialError {
                    offset: before.map(|before| before.chars().count()),
                    at: error.at.to_string(),
                    message: error.message,
                    help: error.help,
                }),
            }
        }
    }
}

/// The text that an error is about.
fn text_at<'s>(setting: &'s Value, error: &'s expression::ExpressionError) -> &'s str {
    setting.as_str().unwrap_or(&error.expression)
}

fn bounded(texts: &[&str]) -> Result<(), Problem> {
    if texts.iter().any(|text| text.len() > workflows::LARGEST) {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "a workflow takes 2 MiB at most",
        ));
    }
    Ok(())
}

fn unreadable(problems: &casare_workflow::ProblemList) -> Problem {
    let listed = match problems.to_json() {
        Value::Array(listed) => listed,
        other => vec![other],
    };
    Problem::invalid("one of the texts is no YAML").with_problems(listed)
}

/// What changed from one text of a workflow to another.
#[utoipa::path(post, path = "/designer/compare", tag = "designer",
    responses((status = 200, body = Object)))]
async fn compare_texts(Json(texts): Json<TwoTexts>) -> Result<Json<Value>, Problem> {
    bounded(&[&texts.old, &texts.new])?;
    let parse =
        |name, text: &str| Document::parse(name, text).map_err(|problems| unreadable(&problems));
    let old = parse("old.workflow.yaml", &texts.old)?;
    let new = parse("new.workflow.yaml", &texts.new)?;
    Ok(Json(
        Diff::between((&texts.old, &old), (&texts.new, &new)).to_json(),
    ))
}

/// Merge two texts that come from a third, step by step.
#[utoipa::path(post, path = "/designer/merge", tag = "designer",
    responses((status = 200, body = MergeView)))]
async fn merge_texts(Json(texts): Json<ThreeTexts>) -> Result<Json<MergeView>, Problem> {
    bounded(&[&texts.base, &texts.ours, &texts.theirs])?;
    let versions = Versions {
        name: "workflow.yaml",
        base: &texts.base,
        ours: &texts.ours,
        theirs: &texts.theirs,
    };
    let merged = merge(&versions, &Markers::default()).map_err(|problems| unreadable(&problems))?;
    Ok(Json(MergeView {
        text: merged.text,
        conflicts: merged.conflicts.iter().map(ToString::to_string).collect(),
        notes: merged.notes,
    }))
}

/// Turn files of CasareRPA, n8n, Robot Framework, Selenium IDE or Chrome's recorder into workflows.
/// Nothing is kept.
#[utoipa::path(post, path = "/designer/import", tag = "designer",
    responses((status = 200, body = ImportView)))]
async fn import_files(
    State(server): State<Orchestrator>,
    Json(given): Json<ForeignFiles>,
) -> Result<Json<ImportView>, Problem> {
    if given.files.len() > 500 {
        return Err(Problem::invalid("at most 500 files at a time"));
    }
    let files: Vec<SourceFile> = given
        .files
        .into_iter()
        .map(|file| SourceFile {
            path: file.path,
            text: file.text,
        })
        .collect();
    let catalogue = server.settings.catalogue.clone();
    let work = tokio::task::spawn_blocking(move || casare_import::import(&files, &*catalogue));
    let imported = work.await.map_err(|error| Problem::internal(&error))?;
    let files = imported.into_iter().map(|file| match file.outcome {
        Ok(outcome) => ImportedView {
            source: file.source,
            text: Some(outcome.text),
            report: Some(outcome.report.to_json()),
            error: None,
            help: None,
        },
        Err(error) => ImportedView {
            source: file.source,
            text: None,
            report: None,
            help: Some(error.help()),
            error: Some(error.to_string()),
        },
    });
    Ok(Json(ImportView {
        files: files.collect(),
    }))
}
