use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use rand::Rng as _;
use schemars::JsonSchema;
use serde::Deserialize;

use super::source::{Source, Table, stop_if};

/// Takes some rows of a table: the first, the last, every so many, or by chance.
///
/// Rows taken by chance keep their order; each row is as likely as any other, also in a stream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Sample {
    /// The rows.
    rows: Any,
    /// How many rows; with `every`, the distance between them.
    count: usize,
    /// Which rows are taken.
    #[serde(default)]
    from: From,
    /// How many rows are passed over before.
    #[serde(default)]
    skip: usize,
}

/// Which rows are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum From {
    /// The first.
    #[default]
    First,
    /// The last.
    Last,
    /// Any, by chance.
    Random,
    /// The first, and then one in every `count`.
    Every,
}

pub(super) fn node() -> Node {
    Node::action("table.sample", sample)
        .pure()
        .icon("dices")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: orders
  use: csv.read
  with: { path: orders.csv }
- id: some
  use: table.sample
  with: { rows: "{{ steps.orders.rows }}", count: 2, from: random }
- use: log.write
  with: { message: "{{ steps.some.count }} orders to look at" }
"#;

async fn sample(cx: &StepContext, settings: Sample) -> Result<Table, NodeError> {
    let cancel = cx.cancel().clone();
    let mut chance = cx.rng();
    cx.blocking(move || {
        let source = Source::of("rows", settings.rows.0)?;
        let (count, skip) = (settings.count, settings.skip);
        let header = source.header().clone();
        let kind = (source.is_stream(), "some rows");
        match settings.from {
            From::First => Table::passing(&header, kind, &cancel, move || {
                Ok(source.rows()?.skip(skip).take(count))
            }),
            From::Every if count == 0 => Err(NodeError::invalid("setting `count` is 0")),
            From::Every => Table::passing(&header, kind, &cancel, move || {
                Ok(source.rows()?.skip(skip).step_by(count))
            }),
            From::Last => {
                let mut last = std::collections::VecDeque::new();
                for (index, row) in source.rows()?.enumerate().skip(skip) {
                    last.push_back(row?);
                    if last.len() > count {
                        last.pop_front();
                    }
                    stop_if(&cancel, index)?;
                }
                let rows = last.into_iter().map(Value::from_dyn_object);
                Ok(Table::of(&header, rows.collect()))
            }
            From::Random => {
                // Reservoir sampling: row n replaces one of those kept with the chance count/n.
                let mut kept = Vec::new();
                for (index, row) in source.rows()?.skip(skip).enumerate() {
                    let row = (index, row?);
                    if kept.len() < count {
                        kept.push(row);
                    } else if let Some(place) = kept.get_mut(chance.random_range(0..=index)) {
                        *place = row;
                    }
                    stop_if(&cancel, index)?;
                }
                kept.sort_by_key(|(index, _)| *index);
                let rows = kept.into_iter().map(|(_, row)| Value::from_dyn_object(row));
                Ok(Table::of(&header, rows.collect()))
            }
        }
    })
    .await
}
