//! What was recorded, written so that nothing in it is computed.

use serde_json::Value as Json;

/// A recorded value.
pub(crate) fn literal(value: &Json) -> Json {
    match value {
        Json::String(text) => plain(text).into(),
        Json::Array(items) => items.iter().map(literal).collect(),
        other => other.clone(),
    }
}

fn plain(text: &str) -> String {
    if text.contains("{{") || text.contains("{%") || text.contains("{#") {
        return format!("{{{{ {} }}}}", quoted(text));
    }
    text.to_owned()
}

/// `text` as an expression writes it.
pub(crate) fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('\'', "\\'")
        .replace('\n', "\\n")
        .replace('\r', "\\r");
    format!("'{escaped}'")
}

/// A name for an input.
pub(crate) fn identifier(name: &str) -> String {
    let mut id = String::new();
    for letter in name.to_lowercase().chars().take(40) {
        if letter.is_ascii_alphanumeric() {
            id.push(letter);
        } else if !id.is_empty() && !id.ends_with('_') {
            id.push('_');
        }
    }
    let id = id.trim_end_matches('_');
    if id.starts_with(|first: char| first.is_ascii_alphabetic()) {
        id.to_owned()
    } else {
        format!("file_{id}").trim_end_matches('_').to_owned()
    }
}
