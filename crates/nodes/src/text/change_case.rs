use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Changes small and capital letters of a text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeCase {
    /// The text.
    text: String,
    /// What it is to look like.
    to: Case,
}

/// How a text is written.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Case {
    /// `ADA LOVELACE`
    Upper,
    /// `ada lovelace`
    Lower,
    /// `Ada Lovelace`
    Title,
    /// `Ada lovelace`
    Sentence,
    /// `ada_lovelace`
    Snake,
    /// `ada-lovelace`
    Kebab,
    /// `adaLovelace`
    Camel,
    /// `AdaLovelace`
    Pascal,
    /// `ADA_LOVELACE`
    Constant,
    /// Small letters become capitals and capitals small: `aDA`.
    Swap,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Changed {
    /// The text.
    result: String,
}

pub(super) fn node() -> Node {
    Node::action("text.change_case", change_case)
        .pure()
        .icon("case-sensitive")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: name
  use: text.change_case
  with: { text: "ADA LOVELACE", to: title }
- use: log.write
  with: { message: "{{ steps.name.result }}" }
"#;

async fn change_case(_cx: &StepContext, settings: ChangeCase) -> Result<Changed, NodeError> {
    Ok(Changed {
        result: written_as(&settings.text, settings.to),
    })
}

fn written_as(text: &str, case: Case) -> String {
    match case {
        Case::Upper => text.to_uppercase(),
        Case::Lower => text.to_lowercase(),
        Case::Sentence => capitalised(&text.to_lowercase()),
        Case::Title => title(text),
        Case::Snake => words(text).join("_"),
        Case::Kebab => words(text).join("-"),
        Case::Constant => words(text).join("_").to_uppercase(),
        Case::Pascal => words(text).iter().map(|word| capitalised(word)).collect(),
        Case::Swap => text.chars().flat_map(swapped).collect(),
        Case::Camel => {
            let mut words = words(text).into_iter();
            let first = words.next().unwrap_or_default();
            words.fold(first, |text, word| text + &capitalised(&word))
        }
    }
}

/// Some letters become two: `ß` is `SS`.
fn swapped(letter: char) -> Vec<char> {
    if letter.is_uppercase() {
        letter.to_lowercase().collect()
    } else {
        letter.to_uppercase().collect()
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// Each letter that follows no letter is a capital; an apostrophe belongs to its word.
fn title(text: &str) -> String {
    let mut inside = false;
    let mut changed = String::with_capacity(text.len());
    for character in text.chars() {
        if inside {
            changed.extend(character.to_lowercase());
        } else {
            changed.extend(character.to_uppercase());
        }
        inside = character.is_alphanumeric() || (inside && matches!(character, '\'' | '’'));
    }
    changed
}

/// The words of a text in small letters; `orderNumber` has two.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for character in text.chars() {
        let begins = character.is_uppercase() && before.is_lowercase();
        if begins || !character.is_alphanumeric() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (character.is_alphanumeric(), words.last_mut()) {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_however_they_were_written() {
        let text = "orderNumber of O'Neill-Świątek";

        assert_eq!(
            written_as(text, Case::Snake),
            "order_number_of_o_neill_świątek"
        );
        assert_eq!(written_as("first name", Case::Camel), "firstName");
        assert_eq!(
            written_as("o'neill-świątek 2ND", Case::Title),
            "O'neill-Świątek 2nd"
        );
        assert_eq!(written_as("ÉTÉ à Paris", Case::Sentence), "Été à paris");
    }
}
