//! What plain text means, and how a text is quoted.

use std::fmt::Write as _;

use serde_json::Number;

use super::ScalarValue;

/// Why a plain scalar is refused, though YAML would take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// `007`, `+49…`: YAML reads a number and drops what makes it a text.
    LosesCharacters,
    /// More digits than any number here has.
    TooLarge,
    /// `.inf`, `.nan`: no value in JSON.
    NotFinite,
}

/// What plain text means by YAML's core schema.
pub(super) fn resolve(text: &str) -> Result<ScalarValue, Refused> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(ScalarValue::Null),
        "true" | "True" | "TRUE" => return Ok(ScalarValue::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(ScalarValue::Bool(false)),
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return Ok(ScalarValue::Text(text.into()));
    }
    let number = number(text)?;
    Ok(number.map_or_else(|| ScalarValue::Text(text.into()), ScalarValue::Number))
}

/// `text` as a number; `None` if it is text.
fn number(text: &str) -> Result<Option<Number>, Refused> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && !digits.is_empty()
            && digits.chars().all(|digit| digit.is_digit(radix))
        {
            let number = u64::from_str_radix(digits, radix).map_err(|_| Refused::TooLarge)?;
            return Ok(Some(number.into()));
        }
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(Refused::NotFinite);
    }
    let Some(shape) = shape(unsigned) else {
        return Ok(None);
    };
    let zeros_first = unsigned.len() > 1
        && unsigned.starts_with('0')
        && unsigned[1..].starts_with(|next: char| next.is_ascii_digit());
    if text.starts_with('+') || zeros_first {
        return Err(Refused::LosesCharacters);
    }
    if shape == Shape::Whole {
        if let Ok(whole) = text.parse::<i64>() {
            return Ok(Some(whole.into()));
        }
        return match text.parse::<u64>() {
            Ok(whole) => Ok(Some(whole.into())),
            Err(_) => Err(Refused::TooLarge),
        };
    }
    let float: f64 = text.parse().map_err(|_| Refused::TooLarge)?;
    Number::from_f64(float).map(Some).ok_or(Refused::TooLarge)
}

#[derive(Debug, PartialEq, Eq)]
enum Shape {
    Whole,
    Float,
}

/// `[0-9]+` or `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn shape(text: &str) -> Option<Shape> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    let mut rest = &text[whole..];
    if whole > 0 && rest.is_empty() {
        return Some(Shape::Whole);
    }
    if let Some(after) = rest.strip_prefix('.') {
        let part = digits(after);
        if whole == 0 && part == 0 {
            return None;
        }
        rest = &after[part..];
    } else if whole == 0 {
        return None;
    }
    if let Some(after) = rest.strip_prefix(['e', 'E']) {
        let after = after.strip_prefix(['+', '-']).unwrap_or(after);
        let exponent = digits(after);
        if exponent == 0 {
            return None;
        }
        rest = &after[exponent..];
    }
    rest.is_empty().then_some(Shape::Float)
}

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Before a `:`.
    Key,
    /// In a block.
    Value,
    /// In brackets, before a `:`.
    FlowKey,
    /// In brackets.
    FlowValue,
}

/// `text` on one line, quoted only if it has to be.
pub(super) fn write_text(out: &mut String, text: &str, place: Place) {
    if is_plain(text, place) {
        out.push_str(text);
    } else if text.contains(['"', '\\']) && !text.contains('\'') && !text.chars().any(is_special) {
        out.push('\'');
        out.push_str(text);
        out.push('\'');
    } else {
        write_quoted(out, text);
    }
}

/// Brackets are quoted everywhere, so that an expression looks the same inside `{ }` and outside.
/// Other readers of YAML take more words for booleans than YAML 1.2 does.
fn is_plain(text: &str, place: Place) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let looks_boolean = ["yes", "no", "on", "off"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(text));
    text.trim() == text
        && !"-?:,[]{}#&*!|>'\"%@`=<".contains(first)
        && (first != '.' || text.starts_with("./") || text.starts_with("../"))
        && !(matches!(place, Place::Value | Place::FlowValue) && looks_boolean)
        && !(matches!(place, Place::FlowKey | Place::FlowValue) && text.contains(','))
        && !text.contains(['[', ']', '{', '}'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && !text.chars().any(is_special)
        && matches!(resolve(text), Ok(ScalarValue::Text(_)))
}

/// Characters that only an escape can write safely.
fn is_special(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Writing to a String can't fail.
            letter if is_special(letter) => {
                let _ = write!(out, "\\u{:04X}", letter as u32);
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}

/// Whether `text` is best written as a literal block (`|`).
pub(super) fn literal(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    text.contains('\n')
        && !body.is_empty()
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && !body
            .chars()
            .any(|letter| letter != '\n' && letter != '\t' && is_special(letter))
        && body
            .split('\n')
            .all(|line| line.is_empty() || !line.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> String {
        let mut out = String::new();
        write_text(&mut out, text, Place::Value);
        out
    }

    #[test]
    fn texts_are_quoted_only_when_needed() {
        let plain = [
            "a b",
            "it's",
            "http://x/?a=b#c",
            "12 %",
            "2026-03-01",
            "a:b",
            "./x.csv",
            "role=x",
        ];
        for text in plain {
            assert_eq!(written(text), text);
        }
        assert_eq!(written("{{ x }}"), "\"{{ x }}\"");
        assert_eq!(written("{{ x[\"y\"] }}"), "'{{ x[\"y\"] }}'");
        for text in [
            "", "12", "1e3", "true", "yes", "~", "null", "a: b", "# x", "- x", " x", "007", "@x",
        ] {
            assert_eq!(written(text), format!("\"{text}\""));
        }
    }

    #[test]
    fn numbers_that_would_lose_characters_are_refused() {
        assert_eq!(resolve("007"), Err(Refused::LosesCharacters));
        assert_eq!(resolve("+4930123"), Err(Refused::LosesCharacters));
        assert_eq!(resolve("123456789012345678901"), Err(Refused::TooLarge));
        assert_eq!(resolve("1e999"), Err(Refused::TooLarge));
        assert_eq!(resolve(".inf"), Err(Refused::NotFinite));
        assert_eq!(resolve("0x1F"), Ok(ScalarValue::Number(31.into())));
        assert_eq!(resolve("1.2.3"), Ok(ScalarValue::Text("1.2.3".into())));
    }

    proptest! {
        #[test]
        fn what_is_written_as_a_number_is_read_as_the_same(number: f64) {
            let number = Number::from_f64(number);
            prop_assume!(number.is_some());
            let number = number.unwrap();
            prop_assert_eq!(resolve(&number.to_string()), Ok(ScalarValue::Number(number)));
        }
    }
}
