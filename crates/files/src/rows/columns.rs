//! Rows on their way into a file: maps and lists become cells in the order of the columns.

use std::sync::Arc;

use casare_engine::NodeError;
use casare_workflow::{
    Value,
    value::{kind_name, pairs, to_json},
};
use minijinja::value::ValueKind;

use super::{Header, Row, closest};

/// The rows in `rows`, one after the other; a lazy list stays lazy.
pub fn rows_of(
    rows: &Value,
) -> Result<impl Iterator<Item = Result<Value, NodeError>> + use<>, NodeError> {
    if !matches!(rows.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return Err(NodeError::invalid(format!(
            "`rows` is {}; a list of rows is wanted",
            described(rows)
        ))
        .with_help("give a list of maps or lists, such as \"{{ steps.read.rows }}\""));
    }
    let items = rows
        .try_iter()
        .map_err(|error| NodeError::invalid(format!("the rows can't be read: {error}")))?;
    Ok(items.checked().map(|row| {
        row.map_err(|error| {
            NodeError::invalid(format!(
                "the rows can't be read: {}",
                error
                    .detail()
                    .map_or_else(|| error.to_string(), str::to_owned)
            ))
        })
    }))
}

/// Puts each row's cells into the order of the columns.
#[derive(Debug)]
pub struct Columns {
    /// `None` until the first row says them; a list of lists has none.
    names: Option<Vec<String>>,
    /// Whether the columns were chosen: what a row has beside them is left out then.
    chosen: bool,
    /// Where each column stands in rows of this header: worked out once for all its rows.
    known: Option<(Arc<Header>, Vec<Option<usize>>)>,
}

impl Columns {
    /// The columns `names`, or those of the first row.
    pub fn new(names: Option<Vec<String>>) -> Self {
        Self {
            chosen: names.is_some(),
            names,
            known: None,
        }
    }

    /// The columns of a file that is written on: a row with another one is refused.
    pub fn of_file(names: Vec<String>) -> Self {
        Self {
            chosen: false,
            names: Some(names),
            known: None,
        }
    }

    /// The names; none when the rows are lists.
    pub fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    /// The cells of `row`; `number` counts rows from 1, for errors.
    pub fn cells(&mut self, row: &Value, number: u64) -> Result<Vec<Value>, NodeError> {
        match row.kind() {
            ValueKind::Map => self.cells_of_map(row, number),
            ValueKind::Seq | ValueKind::Iterable => self.cells_of_list(row, number),
            _ => Err(NodeError::invalid(format!(
                "row {number} is {}; a row is a map or a list",
                described(row)
            ))),
        }
    }

    fn cells_of_map(&mut self, row: &Value, number: u64) -> Result<Vec<Value>, NodeError> {
        let names = self
            .names
            .get_or_insert_with(|| pairs(row).map(|(key, _)| key.to_string()).collect());
        let Some(shared) = row.downcast_object_ref::<Row>() else {
            if !self.chosen {
                no_other_columns(names, pairs(row).map(|(key, _)| key.to_string()), number)?;
            }
            return Ok(names
                .iter()
                .map(|name| row.get_attr(name).unwrap_or_default())
                .collect());
        };
        let known = match &self.known {
            Some((header, _)) if Arc::ptr_eq(header, shared.header()) => &self.known,
            _ => {
                let header = shared.header().clone();
                if !self.chosen {
                    no_other_columns(names, header.names(), number)?;
                }
                let positions = names.iter().map(|name| header.position(name)).collect();
                self.known = Some((header, positions));
                &self.known
            }
        };
        let positions = known.iter().flat_map(|(_, positions)| positions);
        Ok(positions
            .map(|position| position.map_or_else(Value::default, |at| shared.cell(at)))
            .collect())
    }

    fn cells_of_list(&self, row: &Value, number: u64) -> Result<Vec<Value>, NodeError> {
        let cells: Vec<Value> = row
            .try_iter()
            .map(Iterator::collect)
            .map_err(|error| NodeError::invalid(format!("row {number} can't be read: {error}")))?;
        match &self.names {
            Some(names) if cells.len() > names.len() => Err(NodeError::invalid(format!(
                "row {number} has {} cells, but there are {} columns: {}",
                cells.len(),
                names.len(),
                names.join(", ")
            ))),
            _ => Ok(cells),
        }
    }
}

fn no_other_columns(
    names: &[String],
    keys: impl IntoIterator<Item = String>,
    number: u64,
) -> Result<(), NodeError> {
    let Some(other) = keys.into_iter().find(|key| !names.contains(key)) else {
        return Ok(());
    };
    let help = match closest(&other, names.iter().map(String::as_str)) {
        Some(name) => format!("did you mean `{name}`? Otherwise say the columns with `columns`"),
        None => "say which columns are written with the setting `columns`".to_owned(),
    };
    Err(NodeError::invalid(format!(
        "row {number} has a column `{other}`, which is not among the columns: {}",
        names.join(", ")
    ))
    .with_help(help))
}

/// A cell as text: nothing for none, JSON for lists and maps.
pub fn cell_text(cell: &Value) -> String {
    match cell.kind() {
        ValueKind::Undefined | ValueKind::None => String::new(),
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => to_json(cell).to_string(),
        ValueKind::Number if !cell.is_integer() => match f64::try_from(cell.clone()) {
            // 3.0 is what a spreadsheet's 3 became in a calculation.
            Ok(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                format!("{}", number as i64)
            }
            _ => cell.to_string(),
        },
        _ => cell.to_string(),
    }
}

fn described(value: &Value) -> String {
    match value.as_str() {
        Some(text) => {
            let start: String = text.chars().take(40).collect();
            format!("the text `{start}`")
        }
        None => format!("a {}", kind_name(value)),
    }
}

#[cfg(test)]
mod tests {
    use casare_workflow::value::from_json;
    use serde_json::json;

    use super::*;

    fn texts(cells: Vec<Value>) -> Vec<String> {
        cells.iter().map(cell_text).collect()
    }

    #[test]
    fn maps_are_put_in_the_order_of_the_first_row() {
        let mut columns = Columns::new(None);
        let first = from_json(&json!({ "name": "Ada", "born": 1815 }));
        let second = from_json(&json!({ "born": 1791.0 }));

        assert_eq!(texts(columns.cells(&first, 1).unwrap()), ["Ada", "1815"]);
        assert_eq!(texts(columns.cells(&second, 2).unwrap()), ["", "1791"]);
    }

    #[test]
    fn a_column_that_comes_later_is_refused_rather_than_lost() {
        let mut columns = Columns::new(None);
        columns
            .cells(&from_json(&json!({ "amount": 1 })), 1)
            .unwrap();

        let error = columns
            .cells(&from_json(&json!({ "amuont": 2 })), 2)
            .unwrap_err();

        assert_eq!(
            error.message(),
            "row 2 has a column `amuont`, which is not among the columns: amount"
        );
        assert!(error.help().unwrap().starts_with("did you mean `amount`?"));
    }

    #[test]
    fn chosen_columns_leave_the_others_out() {
        let mut columns = Columns::new(Some(vec!["b".into(), "c".into()]));

        let cells = columns
            .cells(&from_json(&json!({ "a": 1, "b": [2, 3] })), 1)
            .unwrap();

        assert_eq!(texts(cells), ["[2,3]", ""]);
    }

    #[test]
    fn rows_that_share_a_header_are_looked_up_once() {
        let header = Header::new(["a".to_owned(), "b".to_owned()]);
        let row = Row::of_text(header, "12", vec![1, 2]);
        let mut columns = Columns::new(Some(vec!["b".into()]));

        assert_eq!(texts(columns.cells(&row, 1).unwrap()), ["2"]);
        assert_eq!(texts(columns.cells(&row, 2).unwrap()), ["2"]);
    }
}
