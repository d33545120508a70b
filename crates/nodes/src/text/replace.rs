use casare_engine::{Node, NodeError, StepContext};
use regex::NoExpand;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::search;

/// Replaces words or patterns in a text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Replace {
    /// The text.
    text: String,
    /// What to look for.
    find: String,
    /// What stands there afterwards. With `regex`, `$1` and `${name}` are groups of what was found.
    #[serde(default)]
    replace: String,
    /// Whether `find` is a regular expression.
    #[serde(default)]
    regex: bool,
    /// Whether small and capital letters are the same.
    #[serde(default)]
    ignore_case: bool,
    /// How many places are replaced at most, from the beginning; all if not set.
    limit: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Replaced {
    /// The new text.
    text: String,
    /// How many places were replaced.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("text.replace", replace)
        .pure()
        .icon("replace")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: plain
  use: text.replace
  with: { text: "1.250,00 EUR", find: '[^\d,]', regex: true }
- use: log.write
  with: { message: "{{ steps.plain.text }}" }
"#;

async fn replace(_cx: &StepContext, settings: Replace) -> Result<Replaced, NodeError> {
    let pattern = search::compile(&settings.find, settings.regex, settings.ignore_case)?;
    let text = &settings.text;
    let limit = settings.limit.unwrap_or(usize::MAX);
    let count = pattern.find_iter(text).take(limit).count();
    let text = match limit {
        // To the library, no limit is 0.
        0 => text.into(),
        _ if settings.regex => pattern.replacen(text, count, settings.replace.as_str()),
        _ => pattern.replacen(text, count, NoExpand(&settings.replace)),
    };
    Ok(Replaced {
        text: text.into_owned(),
        count,
    })
}
