use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::search;

/// Counts the characters, words and lines of a text, and how often something is in it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Count {
    /// The text.
    text: String,
    /// What `result` is.
    #[serde(default)]
    of: What,
    /// Counts this: `result` and `occurrences` say how often it is in the text.
    find: Option<String>,
    /// Whether `find` is a regular expression.
    #[serde(default)]
    regex: bool,
    /// Whether small and capital letters are the same for `find`.
    #[serde(default)]
    ignore_case: bool,
}

/// What is counted.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum What {
    /// Characters.
    #[default]
    Characters,
    /// Characters but for white space.
    Letters,
    /// Words: what stands between white space.
    Words,
    /// Lines.
    Lines,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Counted {
    /// What was asked for.
    result: usize,
    /// Characters.
    characters: usize,
    /// Characters but for white space.
    letters: usize,
    /// Words.
    words: usize,
    /// Lines.
    lines: usize,
    /// Bytes in UTF-8.
    bytes: usize,
    /// How often `find` is in it; none if that is not set.
    occurrences: Option<usize>,
}

pub(super) fn node() -> Node {
    Node::action("text.count", count)
        .pure()
        .icon("hash")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: letter
  use: text.count
  with: { text: "To be or not to be", of: words }
- use: log.write
  with: { message: "{{ steps.letter.result }} words, {{ steps.letter.characters }} characters" }
"#;

async fn count(cx: &StepContext, settings: Count) -> Result<Counted, NodeError> {
    cx.blocking(move || {
        let text = settings.text.as_str();
        let find = settings.find.as_deref();
        let find = find.map(|find| search::compile(find, settings.regex, settings.ignore_case));
        let occurrences = find.transpose()?.map(|find| find.find_iter(text).count());
        let characters = text.chars().count();
        let letters = text.chars().filter(|c| !c.is_whitespace()).count();
        let (words, lines) = (text.split_whitespace().count(), text.lines().count());
        Ok(Counted {
            result: occurrences.unwrap_or(match settings.of {
                What::Characters => characters,
                What::Letters => letters,
                What::Words => words,
                What::Lines => lines,
            }),
            characters,
            letters,
            words,
            lines,
            bytes: text.len(),
            occurrences,
        })
    })
    .await
}
