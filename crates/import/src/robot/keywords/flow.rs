//! Flow: calls of other keywords, loops, ends.

use casare_workflow::{Block, OnError, Retry, Step};
use serde_json::{Value as Json, json};

use super::{Call, set, span_of};
use crate::{robot::body::Reader, selenium::step};

pub(super) fn known(reader: &mut Reader<'_>, call: &Call<'_>, name: &str) -> Option<Vec<Step>> {
    let given = call.arguments;
    let one = |step: Step| Some(vec![step]);
    match name {
        "log" | "logtoconsole" | "comment" => {
            let message = reader
                .value(given.first().map_or("", String::as_str))
                .setting();
            one(step("log.write", json!({ "message": message })))
        }
        "sleep" => {
            let text = given.first().map_or("1", String::as_str);
            let span = span_of(text)?;
            one(step("flow.wait", json!({ "duration": span })))
        }
        "fail" | "fatalerror" => {
            let message = reader
                .value(given.first().map_or("failed", String::as_str))
                .setting();
            one(step("flow.fail", json!({ "message": message })))
        }
        "break" | "exitforloop" => one(step("flow.break", Json::Null)),
        "continue" | "continueforloop" => one(step("flow.continue", Json::Null)),
        "exitforloopif" | "continueforloopif" => {
            let uses = if name.starts_with("exit") {
                "flow.break"
            } else {
                "flow.continue"
            };
            let when = reader.condition(given.first()?);
            one(Step {
                when: Some(when),
                ..step(uses, Json::Null)
            })
        }
        "return" | "returnfromkeyword" => {
            let mut steps = Vec::new();
            if !given.is_empty() {
                let value = match given {
                    [single] => reader.value(single).setting(),
                    several => several
                        .iter()
                        .map(|cell| reader.value(cell).setting())
                        .collect(),
                };
                reader.result = Some("result".to_owned());
                steps.push(set("${result}", value));
            }
            steps.push(step("flow.return", Json::Null));
            Some(steps)
        }
        "nooperation"
        | "setloglevel"
        | "muterunonfailure"
        | "registerprotectedkeywords"
        | "registerkeywordtorunonfailure" => Some(Vec::new()),
        "logmany" => Some(
            given
                .iter()
                .map(|cell| {
                    step(
                        "log.write",
                        json!({ "message": reader.value(cell).setting() }),
                    )
                })
                .collect(),
        ),
        "runkeyword" => Some(reader.call(given)),
        "runkeywords" => {
            let calls = given.split(|cell| cell == "AND");
            // Without AND, each cell is a keyword.
            if given.contains(&"AND".to_owned()) {
                Some(calls.flat_map(|cells| reader.call(cells)).collect())
            } else {
                Some(given.chunks(1).flat_map(|cell| reader.call(cell)).collect())
            }
        }
        "runkeywordandcontinueonfailure" => {
            let mut steps = reader.call(given);
            for step in &mut steps {
                step.on_error = OnError::Continue;
            }
            Some(steps)
        }
        "runkeywordandignoreerror" | "runkeywordandreturnstatus" => {
            let value = |done: bool| match (name, done) {
                ("runkeywordandreturnstatus", _) => done.into(),
                (_, true) => "PASS".into(),
                (_, false) => "FAIL".into(),
            };
            let mut steps = reader.call(given);
            let mut caught = Vec::new();
            if let Some(target) = call.target {
                steps.push(set(target, value(true)));
                caught.push(set(target, value(false)));
            } else {
                caught.push(step(
                    "log.write",
                    json!({ "message": "{{ error.message }}" }),
                ));
            }
            let mut tried = step("flow.try", Json::Null);
            tried.blocks.insert("do".to_owned(), Block::Steps(steps));
            tried
                .blocks
                .insert("catch".to_owned(), Block::Steps(caught));
            one(tried)
        }
        "runkeywordandexpecterror" => {
            let id = reader.id("expected");
            let mut tried = step("flow.try", Json::Null);
            tried.id = Some(id.clone());
            let steps = reader.call(given.get(1..)?);
            let told = step("log.write", json!({ "message": "{{ error.message }}" }));
            tried.blocks.insert("do".to_owned(), Block::Steps(steps));
            tried
                .blocks
                .insert("catch".to_owned(), Block::Steps(vec![told]));
            let condition = format!("{{{{ steps.{id}.caught }}}}");
            Some(vec![
                tried,
                step("flow.assert", json!({ "condition": condition })),
            ])
        }
        "runkeywordif" | "runkeywordunless" => {
            let condition = reader.condition(given.first()?);
            let cut = given
                .iter()
                .position(|cell| cell.starts_with("ELSE"))
                .unwrap_or(given.len());
            let mut then = reader.call(given.get(1..cut)?);
            if cut < given.len() {
                return None;
            }
            if name.ends_with("unless") {
                let text = condition
                    .as_str()?
                    .trim_start_matches("{{")
                    .trim_end_matches("}}")
                    .trim()
                    .to_owned();
                for step in &mut then {
                    step.when = Some(format!("{{{{ not ({text}) }}}}").into());
                }
            } else {
                for step in &mut then {
                    step.when = Some(condition.clone());
                }
            }
            Some(then)
        }
        "waituntilkeywordsucceeds" => {
            let attempts = given
                .first()?
                .trim_end_matches('x')
                .trim()
                .parse::<u32>()
                .unwrap_or(5);
            let mut steps = reader.call(given.get(2..)?);
            let delay = span_of(given.get(1)?)?;
            for step in &mut steps {
                step.retry = Some(Retry {
                    attempts: attempts.clamp(1, 1000),
                    delay: delay.parse().ok()?,
                    backoff: 1.0,
                    jitter: false,
                    ..Retry::default()
                });
            }
            Some(steps)
        }
        _ => None,
    }
}
