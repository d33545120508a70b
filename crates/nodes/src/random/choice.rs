use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use rand::{
    Rng as _,
    distr::{Distribution, weighted::WeightedIndex},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::list::items::Items;

/// Draws one or more items of a list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    /// The list.
    items: Any,
    /// How many are drawn.
    #[serde(default = "one")]
    count: usize,
    /// Whether an item can be drawn again.
    #[serde(default)]
    repeat: bool,
    /// How likely each item is, compared with the others: `[3, 1]` draws the first three times as
    /// often. All alike if not set.
    weights: Option<Vec<f64>>,
}

fn one() -> usize {
    1
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Chosen {
    /// The item; the first of several.
    result: Any,
    /// All that were drawn.
    items: Vec<Any>,
    /// The place of the first in the list, counted from 0.
    index: usize,
}

pub(super) fn node() -> Node {
    Node::action("random.choice", choice)
        .pure()
        .icon("dices")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: sample
  use: random.choice
  with: { items: [INV-1, INV-2, INV-3], count: 2 }
- use: log.write
  with: { message: "please check {{ steps.sample.items | join(' and ') }}" }
"#;

async fn choice(cx: &StepContext, settings: Choice) -> Result<Chosen, NodeError> {
    let items = Items::of("items", settings.items.0.clone())?.collect()?;
    let places = places(&settings, items.len(), &mut cx.rng())?;
    let drawn: Vec<Any> = places
        .iter()
        .filter_map(|place| items.get(*place).cloned().map(Any))
        .collect();
    Ok(Chosen {
        result: drawn.first().cloned().unwrap_or(Any(Value::from(()))),
        items: drawn,
        index: places.first().copied().unwrap_or_default(),
    })
}

fn places(
    settings: &Choice,
    length: usize,
    chance: &mut rand::rngs::StdRng,
) -> Result<Vec<usize>, NodeError> {
    let count = settings.count;
    if length == 0 && count > 0 {
        return Err(NodeError::invalid(
            "the list is empty: there is nothing to draw",
        ));
    }
    if !settings.repeat && count > length {
        return Err(
            NodeError::invalid(format!("{count} items can't be drawn from {length}"))
                .with_help("draw fewer, or set `repeat: true`"),
        );
    }
    if count > 1_000_000 {
        return Err(NodeError::invalid("setting `count` is more than a million"));
    }
    let Some(weights) = &settings.weights else {
        return Ok(if settings.repeat {
            (0..count).map(|_| chance.random_range(0..length)).collect()
        } else {
            rand::seq::index::sample(chance, length, count).into_vec()
        });
    };
    if weights.len() != length {
        return Err(NodeError::invalid(format!(
            "there are {length} items and {} weights",
            weights.len()
        )));
    }
    let unusable =
        |_| NodeError::invalid("setting `weights`: they are numbers from 0 on, not all of them 0");
    let mut left = weights.clone();
    let mut places = Vec::with_capacity(count);
    for _ in 0..count {
        let place = WeightedIndex::new(&left).map_err(unusable)?.sample(chance);
        places.push(place);
        if !settings.repeat {
            left[place] = 0.0;
        }
    }
    Ok(places)
}
