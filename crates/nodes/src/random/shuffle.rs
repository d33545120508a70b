use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use rand::seq::SliceRandom as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::list::items::Items;

/// Puts a list into a random order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Shuffle {
    /// The list.
    items: Any,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Shuffled {
    /// The list in another order.
    result: Vec<Any>,
    /// How many items it has.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("random.shuffle", shuffle)
        .pure()
        .icon("shuffle")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: random.shuffle
  with: { items: [Ada, Grace, Katherine] }
- use: log.write
  with: { message: "{{ steps.order.result | join(', ') }}" }
"#;

async fn shuffle(cx: &StepContext, settings: Shuffle) -> Result<Shuffled, NodeError> {
    let items = Items::of("items", settings.items.0)?.collect()?;
    let mut result: Vec<Any> = items.into_iter().map(Any).collect();
    result.shuffle(&mut cx.rng());
    Ok(Shuffled {
        count: result.len(),
        result,
    })
}
