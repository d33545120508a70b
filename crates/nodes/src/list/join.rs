use crate::data::written::written;
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::items::Items;
use crate::data::path::KeyPath;

/// Joins the items of a list, or a field of each, into one text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    /// The list.
    items: Any,
    /// What is put between them.
    #[serde(default = "comma")]
    separator: String,
    /// What is put before the last one, such as ` and `; the separator if not set.
    last: Option<String>,
    /// What of each item is written, such as `customer.name`.
    field: Option<String>,
    /// Whether empty items are left out.
    #[serde(default)]
    skip_empty: bool,
}

fn comma() -> String {
    ", ".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Joined {
    /// The text.
    result: String,
    /// How many items are in it.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("list.join", join)
        .pure()
        .icon("merge")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: names
  use: list.join
  with: { items: [{ name: Ada }, { name: Grace }, { name: Katherine }], field: name, last: " and " }
- use: log.write
  with: { message: "{{ steps.names.result }}" }
"#;

const LARGEST: usize = 64 * 1024 * 1024;

async fn join(cx: &StepContext, settings: Join) -> Result<Joined, NodeError> {
    cx.blocking(move || {
        let field = settings
            .field
            .as_deref()
            .map(|field| KeyPath::new("field", field));
        let field = field.transpose()?;
        let mut texts: Vec<String> = Vec::new();
        let mut size = 0;
        for item in Items::of("items", settings.items.0)?.iter()? {
            let item = item?;
            let text = match &field {
                Some(field) => field
                    .get(&item)
                    .map(|value| written(&value))
                    .unwrap_or_default(),
                None => written(&item),
            };
            if settings.skip_empty && text.trim().is_empty() {
                continue;
            }
            size += text.len() + settings.separator.len();
            if size > LARGEST {
                return Err(NodeError::invalid("the text would be larger than 64 MiB")
                    .with_help("write the items to a file, one by one"));
            }
            texts.push(text);
        }
        let count = texts.len();
        let result = match (&settings.last, texts.pop()) {
            (Some(last), Some(end)) if !texts.is_empty() => {
                format!("{}{last}{end}", texts.join(&settings.separator))
            }
            (_, Some(end)) => {
                texts.push(end);
                texts.join(&settings.separator)
            }
            (_, None) => String::new(),
        };
        Ok(Joined { result, count })
    })
    .await
}
