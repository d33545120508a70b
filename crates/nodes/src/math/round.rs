use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use rust_decimal::{Decimal, RoundingStrategy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::{
    number::{decimal_of, to_value, wanted},
    rules::shown,
};

/// Rounds a number: to digits, or to the nearest step such as 0.05.
///
/// It rounds the number that people see: 1.005 becomes 1.01, where computers often say 1.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Round {
    /// The number.
    value: Any,
    /// How many digits stay behind the point; -2 rounds to hundreds.
    #[serde(default)]
    digits: i32,
    /// Round to a multiple of this rather than to digits: `0.05`, `15`.
    #[serde(default)]
    step: Any,
    /// In which direction.
    #[serde(default)]
    mode: Mode,
}

/// In which direction a number is rounded.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// To the nearest; halves away from zero, as in shops and schools.
    #[default]
    HalfUp,
    /// To the nearest; halves to the even neighbour, as in banks.
    HalfEven,
    /// To the nearest; halves towards zero.
    HalfDown,
    /// To the larger number.
    Ceiling,
    /// To the smaller number.
    Floor,
    /// Away from zero.
    Up,
    /// Towards zero: digits are cut off.
    Down,
}

impl Mode {
    fn strategy(self) -> RoundingStrategy {
        match self {
            Self::HalfUp => RoundingStrategy::MidpointAwayFromZero,
            Self::HalfEven => RoundingStrategy::MidpointNearestEven,
            Self::HalfDown => RoundingStrategy::MidpointTowardZero,
            Self::Ceiling => RoundingStrategy::ToPositiveInfinity,
            Self::Floor => RoundingStrategy::ToNegativeInfinity,
            Self::Up => RoundingStrategy::AwayFromZero,
            Self::Down => RoundingStrategy::ToZero,
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Rounded {
    /// The number.
    result: Any,
    /// It as a text with exactly as many digits as were asked for: `2.50`.
    text: String,
}

pub(super) fn node() -> Node {
    Node::action("math.round", round)
        .pure()
        .icon("circle-dot")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: price
  use: math.round
  with: { value: 2.675, digits: 2 }
- use: log.write
  with: { message: "{{ steps.price.text }} EUR" }
"#;

async fn round(_cx: &StepContext, settings: Round) -> Result<Rounded, NodeError> {
    let value = settings.value.0;
    wanted("value", &value)?;
    let beyond = || {
        NodeError::invalid(format!("{} has more than 28 digits", shown(&value)))
            .with_help("such a number can't be rounded exactly")
    };
    let number = decimal_of(&value).ok_or_else(beyond)?;
    let strategy = settings.mode.strategy();
    let step = match settings.step.0 {
        step if step.is_undefined() || step.is_none() => None,
        step => {
            wanted("step", &step)?;
            let step = decimal_of(&step).filter(|step| *step > Decimal::ZERO);
            Some(step.ok_or_else(|| NodeError::invalid("setting `step` is not above 0"))?)
        }
    };
    if !(-28..=28).contains(&settings.digits) {
        return Err(NodeError::invalid("setting `digits` is between -28 and 28"));
    }
    let (result, digits) = match step {
        Some(step) => {
            let steps = number.checked_div(step).ok_or_else(beyond)?;
            let steps = steps.round_dp_with_strategy(0, strategy);
            (
                steps.checked_mul(step).ok_or_else(beyond)?,
                step.normalize().scale(),
            )
        }
        None if settings.digits >= 0 => {
            let digits = settings.digits.unsigned_abs();
            (number.round_dp_with_strategy(digits, strategy), digits)
        }
        None => {
            let unit = power_of_ten(settings.digits.unsigned_abs()).ok_or_else(beyond)?;
            let units = number.checked_div(unit).ok_or_else(beyond)?;
            let units = units.round_dp_with_strategy(0, strategy);
            (units.checked_mul(unit).ok_or_else(beyond)?, 0)
        }
    };
    Ok(Rounded {
        text: format!("{:.*}", digits as usize, result),
        result: Any(to_value(result)),
    })
}

fn power_of_ten(exponent: u32) -> Option<Decimal> {
    (0..exponent).try_fold(Decimal::ONE, |power, _| power.checked_mul(Decimal::TEN))
}
