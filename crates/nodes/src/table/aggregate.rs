use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    measure::{Aggregate, Known, Measure},
    source::{Source, stop_if},
};

/// Works out sums, counts, means and more over all rows of a table.
///
/// A stream is read once, and not held in memory.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Summary {
    /// The rows.
    rows: Any,
    /// What is worked out, by the name that the result gets: `{ orders: count, total:
    /// { sum: amount } }`. The functions are those of `table.group`.
    aggregates: IndexMap<String, Aggregate>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Summed {
    /// The results by their names.
    result: IndexMap<String, Any>,
    /// How many rows there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("table.aggregate", aggregate)
        .pure()
        .icon("sigma")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: orders
  use: csv.read
  with: { path: orders.csv }
- id: totals
  use: table.aggregate
  with:
    rows: "{{ steps.orders.rows }}"
    aggregates: { total: { sum: total }, largest: { max: total } }
- use: log.write
  with: { message: "{{ steps.totals.result.total }} in all" }
"#;

async fn aggregate(cx: &StepContext, settings: Summary) -> Result<Summed, NodeError> {
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let source = Source::of("rows", settings.rows.0)?;
        let mut tallies = Vec::new();
        for aggregate in settings.aggregates.values() {
            let measure = Measure::new(aggregate, &source)?;
            let tally = measure.tally();
            tallies.push((measure, tally));
        }
        let mut count = 0;
        for row in source.rows()? {
            let row = row?;
            count += 1;
            let mut known = Known::default();
            for (measure, tally) in &mut tallies {
                measure.add(&row, count, tally, &mut known)?;
            }
            stop_if(&cancel, count)?;
        }
        let results = tallies.into_iter().map(|(_, tally)| Any(tally.result()));
        Ok(Summed {
            result: settings.aggregates.into_keys().zip(results).collect(),
            count,
        })
    })
    .await
}
