use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use regex::{Captures, Regex};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::search::{self, Flags};

/// Takes data out of a text by a regular expression.
///
/// With named groups, `(?P<number>\d+)`, the result is a map of them. With one group without a
/// name it is what stands there; with several, a list; without any, all that was found.
///
/// Regular expressions take time in proportion to the text, so none can hang a run; looking ahead
/// and behind does not exist.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Extract {
    /// The text.
    text: String,
    /// The regular expression.
    pattern: String,
    /// Whether all places are taken, not the first alone: the result is a list then.
    #[serde(default)]
    all: bool,
    /// Whether small and capital letters are the same.
    #[serde(default)]
    ignore_case: bool,
    /// Whether `^` and `$` are the ends of each line.
    #[serde(default)]
    multiline: bool,
    /// Whether `.` is a line break too.
    #[serde(default)]
    dot_all: bool,
    /// Whether white space around each part is removed.
    #[serde(default)]
    trim: bool,
    /// The result if nothing is found. If not set, that is an error, or with `all` an empty list.
    #[serde(default)]
    default: Any,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Extracted {
    /// What was taken out.
    result: Any,
    /// Whether anything was found.
    found: bool,
    /// How many places were found.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("text.extract", extract)
        .pure()
        .icon("regex")
        .fails(
            ErrorKind::NotFound,
            "The pattern is not in the text and there is no `default`.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: invoice
  use: text.extract
  with:
    text: "Invoice INV-4711 of 2026-03-01"
    pattern: 'INV-(?P<number>\d+) of (?P<date>\S+)'
- use: log.write
  with: { message: "{{ steps.invoice.result.number }} of {{ steps.invoice.result.date }}" }
"#;

/// More places are a mistake.
const MOST: usize = 1_000_000;

async fn extract(cx: &StepContext, settings: Extract) -> Result<Extracted, NodeError> {
    cx.blocking(move || {
        let flags = Flags {
            regex: true,
            ignore_case: settings.ignore_case,
            multiline: settings.multiline,
            dot_all: settings.dot_all,
        };
        let pattern = search::compile_with(&settings.pattern, flags)?;
        let text = settings.text.as_str();
        let mut places = pattern
            .captures_iter(text)
            .map(|captures| taken(&pattern, &captures, settings.trim));
        if settings.all {
            let found: Vec<Value> = places.by_ref().take(MOST + 1).collect();
            if found.len() > MOST {
                return Err(NodeError::invalid(format!(
                    "there are more than {MOST} places"
                )));
            }
            return Ok(Extracted {
                found: !found.is_empty(),
                count: found.len(),
                result: if found.is_empty() && !settings.default.0.is_undefined() {
                    settings.default
                } else {
                    Any(Value::from(found))
                },
            });
        }
        if let Some(first) = places.next() {
            return Ok(Extracted {
                result: Any(first),
                found: true,
                count: 1 + places.count(),
            });
        }
        if settings.default.0.is_undefined() {
            return Err(NodeError::not_found(format!(
                "`{}` is not found in the text, which begins with `{}`",
                settings.pattern,
                text.chars().take(60).collect::<String>()
            ))
            .with_help("set `default` to go on without it"));
        }
        Ok(Extracted {
            result: settings.default,
            found: false,
            count: 0,
        })
    })
    .await
}

fn taken(pattern: &Regex, captures: &Captures<'_>, trim: bool) -> Value {
    let part = |number: usize| match captures.get(number) {
        Some(part) if trim => Value::from(part.as_str().trim()),
        Some(part) => Value::from(part.as_str()),
        None => Value::from(()),
    };
    let named: Vec<(&str, Value)> = pattern
        .capture_names()
        .enumerate()
        .filter_map(|(number, name)| Some((name?, part(number))))
        .collect();
    match (named.is_empty(), captures.len()) {
        (false, _) => Value::from_pairs(named),
        (true, 1) => part(0),
        (true, 2) => part(1),
        (true, groups) => (1..groups).map(part).collect(),
    }
}
