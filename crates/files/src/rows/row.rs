//! Rows that share their header.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use casare_workflow::Value;
use minijinja::value::{Enumerator, Object, ObjectExt, ObjectRepr};

/// The names of a table's columns, shared by all its rows.
#[derive(Debug)]
pub struct Header {
    names: Vec<Arc<str>>,
    positions: HashMap<Arc<str>, usize>,
}

impl Header {
    /// A header of `titles`: one that is blank is named after its column (`Column C`), and one
    /// that occurs again gets a number (`Name (2)`), so that each column can be reached.
    pub fn new(titles: impl IntoIterator<Item = String>) -> Arc<Self> {
        let mut taken = HashSet::new();
        let names: Vec<Arc<str>> = titles
            .into_iter()
            .enumerate()
            .map(|(column, title)| {
                let title = match title.trim() {
                    "" => format!("Column {}", column_letters(column as u32)),
                    title => title.to_owned(),
                };
                let mut name = title.clone();
                let mut number = 2;
                while !taken.insert(name.clone()) {
                    name = format!("{title} ({number})");
                    number += 1;
                }
                Arc::from(name)
            })
            .collect();
        let positions = names.iter().cloned().zip(0..).collect();
        Arc::new(Self { names, positions })
    }

    /// The names in order.
    pub fn names(&self) -> Vec<String> {
        self.names.iter().map(ToString::to_string).collect()
    }

    /// How many columns.
    pub fn width(&self) -> usize {
        self.names.len()
    }

    /// Where the column called `name` stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.positions.get(name).copied()
    }
}

/// One row: to expressions, a map from column names to cells.
///
/// A map of its own would repeat the names in every row; this is the cells and a pointer.
pub struct Row {
    header: Arc<Header>,
    cells: Cells,
}

enum Cells {
    Values(Box<[Value]>),
    /// All cells in one text, each ending where `ends` says: a third of the memory of values.
    Text {
        text: Box<str>,
        ends: Box<[u32]>,
    },
}

impl Row {
    /// A row of `cells`; those beyond its end are none.
    pub fn of_values(header: Arc<Header>, cells: Vec<Value>) -> Value {
        Value::from_object(Self {
            header,
            cells: Cells::Values(cells.into()),
        })
    }

    /// A row of cells that stand in `text`, each ending where `ends` says.
    pub fn of_text(header: Arc<Header>, text: &str, ends: Vec<u32>) -> Value {
        Value::from_object(Self {
            header,
            cells: Cells::Text {
                text: text.into(),
                ends: ends.into(),
            },
        })
    }

    /// The header that it shares with its siblings.
    pub fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// The cell at `position`; none where the row is too short.
    pub fn cell(&self, position: usize) -> Value {
        match &self.cells {
            Cells::Values(cells) => cells.get(position).cloned(),
            Cells::Text { text, ends } => ends.get(position).map(|end| {
                let start = match position {
                    0 => 0,
                    _ => ends[position - 1],
                };
                Value::from(&text[start as usize..*end as usize])
            }),
        }
        .unwrap_or_else(|| Value::from(()))
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells = (0..self.header.width()).map(|position| self.cell(position));
        f.debug_map()
            .entries(self.header.names.iter().zip(cells))
            .finish()
    }
}

impl Object for Row {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        Some(self.cell(self.header.position(key)?))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.mapped_enumerator(|row| {
            Box::new(
                row.header
                    .names
                    .iter()
                    .map(|name| Value::from(name.clone())),
            )
        })
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.header.width())
    }
}

/// The letters of a spreadsheet's column: 0 is `A`, 27 is `AB`.
pub fn column_letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = u64::from(column) + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(b'A' + (rest % 26) as u8);
        rest /= 26;
    }
    letters
        .iter()
        .rev()
        .map(|letter| char::from(*letter))
        .collect()
}

#[cfg(test)]
mod tests {
    use casare_workflow::value::to_json;
    use serde_json::json;

    use super::*;

    fn titles(titles: &[&str]) -> Arc<Header> {
        Header::new(titles.iter().map(ToString::to_string))
    }

    #[test]
    fn blank_and_repeated_titles_get_names_of_their_own() {
        let header = titles(&["Name", "", "Name", "Name (2)"]);

        assert_eq!(
            header.names(),
            ["Name", "Column B", "Name (2)", "Name (2) (2)"]
        );
    }

    #[test]
    fn a_row_is_a_map_in_the_order_of_its_columns() {
        let header = titles(&["name", "city"]);
        let row = Row::of_text(header.clone(), "AdaLondon", vec![3, 9]);
        let short = Row::of_values(header, vec![Value::from("Bo")]);

        assert_eq!(
            to_json(&row).to_string(),
            r#"{"name":"Ada","city":"London"}"#
        );
        assert_eq!(row.get_attr("city").unwrap(), Value::from("London"));
        assert!(row.get_attr("street").unwrap().is_undefined());
        assert_eq!(to_json(&short), json!({ "name": "Bo", "city": null }));
    }

    #[test]
    fn columns_have_the_letters_of_a_spreadsheet() {
        let letters = [0, 25, 26, 701, 702, 16383].map(column_letters);

        assert_eq!(letters, ["A", "Z", "AA", "ZZ", "AAA", "XFD"]);
    }
}
