use std::collections::HashSet;

use casare_engine::{Cancel, Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    key::{ByKey, Key, Keys, Names},
    source::{Source, Table, stop_if},
};

/// Removes rows that occur again.
///
/// With `keep: first`, a stream stays a stream, and only the keys are held in memory.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Dedupe {
    /// The rows.
    rows: Any,
    /// The columns that make two rows the same; all if not set.
    #[serde(default)]
    by: Names,
    /// Which of the same rows is kept.
    #[serde(default)]
    keep: Keep,
    /// Whether small and capital letters, accents and blanks at the ends make no difference.
    #[serde(default)]
    ignore_case: bool,
}

/// Which of the same rows is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Keep {
    /// The first.
    #[default]
    First,
    /// The last, at its place.
    Last,
    /// None of them: only rows that occur once are left.
    None,
    /// Only those that occur again, the second and later ones: to look at duplicates.
    Repeated,
}

pub(super) fn node() -> Node {
    Node::action("table.dedupe", dedupe)
        .pure()
        .icon("copy-x")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: orders
  use: csv.read
  with: { path: orders.csv }
- id: customers
  use: table.dedupe
  with: { rows: "{{ steps.orders.rows }}", by: customer }
- use: log.write
  with: { message: "{{ steps.customers.count }} customers" }
"#;

async fn dedupe(cx: &StepContext, settings: Dedupe) -> Result<Table, NodeError> {
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let source = Source::of("rows", settings.rows.0)?;
        let by = settings.by.as_slice();
        let key = Key {
            positions: if by.is_empty() {
                (0..source.header().width()).collect()
            } else {
                source.positions("by", by)?
            },
            ignore_case: settings.ignore_case,
        };
        if matches!(settings.keep, Keep::Last | Keep::None) {
            return kept_by_count(&source, &key, settings.keep, &cancel);
        }
        let wanted = settings.keep == Keep::First;
        let header = source.header().clone();
        let kind = (source.is_stream(), "rows without repetitions");
        Table::passing(&header, kind, &cancel, move || {
            let key = key.clone();
            let mut seen = Keys::default();
            let mut buffer = Vec::new();
            Ok(source.rows()?.filter(move |row| {
                row.as_ref().map_or(true, |row| {
                    key.write(row, &mut buffer);
                    let is_new = !seen.contains(buffer.as_slice());
                    if is_new {
                        seen.insert(buffer.as_slice().into());
                    }
                    is_new == wanted
                })
            }))
        })
    })
    .await
}

/// Two passes: which row of each key is the last, and how many there are; then those rows.
fn kept_by_count(
    source: &Source,
    key: &Key,
    keep: Keep,
    cancel: &Cancel,
) -> Result<Table, NodeError> {
    let mut found: ByKey<(usize, usize)> = ByKey::default();
    let mut buffer = Vec::new();
    for (index, row) in source.rows()?.enumerate() {
        key.write(&*row?, &mut buffer);
        match found.get_mut(buffer.as_slice()) {
            Some((last, count)) => (*last, *count) = (index, *count + 1),
            None => {
                found.insert(buffer.as_slice().into(), (index, 1));
            }
        }
        stop_if(cancel, index + 1)?;
    }
    let wanted: HashSet<usize> = found
        .into_values()
        .filter(|(_, count)| keep == Keep::Last || *count == 1)
        .map(|(last, _)| last)
        .collect();
    let mut rows = Vec::with_capacity(wanted.len());
    for (index, row) in source.rows()?.enumerate() {
        if wanted.contains(&index) {
            rows.push(Value::from_dyn_object(row?));
        }
        stop_if(cancel, index + 1)?;
    }
    Ok(Table::of(source.header(), rows))
}
