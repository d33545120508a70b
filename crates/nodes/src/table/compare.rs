use std::sync::Arc;

use casare_engine::{Cancel, ErrorKind, Node, NodeError, StepContext};
use casare_files::rows::{Cell, Row};
use casare_workflow::{Any, Value};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    key::{ByKey, Key, Names, write_cell},
    number,
    source::{Source, is_blank, stop_if},
};

/// Compares two tables by a key: which rows are new, gone or changed, and which cells.
///
/// Columns are matched by name. `before` is held in memory; `after` can be a stream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Compare {
    /// The table as it was.
    before: Any,
    /// The table as it is.
    after: Any,
    /// The columns that name a row: `id`, or several. Each key occurs once in a table.
    key: Names,
    /// Which columns are compared; all that both tables have if not set.
    columns: Option<Names>,
    /// Which columns are not compared.
    #[serde(default)]
    ignore: Names,
    /// Whether small and capital letters, accents and blanks at the ends make no difference.
    #[serde(default)]
    ignore_case: bool,
    /// How far apart two numbers may be and still be the same: 0.01.
    #[serde(default)]
    tolerance: f64,
    /// Whether differences are a business error.
    #[serde(default)]
    fail: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Compared {
    /// Whether no row was added, removed or changed.
    is_same: bool,
    /// Rows that only `after` has.
    added: Vec<Any>,
    /// Rows that only `before` has.
    removed: Vec<Any>,
    /// Rows that both have, with other cells.
    changed: Vec<Changed>,
    /// How many rows are the same.
    unchanged: usize,
    /// How many rows were added, removed or changed.
    count: usize,
}

/// A row with other cells than before.
#[derive(Debug, Serialize, JsonSchema)]
struct Changed {
    /// The cells of the key, by column.
    key: IndexMap<String, Any>,
    /// The row as it was.
    before: Any,
    /// The row as it is.
    after: Any,
    /// The cells that differ.
    cells: Vec<ChangedCell>,
}

/// A cell that differs.
#[derive(Debug, Serialize, JsonSchema)]
struct ChangedCell {
    /// Its column.
    column: String,
    /// What it was.
    before: Any,
    /// What it is.
    after: Any,
}

pub(super) fn node() -> Node {
    Node::action("table.compare", compare)
        .pure()
        .icon("git-compare")
        .fails(ErrorKind::Business, "The tables differ and `fail` is set.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: changes
  use: table.compare
  with:
    before: [{ id: 1, name: Ada, total: 80 }, { id: 2, name: Bo, total: 50 }]
    after: [{ id: 1, name: ADA, total: 95 }, { id: 3, name: Cem, total: 10 }]
    key: id
    ignore_case: true
- use: log.write
  with: { message: "{{ steps.changes.changed[0].cells[0].column }} differs" }
"#;

async fn compare(cx: &StepContext, settings: Compare) -> Result<Compared, NodeError> {
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let before = Source::of("before", settings.before.0.clone())?;
        let after = Source::of("after", settings.after.0.clone())?;
        let comparison = Comparison::new(&settings, &before, &after)?;
        let found = comparison.compare(&before, &after, &cancel)?;
        if settings.fail && found.count > 0 {
            return Err(NodeError::business(format!(
                "the tables differ: {} rows added, {} removed, {} changed",
                found.added.len(),
                found.removed.len(),
                found.changed.len()
            )));
        }
        Ok(found)
    })
    .await
}

/// What is compared, and how.
struct Comparison {
    key: Vec<String>,
    keys: (Key, Key),
    /// A column's name, and where it stands in either table.
    columns: Vec<(String, usize, usize)>,
    ignore_case: bool,
    tolerance: f64,
}

impl Comparison {
    fn new(settings: &Compare, before: &Source, after: &Source) -> Result<Self, NodeError> {
        let key = settings.key.as_slice();
        if key.is_empty() {
            return Err(NodeError::invalid("setting `key` names no column"));
        }
        if settings.tolerance.is_nan() || settings.tolerance < 0.0 {
            return Err(NodeError::invalid("setting `tolerance` is below 0"));
        }
        let of = |source: &Source| -> Result<Key, NodeError> {
            Ok(Key {
                positions: source.positions("key", key)?,
                ignore_case: settings.ignore_case,
            })
        };
        let ignored = settings.ignore.as_slice();
        let names: Vec<String> = if let Some(columns) = &settings.columns {
            columns.as_slice().to_vec()
        } else {
            let both = |name: &&str| after.header().position(name).is_some();
            before
                .header()
                .iter()
                .filter(both)
                .map(str::to_owned)
                .collect()
        };
        let compared = |name: &String| !ignored.contains(name) && !key.contains(name);
        let columns = names.into_iter().filter(compared).map(|name| {
            let there = before.position("columns", &name)?;
            let here = after.position("columns", &name)?;
            Ok((name, there, here))
        });
        Ok(Self {
            key: key.to_vec(),
            keys: (of(before)?, of(after)?),
            columns: columns.collect::<Result<_, NodeError>>()?,
            ignore_case: settings.ignore_case,
            tolerance: settings.tolerance,
        })
    }

    fn compare(
        &self,
        before: &Source,
        after: &Source,
        cancel: &Cancel,
    ) -> Result<Compared, NodeError> {
        let mut known: ByKey<(usize, bool)> = ByKey::default();
        let mut rows = Vec::new();
        let mut buffer = Vec::new();
        for row in before.rows()? {
            let row = row?;
            self.keys.0.write(&row, &mut buffer);
            if known
                .insert(buffer.as_slice().into(), (rows.len(), false))
                .is_some()
            {
                return Err(twice("before", &self.keys.0, &row));
            }
            rows.push(row);
            stop_if(cancel, rows.len())?;
        }
        let (mut added, mut changed, mut unchanged) = (Vec::new(), Vec::new(), 0);
        let mut new_keys = std::collections::HashSet::new();
        for (index, row) in after.rows()?.enumerate() {
            let row = row?;
            self.keys.1.write(&row, &mut buffer);
            match known.get_mut(buffer.as_slice()) {
                Some((_, true)) => return Err(twice("after", &self.keys.1, &row)),
                Some((at, seen)) => {
                    *seen = true;
                    let cells = self.cells(&rows[*at], &row);
                    if cells.is_empty() {
                        unchanged += 1;
                    } else {
                        changed.push(self.changed(&rows[*at], row, cells));
                    }
                }
                None => {
                    if !new_keys.insert(Box::<[u8]>::from(buffer.as_slice())) {
                        return Err(twice("after", &self.keys.1, &row));
                    }
                    added.push(Any(Value::from_dyn_object(row)));
                }
            }
            stop_if(cancel, index + 1)?;
        }
        let mut gone: Vec<usize> = known
            .into_values()
            .filter(|(_, seen)| !seen)
            .map(|(at, _)| at)
            .collect();
        gone.sort_unstable();
        let removed = gone
            .into_iter()
            .map(|at| Any(Value::from_dyn_object(rows[at].clone())));
        let removed: Vec<Any> = removed.collect();
        let count = added.len() + removed.len() + changed.len();
        Ok(Compared {
            is_same: count == 0,
            added,
            removed,
            changed,
            unchanged,
            count,
        })
    }

    fn cells(&self, before: &Row, after: &Row) -> Vec<ChangedCell> {
        let differs = |(_, there, here): &&(String, usize, usize)| {
            !self.is_same(before.look(*there), after.look(*here))
        };
        self.columns
            .iter()
            .filter(differs)
            .map(|(name, there, here)| ChangedCell {
                column: name.clone(),
                before: Any(before.cell(*there)),
                after: Any(after.cell(*here)),
            })
            .collect()
    }

    fn is_same(&self, a: Cell<'_>, b: Cell<'_>) -> bool {
        if let (Cell::Text(a), Cell::Text(b)) = (a, b)
            && a == b
        {
            return true;
        }
        if is_blank(a) || is_blank(b) {
            return is_blank(a) && is_blank(b);
        }
        let (mut left, mut right) = (Vec::new(), Vec::new());
        write_cell(a, self.ignore_case, &mut left);
        write_cell(b, self.ignore_case, &mut right);
        if left == right {
            return true;
        }
        // Codes such as 007 and 7 differ, unless a tolerance says that numbers are meant.
        let are_texts = matches!((a, b), (Cell::Text(_), Cell::Text(_)));
        if are_texts && self.tolerance == 0.0 {
            return false;
        }
        match (number::read(a), number::read(b)) {
            (Some(a), Some(b)) => (a.as_float() - b.as_float()).abs() <= self.tolerance,
            _ => false,
        }
    }

    fn changed(&self, before: &Arc<Row>, after: Arc<Row>, cells: Vec<ChangedCell>) -> Changed {
        let key = self.keys.1.cells(&after).into_iter().map(Any);
        Changed {
            key: self.key.iter().cloned().zip(key).collect(),
            before: Any(Value::from_dyn_object(before.clone())),
            after: Any(Value::from_dyn_object(after)),
            cells,
        }
    }
}

fn twice(setting: &str, key: &Key, row: &Row) -> NodeError {
    NodeError::invalid(format!(
        "setting `{setting}`: the key `{}` occurs twice",
        key.shown(row)
    ))
    .with_help("name more columns in `key`, or remove repetitions with table.dedupe")
}
