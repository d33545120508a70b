//! Texts with simple placeholders: `Dear {name}`, `{order.total}`, `{{` for a brace.

use casare_engine::NodeError;
use casare_workflow::Value;

use super::{path::KeyPath, written::written};

/// What stands in for a missing value.
pub(super) enum Missing {
    Fail,
    Empty,
    Keep,
}

/// `text` with its placeholders filled from `values`.
pub(super) fn fill(text: &str, values: &Value, missing: &Missing) -> Result<String, NodeError> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            filled.push_str(&rest[..1]);
            rest = &rest[2..];
            continue;
        }
        let placeholder = rest
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
            .filter(|(name, _)| !name.trim().is_empty() && !name.contains(['{', '\n', '"']));
        let Some((name, after)) = placeholder else {
            // A brace of its own, as in JSON or CSS.
            filled.push_str(&rest[..1]);
            rest = &rest[1..];
            continue;
        };
        match KeyPath::new("text", name.trim())?.get(values) {
            Some(value) => filled.push_str(&written(&value)),
            None => match missing {
                Missing::Empty => {}
                Missing::Keep => filled.extend(["{", name, "}"]),
                Missing::Fail => {
                    return Err(
                        NodeError::invalid(format!("there is no value for `{{{name}}}`"))
                            .with_help(
                                "add it to `values`, or set `missing: empty` or `missing: keep`",
                            ),
                    );
                }
            },
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}
