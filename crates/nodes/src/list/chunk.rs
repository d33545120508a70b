use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value, value::Stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::items::Items;

/// Cuts a list into parts of a size, to work on a hundred at a time.
///
/// A stream becomes a stream of parts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Chunk {
    /// The list.
    items: Any,
    /// How many items a part has; the last one may have fewer.
    size: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Chunked {
    /// The parts, each a list.
    result: Any,
    /// How many parts there are; none for a stream.
    count: Option<usize>,
}

pub(super) fn node() -> Node {
    Node::action("list.chunk", chunk)
        .pure()
        .icon("rows-3")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: batches
  use: list.chunk
  with: { items: [1, 2, 3, 4, 5], size: 2 }
- use: flow.for_each
  with: { items: "{{ steps.batches.result }}", as: batch }
  do:
    - use: log.write
      with: { message: "{{ batch | length }} at once" }
"#;

async fn chunk(cx: &StepContext, settings: Chunk) -> Result<Chunked, NodeError> {
    let size = settings.size;
    if size == 0 {
        return Err(NodeError::invalid(
            "setting `size`: parts have at least one item",
        ));
    }
    cx.blocking(move || {
        let items = Items::of("items", settings.items.0)?;
        if items.is_stream() {
            return Ok(Chunked {
                result: Any(lazily(items, size)),
                count: None,
            });
        }
        let items = items.collect()?;
        let parts: Vec<Value> = items
            .chunks(size)
            .map(|part| Value::from(part.to_vec()))
            .collect();
        Ok(Chunked {
            count: Some(parts.len()),
            result: Any(Value::from(parts)),
        })
    })
    .await
}

fn lazily(items: Items, size: usize) -> Value {
    Stream::value("parts of a list", move || {
        let mut items = items.iter().map_err(|error| error.to_string())?;
        Ok(Box::new(std::iter::from_fn(move || {
            let part: Result<Vec<Value>, NodeError> = items.by_ref().take(size).collect();
            match part {
                Ok(part) if part.is_empty() => None,
                Ok(part) => Some(Ok(Value::from(part))),
                Err(error) => Some(Err(error.to_string())),
            }
        })))
    })
}
