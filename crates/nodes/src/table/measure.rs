//! What is worked out over the rows of a group: `{ sum: amount }`.

use std::cmp::Ordering;

use casare_engine::NodeError;
use casare_files::rows::{Cell, Row, cell_text};
use casare_workflow::Value;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    key::{Keys, write_cell},
    number::{self, Number, Sum},
    source::{Source, is_blank},
};
use crate::data::order::{Order, SortKey};

/// What is worked out: `count`, or a function of a column such as `{ sum: amount }`.
///
/// Cells that are empty do not count, except for `count`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = describe_columns)]
pub(super) enum Aggregate {
    /// How many rows there are.
    Count,
    /// How many cells are not empty.
    Filled(String),
    /// How many different values there are.
    Distinct(String),
    /// All numbers added, exactly: 0.1 and 0.2 are 0.3.
    Sum(String),
    /// Their mean.
    Average(String),
    /// The smallest number, or the first text in the alphabet (the earliest ISO date).
    Min(String),
    /// The largest number, or the last text in the alphabet.
    Max(String),
    /// The number in the middle, or the mean of the two in the middle.
    Median(String),
    /// The standard deviation, of the numbers as a sample.
    Deviation(String),
    /// The value that occurs most; of several, the first.
    Mode(String),
    /// The first value.
    First(String),
    /// The last value.
    Last(String),
    /// All values as a list.
    List(String),
    /// All different values as a list.
    Unique(String),
    /// All texts in one, separated by `, `.
    Join(String),
}

/// Says of the only setting of each function what the function does.
fn describe_columns(schema: &mut schemars::Schema) {
    let Some(functions) = schema.get_mut("oneOf").and_then(|all| all.as_array_mut()) else {
        return;
    };
    for function in functions {
        let Some(what) = function.get("description").cloned() else {
            continue;
        };
        let properties = function
            .get_mut("properties")
            .and_then(|all| all.as_object_mut());
        for property in properties.into_iter().flat_map(|all| all.values_mut()) {
            if let Some(property) = property.as_object_mut() {
                property.insert("description".to_owned(), what.clone());
            }
        }
    }
}

impl Aggregate {
    /// The column; `count` needs none.
    pub(super) fn column(&self) -> Option<&str> {
        match self {
            Self::Count => None,
            Self::Filled(column)
            | Self::Distinct(column)
            | Self::Sum(column)
            | Self::Average(column)
            | Self::Min(column)
            | Self::Max(column)
            | Self::Median(column)
            | Self::Deviation(column)
            | Self::Mode(column)
            | Self::First(column)
            | Self::Last(column)
            | Self::List(column)
            | Self::Unique(column)
            | Self::Join(column) => Some(column),
        }
    }

    /// Whether it looks at the numbers in cells.
    fn counts_numbers(&self) -> bool {
        matches!(
            self,
            Self::Sum(_)
                | Self::Average(_)
                | Self::Min(_)
                | Self::Max(_)
                | Self::Median(_)
                | Self::Deviation(_)
        )
    }

    fn tally(&self) -> Tally {
        match self {
            Self::Count | Self::Filled(_) => Tally::Count(0),
            Self::Distinct(_) => Tally::Distinct(Keys::default()),
            Self::Sum(_) => Tally::Sum(Sum::default()),
            Self::Average(_) => Tally::Average(Sum::default(), 0),
            Self::Min(_) => Tally::Extreme(None, true),
            Self::Max(_) => Tally::Extreme(None, false),
            Self::Median(_) => Tally::Median(Vec::new()),
            Self::Deviation(_) => Tally::Deviation(Vec::new()),
            Self::Mode(_) => Tally::Mode(indexmap::IndexMap::new()),
            Self::First(_) => Tally::First(None),
            Self::Last(_) => Tally::Last(None),
            Self::List(_) => Tally::List(Vec::new()),
            Self::Unique(_) => Tally::Unique(Keys::default(), Vec::new()),
            Self::Join(_) => Tally::Join(String::new()),
        }
    }
}

/// The number that a row's cell holds, for several measures of the same column.
#[derive(Debug, Default)]
pub(super) struct Known(Option<(usize, Option<Number>)>);

impl Known {
    fn number(&mut self, position: usize, cell: Cell<'_>) -> Option<Number> {
        match self.0 {
            Some((known, number)) if known == position => number,
            _ => {
                let number = number::read(cell);
                self.0 = Some((position, number));
                number
            }
        }
    }
}

/// An aggregate whose column is found.
#[derive(Debug, Clone)]
pub(super) struct Measure {
    aggregate: Aggregate,
    position: Option<usize>,
}

impl Measure {
    pub(super) fn new(aggregate: &Aggregate, source: &Source) -> Result<Self, NodeError> {
        let position = aggregate
            .column()
            .map(|column| source.position("aggregates", column));
        Ok(Self {
            aggregate: aggregate.clone(),
            position: position.transpose()?,
        })
    }

    /// Where it begins.
    pub(super) fn tally(&self) -> Tally {
        self.aggregate.tally()
    }

    /// Counts `row` in; `number` counts rows from 1, for errors.
    pub(super) fn add(
        &self,
        row: &Row,
        number: usize,
        tally: &mut Tally,
        known: &mut Known,
    ) -> Result<(), NodeError> {
        let Some(position) = self.position else {
            tally.count_row();
            return Ok(());
        };
        let cell = row.look(position);
        if is_blank(cell) {
            return Ok(());
        }
        let found = if self.aggregate.counts_numbers() {
            known.number(position, cell)
        } else {
            None
        };
        tally.add(cell, found).map_err(|what| {
            let column = self.aggregate.column().unwrap_or_default();
            NodeError::invalid(format!(
                "row {number}, column `{column}`: {what} is no number"
            ))
            .with_help(
                "filter such rows out, or make numbers of them with table.compute \
                     (`row.amount | parse_number`)",
            )
        })
    }
}

/// What is known of a group so far.
#[derive(Debug, Clone)]
pub(super) enum Tally {
    Count(u64),
    Distinct(Keys),
    Sum(Sum),
    Average(Sum, u64),
    /// The best so far, and whether the smallest is wanted.
    Extreme(Option<Best>, bool),
    Median(Vec<f64>),
    Deviation(Vec<f64>),
    Mode(indexmap::IndexMap<Box<[u8]>, (u64, Value)>),
    First(Option<Value>),
    Last(Option<Value>),
    List(Vec<Value>),
    Unique(Keys, Vec<Value>),
    Join(String),
}

impl Tally {
    fn count_row(&mut self) {
        if let Self::Count(count) = self {
            *count += 1;
        }
    }

    /// Counts a cell in that is not blank; the error is a cell that should be a number.
    ///
    /// `number` is the number in the cell, where it holds one.
    fn add(&mut self, cell: Cell<'_>, number: Option<Number>) -> Result<(), String> {
        let wanted = || number.ok_or_else(|| crate::data::rules::shown(&cell.to_value()));
        match self {
            Self::Count(count) => *count += 1,
            Self::Distinct(seen) => {
                seen.insert(identity(cell));
            }
            Self::Sum(sum) => sum.add(wanted()?),
            Self::Average(sum, count) => {
                sum.add(wanted()?);
                *count += 1;
            }
            Self::Extreme(best, smallest) => {
                let found = Best::of(cell, number);
                let is_better = best.as_ref().is_none_or(|best| {
                    let order = found.compare(best);
                    if *smallest {
                        order.is_lt()
                    } else {
                        order.is_gt()
                    }
                });
                if is_better {
                    *best = Some(found);
                }
            }
            Self::Median(numbers) | Self::Deviation(numbers) => {
                numbers.push(wanted()?.as_float());
            }
            Self::Mode(counts) => {
                let counted = counts.entry(identity(cell));
                counted.or_insert_with(|| (0, cell.to_value())).0 += 1;
            }
            Self::First(first) => {
                first.get_or_insert_with(|| cell.to_value());
            }
            Self::Last(last) => *last = Some(cell.to_value()),
            Self::List(values) => values.push(cell.to_value()),
            Self::Unique(seen, values) => {
                if seen.insert(identity(cell)) {
                    values.push(cell.to_value());
                }
            }
            Self::Join(text) => {
                if !text.is_empty() {
                    text.push_str(", ");
                }
                match cell {
                    Cell::Text(cell) => text.push_str(cell),
                    _ => text.push_str(&cell_text(&cell.to_value())),
                }
            }
        }
        Ok(())
    }

    /// What came out; none where there is nothing, such as the mean of no numbers.
    pub(super) fn result(self) -> Value {
        let found = match self {
            Self::Count(count) => Some(Value::from(count)),
            Self::Distinct(seen) => Some(Value::from(seen.len())),
            Self::Sum(sum) => Some(sum.value()),
            Self::Average(_, 0) => None,
            Self::Average(sum, count) => Some(sum.divided_by(count)),
            Self::Extreme(best, _) => best.map(Best::value),
            Self::Median(numbers) => median(numbers).map(number::value),
            Self::Deviation(numbers) => deviation(&numbers).map(number::value),
            Self::Mode(counts) => {
                let most = counts.values().map(|(count, _)| *count).max();
                let mut found = counts.into_values();
                found
                    .find(|(count, _)| Some(*count) == most)
                    .map(|(_, value)| value)
            }
            Self::First(value) | Self::Last(value) => value,
            Self::List(values) | Self::Unique(_, values) => Some(Value::from(values)),
            Self::Join(text) => Some(Value::from(text)),
        };
        found.unwrap_or_else(|| Value::from(()))
    }
}

/// The smallest or largest cell so far. Numbers are compared as they are, without the keys that
/// texts and dates need.
#[derive(Debug, Clone)]
pub(super) enum Best {
    Number(Number),
    Other(Box<(SortKey, Value)>),
}

impl Best {
    fn of(cell: Cell<'_>, number: Option<Number>) -> Self {
        match number {
            Some(number) => Self::Number(number),
            None => Self::keyed(cell.to_value()),
        }
    }

    fn keyed(value: Value) -> Self {
        Self::Other(Box::new((SortKey::of(&value, Order::Natural), value)))
    }

    fn value(self) -> Value {
        match self {
            Self::Number(number) => number.to_value(),
            Self::Other(found) => found.1,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(Number::Exact(one)), Self::Number(Number::Exact(other))) => {
                one.cmp(other)
            }
            (Self::Number(one), Self::Number(other)) => one.as_float().total_cmp(&other.as_float()),
            (Self::Other(one), Self::Other(other)) => one.0.compare(&other.0, false),
            (Self::Number(one), other @ Self::Other(_)) => {
                Self::keyed(one.to_value()).compare(other)
            }
            (one @ Self::Other(_), Self::Number(other)) => {
                one.compare(&Self::keyed(other.to_value()))
            }
        }
    }
}

fn identity(cell: Cell<'_>) -> Box<[u8]> {
    let mut bytes = Vec::new();
    write_cell(cell, false, &mut bytes);
    bytes.into()
}

fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    let upper = *numbers.get(middle)?;
    Some(if numbers.len() % 2 == 1 {
        upper
    } else {
        f64::midpoint(numbers[middle - 1], upper)
    })
}

fn deviation(numbers: &[f64]) -> Option<f64> {
    if numbers.len() < 2 {
        return None;
    }
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    Some((squares / (numbers.len() - 1) as f64).sqrt())
}
