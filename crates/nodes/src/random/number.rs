use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use rand::{Rng as _, rngs::StdRng};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::math::statistics::whole_or_float;

/// Draws a number between two others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Number {
    /// The smallest number.
    #[serde(default)]
    min: f64,
    /// The largest number.
    #[serde(default = "hundred")]
    max: f64,
    /// Whether the number has no fraction.
    #[serde(default = "yes")]
    whole: bool,
    /// How many digits a number that is not whole has behind the point; as many as there are if
    /// not set.
    digits: Option<u32>,
    /// How many numbers are drawn.
    #[serde(default = "one")]
    count: usize,
    /// Whether no number is drawn twice.
    #[serde(default)]
    unique: bool,
}

fn hundred() -> f64 {
    100.0
}

fn yes() -> bool {
    true
}

fn one() -> usize {
    1
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Drawn {
    /// The number; the first of several.
    result: Any,
    /// All numbers that were drawn.
    numbers: Vec<Any>,
}

pub(super) fn node() -> Node {
    Node::action("random.number", number)
        .pure()
        .icon("dices")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: dice
  use: random.number
  with: { min: 1, max: 6 }
- use: log.write
  with: { message: "{{ steps.dice.result }}" }
"#;

const MOST: usize = 1_000_000;
/// Beyond this, floats have no room for every whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;

async fn number(cx: &StepContext, settings: Number) -> Result<Drawn, NodeError> {
    let numbers = drawn(&settings, &mut cx.rng())?;
    Ok(Drawn {
        result: numbers.first().cloned().unwrap_or_default(),
        numbers,
    })
}

fn drawn(settings: &Number, chance: &mut StdRng) -> Result<Vec<Any>, NodeError> {
    let Number {
        min, max, count, ..
    } = *settings;
    if !(min.is_finite() && max.is_finite() && min <= max && (max - min).is_finite()) {
        return Err(NodeError::invalid(format!(
            "no number is between {min} and {max}"
        )));
    }
    if count > MOST {
        return Err(NodeError::invalid(format!(
            "setting `count`: {count} is more than {MOST}"
        )));
    }
    if !settings.whole {
        let factor = settings
            .digits
            .map(|digits| 10f64.powi(digits.min(15) as i32));
        let mut numbers: Vec<f64> = Vec::new();
        let mut misses = 0;
        while numbers.len() < count {
            let number: f64 = chance.random_range(min..=max);
            let number = factor.map_or(number, |factor| (number * factor).round() / factor);
            if settings.unique && numbers.contains(&number) {
                misses += 1;
                if misses > 100 + 10 * count {
                    return Err(too_few(settings));
                }
                continue;
            }
            numbers.push(number.clamp(min, max));
        }
        return Ok(numbers
            .into_iter()
            .map(|number| Any(whole_or_float(number)))
            .collect());
    }
    let (low, high) = (min.ceil(), max.floor());
    if low > high || low.abs() > EXACT || high.abs() > EXACT {
        return Err(NodeError::invalid(format!(
            "no whole number can be drawn between {min} and {max}"
        )));
    }
    let (low, high) = (low as i64, high as i64);
    let numbers: Vec<i64> = if settings.unique {
        let size = usize::try_from(high - low)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        if count > size {
            return Err(too_few(settings));
        }
        rand::seq::index::sample(chance, size, count)
            .into_iter()
            .map(|place| low + place as i64)
            .collect()
    } else {
        (0..count)
            .map(|_| chance.random_range(low..=high))
            .collect()
    };
    Ok(numbers
        .into_iter()
        .map(|number| Any(Value::from(number)))
        .collect())
}

fn too_few(settings: &Number) -> NodeError {
    NodeError::invalid(format!(
        "there are no {} different numbers between {} and {}",
        settings.count, settings.min, settings.max
    ))
}
