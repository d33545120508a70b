use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Template, Value};
use indexmap::IndexMap;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::statistics::whole_or_float;
use crate::data::number::{decimal_of, to_float, to_value, wanted};

/// Calculates: an operation on one or two numbers, or a formula over named ones.
///
/// Adding, subtracting, multiplying and dividing are exact: 0.1 + 0.2 is 0.3. A formula is an
/// expression without `{{ }}`, such as `net * (1 + rate)`, over the names in `values`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Calculate {
    /// The operation.
    operation: Option<Operation>,
    /// The number, or the first of two.
    #[serde(default)]
    a: Any,
    /// The second number.
    #[serde(default)]
    b: Any,
    /// A formula, such as `net * (1 + rate)`, instead of an operation.
    formula: Option<String>,
    /// The names in the formula.
    #[serde(default)]
    values: IndexMap<String, Any>,
    /// To how many digits the result is rounded, halves away from zero; not at all if not set.
    digits: Option<u32>,
}

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Operation {
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a * b`
    Multiply,
    /// `a / b`
    Divide,
    /// `a / b`, rounded down.
    FloorDivide,
    /// What is left of `a / b`, with the sign of `b`.
    Modulo,
    /// `a` to the power of `b`.
    Power,
    /// The `b`th root of `a`; the square root without `b`.
    Root,
    /// The square root of `a`.
    Sqrt,
    /// The smaller one.
    Min,
    /// The larger one.
    Max,
    /// `b` percent of `a`.
    Percent,
    /// By how many percent `b` is more than `a`.
    PercentChange,
    /// `a` without its sign.
    Abs,
    /// `-a`
    Negate,
    /// `a` rounded down.
    Floor,
    /// `a` rounded up.
    Ceil,
    /// `a` to the nearest whole number.
    Round,
    /// -1, 0 or 1.
    Sign,
    /// The sine of `a`, in radians.
    Sin,
    /// The cosine of `a`, in radians.
    Cos,
    /// The tangent of `a`, in radians.
    Tan,
    /// The natural logarithm of `a`, or the one to base `b`.
    Log,
    /// The logarithm of `a` to base 10.
    Log10,
    /// e to the power of `a`.
    Exp,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Calculated {
    /// The result.
    result: Any,
}

pub(super) fn node() -> Node {
    Node::action("math.calculate", calculate)
        .pure()
        .icon("calculator")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: gross
  use: math.calculate
  with: { formula: net * (1 + rate), values: { net: 100, rate: 0.19 }, digits: 2 }
- id: third
  use: math.calculate
  with: { operation: divide, a: "{{ steps.gross.result }}", b: 3, digits: 2 }
- use: log.write
  with: { message: "{{ steps.gross.result }}, a third is {{ steps.third.result }}" }
"#;

async fn calculate(_cx: &StepContext, settings: Calculate) -> Result<Calculated, NodeError> {
    let result = match (&settings.formula, settings.operation) {
        (Some(formula), None) => by_formula(formula, &settings.values)?,
        (None, Some(operation)) => by_operation(operation, &settings.a.0, &settings.b.0)?,
        _ => return Err(NodeError::invalid("give either `operation` or `formula`")),
    };
    let result = match settings.digits {
        Some(digits) => {
            let exact = decimal_of(&result).map(|number| {
                number.round_dp_with_strategy(
                    digits.min(28),
                    rust_decimal::RoundingStrategy::MidpointAwayFromZero,
                )
            });
            exact.map_or(result, to_value)
        }
        None => result,
    };
    Ok(Calculated {
        result: Any(result),
    })
}

fn by_formula(formula: &str, values: &IndexMap<String, Any>) -> Result<Value, NodeError> {
    let wrong = |error: casare_workflow::ExpressionError| {
        let failure = NodeError::invalid(format!("setting `formula`: {error}"));
        match error.help {
            Some(help) => failure.with_help(help),
            None => failure,
        }
    };
    let scope = Value::from_pairs(
        values
            .iter()
            .map(|(name, value)| (name.as_str(), value.0.clone())),
    );
    let result = Template::compile_condition(&formula.into())
        .and_then(|template| template.evaluate(&scope))
        .map_err(wrong)?;
    if result.is_number() {
        return Ok(result);
    }
    Err(NodeError::invalid(format!(
        "setting `formula`: `{formula}` gives {}, no number",
        crate::data::rules::shown(&result)
    )))
}

fn by_operation(operation: Operation, a: &Value, b: &Value) -> Result<Value, NodeError> {
    let first = wanted("a", a)?;
    let second = || wanted("b", b);
    let exact = || decimal_of(a).zip(decimal_of(b));
    let exactly = |work: fn(Decimal, Decimal) -> Option<Decimal>| {
        exact().and_then(|(a, b)| work(a, b)).map(to_value)
    };
    let alone = |work: fn(Decimal) -> Decimal, float: fn(f64) -> f64| match decimal_of(a) {
        Some(number) => to_value(work(number)),
        None => whole_or_float(float(first)),
    };
    let result = match operation {
        Operation::Add => either(exactly(Decimal::checked_add), first + second()?),
        Operation::Subtract => either(exactly(Decimal::checked_sub), first - second()?),
        Operation::Multiply => either(exactly(Decimal::checked_mul), first * second()?),
        Operation::Divide => either(exactly(quotient), first / divisor(second()?)?),
        Operation::FloorDivide => {
            let float = (first / divisor(second()?)?).floor();
            either(exactly(|a, b| a.checked_div(b).map(|q| q.floor())), float)
        }
        Operation::Modulo => {
            let by = divisor(second()?)?;
            let float = first - by * (first / by).floor();
            either(exactly(remainder), float)
        }
        Operation::Percent => either(
            exactly(|a, b| a.checked_mul(b)?.checked_div(Decimal::ONE_HUNDRED)),
            first * second()? / 100.0,
        ),
        Operation::PercentChange => {
            let float = (second()? - divisor(first)?) / first.abs() * 100.0;
            whole_or_float(float)
        }
        Operation::Min => either(exactly(|a, b| Some(a.min(b))), first.min(second()?)),
        Operation::Max => either(exactly(|a, b| Some(a.max(b))), first.max(second()?)),
        Operation::Power => {
            let exponent = second()?;
            let whole = (exponent.fract() == 0.0 && (0.0..=64.0).contains(&exponent))
                .then_some(exponent as u32);
            let power = whole.zip(decimal_of(a)).and_then(|(exponent, base)| {
                (0..exponent).try_fold(Decimal::ONE, |power, _| power.checked_mul(base))
            });
            either(power.map(to_value), first.powf(exponent))
        }
        Operation::Root => {
            let degree = if b.is_undefined() {
                2.0
            } else {
                divisor(second()?)?
            };
            whole_or_float(match degree {
                2.0 => first.sqrt(),
                3.0 => first.cbrt(),
                degree => first.powf(1.0 / degree),
            })
        }
        Operation::Sqrt => whole_or_float(first.sqrt()),
        Operation::Abs => alone(|a| a.abs(), f64::abs),
        Operation::Negate => alone(|a| -a, |a| -a),
        Operation::Floor => alone(|a| a.floor(), f64::floor),
        Operation::Ceil => alone(|a| a.ceil(), f64::ceil),
        Operation::Round => alone(
            |a| a.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero),
            f64::round,
        ),
        Operation::Sign => whole_or_float(if first == 0.0 { 0.0 } else { first.signum() }),
        Operation::Sin => whole_or_float(first.sin()),
        Operation::Cos => whole_or_float(first.cos()),
        Operation::Tan => whole_or_float(first.tan()),
        Operation::Log if b.is_undefined() => whole_or_float(first.ln()),
        Operation::Log => whole_or_float(first.log(second()?)),
        Operation::Log10 => whole_or_float(first.log10()),
        Operation::Exp => whole_or_float(first.exp()),
    };
    let is_number = f64::try_from(result.clone()).is_ok_and(f64::is_finite);
    if is_number {
        return Ok(result);
    }
    Err(
        NodeError::invalid(format!("there is no such number: {operation:?} of {first}")).with_help(
            "roots and logarithms of negative numbers do not exist, powers can become too large",
        ),
    )
}

fn either(exact: Option<Value>, float: f64) -> Value {
    exact.unwrap_or_else(|| whole_or_float(float))
}

fn divisor(number: f64) -> Result<f64, NodeError> {
    if number == 0.0 {
        return Err(NodeError::invalid("division by zero")
            .with_help("check the number with `flow.if` before dividing by it"));
    }
    Ok(number)
}

/// Rounded as a float is where it has no end.
fn quotient(a: Decimal, b: Decimal) -> Option<Decimal> {
    let quotient = a.checked_div(b)?;
    if quotient.scale() > 20 {
        return crate::data::number::of_float(to_float(a) / to_float(b));
    }
    Some(quotient)
}

fn remainder(a: Decimal, b: Decimal) -> Option<Decimal> {
    let rest = a.checked_rem(b)?;
    let other_sign = !rest.is_zero() && rest.is_sign_negative() != b.is_sign_negative();
    if other_sign {
        rest.checked_add(b)
    } else {
        Some(rest)
    }
}
