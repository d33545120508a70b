use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::items::Items;

/// Turns a list round: the last item comes first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reverse {
    /// The list.
    items: Any,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Reversed {
    /// The list, turned round.
    result: Vec<Any>,
    /// How many items it has.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("list.reverse", reverse)
        .pure()
        .icon("arrow-down-up")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: newest
  use: list.reverse
  with: { items: [2024, 2025, 2026] }
- use: log.write
  with: { message: "{{ steps.newest.result | join(', ') }}" }
"#;

async fn reverse(cx: &StepContext, settings: Reverse) -> Result<Reversed, NodeError> {
    cx.blocking(move || {
        let items = Items::of("items", settings.items.0)?.collect()?;
        let result: Vec<Any> = items.into_iter().rev().map(Any).collect();
        Ok(Reversed {
            count: result.len(),
            result,
        })
    })
    .await
}
