//! The order that people expect of values: `file 9` before `file 10`, `Äpfel` beside `Apfel`.

use std::cmp::Ordering;

use casare_workflow::Value;
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::Deserialize;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// How values are ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// As people do: numbers by size also inside texts (`file 9`, `file 10`), small and capital
    /// letters alike, accented letters beside the plain ones. Numeric texts count as numbers.
    #[default]
    Natural,
    /// Letters alike as in `natural`, digits one by one: `file 10` before `file 9`.
    Alphabetical,
    /// Texts by their characters' numbers, as programs do: `B` before `a`, `10` before `9`.
    Exact,
}

/// What a value is sorted by. Values of different kinds have an order too, so that any list can be
/// sorted: numbers, texts, true and false, lists, maps, and what is empty last.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SortKey {
    Number(f64),
    /// The folded parts, and the text itself to decide between equals.
    Text(Vec<Chunk>, String),
    Bool(bool),
    Other(String),
    Empty,
}

/// A run of letters, or of digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Chunk {
    /// How many digits, and which: the size of a number of any length.
    Digits(usize, String),
    Letters(String),
}

impl SortKey {
    pub(crate) fn of(value: &Value, order: Order) -> Self {
        match value.kind() {
            ValueKind::Undefined | ValueKind::None => Self::Empty,
            ValueKind::Number => f64::try_from(value.clone()).map_or(Self::Empty, Self::Number),
            ValueKind::Bool => Self::Bool(value.is_true()),
            ValueKind::String => Self::of_text(value.as_str().unwrap_or_default(), order),
            _ => Self::Other(casare_workflow::value::to_json(value).to_string()),
        }
    }

    fn of_text(text: &str, order: Order) -> Self {
        if text.trim().is_empty() {
            return Self::Empty;
        }
        match order {
            Order::Exact => Self::Text(Vec::new(), text.to_owned()),
            Order::Alphabetical => Self::Text(vec![Chunk::Letters(folded(text))], text.to_owned()),
            Order::Natural => match plain_number(text) {
                Some(number) => Self::Number(number),
                None => Self::Text(chunks(&folded(text)), text.to_owned()),
            },
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Number(_) => 0,
            Self::Text(..) => 1,
            Self::Bool(_) => 2,
            Self::Other(_) => 3,
            Self::Empty => 4,
        }
    }

    /// The order of two keys; what is empty is last even when `descending`.
    pub(crate) fn compare(&self, other: &Self, descending: bool) -> Ordering {
        match (self, other) {
            (Self::Empty, Self::Empty) => Ordering::Equal,
            (Self::Empty, _) => Ordering::Greater,
            (_, Self::Empty) => Ordering::Less,
            _ if descending => other.total(self),
            _ => self.total(other),
        }
    }

    fn total(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a, text), Self::Text(b, other)) => a.cmp(b).then_with(|| text.cmp(other)),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Other(a), Self::Other(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// A number as programs write it.
pub(crate) fn plain_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Small letters without accents.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for character in text
        .nfkd()
        .filter(|character| !is_combining_mark(*character))
        .flat_map(char::to_lowercase)
    {
        match character {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'þ' => folded.push_str("th"),
            'ı' => folded.push('i'),
            other => folded.push(other),
        }
    }
    folded
}

fn chunks(text: &str) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_digit = first.is_ascii_digit();
        let end = rest
            .find(|c: char| c.is_ascii_digit() != is_digit)
            .unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        chunks.push(if is_digit {
            let digits = part.trim_start_matches('0');
            Chunk::Digits(digits.len(), digits.to_owned())
        } else {
            Chunk::Letters(part.to_owned())
        });
        rest = after;
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(mut texts: Vec<&str>, order: Order) -> Vec<&str> {
        texts.sort_by(|a, b| {
            SortKey::of(&Value::from(*a), order)
                .compare(&SortKey::of(&Value::from(*b), order), false)
        });
        texts
    }

    #[test]
    fn texts_stand_where_people_look_for_them() {
        assert_eq!(
            sorted(
                vec![
                    "file 10", "", "Zebra", "file 9", "apple", "Äpfel", "12", "7"
                ],
                Order::Natural
            ),
            [
                "7", "12", "Äpfel", "apple", "file 9", "file 10", "Zebra", ""
            ]
        );
        assert_eq!(
            sorted(vec!["b", "B", "a10", "a9"], Order::Exact),
            ["B", "a10", "a9", "b"]
        );
    }
}
