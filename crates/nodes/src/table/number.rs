//! Numbers in cells, added exactly: amounts of money are decimal fractions, and floats are not.

use casare_files::rows::Cell;
use casare_workflow::Value;

/// Digits behind the point that are added exactly.
const DIGITS: u32 = 9;
const ONE: i128 = 1_000_000_000;
/// Floats hold whole numbers up to here.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number in a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// In units of 10⁻⁹.
    Exact(i128),
    Float(f64),
}

impl Number {
    pub(super) fn as_float(self) -> f64 {
        match self {
            Self::Exact(units) => float_of(units),
            Self::Float(number) => number,
        }
    }

    pub(super) fn to_value(self) -> Value {
        match self {
            Self::Exact(units) => exact_value(units),
            Self::Float(number) => value(number),
        }
    }
}

/// The number in a cell: a number, or a text that is written as programs write numbers.
pub(super) fn read(cell: Cell<'_>) -> Option<Number> {
    match cell {
        Cell::Nothing => None,
        Cell::Text(text) => of_text(text),
        Cell::Value(value) => {
            if let Some(text) = value.as_str() {
                return of_text(text);
            }
            if !value.is_number() {
                return None;
            }
            if value.is_integer() {
                return value
                    .as_i64()
                    .map(|whole| Number::Exact(i128::from(whole) * ONE));
            }
            f64::try_from(value.clone()).ok().map(of_float)
        }
    }
}

fn of_text(text: &str) -> Option<Number> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    // The quick way, which nearly all numbers take.
    let (mut units, mut behind, mut any) = (0_i64, None, false);
    if digits.len() <= 18 {
        let plain = digits.iter().all(|byte| match byte {
            b'0'..=b'9' => {
                units = units * 10 + i64::from(byte - b'0');
                any = true;
                behind = behind.map(|behind: u32| behind + 1);
                true
            }
            b'.' if behind.is_none() && any => {
                behind = Some(0);
                true
            }
            _ => false,
        });
        let behind = behind.unwrap_or(0);
        if plain && any && behind <= DIGITS {
            let units = i128::from(units) * i128::from(10_i64.pow(DIGITS - behind));
            return Some(Number::Exact(if negative { -units } else { units }));
        }
    }
    if !digits.first()?.is_ascii_digit() {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some(Number::Float(number))
}

/// A float that came of a decimal fraction such as `12.34` is that fraction.
fn of_float(number: f64) -> Number {
    for (scale, unit) in [(1.0, ONE), (1e4, ONE / 10_000), (1e9, 1)] {
        let scaled = (number * scale).round();
        if scaled.abs() < EXACT && scaled / scale == number {
            return Number::Exact(scaled as i128 * unit);
        }
    }
    Number::Float(number)
}

/// Numbers added up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    units: i128,
    /// What could not be added exactly.
    rest: f64,
}

impl Sum {
    pub(super) fn add(&mut self, number: Number) {
        match number {
            // A million million numbers of 18 digits do not fill it.
            Number::Exact(units) => self.units = self.units.saturating_add(units),
            Number::Float(number) => self.rest += number,
        }
    }

    pub(super) fn value(self) -> Value {
        if self.rest == 0.0 {
            return exact_value(self.units);
        }
        value(float_of(self.units) + self.rest)
    }

    pub(super) fn divided_by(self, count: u64) -> Value {
        if self.rest == 0.0 && self.units % i128::from(count) == 0 {
            return exact_value(self.units / i128::from(count));
        }
        value((float_of(self.units) + self.rest) / count as f64)
    }
}

fn exact_value(units: i128) -> Value {
    if units % ONE == 0
        && let Ok(whole) = i64::try_from(units / ONE)
    {
        return Value::from(whole);
    }
    Value::from(float_of(units))
}

fn float_of(units: i128) -> f64 {
    if units.unsigned_abs() < EXACT as u128 {
        return units as f64 / ONE as f64;
    }
    // Through the written number, which is rounded once.
    let (whole, rest) = (units / ONE, (units % ONE).abs());
    let sign = if units < 0 && whole == 0 { "-" } else { "" };
    format!("{sign}{whole}.{rest:09}")
        .parse()
        .unwrap_or(f64::NAN)
}

/// A whole number where a float is one, so that 3.0 is written as 3.
pub(super) fn value(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < EXACT {
        return Value::from(number as i64);
    }
    Value::from(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(cells: &[Cell<'_>]) -> String {
        let mut sum = Sum::default();
        for cell in cells {
            sum.add(read(*cell).unwrap());
        }
        sum.value().to_string()
    }

    #[test]
    fn amounts_are_added_exactly() {
        let floats = [Value::from(0.1), Value::from(0.2)];

        assert_eq!(
            sum(&[Cell::Value(&floats[0]), Cell::Value(&floats[1])]),
            "0.3"
        );
        assert_eq!(sum(&[Cell::Text("19.99"), Cell::Text("-0.99")]), "19");
        assert_eq!(
            sum(&[Cell::Text("123456789012.345678"), Cell::Text("0.000001")]),
            "123456789012.34567"
        );
        assert_eq!(sum(&[Cell::Text("1e3"), Cell::Text(" 7 ")]), "1007");
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "abc", "1,5", ".", "-", "0x10", "inf", "1.2.3", "12 %"] {
            assert_eq!(read(Cell::Text(text)), None, "{text}");
        }
    }
}
