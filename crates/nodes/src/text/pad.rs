use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Fills a text up to a length: `42` becomes `00042`.
///
/// A text that is long enough stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pad {
    /// The text.
    text: String,
    /// How many characters it is to have; at most 100,000.
    length: usize,
    /// The character it is filled with.
    #[serde(default = "blank")]
    with: String,
    /// Where it is filled.
    #[serde(default)]
    side: Side,
}

fn blank() -> String {
    " ".to_owned()
}

/// An end of a text.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Side {
    /// At the beginning: the text stands at the right.
    #[default]
    Start,
    /// At the end: the text stands at the left.
    End,
    /// At both ends: the text stands in the middle.
    Both,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Padded {
    /// The text.
    result: String,
}

pub(super) fn node() -> Node {
    Node::action("text.pad", pad)
        .pure()
        .icon("text-cursor-input")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: number
  use: text.pad
  with: { text: "42", length: 8, with: "0" }
- use: log.write
  with: { message: "{{ steps.number.result }}" }
"#;

const LONGEST: usize = 100_000;

async fn pad(_cx: &StepContext, settings: Pad) -> Result<Padded, NodeError> {
    padded(settings).map(|result| Padded { result })
}

fn padded(settings: Pad) -> Result<String, NodeError> {
    let mut characters = settings.with.chars();
    let (Some(character), None) = (characters.next(), characters.next()) else {
        return Err(NodeError::invalid(format!(
            "setting `with`: `{}` is not one character",
            settings.with
        )));
    };
    if settings.length > LONGEST {
        return Err(NodeError::invalid(format!(
            "setting `length`: {} is more than {LONGEST}",
            settings.length
        )));
    }
    let missing = settings
        .length
        .saturating_sub(settings.text.chars().count());
    let filling: String = std::iter::repeat_n(character, missing).collect();
    Ok(match settings.side {
        Side::Start => filling + &settings.text,
        Side::End => settings.text + &filling,
        Side::Both => {
            let before: String = filling.chars().take(missing / 2).collect();
            let after: String = filling.chars().skip(missing / 2).collect();
            before + &settings.text + &after
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_filled_up_and_never_cut() {
        let text = |json| padded(serde_json::from_value(json).unwrap());

        assert_eq!(
            text(serde_json::json!({ "text": "ä", "length": 3, "with": "." })).unwrap(),
            "..ä"
        );
        assert_eq!(
            text(serde_json::json!({ "text": "long", "length": 2 })).unwrap(),
            "long"
        );
        assert!(text(serde_json::json!({ "text": "a", "length": 2, "with": "ab" })).is_err());
    }
}
