//! Arithmetic and comparisons.
//!
//! Whole numbers of 64 bits, floats and texts are computed here; everything else is handed to
//! minijinja, one operator at a time, so that results are the same as its own.

use std::{cmp::Ordering, sync::LazyLock};

use minijinja::{Expression, value::ValueKind};

use super::{
    functions::{ENVIRONMENT, Range},
    tree::{CompareOp, MathOp},
};
use crate::Value;

/// Texts larger than this are refused.
pub(super) const MAX_TEXT: usize = 64 << 20;

/// Lists that are longer are looped over instead.
pub(super) const MAX_ITEMS: usize = 5_000_000;

/// Why an operator could not be applied.
pub(super) enum Refused {
    /// The operands don't go together, or there is no result.
    Operands,
    TooLarge,
}

enum Number {
    Whole(i64),
    Float(f64),
}

impl Number {
    /// `None` for what is not a number and for whole numbers of more than 64 bits.
    fn of(value: &Value) -> Option<Self> {
        if value.kind() != ValueKind::Number {
            return None;
        }
        if value.is_integer() {
            value.as_i64().map(Self::Whole)
        } else {
            f64::try_from(value.clone()).ok().map(Self::Float)
        }
    }

    fn float(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }
}

pub(super) fn math(op: MathOp, left: &Value, right: &Value) -> Result<Value, Refused> {
    if let (Some(left), Some(right)) = (Number::of(left), Number::of(right))
        && let Some(result) = quick(op, left, right)
    {
        return Ok(result);
    }
    guard_size(op, left, right)?;
    apply(&BY_MINIJINJA.math[op as usize], left, right)
}

/// `None` where minijinja has to decide: overflow, division by zero, rare operators.
fn quick(op: MathOp, left: Number, right: Number) -> Option<Value> {
    if let (&Number::Whole(left), &Number::Whole(right)) = (&left, &right) {
        return match op {
            MathOp::Add => left.checked_add(right).map(Value::from),
            MathOp::Sub => left.checked_sub(right).map(Value::from),
            MathOp::Mul => left.checked_mul(right).map(Value::from),
            MathOp::Div => (right != 0).then(|| Value::from(left as f64 / right as f64)),
            MathOp::FloorDiv => floor_div(left, right).map(|both| Value::from(both.0)),
            MathOp::Rem => floor_div(left, right).map(|both| Value::from(both.1)),
            MathOp::Pow => left
                .checked_pow(u32::try_from(right).ok()?)
                .map(Value::from),
        };
    }
    let (left, right) = (left.float(), right.float());
    match op {
        MathOp::Add => Some(Value::from(left + right)),
        MathOp::Sub => Some(Value::from(left - right)),
        MathOp::Mul => Some(Value::from(left * right)),
        MathOp::Div => (right != 0.0).then(|| Value::from(left / right)),
        MathOp::FloorDiv | MathOp::Rem | MathOp::Pow => None,
    }
}

/// The quotient rounded down, and the remainder, which has the sign of the divisor.
fn floor_div(left: i64, right: i64) -> Option<(i64, i64)> {
    let quotient = left.checked_div(right)?;
    let remainder = left.checked_rem(right)?;
    Some(if remainder != 0 && (remainder < 0) != (right < 0) {
        (quotient - 1, remainder + right)
    } else {
        (quotient, remainder)
    })
}

pub(super) fn negate(value: &Value) -> Option<Value> {
    match Number::of(value) {
        Some(Number::Whole(whole)) if whole != i64::MIN => Some(Value::from(-whole)),
        Some(Number::Float(float)) => Some(Value::from(-float)),
        _ => apply(&BY_MINIJINJA.negate, value, value).ok(),
    }
}

/// Refuses texts and lists before they are made.
fn guard_size(op: MathOp, left: &Value, right: &Value) -> Result<(), Refused> {
    let text = |value: &Value| value.as_str().map(str::len);
    let size = match (op, text(left), text(right)) {
        (MathOp::Add, Some(left), Some(right)) => left.saturating_add(right),
        (MathOp::Mul, Some(length), None) => repeated(length, right),
        (MathOp::Mul, None, Some(length)) => repeated(length, left),
        (MathOp::Mul, None, None) => {
            let lists = [(left, right), (right, left)].map(|(list, times)| {
                list.as_object()
                    .and_then(minijinja::value::DynObject::enumerator_len)
                    .map_or(0, |length| repeated(length, times))
            });
            lists[0].max(lists[1])
        }
        // Larger results take long and are no numbers that anyone counts with.
        (MathOp::Pow, ..) if right.as_i64().is_some_and(|power| power > 1_000) => {
            return if left.is_integer() && left.as_i64().is_none_or(|base| base.abs() > 1) {
                Err(Refused::Operands)
            } else {
                Ok(())
            };
        }
        _ => 0,
    };
    if size > MAX_TEXT {
        Err(Refused::TooLarge)
    } else {
        Ok(())
    }
}

fn repeated(length: usize, times: &Value) -> usize {
    let times = i128::try_from(times.clone()).unwrap_or(0).max(0);
    length.saturating_mul(usize::try_from(times).unwrap_or(usize::MAX))
}

pub(super) fn compare(op: CompareOp, left: &Value, right: &Value) -> Result<bool, Refused> {
    if let Some(range) = right.downcast_object_ref::<Range>()
        && matches!(op, CompareOp::In | CompareOp::NotIn)
    {
        let found = left.as_i64().is_some_and(|number| range.contains(number));
        return Ok(found == (op == CompareOp::In));
    }
    if left.as_object().is_some() && right.as_object().is_some() {
        let is_endless = |list: &Value| {
            list.downcast_object_ref::<Range>().is_some() && list.len() > Some(MAX_ITEMS)
        };
        if is_endless(left) && is_endless(right) {
            return Err(Refused::TooLarge);
        }
    }
    Ok(match op {
        CompareOp::Eq => left == right,
        CompareOp::Ne => left != right,
        CompareOp::In | CompareOp::NotIn => {
            let found = apply(&BY_MINIJINJA.contains, left, right)?.is_true();
            found == (op == CompareOp::In)
        }
        CompareOp::Lt => order(left, right)? == Ordering::Less,
        CompareOp::Lte => order(left, right)? != Ordering::Greater,
        CompareOp::Gt => order(left, right)? == Ordering::Greater,
        CompareOp::Gte => order(left, right)? != Ordering::Less,
    })
}

/// minijinja orders values of different kinds by their kind, so that `'10' > 5` is true. That is
/// never what was meant: here it is refused.
fn order(left: &Value, right: &Value) -> Result<Ordering, Refused> {
    let class = |value: &Value| match value.kind() {
        ValueKind::Number | ValueKind::Bool => Some(0),
        ValueKind::String => Some(1),
        ValueKind::Seq | ValueKind::Iterable => Some(2),
        ValueKind::Bytes => Some(3),
        _ => None,
    };
    match (class(left), class(right)) {
        (Some(a), Some(b)) if a == b => Ok(left.cmp(right)),
        _ => Err(Refused::Operands),
    }
}

struct ByMinijinja {
    math: [Expression<'static, 'static>; 7],
    negate: Expression<'static, 'static>,
    contains: Expression<'static, 'static>,
    slice: Expression<'static, 'static>,
}

static BY_MINIJINJA: LazyLock<ByMinijinja> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "constant texts; every test passes here")]
    let compiled = |text| {
        ENVIRONMENT
            .compile_expression(text)
            .expect("operators compile")
    };
    ByMinijinja {
        math: [
            MathOp::Add,
            MathOp::Sub,
            MathOp::Mul,
            MathOp::Div,
            MathOp::FloorDiv,
            MathOp::Rem,
            MathOp::Pow,
        ]
        .map(|op| match op {
            MathOp::Add => compiled("l + r"),
            MathOp::Sub => compiled("l - r"),
            MathOp::Mul => compiled("l * r"),
            MathOp::Div => compiled("l / r"),
            MathOp::FloorDiv => compiled("l // r"),
            MathOp::Rem => compiled("l % r"),
            MathOp::Pow => compiled("l ** r"),
        }),
        negate: compiled("-l"),
        contains: compiled("l in r"),
        slice: compiled("l[a:b:c]"),
    }
});

fn apply(expression: &Expression<'_, '_>, left: &Value, right: &Value) -> Result<Value, Refused> {
    let operands = Value::from_pairs([("l", left.clone()), ("r", right.clone())]);
    expression.eval(operands).map_err(|_| Refused::Operands)
}

pub(super) fn slice(value: &Value, bounds: [Value; 3]) -> Result<Value, minijinja::Error> {
    let [from, to, step] = bounds;
    BY_MINIJINJA.slice.eval(Value::from_pairs([
        ("l", value.clone()),
        ("a", from),
        ("b", to),
        ("c", step),
    ]))
}
