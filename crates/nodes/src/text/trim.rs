use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Removes white space, or other characters, from the ends of a text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Trim {
    /// The text.
    text: String,
    /// The characters to remove; white space if not set.
    characters: Option<String>,
    /// From which end.
    #[serde(default)]
    side: Side,
    /// Whether white space inside the text is tidied as well: any amount of it becomes one blank.
    #[serde(default)]
    inside: bool,
}

/// An end of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Side {
    /// From both.
    #[default]
    Both,
    /// From the beginning.
    Start,
    /// From the end.
    End,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Trimmed {
    /// The text that is left.
    result: String,
}

pub(super) fn node() -> Node {
    Node::action("text.trim", trim)
        .pure()
        .icon("scissors")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: name
  use: text.trim
  with: { text: "  Ada   Lovelace ", inside: true }
- use: log.write
  with: { message: "{{ steps.name.result }}" }
"#;

async fn trim(_cx: &StepContext, settings: Trim) -> Result<Trimmed, NodeError> {
    Ok(Trimmed {
        result: trimmed(&settings),
    })
}

fn trimmed(settings: &Trim) -> String {
    let unwanted = |character: char| match &settings.characters {
        Some(characters) => characters.contains(character),
        // Blanks that keep lines together, and marks that have no width, come with web pages.
        None => character.is_whitespace() || matches!(character, '\u{200b}' | '\u{feff}'),
    };
    let mut text = settings.text.as_str();
    if settings.side != Side::End {
        text = text.trim_start_matches(unwanted);
    }
    if settings.side != Side::Start {
        text = text.trim_end_matches(unwanted);
    }
    if settings.inside {
        return text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_inside_are_tidied() {
        let text = |json| trimmed(&serde_json::from_value(json).unwrap());

        assert_eq!(
            text(serde_json::json!({ "text": "\u{a0} a  b\n", "inside": true })),
            "a b"
        );
        assert_eq!(
            text(serde_json::json!({ "text": "0042", "characters": "0", "side": "start" })),
            "42"
        );
    }
}
