use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::items::Items;

/// Makes one list of lists in a list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Flatten {
    /// The list.
    items: Any,
    /// How many levels are taken out; all if not set.
    depth: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Flat {
    /// The flat list.
    result: Vec<Any>,
    /// How many items it has.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("list.flatten", flatten)
        .pure()
        .icon("align-justify")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: all
  use: list.flatten
  with: { items: [[INV-1, INV-2], [INV-3]] }
- use: log.write
  with: { message: "{{ steps.all.count }} invoices" }
"#;

/// Deeper lists stay as they are.
const DEEPEST: usize = 100;

async fn flatten(cx: &StepContext, settings: Flatten) -> Result<Flat, NodeError> {
    cx.blocking(move || {
        let depth = settings.depth.unwrap_or(DEEPEST).min(DEEPEST);
        let mut result = Vec::new();
        for item in Items::of("items", settings.items.0)?.iter()? {
            take_out(item?, depth, &mut result)?;
        }
        Ok(Flat {
            count: result.len(),
            result,
        })
    })
    .await
}

fn take_out(item: Value, depth: usize, result: &mut Vec<Any>) -> Result<(), NodeError> {
    if depth == 0 || !matches!(item.kind(), ValueKind::Seq | ValueKind::Iterable) {
        result.push(Any(item));
        return Ok(());
    }
    for inner in Items::of("items", item)?.iter()? {
        take_out(inner?, depth - 1, result)?;
    }
    Ok(())
}
