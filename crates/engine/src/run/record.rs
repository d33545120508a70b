//! Outputs on their way into the journal and back: what is too large becomes an artifact.

use casare_workflow::{
    Value,
    value::{Stream, from_json, pairs, to_json},
};
use minijinja::value::ValueKind;
use serde_json::{Value as Json, json};

use super::interpret::Interpreter;
use crate::{EventKind, StepPath, event::Outputs};

/// The key under which an artifact stands in for a value.
const ARTIFACT: &str = "$artifact";

impl Interpreter {
    /// `outputs` as an event may carry them.
    pub(super) fn recordable(&self, path: &StepPath, outputs: Option<Value>) -> Outputs {
        match outputs {
            Some(value) if self.is_too_large(&value) && !Stream::is_in(&value) => {
                let json = self.as_artifact(path, &to_json(&value));
                Outputs(Some(from_json(&json)))
            }
            outputs => Outputs(outputs),
        }
    }

    /// `value` as JSON for the journal.
    pub(super) fn recordable_json(&self, path: &StepPath, value: &Value) -> Json {
        let json = to_json(value);
        if self.is_too_large(value) { self.as_artifact(path, &json) } else { json }
    }

    fn as_artifact(&self, path: &StepPath, json: &Json) -> Json {
        let kept = serde_json::to_vec(json).ok().and_then(|bytes| {
            self.around
                .artifacts
                .keep(&format!("outputs-{path}.json"), "application/json", &bytes)
                .ok()
        });
        match kept {
            Some(artifact) => {
                self.around.events.emit(EventKind::Artifact {
                    path: path.clone(),
                    artifact: artifact.clone(),
                });
                json!({ ARTIFACT: artifact.path, "size": artifact.size })
            }
            // Without room for the artifact the journal itself takes it, or says that it can't.
            None => json.clone(),
        }
    }

    /// What was recorded, as steps see it.
    pub(super) fn recorded(&self, outputs: Outputs) -> Value {
        let value = outputs.0.unwrap_or_default();
        match artifact_of(&value) {
            Some(path) => read_artifact(&path),
            None => value,
        }
    }

    pub(super) fn recorded_json(&self, json: Json) -> Value {
        self.recorded(Outputs(Some(from_json(&json))))
    }

    fn is_too_large(&self, value: &Value) -> bool {
        let mut left = self.limits.inline_output;
        !fits(value, &mut left)
    }
}

fn artifact_of(value: &Value) -> Option<String> {
    let path = value.get_attr(ARTIFACT).ok()?;
    path.as_str().map(str::to_owned)
}

fn read_artifact(path: &str) -> Value {
    std::fs::read(path)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Json>(&bytes).ok())
        .map(|json| from_json(&json))
        .unwrap_or_default()
}

/// Whether `value` takes about `left` bytes at most; stops looking as soon as it doesn't.
fn fits(value: &Value, left: &mut u64) -> bool {
    let own = match value.kind() {
        ValueKind::String => value.as_str().map_or(0, str::len),
        ValueKind::Bytes => value.as_bytes().map_or(0, <[u8]>::len),
        _ => 8,
    } as u64;
    if own > *left {
        return false;
    }
    *left -= own;
    match value.kind() {
        ValueKind::Map => pairs(value).all(|(key, item)| fits(&key, left) && fits(&item, left)),
        ValueKind::Seq => value
            .try_iter()
            .map_or(true, |mut items| items.all(|item| fits(&item, left))),
        _ => true,
    }
}
