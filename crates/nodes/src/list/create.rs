use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::condition::is_empty;
use crate::data::number;

/// Makes a list: of items, of numbers from one to another, or of one value again and again.
///
/// Give `items`; or `from` and `to`; or `value` and `times`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// The items.
    items: Option<Vec<Any>>,
    /// Whether empty items are left out.
    #[serde(default)]
    skip_empty: bool,
    /// The first number.
    from: Option<f64>,
    /// The last number; it is in the list if the steps lead to it.
    to: Option<f64>,
    /// How far a number is from the one before; 1, or -1 if `to` is below `from`.
    step: Option<f64>,
    /// The value that is repeated.
    #[serde(default)]
    value: Any,
    /// How often the value is repeated.
    times: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Created {
    /// The list.
    result: Vec<Any>,
    /// How many items it has.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("list.create", create)
        .pure()
        .icon("list-plus")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: months
  use: list.create
  with: { from: 1, to: 12 }
- use: log.write
  with: { message: "{{ steps.months.count }} months" }
"#;

const LONGEST: usize = 1_000_000;

async fn create(_cx: &StepContext, settings: Create) -> Result<Created, NodeError> {
    let result = created(settings)?;
    Ok(Created {
        count: result.len(),
        result,
    })
}

fn created(settings: Create) -> Result<Vec<Any>, NodeError> {
    let too_long = || NodeError::invalid(format!("the list would have more than {LONGEST} items"));
    match (settings.items, settings.from, settings.to, settings.times) {
        (Some(mut items), None, None, None) => {
            if settings.skip_empty {
                items.retain(|item| !is_empty(&item.0));
            }
            Ok(items)
        }
        (None, Some(from), Some(to), None) => {
            let step = settings.step.unwrap_or(if to < from { -1.0 } else { 1.0 });
            let unusable =
                || NodeError::invalid(format!("no steps of {step} lead from {from} to {to}"));
            let (first, step) = number::of_float(from)
                .zip(number::of_float(step))
                .ok_or_else(unusable)?;
            let count = (to - from) / number::to_float(step);
            if !count.is_finite() || count < 0.0 {
                return Err(unusable());
            }
            // What a float loses must not lose the last number: 0.3 is three steps of 0.1.
            let count = (count + 1e-9).floor() as usize + 1;
            if count > LONGEST {
                return Err(too_long());
            }
            Ok((0..count)
                .map(|index| {
                    Any(number::to_value(
                        first + step * rust_decimal::Decimal::from(index),
                    ))
                })
                .collect())
        }
        (None, None, None, Some(times)) if !settings.value.0.is_undefined() => {
            if times > LONGEST {
                return Err(too_long());
            }
            Ok(vec![settings.value; times])
        }
        _ => Err(NodeError::invalid(
            "give `items`, or `from` and `to`, or `value` and `times`",
        )),
    }
}
