//! When two values are the same: `1` and `1.0` are, and maps whose keys stand in another order.

use std::fmt::Write as _;

use casare_workflow::{
    Value,
    value::{pairs, to_json},
};
use minijinja::value::ValueKind;

use crate::data::order::folded;

/// Deeper nesting is cut off.
const DEEPEST: usize = 100;

/// A text that equal values have in common. With `loosely`, capital letters, accents and blanks at
/// the ends do not count.
pub(crate) fn identity(value: &Value, loosely: bool) -> String {
    let mut text = String::new();
    write(value, loosely, &mut text, 0);
    text
}

fn write(value: &Value, loosely: bool, out: &mut String, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    match value.kind() {
        ValueKind::Number => {
            let number = f64::try_from(value.clone()).ok();
            match number.filter(|number| number.fract() == 0.0 && number.abs() < 9e15) {
                Some(whole) => {
                    let _ = write!(out, "{}", whole as i64);
                }
                None => {
                    let _ = write!(out, "{value}");
                }
            }
        }
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            if loosely {
                let _ = write!(out, "{:?}", folded(text.trim()));
            } else {
                let _ = write!(out, "{text:?}");
            }
        }
        ValueKind::Map => {
            let mut parts: Vec<(String, Value)> = pairs(value)
                .map(|(key, item)| (key.to_string(), item))
                .collect();
            parts.sort_by(|(a, _), (b, _)| a.cmp(b));
            out.push('{');
            for (key, item) in parts {
                let _ = write!(out, "{key:?}:");
                write(&item, loosely, out, depth + 1);
                out.push(',');
            }
            out.push('}');
        }
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            for item in value.try_iter().into_iter().flatten() {
                write(&item, loosely, out, depth + 1);
                out.push(',');
            }
            out.push(']');
        }
        _ => {
            let _ = write!(out, "{}", to_json(value));
        }
    }
}
