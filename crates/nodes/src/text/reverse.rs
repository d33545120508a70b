use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_normalization::char::is_combining_mark;

/// Turns a text round: its last character comes first. Accents stay with their letters.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reverse {
    /// The text.
    text: String,
    /// What is turned round.
    #[serde(default)]
    by: By,
}

/// What is turned round.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum By {
    /// Its characters.
    #[default]
    Characters,
    /// Its words.
    Words,
    /// Its lines.
    Lines,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Reversed {
    /// The text, turned round.
    result: String,
}

pub(super) fn node() -> Node {
    Node::action("text.reverse", reverse)
        .pure()
        .icon("undo-2")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: name
  use: text.reverse
  with: { text: "Lovelace Ada", by: words }
- use: log.write
  with: { message: "{{ steps.name.result }}" }
"#;

async fn reverse(_cx: &StepContext, settings: Reverse) -> Result<Reversed, NodeError> {
    let text = &settings.text;
    let result = match settings.by {
        By::Words => text.split_whitespace().rev().collect::<Vec<_>>().join(" "),
        By::Lines => text.lines().rev().collect::<Vec<_>>().join("\n"),
        By::Characters => {
            let mut letters: Vec<String> = Vec::new();
            for character in text.chars() {
                let belongs = is_combining_mark(character) || character == '\u{200d}';
                match letters.last_mut() {
                    Some(letter) if belongs || letter.ends_with('\u{200d}') => {
                        letter.push(character);
                    }
                    _ => letters.push(character.to_string()),
                }
            }
            letters.into_iter().rev().collect()
        }
    };
    Ok(Reversed { result })
}
