//! A test out of a run that was: its inputs, a stub for each step that reached outside, and what
//! came of it.

use std::path::{Component, Path, PathBuf};

use casare_engine::{ErrorReport, EventKind, RunEvent};
use casare_store::StoredRun;
use casare_workflow::{Document, Effect, value::to_json};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::{
    coverage::place_of,
    recording::redact::{REDACTED, Secrets, is_secret_name},
};

/// Categories whose nodes only compute: tests execute them.
const COMPUTING: [&str; 11] = [
    "flow", "data", "text", "list", "map", "math", "table", "html", "date", "random", "log",
];

/// Collects what the journal tells of a run.
#[derive(Debug, Default)]
pub struct PastRun {
    /// By id or path, in the order in which they began.
    steps: IndexMap<String, PastStep>,
    /// What can't be a part of a test.
    notes: Vec<String>,
}

#[derive(Debug, Default)]
struct PastStep {
    effect: Option<Effect>,
    replies: Vec<Json>,
}

/// A test file made of a run.
#[derive(Debug)]
pub struct MadeTest {
    /// Its text.
    pub text: String,
    /// What a person should look at.
    pub notes: Vec<String>,
}

impl PastRun {
    /// Takes in the next event.
    pub fn event(&mut self, event: &RunEvent) {
        match &event.kind {
            EventKind::StepFinished {
                path,
                step,
                effect,
                outputs,
                again,
                ..
            } => {
                if is_computing(&step.node) {
                    return;
                }
                let key = key_of(path, step.id.as_deref());
                if *again {
                    let note = format!("`{}` answers a stream, which a stub can't", step.title);
                    if !self.notes.contains(&note) {
                        self.notes.push(note);
                    }
                    return;
                }
                let outputs = outputs.0.as_ref().map_or_else(|| json!({}), to_json);
                let past = self.steps.entry(key).or_default();
                past.effect = Some(*effect);
                past.replies.push(json!({ "outputs": outputs }));
            }
            EventKind::StepFailed {
                path, step, error, ..
            }
            | EventKind::StepRetried {
                path, step, error, ..
            } => {
                // A step with blocks fails because of what is in them.
                let own = error.path.as_ref() == Some(path) || error.path.is_none();
                if is_computing(&step.node) || !own {
                    return;
                }
                let key = key_of(path, step.id.as_deref());
                let reply = json!({ "error": { "kind": error.kind, "message": error.message } });
                self.steps.entry(key).or_default().replies.push(reply);
            }
            _ => {}
        }
    }

    /// The test, for the file `test`.
    pub fn test(mut self, run: &StoredRun, test: &Path) -> MadeTest {
        let workflow = run.file.as_deref().unwrap_or("workflow.yaml");
        let workflow = relative(Path::new(workflow), test.parent().unwrap_or(Path::new("")));
        let mut inputs = run.inputs.as_object().cloned().unwrap_or_default();
        inputs.retain(|_, value| !value.is_null());
        let secrets = {
            let texts = inputs
                .iter()
                .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
            Secrets::of(texts)
        };
        for (name, value) in &mut inputs {
            if is_secret_name(name) && value.is_string() {
                *value = Json::from(REDACTED);
                self.notes.push(format!("the input `{name}` was taken out"));
            }
        }
        let mut case = Map::new();
        case.insert("name".to_owned(), case_name(run).into());
        if !inputs.is_empty() {
            case.insert("inputs".to_owned(), Json::Object(inputs));
        }
        case.insert("clock".to_owned(), run.started_at.to_string().into());
        let stubs: Vec<Json> = self
            .steps
            .iter()
            .map(|(key, step)| stub(key, step))
            .collect();
        if !stubs.is_empty() {
            case.insert("stubs".to_owned(), stubs.into());
        }
        case.insert("expect".to_owned(), self.expect(run));
        let mut whole = json!({
            "test": 1,
            "workflow": workflow.to_string_lossy().replace('\\', "/"),
            "cases": [case],
        });
        secrets.json(&mut whole);
        MadeTest {
            text: Document::from_json(&whole).write(),
            notes: self.notes,
        }
    }

    fn expect(&self, run: &StoredRun) -> Json {
        let mut expect = Map::new();
        expect.insert("state".to_owned(), run.state.as_str().into());
        let outputs = run.outputs.as_ref().and_then(Json::as_object);
        if let Some(outputs) = outputs.filter(|outputs| !outputs.is_empty()) {
            let outputs = outputs.iter();
            let outputs: Map<String, Json> = outputs
                .map(|(name, value)| (name.clone(), plain(value)))
                .collect();
            expect.insert("outputs".to_owned(), Json::Object(outputs));
        }
        let error: Option<ErrorReport> = run
            .error
            .clone()
            .and_then(|error| serde_json::from_value(error).ok());
        if let Some(error) = error {
            let error = json!({ "kind": error.kind, "message": error.message });
            expect.insert("error".to_owned(), error);
        }
        let once = self.steps.iter();
        let once = once.filter(|(_, step)| step.effect == Some(Effect::Once));
        let calls: Vec<Json> = once
            .map(|(key, step)| json!({ "step": key, "times": step.replies.len() }))
            .collect();
        if !calls.is_empty() {
            expect.insert("calls".to_owned(), calls.into());
        }
        Json::Object(expect)
    }
}

fn is_computing(node: &str) -> bool {
    let category = node.split('.').next().unwrap_or_default();
    COMPUTING.contains(&category)
}

/// The id, or the path where there is none or another workflow may have the same.
fn key_of(path: &casare_engine::StepPath, id: Option<&str>) -> String {
    let (above, rest) = place_of(path);
    match id {
        Some(id) if above.is_empty() => id.to_owned(),
        _ => format!("{above}{rest}"),
    }
}

fn stub(key: &str, step: &PastStep) -> Json {
    let mut stub = Map::new();
    stub.insert("step".to_owned(), key.into());
    let first = step.replies.first();
    let same = step.replies.iter().all(|reply| Some(reply) == first);
    match first.and_then(Json::as_object).filter(|_| same) {
        Some(reply) => stub.extend(reply.clone()),
        None => {
            stub.insert("sequence".to_owned(), step.replies.clone().into());
        }
    }
    Json::Object(stub)
}

/// Data that looks like a matcher, kept as data.
fn plain(json: &Json) -> Json {
    match json {
        Json::Object(map) if map.keys().any(|key| key.starts_with('$')) => {
            json!({ "$equals": map })
        }
        Json::Object(map) => {
            let entries = map.iter();
            Json::Object(
                entries
                    .map(|(key, value)| (key.clone(), plain(value)))
                    .collect(),
            )
        }
        Json::Array(items) => items.iter().map(plain).collect(),
        single => single.clone(),
    }
}

fn case_name(run: &StoredRun) -> String {
    let day = run.started_at.strftime("%Y-%m-%d %H:%M").to_string();
    format!("like the run of {day} ({})", run.state.as_str())
}

/// `path` as it is written in `folder`.
fn relative(path: &Path, folder: &Path) -> PathBuf {
    let (Ok(path), Ok(folder)) = (std::path::absolute(path), std::path::absolute(folder)) else {
        return path.to_owned();
    };
    let (mut to, mut from) = (path.components().peekable(), folder.components().peekable());
    let mut is_near = false;
    while to.peek().is_some() && to.peek() == from.peek() {
        is_near = true;
        to.next();
        from.next();
    }
    if !is_near {
        return path;
    }
    let up = from.map(|_| Component::ParentDir);
    up.chain(to).collect()
}
