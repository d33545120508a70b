use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, value::kind_name};
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::written::written;

/// Joins the parts of a list into one text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    /// The parts: a list of texts or numbers.
    parts: Any,
    /// What is put between them.
    #[serde(default)]
    separator: String,
    /// Whether empty parts are left out.
    #[serde(default)]
    skip_empty: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Joined {
    /// The text.
    result: String,
}

pub(super) fn node() -> Node {
    Node::action("text.join", join)
        .pure()
        .icon("merge")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: address
  use: text.join
  with: { parts: ["Hauptstr. 1", "", "Bonn"], separator: ", ", skip_empty: true }
- use: log.write
  with: { message: "{{ steps.address.result }}" }
"#;

async fn join(_cx: &StepContext, settings: Join) -> Result<Joined, NodeError> {
    let parts = &settings.parts.0;
    if !matches!(parts.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return Err(NodeError::invalid(format!(
            "setting `parts`: a list is wanted, this is a {}",
            kind_name(parts)
        )));
    }
    let mut texts = Vec::new();
    for part in parts.try_iter().map_err(unreadable)?.checked() {
        let text = written(&part.map_err(unreadable)?);
        if !(settings.skip_empty && text.is_empty()) {
            texts.push(text);
        }
    }
    Ok(Joined {
        result: texts.join(&settings.separator),
    })
}

fn unreadable(error: minijinja::Error) -> NodeError {
    NodeError::invalid(format!("setting `parts` can't be read: {error}"))
}
