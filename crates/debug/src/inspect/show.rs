//! A value in one line.

use std::fmt::Write;

use casare_engine::StepView;
use casare_workflow::{
    Value,
    value::{Stream, kind_name, pairs},
};

/// Characters of one text inside a summary of several.
const PART: usize = 60;

/// `value` in one line of about `width` characters, secrets masked.
pub fn summary(step: &StepView, value: &Value, width: usize) -> String {
    let mut text = String::new();
    put(step, value, width, 0, &mut text);
    text
}

fn put(step: &StepView, value: &Value, width: usize, depth: usize, into: &mut String) {
    match kind_name(value) {
        "text" => {
            let width = if depth == 0 { width } else { PART.min(width) };
            // Masked before it is cut: half a secret is one, too.
            let text = step.masked_text(value.as_str().unwrap_or_default());
            into.push_str(&quoted(&text, width));
        }
        "boolean" => into.push_str(if value.is_true() { "true" } else { "false" }),
        "none" | "undefined" => into.push_str("none"),
        "map" if depth > 2 => into.push_str("{…}"),
        "list" if depth > 2 => into.push_str("[…]"),
        "map" if !Stream::is_in(value) || pairs(value).next().is_some() => {
            into.push('{');
            let entries = pairs(value).map(|(key, item)| {
                let key = step.masked_text(&key.to_string());
                (Some(key), item)
            });
            write_items(step, entries, width, depth, into);
            into.push('}');
        }
        "list" if Stream::is_in(value) => into.push_str(&step.masked_text(&value.to_string())),
        "list" => {
            into.push('[');
            if let Ok(items) = value.try_iter() {
                write_items(step, items.map(|item| (None, item)), width, depth, into);
            }
            into.push(']');
            if depth == 0
                && let Some(length) = value.len().filter(|length| *length > 3)
            {
                let _ = write!(into, " ({length} items)");
            }
        }
        _ => {
            let text = step.masked_text(&value.to_string());
            into.push_str(&cut(&text, width));
        }
    }
}

fn write_items(
    step: &StepView,
    items: impl Iterator<Item = (Option<String>, Value)>,
    width: usize,
    depth: usize,
    into: &mut String,
) {
    let begin = into.len();
    for (place, (key, item)) in items.enumerate() {
        if place > 0 {
            into.push_str(", ");
        }
        if into.len() - begin > width {
            into.push('…');
            return;
        }
        if let Some(key) = key {
            into.push_str(&key);
            into.push_str(": ");
        }
        put(
            step,
            &item,
            width.saturating_sub(into.len() - begin),
            depth + 1,
            into,
        );
    }
}

fn quoted(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    let json = serde_json::Value::from(cut.as_str()).to_string();
    if cut.len() < text.len() {
        format!("{json} ({} characters)", text.chars().count())
    } else {
        json
    }
}

fn cut(text: &str, width: usize) -> String {
    match text.char_indices().nth(width.max(8)) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
