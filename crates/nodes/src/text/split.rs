use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::search;

/// Splits a text into parts: at a separator, at a pattern, or into its lines.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Split {
    /// The text.
    text: String,
    /// What stands between the parts. If not set, each line is a part.
    separator: Option<String>,
    /// Whether `separator` is a regular expression.
    #[serde(default)]
    regex: bool,
    /// Whether white space around each part is removed.
    #[serde(default)]
    trim: bool,
    /// Whether empty parts are left out.
    #[serde(default)]
    skip_empty: bool,
    /// How many parts there are at most; the last one then holds the rest.
    limit: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Parts {
    /// The parts in order.
    result: Vec<String>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("text.split", split)
        .pure()
        .icon("split")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: name
  use: text.split
  with: { text: "Lovelace, Ada", separator: ",", trim: true }
- use: log.write
  with: { message: "{{ steps.name.result[1] }}" }
"#;

async fn split(_cx: &StepContext, settings: Split) -> Result<Parts, NodeError> {
    let parts = parts_of(&settings)?;
    Ok(Parts {
        count: parts.len(),
        result: parts,
    })
}

fn parts_of(settings: &Split) -> Result<Vec<String>, NodeError> {
    let (separator, is_regex) = match &settings.separator {
        Some(separator) => (separator.as_str(), settings.regex),
        None => (r"\r\n|\n|\r", true),
    };
    let pattern = search::compile(separator, is_regex, false)?;
    // A line break at the end of a text ends its last line rather than beginning another.
    let text = match &settings.separator {
        Some(_) => settings.text.as_str(),
        None => settings.text.trim_end_matches(['\r', '\n']),
    };
    let parts: Vec<&str> = match settings.limit {
        Some(limit) => pattern.splitn(text, limit.max(1)).collect(),
        None => pattern.split(text).collect(),
    };
    Ok(parts
        .into_iter()
        .map(|part| if settings.trim { part.trim() } else { part })
        .filter(|part| !(settings.skip_empty && part.is_empty()))
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_at_separators_or_into_lines() {
        let settings = |json| serde_json::from_value::<Split>(json).unwrap();
        let parts = |json| parts_of(&settings(json)).unwrap();

        assert_eq!(
            parts(
                serde_json::json!({ "text": "a, b,,c", "separator": ",", "trim": true, "skip_empty": true })
            ),
            ["a", "b", "c"]
        );
        assert_eq!(
            parts(serde_json::json!({ "text": "one\r\n\ntwo\n" })),
            ["one", "", "two"]
        );
        assert_eq!(
            parts(serde_json::json!({ "text": "k=v=w", "separator": "=", "limit": 2 })),
            ["k", "v=w"]
        );
    }
}
