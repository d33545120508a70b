use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::statistics::{self, Measure};
use crate::{
    data::{path::KeyPath, rules::is_empty},
    list::items::Items,
};

/// Adds up numbers and says their mean, smallest, largest, median and spread.
///
/// Sums are exact: 0.1 and 0.2 are 0.3. A measure that the numbers do not have (the mean of
/// nothing) is none.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Aggregate {
    /// The numbers, or with `field` the items that have them.
    items: Any,
    /// The field with the number, such as `total`.
    field: Option<String>,
    /// Whether what is no number is passed over. Empty items always are.
    #[serde(default)]
    skip_others: bool,
    /// Which percentiles are wanted, such as `[90, 99]`.
    #[serde(default)]
    percentiles: Vec<f64>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Measures {
    /// All numbers added.
    sum: Any,
    /// How many numbers there are.
    count: usize,
    /// The mean.
    average: Any,
    /// The smallest.
    min: Any,
    /// The largest.
    max: Any,
    /// The middle one, or the mean of the two in the middle.
    median: Any,
    /// The most frequent one; of several, the smallest.
    mode: Any,
    /// The largest less the smallest.
    range: Any,
    /// All numbers multiplied.
    product: Any,
    /// The standard deviation, of the numbers as a sample (as `STDEV` of spreadsheets).
    deviation: Any,
    /// The variance, of the numbers as a sample (as `VAR` of spreadsheets).
    variance: Any,
    /// The standard deviation of the numbers as all there are.
    population_deviation: Any,
    /// The percentiles that were asked for, in that order.
    percentiles: Vec<Any>,
    /// How many items were passed over.
    skipped: usize,
}

pub(super) fn node() -> Node {
    Node::action("math.aggregate", aggregate)
        .pure()
        .icon("sigma")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: totals
  use: math.aggregate
  with: { items: [{ total: 0.1 }, { total: 0.2 }, { total: 5 }], field: total }
- use: log.write
  with: { message: "{{ steps.totals.sum }} in all, {{ steps.totals.average | round(2) }} on average" }
"#;

async fn aggregate(cx: &StepContext, settings: Aggregate) -> Result<Measures, NodeError> {
    cx.blocking(move || {
        let (numbers, skipped) = numbers(&settings)?;
        let say = |measure| -> Result<Any, NodeError> {
            statistics::measure(&numbers, measure)
                .map(|value| Any(value.unwrap_or_else(|| Value::from(()))))
                .map_err(|why| NodeError::invalid(format!("setting `items`: {why}")))
        };
        Ok(Measures {
            sum: say(Measure::Sum)?,
            count: numbers.len(),
            average: say(Measure::Average)?,
            min: say(Measure::Min)?,
            max: say(Measure::Max)?,
            median: say(Measure::Median)?,
            mode: say(Measure::Mode)?,
            range: say(Measure::Range)?,
            product: say(Measure::Product)?,
            deviation: say(Measure::Deviation)?,
            variance: say(Measure::Variance)?,
            population_deviation: say(Measure::PopulationDeviation)?,
            percentiles: settings
                .percentiles
                .iter()
                .map(|percent| say(Measure::Percentile(*percent)))
                .collect::<Result<_, _>>()?,
            skipped,
        })
    })
    .await
}

fn numbers(settings: &Aggregate) -> Result<(Vec<Value>, usize), NodeError> {
    let field = settings
        .field
        .as_deref()
        .map(|field| KeyPath::new("field", field));
    let field = field.transpose()?;
    let (mut numbers, mut skipped) = (Vec::new(), 0);
    for item in Items::of("items", settings.items.0.clone())?.iter()? {
        let item = item?;
        let value = match &field {
            Some(field) => field.get(&item).unwrap_or_default(),
            None => item,
        };
        let is_number = match value.kind() {
            ValueKind::Number => true,
            _ => value
                .as_str()
                .and_then(crate::data::order::plain_number)
                .is_some(),
        };
        if is_empty(&value) || (settings.skip_others && !is_number) {
            skipped += 1;
        } else {
            numbers.push(value);
        }
    }
    Ok((numbers, skipped))
}
