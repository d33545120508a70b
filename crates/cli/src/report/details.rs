//! What is known of one step: why it failed, what it logged, its values.

use std::io::{self, Write};

use casare_engine::LogLevel;
use casare_workflow::value::from_json;
use serde_json::Value as Json;

use super::{
    page::Text,
    preview::{cut, preview},
    record::{StepRecord, StepState},
};
use crate::terminal::count;

/// Bytes of one setting that are shown.
const SETTING: usize = 1_000;

pub(super) fn error(out: &mut impl Write, record: &StepRecord) -> io::Result<()> {
    let Some(error) = &record.error else {
        return Ok(());
    };
    // A step that failed because of one in it only says where.
    if error.path.as_ref().is_some_and(|path| *path != record.path) {
        let step = error.step.as_deref().unwrap_or("a step in it");
        return write!(
            out,
            "<p class=because>Failed because of {}.</p>",
            Text(step)
        );
    }
    write!(
        out,
        "<p class=because>{}{}</p><pre class=message>{}</pre>",
        Text(&error.kind.name().replace('_', " ")),
        match record.state {
            StepState::Failed { continued: true } => ", passed over (on_error: continue)",
            _ => "",
        },
        Text(&cut(&error.message, 8_000)),
    )?;
    if let Some(help) = &error.help {
        write!(out, "<p class=help><b>What to do</b> {}</p>", Text(help))?;
    }
    if let Some(details) = &error.details {
        json(out, "Details", &preview(&from_json(details), 4_000))?;
    }
    Ok(())
}

pub(super) fn logs(out: &mut impl Write, record: &StepRecord) -> io::Result<()> {
    for (level, message) in &record.logs {
        let class = match level {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warning",
            LogLevel::Error => "error",
        };
        write!(
            out,
            "<p class=\"log {class}\"><span>{class}</span> {}</p>",
            Text(message)
        )?;
    }
    if record.logs_left_out > 0 {
        write!(
            out,
            "<p class=more>{} not shown</p>",
            count(record.logs_left_out, "line")
        )?;
    }
    Ok(())
}

/// Values as text; what is long is folded.
pub(super) fn json(out: &mut impl Write, title: &str, text: &str) -> io::Result<()> {
    if text.lines().count() > 14 || text.len() > 1_200 {
        return write!(
            out,
            "<details class=fold><summary>{title} <i>{}</i></summary><pre>{}</pre></details>",
            count(text.lines().count() as u64, "line"),
            Text(text),
        );
    }
    write!(out, "<h3>{title}</h3><pre>{}</pre>", Text(text))
}

pub(super) fn setting(value: &Json) -> String {
    match value {
        Json::String(text) => cut(text, SETTING),
        value => preview(&from_json(value), SETTING),
    }
}

pub(super) fn has_details(record: &StepRecord) -> bool {
    record.outputs.is_some()
        || record.variables.is_some()
        || record.error.is_some()
        || !record.logs.is_empty()
        || record.logs_left_out > 0
        || !record.retries.is_empty()
        || !record.artifacts.is_empty()
}
