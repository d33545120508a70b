use casare_engine::{Node, NodeError, StepContext};
use casare_files::rows::Header;
use casare_workflow::Any;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    groups::Groups,
    key::{Key, Names},
    measure::{Aggregate, Measure},
    source::{Source, Table},
};

/// Puts rows with equal cells into groups, and works out sums, counts and more for each.
///
/// Groups stand in the order in which they first occur. A stream of any length can be grouped:
/// only the groups are held in memory.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    /// The rows.
    rows: Any,
    /// The columns whose cells make a group: `country`, or `[country, product]`.
    by: Names,
    /// What is worked out for each group, by the name of its column: `{ orders: count, total:
    /// { sum: amount } }`. The functions are `count`, `filled`, `distinct`, `sum`, `average`,
    /// `min`, `max`, `median`, `deviation`, `mode`, `first`, `last`, `list`, `unique` and `join`.
    /// Only a column `count` if not set.
    #[serde(default)]
    aggregates: IndexMap<String, Aggregate>,
    /// Whether small and capital letters, accents and blanks at the ends make no difference.
    #[serde(default)]
    ignore_case: bool,
}

pub(super) fn node() -> Node {
    Node::action("table.group", group)
        .pure()
        .icon("group")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: orders
  use: csv.read
  with: { path: orders.csv }
- id: totals
  use: table.group
  with:
    rows: "{{ steps.orders.rows }}"
    by: country
    aggregates:
      orders: count
      total: { sum: total }
      customers: { unique: customer }
- use: log.write
  with: { message: "{{ steps.totals.rows[0].country }}: {{ steps.totals.rows[0].total }}" }
"#;

async fn group(cx: &StepContext, settings: Group) -> Result<Table, NodeError> {
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let source = Source::of("rows", settings.rows.0)?;
        let by = settings.by.as_slice();
        if by.is_empty() {
            return Err(NodeError::invalid("setting `by` names no column")
                .with_help("for sums over all rows, use table.aggregate"));
        }
        let mut aggregates = settings.aggregates;
        if aggregates.is_empty() {
            aggregates.insert("count".to_owned(), Aggregate::Count);
        }
        if let Some(name) = aggregates.keys().find(|name| by.contains(name)) {
            return Err(NodeError::invalid(format!(
                "setting `aggregates`: `{name}` is the name of a column of `by` already"
            )));
        }
        let key = Key {
            positions: source.positions("by", by)?,
            ignore_case: settings.ignore_case,
        };
        let measures = aggregates.values().map(|one| Measure::new(one, &source));
        let mut groups = Groups::new(key, measures.collect::<Result<_, _>>()?);
        groups.fill(&source, &cancel)?;
        let header = Header::exact(by.iter().chain(aggregates.keys()).cloned());
        Ok(Table::of(&header, groups.rows(&header)))
    })
    .await
}
