use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value, value::from_json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Reads JSON text into data.
///
/// Nesting over 127 levels is refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parse {
    /// The JSON text.
    text: String,
    /// Whether each line is a JSON text of its own (NDJSON); `data` is then a list.
    #[serde(default)]
    lines: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Parsed {
    /// The data: maps, lists, texts, numbers.
    data: Any,
}

pub(super) fn node() -> Node {
    Node::action("json.parse", parse)
        .pure()
        .icon("braces")
        .fails(ErrorKind::Invalid, "The text is no JSON.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: json.parse
  with: { text: '{ "number": 4711, "items": ["pen"] }' }
- use: log.write
  with: { message: "{{ steps.order.data.items[0] }}" }
"#;

async fn parse(cx: &StepContext, settings: Parse) -> Result<Parsed, NodeError> {
    cx.blocking(move || {
        Ok(Parsed {
            data: Any(data(&settings.text, settings.lines)?),
        })
    })
    .await
}

pub(super) fn data(text: &str, lines: bool) -> Result<Value, NodeError> {
    if !lines {
        return parsed(text, text, 0).map(|json| from_json(&json));
    }
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(above, line)| parsed(line, text, above).map(|json| from_json(&json)))
        .collect()
}

/// Parses `part` of `text`, which begins below `above` lines.
fn parsed(part: &str, text: &str, above: usize) -> Result<Json, NodeError> {
    serde_json::from_str(part.trim_start_matches('\u{feff}')).map_err(|error| {
        let line = above + error.line();
        let excerpt = excerpt(text, line, error.column());
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        let help = match text.trim_start().chars().next() {
            None => "the text is empty".to_owned(),
            Some('<') => {
                "this looks like HTML or XML: perhaps an error page of a server".to_owned()
            }
            Some(_) => format!("near `{excerpt}`"),
        };
        NodeError::invalid(format!(
            "the text is no JSON: line {line}, column {}: {reason}",
            error.column()
        ))
        .with_help(help)
        .with_details(serde_json::json!({ "line": line, "column": error.column() }))
    })
}

/// What stands around a place in a text.
fn excerpt(text: &str, line: usize, column: usize) -> String {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let start = line.floor_char_boundary(column.saturating_sub(20));
    line[start..]
        .chars()
        .take(40)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use casare_workflow::value::to_json;

    use super::*;

    #[test]
    fn a_fault_is_told_by_line_and_column() {
        let error = data("{\n  \"a\": 1,\n  \"b\": }\n", false).unwrap_err();

        assert_eq!(
            error.message(),
            "the text is no JSON: line 3, column 8: expected value"
        );
        assert_eq!(error.help(), Some("near `\"b\": }`"));
    }

    #[test]
    fn each_line_can_be_a_text_of_its_own() {
        let rows = data("{\"a\":1}\n\n{\"a\":2}\n", true).unwrap();

        assert_eq!(to_json(&rows).to_string(), r#"[{"a":1},{"a":2}]"#);
        assert!(
            data("1\n2 3\n", true)
                .unwrap_err()
                .message()
                .contains("line 2, column 3")
        );
    }

    #[test]
    fn huge_depth_is_refused() {
        let error = data(&"[".repeat(1_000_000), false).unwrap_err();

        assert!(error.message().contains("recursion limit"), "{error}");
    }

    #[test]
    fn an_error_page_is_recognised() {
        let error = data("<html>502</html>", false).unwrap_err();

        assert!(error.help().unwrap().contains("HTML"));
    }
}
