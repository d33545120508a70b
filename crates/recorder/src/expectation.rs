//! What has to be so: what the person said, and what is waited for.

use casare_workflow::{Block, Step};
use serde_json::{Value as Json, json};

use crate::{
    Element, Expected,
    literal::{literal, quoted},
    steps::{named, step},
};

/// The steps for what a person expects; `number` is theirs among all.
pub(crate) fn asserted(element: &Element, expected: &Expected, number: usize) -> Vec<Step> {
    let state = |state: &str| {
        step(
            "browser.wait_for",
            json!({ "target": element.target, "state": state }),
        )
    };
    let one = match expected {
        Expected::Visible => state("visible"),
        Expected::Enabled => state("enabled"),
        Expected::Text(text) => step(
            "browser.wait_for",
            json!({ "target": element.target, "text": literal(&pattern(text).into()) }),
        ),
        Expected::Value(value) => return vec![holds(element, value, number)],
    };
    vec![named(one, "Expect", &element.name)]
}

/// A text that is found wherever it is a part, whatever it looks like.
fn pattern(text: &str) -> String {
    if text.starts_with(['"', '/', '\'']) || text.contains(" >> ") {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        return format!("\"{escaped}\"");
    }
    text.to_owned()
}

/// Reads a field until it holds `value`.
fn holds(element: &Element, value: &Json, number: usize) -> Step {
    let id = format!("value_{number}");
    let mut read = step(
        "browser.extract",
        json!({ "target": element.target, "what": "value" }),
    );
    read.id = Some(id.clone());
    let (written, shown) = match value {
        Json::String(text) => (quoted(text), format!("`{text}`")),
        other => (other.to_string(), other.to_string()),
    };
    let message = format!("{} does not hold {shown}", element.name.trim());
    let mut fail = step(
        "flow.fail",
        json!({ "message": literal(&message.into()), "kind": "timeout" }),
    );
    fail.when = Some(format!("{{{{ steps.{id}.value != {written} }}}}").into());
    let mut retry = step("flow.retry", json!({ "attempts": 20, "delay": "250ms" }));
    retry
        .blocks
        .insert("do".to_owned(), Block::Steps(vec![read, fail]));
    named(retry, "Expect", &element.name)
}

/// Waits until what appeared is there.
pub(crate) fn visible(element: &Element) -> Step {
    let wait = step("browser.wait_for", json!({ "target": element.target }));
    named(wait, "Wait for", &element.name)
}

/// Gives a page the time to send what the last step has led to, where nothing tells that it has.
pub(crate) fn settled() -> Step {
    let script = "new Promise((done) => setTimeout(done, 500))";
    let mut wait = step(
        "browser.evaluate",
        json!({ "script": script, "repeatable": true }),
    );
    wait.name = Some("Let the page finish".to_owned());
    wait.note = Some("Better: wait for what shows that it is done".to_owned());
    wait
}

/// Waits for an address; parts of it that may be another one the next time are left open.
pub(crate) fn arrived(url: &str) -> Option<Step> {
    let path = url
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('/'))
        .map(|(_, path)| path.split(['?', '#']).next().unwrap_or(path))?;
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| if is_steady(part) { part } else { "*" })
        .collect();
    let pattern = parts.join("/");
    if pattern.trim_matches(['/', '*']).is_empty() {
        return None;
    }
    let url = format!("*/{}*", pattern.trim_end_matches('*'));
    Some(step(
        "browser.wait_for",
        json!({ "url": literal(&url.into()) }),
    ))
}

/// Whether a part of an address is a word rather than a number or an id.
fn is_steady(part: &str) -> bool {
    part.len() <= 30 && part.chars().filter(char::is_ascii_digit).count() < 2 && !part.contains('%')
}
