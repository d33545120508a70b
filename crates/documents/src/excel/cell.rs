//! A value as the XML of a cell.

use std::fmt::Write as _;

use casare_engine::NodeError;
use casare_workflow::{Value, value::to_json};
use minijinja::value::ValueKind;

use super::{
    address::CellAddress,
    dates::{self, DateKind},
};
use crate::ooxml::xml::escaped;

/// What Excel takes in one cell.
const LONGEST_TEXT: usize = 32_767;
/// Numbers of more digits lose their last ones in Excel.
const DIGITS: u64 = 999_999_999_999_999;

/// What goes into a cell.
#[derive(Debug, PartialEq)]
pub(super) enum Content {
    Empty,
    Number(String),
    Date(f64, DateKind),
    Text(String),
    Flag(bool),
    Formula(String),
}

/// How values are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taking {
    /// Whether texts that begin with `=` are formulas.
    pub(super) formulas: bool,
    /// Whether texts such as `2026-03-01` are dates.
    pub(super) dates: bool,
    pub(super) from_1904: bool,
}

impl Taking {
    /// What `value` is in the cell `at`.
    pub(super) fn content(self, value: &Value, at: CellAddress) -> Result<Content, NodeError> {
        Ok(match value.kind() {
            ValueKind::Undefined | ValueKind::None => Content::Empty,
            ValueKind::Bool => Content::Flag(value.is_true()),
            ValueKind::Number => number(value, at)?,
            ValueKind::String => self.text(value.as_str().unwrap_or_default(), at)?,
            _ => text(&to_json(value).to_string(), at)?,
        })
    }

    fn text(self, written: &str, at: CellAddress) -> Result<Content, NodeError> {
        if let Some(formula) = written
            .strip_prefix('=')
            .filter(|formula| self.formulas && !formula.is_empty())
        {
            return Ok(Content::Formula(formula.to_owned()));
        }
        if self.dates
            && let Some((days, kind)) = dates::day_number(written, self.from_1904)
        {
            return Ok(Content::Date(days, kind));
        }
        text(written, at)
    }
}

fn number(value: &Value, at: CellAddress) -> Result<Content, NodeError> {
    if value.is_integer() {
        let fits = value
            .as_i64()
            .is_some_and(|number| number.unsigned_abs() <= DIGITS);
        let written = value.to_string();
        return Ok(if fits {
            Content::Number(written)
        } else {
            Content::Text(written)
        });
    }
    match f64::try_from(value.clone()) {
        Ok(number) if number.is_finite() => Ok(Content::Number(number.to_string())),
        _ => Err(NodeError::invalid(format!(
            "cell {at}: {value} is no number that a sheet can hold"
        ))),
    }
}

fn text(text: &str, at: CellAddress) -> Result<Content, NodeError> {
    let length = text.encode_utf16().count();
    if length > LONGEST_TEXT {
        return Err(NodeError::invalid(format!(
            "cell {at}: the text has {length} characters; a cell takes {LONGEST_TEXT}"
        ))
        .with_help("write long texts into files of their own, or cut them"));
    }
    if text.is_empty() {
        return Ok(Content::Empty);
    }
    Ok(Content::Text(text.to_owned()))
}

/// The XML of a cell; nothing for an empty one without a format.
pub(super) fn xml(content: &Content, at: CellAddress, style: u32, prefix: &str) -> String {
    let p = prefix;
    let style = match style {
        0 => String::new(),
        style => format!(" s=\"{style}\""),
    };
    let (kind, inner) = match content {
        Content::Empty if style.is_empty() => return String::new(),
        Content::Empty => return format!("<{p}c r=\"{at}\"{style}/>"),
        Content::Number(number) => ("", format!("<{p}v>{number}</{p}v>")),
        Content::Date(days, _) => ("", format!("<{p}v>{days}</{p}v>")),
        Content::Flag(flag) => (" t=\"b\"", format!("<{p}v>{}</{p}v>", u8::from(*flag))),
        Content::Formula(formula) => ("", format!("<{p}f>{}</{p}f>", escaped(formula))),
        Content::Text(text) => (
            " t=\"inlineStr\"",
            format!(
                "<{p}is><{p}t xml:space=\"preserve\">{}</{p}t></{p}is>",
                written(text)
            ),
        ),
    };
    format!("<{p}c r=\"{at}\"{style}{kind}>{inner}</{p}c>")
}

/// Text as a sheet writes it: characters that XML has not as `_x0007_`, and such texts themselves
/// with their underscore so.
fn written(text: &str) -> String {
    let looks_escaped = |rest: &str| {
        let rest = rest.as_bytes();
        rest.len() >= 7
            && rest[1] == b'x'
            && rest[6] == b'_'
            && rest[2..6].iter().all(u8::is_ascii_hexdigit)
    };
    let mut safe = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        match character {
            '_' if looks_escaped(&text[at..]) => safe.push_str("_x005F_"),
            '\t' | '\n' => safe.push(character),
            '\r' => safe.push_str("_x000D_"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(safe, "_x{:04X}_", character as u32);
            }
            _ => safe.push(character),
        }
    }
    escaped(&safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: CellAddress = CellAddress { row: 1, column: 1 };
    const TAKING: Taking = Taking {
        formulas: false,
        dates: true,
        from_1904: false,
    };

    fn of(value: impl Into<Value>) -> String {
        xml(&TAKING.content(&value.into(), AT).unwrap(), AT, 0, "")
    }

    #[test]
    fn values_keep_their_kind() {
        assert_eq!(of(1.5), "<c r=\"B2\"><v>1.5</v></c>");
        assert_eq!(of(true), "<c r=\"B2\" t=\"b\"><v>1</v></c>");
        assert_eq!(of("2026-03-01"), "<c r=\"B2\"><v>46082</v></c>");
        assert_eq!(
            of(1_234_567_890_123_456_i64),
            "<c r=\"B2\" t=\"inlineStr\"><is><t xml:space=\"preserve\">1234567890123456</t></is></c>"
        );
        assert_eq!(of(()), "");
    }

    #[test]
    fn text_from_outside_is_never_a_formula_unless_asked() {
        let formulas = Taking {
            formulas: true,
            ..TAKING
        };
        let value = Value::from("=SUM(A1:A3)&\"<\"");

        assert!(matches!(
            TAKING.content(&value, AT).unwrap(),
            Content::Text(_)
        ));
        let content = formulas.content(&value, AT).unwrap();
        assert_eq!(
            xml(&content, AT, 3, "x:"),
            "<x:c r=\"B2\" s=\"3\"><x:f>SUM(A1:A3)&amp;&quot;&lt;&quot;</x:f></x:c>"
        );
    }

    #[test]
    fn characters_that_xml_lacks_are_written_as_excel_does() {
        assert_eq!(
            written("a\u{7}b_x0041_ & c_x"),
            "a_x0007_b_x005F_x0041_ &amp; c_x"
        );
    }
}
