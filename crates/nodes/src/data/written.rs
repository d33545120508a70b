//! Values as texts, as expressions write them.

use casare_workflow::{Value, value::to_json};
use minijinja::value::ValueKind;

/// None is nothing, true and false are `true` and `false`, numbers have no needless `.0`, lists
/// and maps are JSON.
pub(crate) fn written(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => String::new(),
        ValueKind::Bool => value.is_true().to_string(),
        ValueKind::String => value.as_str().unwrap_or_default().to_owned(),
        ValueKind::Number => {
            let text = value.to_string();
            match text.strip_suffix(".0") {
                Some(whole) if !value.is_integer() => whole.to_owned(),
                _ => text,
            }
        }
        _ => to_json(value).to_string(),
    }
}
