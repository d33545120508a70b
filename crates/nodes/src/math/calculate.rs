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
    let result = match of_one(operation, a, first) {
        Some(result) => result,
        None if b.is_undefined() && operation == Operation::Log => whole_or_float(first.ln()),
        None if b.is_undefined() && operation == Operation::Root => whole_or_float(first.sqrt()),
        None => of_two(operation, (a, first), (b, wanted("b", b)?))?,
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

/// What takes one number; `None` for the other operations.
fn of_one(operation: Operation, a: &Value, number: f64) -> Option<Value> {
    let alone = |work: fn(Decimal) -> Decimal, float: fn(f64) -> f64| match decimal_of(a) {
        Some(exact) => to_value(work(exact)),
        None => whole_or_float(float(number)),
    };
    let nearest: fn(Decimal) -> Decimal =
        |a| a.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
    Some(match operation {
        Operation::Abs => alone(|a| a.abs(), f64::abs),
        Operation::Negate => alone(|a| -a, |a| -a),
        Operation::Floor => alone(|a| a.floor(), f64::floor),
        Operation::Ceil => alone(|a| a.ceil(), f64::ceil),
        Operation::Round => alone(nearest, f64::round),
        Operation::Sign if number == 0.0 => Value::from(0),
        Operation::Sign => whole_or_float(number.signum()),
        Operation::Sqrt => whole_or_float(number.sqrt()),
        Operation::Sin => whole_or_float(number.sin()),
        Operation::Cos => whole_or_float(number.cos()),
        Operation::Tan => whole_or_float(number.tan()),
        Operation::Log10 => whole_or_float(number.log10()),
        Operation::Exp => whole_or_float(number.exp()),
        _ => return None,
    })
}

/// What takes two numbers: exactly where 28 digits are enough, else as floats.
fn of_two(
    operation: Operation,
    (a, x): (&Value, f64),
    (b, y): (&Value, f64),
) -> Result<Value, NodeError> {
    let exact = |work: fn(Decimal, Decimal) -> Option<Decimal>| {
        let (a, b) = decimal_of(a).zip(decimal_of(b))?;
        work(a, b).map(to_value)
    };
    Ok(match operation {
        Operation::Add => either(exact(Decimal::checked_add), x + y),
        Operation::Subtract => either(exact(Decimal::checked_sub), x - y),
        Operation::Multiply => either(exact(Decimal::checked_mul), x * y),
        Operation::Divide => either(exact(quotient), x / divisor(y)?),
        Operation::FloorDivide => either(
            exact(|a, b| a.checked_div(b).map(|quotient| quotient.floor())),
            (x / divisor(y)?).floor(),
        ),
        Operation::Modulo => {
            let by = divisor(y)?;
            either(exact(remainder), x - by * (x / by).floor())
        }
        Operation::Percent => either(
            exact(|a, b| a.checked_mul(b)?.checked_div(Decimal::ONE_HUNDRED)),
            x * y / 100.0,
        ),
        Operation::PercentChange => whole_or_float((y - divisor(x)?) / x.abs() * 100.0),
        Operation::Min => either(exact(|a, b| Some(a.min(b))), x.min(y)),
        Operation::Max => either(exact(|a, b| Some(a.max(b))), x.max(y)),
        Operation::Power => either(exact(power), x.powf(y)),
        Operation::Root => whole_or_float(match divisor(y)? {
            2.0 => x.sqrt(),
            3.0 => x.cbrt(),
            degree => x.powf(1.0 / degree),
        }),
        Operation::Log => whole_or_float(x.log(y)),
        _ => return Err(NodeError::bug("an operation on one number was given two")),
    })
}

/// Whole powers alone can be exact.
fn power(base: Decimal, exponent: Decimal) -> Option<Decimal> {
    let exponent = exponent.normalize();
    let exponent: u32 = exponent.try_into().ok().filter(|_| exponent.scale() == 0)?;
    (exponent <= 64)
        .then(|| (0..exponent).try_fold(Decimal::ONE, |power, _| power.checked_mul(base)))
        .flatten()
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
