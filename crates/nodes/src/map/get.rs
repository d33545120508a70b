use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::rows::closest;
use casare_workflow::{Any, Value, value::pairs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::path::KeyPath;

/// Takes a value out of a map, or out of what is inside it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Get {
    /// The map; a list works too, with a path such as `[0].name`.
    map: Any,
    /// The key, or a path to a value inside: `customer.email`, `items[0].name`, `['First Name']`.
    key: String,
    /// The result where there is nothing. If not set, that is an error.
    #[serde(default)]
    default: Any,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Got {
    /// The value.
    result: Any,
    /// Whether it is there.
    found: bool,
}

pub(super) fn node() -> Node {
    Node::action("map.get", get)
        .pure()
        .icon("braces")
        .fails(
            ErrorKind::NotFound,
            "The map has no such key and there is no `default`.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: mail
  use: map.get
  with: { map: { customer: { email: ada@example.com } }, key: customer.email }
- use: log.write
  with: { message: "{{ steps.mail.result }}" }
"#;

async fn get(_cx: &StepContext, settings: Get) -> Result<Got, NodeError> {
    let path = KeyPath::new("key", &settings.key)?;
    if let Some(found) = path.get(&settings.map.0) {
        return Ok(Got {
            result: Any(found),
            found: true,
        });
    }
    if !settings.default.0.is_undefined() {
        return Ok(Got {
            result: settings.default,
            found: false,
        });
    }
    Err(missing(&settings.map.0, &settings.key))
}

/// That there is no `key`, and which was probably meant.
fn missing(map: &Value, key: &str) -> NodeError {
    let keys: Vec<String> = pairs(map).map(|(key, _)| key.to_string()).collect();
    let near = closest(key, keys.iter().map(String::as_str));
    let help = match near {
        Some(near) => format!("did you mean `{near}`? Set `default` to go on without it"),
        None if keys.is_empty() => "the map is empty; set `default` to go on without it".to_owned(),
        None => {
            let some: Vec<&str> = keys.iter().take(8).map(String::as_str).collect();
            format!(
                "there is: {}; set `default` to go on without it",
                some.join(", ")
            )
        }
    };
    NodeError::not_found(format!("the map has no `{key}`")).with_help(help)
}
