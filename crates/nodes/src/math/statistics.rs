//! Measures of many numbers.

use casare_workflow::Value;
use rust_decimal::Decimal;

use crate::data::{
    number::{decimal_of, of_float, to_float, to_value},
    order::plain_number,
    rules::shown,
};

/// A measure of many numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Measure {
    Sum,
    Product,
    Average,
    Median,
    Min,
    Max,
    Range,
    /// Of the numbers as a sample of more: divided by one less than there are.
    Variance,
    Deviation,
    /// Of the numbers as all there are.
    PopulationDeviation,
    /// From 0 to 100; between two numbers, in proportion.
    Percentile(f64),
    Mode,
}

/// The measure of `values`; none where there is none, such as the mean of nothing.
pub(crate) fn measure(values: &[Value], measure: Measure) -> Result<Option<Value>, String> {
    let exact: Option<Vec<Decimal>> = values.iter().map(decimal_of).collect();
    let floats = || -> Result<Vec<f64>, String> {
        values
            .iter()
            .enumerate()
            .map(|(index, value)| {
                float(value)
                    .ok_or_else(|| format!("item {} is {}, no number", index + 1, shown(value)))
            })
            .collect()
    };
    let numbers = floats()?;
    if numbers.is_empty() {
        return Ok(match measure {
            Measure::Sum => Some(Value::from(0)),
            Measure::Product => Some(Value::from(1)),
            _ => None,
        });
    }
    let exactly = exact.and_then(|exact| exact_measure(&exact, measure));
    if let Some(exactly) = exactly {
        return Ok(Some(to_value(exactly)));
    }
    Ok(float_measure(numbers, measure).map(whole_or_float))
}

/// A whole number where a float is one, so that 3.0 is written as 3.
pub(crate) fn whole_or_float(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return Value::from(number as i64);
    }
    Value::from(number)
}

fn float(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some(text) => plain_number(text),
        None if value.is_number() => f64::try_from(value.clone()).ok(),
        None => None,
    }
}

/// What can be said exactly; `None` if it does not fit 28 digits or is no such measure.
fn exact_measure(numbers: &[Decimal], measure: Measure) -> Option<Decimal> {
    let sum = || {
        numbers
            .iter()
            .try_fold(Decimal::ZERO, |sum, number| sum.checked_add(*number))
    };
    match measure {
        Measure::Sum => sum(),
        Measure::Product => numbers
            .iter()
            .try_fold(Decimal::ONE, |product, number| product.checked_mul(*number)),
        Measure::Average => {
            let mean = sum()?.checked_div(Decimal::from(numbers.len()))?;
            // What has no end is as exact as a float.
            if mean.scale() > 20 {
                of_float(to_float(mean))
            } else {
                Some(mean)
            }
        }
        Measure::Min => numbers.iter().min().copied(),
        Measure::Max => numbers.iter().max().copied(),
        Measure::Range => numbers.iter().max()?.checked_sub(*numbers.iter().min()?),
        Measure::Median => {
            let mut sorted = numbers.to_vec();
            sorted.sort_unstable();
            let middle = sorted.len() / 2;
            if sorted.len() % 2 == 1 {
                return sorted.get(middle).copied();
            }
            sorted
                .get(middle - 1)?
                .checked_add(*sorted.get(middle)?)?
                .checked_div(Decimal::TWO)
        }
        _ => None,
    }
}

fn float_measure(numbers: Vec<f64>, measure: Measure) -> Option<f64> {
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let squares = || numbers.iter().map(|n| (n - mean).powi(2)).sum::<f64>();
    match measure {
        Measure::Sum => Some(numbers.iter().sum()),
        Measure::Product => Some(numbers.iter().product()),
        Measure::Average => Some(mean),
        Measure::Min => numbers.iter().copied().min_by(f64::total_cmp),
        Measure::Max => numbers.iter().copied().max_by(f64::total_cmp),
        Measure::Range => Some(
            float_measure(numbers.clone(), Measure::Max)? - float_measure(numbers, Measure::Min)?,
        ),
        Measure::Median => float_measure(numbers, Measure::Percentile(50.0)),
        Measure::Variance => (count > 1.0).then(|| squares() / (count - 1.0)),
        Measure::Deviation => (count > 1.0).then(|| (squares() / (count - 1.0)).sqrt()),
        Measure::PopulationDeviation => Some((squares() / count).sqrt()),
        Measure::Percentile(percent) => {
            let mut sorted = numbers;
            sorted.sort_by(f64::total_cmp);
            let place = percent.clamp(0.0, 100.0) / 100.0 * (sorted.len() - 1) as f64;
            let (below, above) = (place.floor() as usize, place.ceil() as usize);
            let (low, high) = (sorted.get(below)?, sorted.get(above)?);
            Some(low + (high - low) * place.fract())
        }
        Measure::Mode => {
            let mut sorted = numbers;
            sorted.sort_by(f64::total_cmp);
            let runs = sorted.chunk_by(|a, b| a == b);
            // Of several, the smallest.
            runs.rev().max_by_key(|run| run.len())?.first().copied()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: &[f64], what: Measure) -> String {
        let values: Vec<Value> = numbers.iter().copied().map(Value::from).collect();
        measure(&values, what)
            .unwrap()
            .map_or_else(|| "none".to_owned(), |value| value.to_string())
    }

    #[test]
    fn money_is_added_exactly() {
        assert_eq!(of(&[0.1, 0.2], Measure::Sum), "0.3");
        assert_eq!(of(&[1.1; 10], Measure::Sum), "11");
        assert_eq!(of(&[0.1, 3.0], Measure::Product), "0.3");
        assert!(of(&[1e300, 1e300], Measure::Sum).starts_with('2'));
    }

    #[test]
    fn measures_are_what_books_say() {
        let numbers = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];

        assert_eq!(of(&numbers, Measure::Average), "5");
        assert_eq!(of(&numbers, Measure::Median), "4.5");
        assert_eq!(of(&numbers, Measure::PopulationDeviation), "2");
        assert_eq!(of(&numbers, Measure::Percentile(25.0)), "4");
        assert_eq!(of(&numbers, Measure::Mode), "4");
        assert_eq!(of(&numbers, Measure::Range), "7");
        assert_eq!(of(&[], Measure::Average), "none");
        assert_eq!(of(&[1.0, 1.0, 2.0], Measure::Average), "1.3333333333333333");
    }
}
