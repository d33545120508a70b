//! Outputs on their way into the journal and back: what is too large becomes an artifact.

use std::{
    fs::File,
    io::{BufWriter, Write},
};

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
                match self.as_artifact(path, &value) {
                    Some(artifact) => Outputs(Some(from_json(&artifact))),
                    None => Outputs(Some(value)),
                }
            }
            outputs => Outputs(outputs),
        }
    }

    /// `value` as JSON for the journal.
    pub(super) fn recordable_json(&self, path: &StepPath, value: &Value) -> Json {
        if self.is_too_large(value)
            && let Some(artifact) = self.as_artifact(path, value)
        {
            return artifact;
        }
        to_json(value)
    }

    /// Writes `value` to a file of the run, piece by piece. Without room for the file the journal
    /// itself takes the value, or says that it can't.
    fn as_artifact(&self, path: &StepPath, value: &Value) -> Option<Json> {
        let artifacts = &self.around.artifacts;
        let file = artifacts.reserve(&format!("outputs-{path}.json")).ok()?;
        let mut writer = BufWriter::new(File::create(&file).ok()?);
        serde_json::to_writer(&mut writer, value).ok()?;
        writer.flush().ok()?;
        let artifact = artifacts.seal(&file, "application/json").ok()?;
        let stands_in = json!({ ARTIFACT: artifact.path, "size": artifact.size });
        self.around.events.emit(EventKind::Artifact {
            path: path.clone(),
            artifact,
        });
        Some(stands_in)
    }

    /// What was recorded, as steps see it.
    pub(super) fn recorded(outputs: Outputs) -> Value {
        let value = outputs.0.unwrap_or_default();
        match artifact_of(&value) {
            Some(path) => read_artifact(&path),
            None => value,
        }
    }

    pub(super) fn recorded_json(json: Json) -> Value {
        Self::recorded(Outputs(Some(from_json(&json))))
    }

    /// Without a journal nothing is written, so nothing is too large.
    fn is_too_large(&self, value: &Value) -> bool {
        if self.around.events.journal().is_none() {
            return false;
        }
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
