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

    /// A header of exactly these names, each of which occurs once.
    pub fn exact(names: impl IntoIterator<Item = String>) -> Arc<Self> {
        let names: Vec<Arc<str>> = names.into_iter().map(Arc::from).collect();
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

    /// The name of the column at `position`; blank beyond the last.
    pub fn name(&self, position: usize) -> &str {
        self.names.get(position).map_or("", |name| name)
    }

    /// The names in order, without copying them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|name| &**name)
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
        ends: Ends,
    },
    /// Cells of one or two other rows, and some of its own.
    View {
        first: Option<Arc<Row>>,
        second: Option<Arc<Row>>,
        own: Box<[Value]>,
        places: Arc<[Place]>,
    },
}

/// Where the cells of a text end: in place for the usual row, since a table has millions of them.
enum Ends {
    Few { ends: [u16; FEW], count: u8 },
    Many(Box<[u32]>),
}

const FEW: usize = 16;

impl Ends {
    fn of(ends: impl Iterator<Item = u32>) -> Self {
        let mut few = [0; FEW];
        let mut count = 0;
        let mut ends = ends.peekable();
        while let Some(end) = ends.next_if(|end| count < FEW && u16::try_from(*end).is_ok()) {
            few[count] = end as u16;
            count += 1;
        }
        if ends.peek().is_none() {
            return Self::Few {
                ends: few,
                count: count as u8,
            };
        }
        let few = few[..count].iter().map(|end| u32::from(*end));
        Self::Many(few.chain(ends).collect())
    }

    fn get(&self, position: usize) -> Option<usize> {
        match self {
            Self::Few { ends, count } if position < usize::from(*count) => {
                ends.get(position).map(|end| usize::from(*end))
            }
            Self::Few { .. } => None,
            Self::Many(ends) => ends.get(position).map(|end| *end as usize),
        }
    }
}

/// Where a cell of a view stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the first row, at this position.
    First(usize),
    /// In the second row, at this position.
    Second(usize),
    /// Among the view's own cells, at this position.
    Own(usize),
    /// Nowhere: the cell is none.
    Nowhere,
}

/// A cell that is looked at where it stands.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'r> {
    /// A text.
    Text(&'r str),
    /// Any value.
    Value(&'r Value),
    /// None.
    Nothing,
}

impl Cell<'_> {
    /// The cell as a value.
    pub fn to_value(self) -> Value {
        match self {
            Self::Text(text) => Value::from(text),
            Self::Value(value) => value.clone(),
            Self::Nothing => Value::from(()),
        }
    }
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
    pub fn of_text(header: Arc<Header>, text: &str, ends: impl IntoIterator<Item = u32>) -> Value {
        Value::from_object(Self {
            header,
            cells: Cells::Text {
                text: text.into(),
                ends: Ends::of(ends.into_iter()),
            },
        })
    }

    /// A row whose cells stand where `places` says: in `first`, in `second`, or in `own`.
    ///
    /// This is how columns are chosen, renamed, joined and added without copying cells.
    pub fn view(
        header: Arc<Header>,
        places: Arc<[Place]>,
        first: Option<Arc<Self>>,
        second: Option<Arc<Self>>,
        own: Vec<Value>,
    ) -> Self {
        Self {
            header,
            cells: Cells::View {
                first,
                second,
                own: own.into(),
                places,
            },
        }
    }

    /// The header that it shares with its siblings.
    pub fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// The cell at `position`; none where the row is too short.
    pub fn cell(&self, position: usize) -> Value {
        self.look(position).to_value()
    }

    /// The cell at `position` where it stands: nothing is copied.
    pub fn look(&self, position: usize) -> Cell<'_> {
        match &self.cells {
            Cells::Values(cells) => cells.get(position).map_or(Cell::Nothing, Cell::Value),
            Cells::Text { text, ends } => {
                let Some(end) = ends.get(position) else {
                    return Cell::Nothing;
                };
                let start = position.checked_sub(1).and_then(|before| ends.get(before));
                Cell::Text(&text[start.unwrap_or(0)..end])
            }
            Cells::View {
                first,
                second,
                own,
                places,
            } => match (places.get(position), first, second) {
                (Some(Place::First(at)), Some(row), _)
                | (Some(Place::Second(at)), _, Some(row)) => row.look(*at),
                (Some(Place::Own(at)), ..) => own.get(*at).map_or(Cell::Nothing, Cell::Value),
                _ => Cell::Nothing,
            },
        }
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
    fn a_view_shows_cells_of_other_rows_under_its_own_names() {
        let order = Row::of_text(titles(&["id", "total"]), "780", vec![1, 3]);
        let person = Row::of_values(titles(&["name"]), vec![Value::from("Ada")]);
        let places = [
            Place::Second(0),
            Place::First(1),
            Place::Own(0),
            Place::First(9),
        ];

        let view = Row::view(
            titles(&["customer", "total", "paid", "note"]),
            places.into(),
            order.downcast_object(),
            person.downcast_object(),
            vec![Value::from(true)],
        );

        assert_eq!(
            to_json(&Value::from_object(view)).to_string(),
            r#"{"customer":"Ada","total":"80","paid":true,"note":null}"#
        );
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
