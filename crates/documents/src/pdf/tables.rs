use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_files::rows::{Header, Row};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    file::{Source, pages},
    glyphs::{self, Line, Word},
};

/// Reads the tables of a PDF, by how its words stand below each other.
///
/// A PDF does not say what is a table: lines whose words stand in columns, with gaps wider than
/// those between words, are taken for one. Lines drawn around cells are not looked at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Tables {
    /// The PDF. A relative path starts at the workflow's folder.
    path: String,
    /// Which pages, such as `1-3, 5`, `2-` or `-1`. All if not set.
    pages: Option<String>,
    /// Whether the first row of a table holds the names of its columns. Without names, each row is a
    /// list.
    #[serde(default = "yes")]
    header: bool,
    /// How many rows a table has at least, titles included.
    #[serde(default = "two")]
    least_rows: usize,
    /// The credential whose `password` opens the file, if it has one.
    credential: Option<String>,
}

fn yes() -> bool {
    true
}

fn two() -> usize {
    2
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The tables, in order.
    tables: Vec<Table>,
    /// How many there are.
    count: usize,
}

/// A table.
#[derive(Debug, Serialize, JsonSchema)]
struct Table {
    /// The number of its page, from 1.
    page: usize,
    /// The names of its columns; none without a header.
    columns: Vec<String>,
    /// Its rows: maps from column names to texts, or lists of texts without names.
    rows: Any,
}

pub(super) fn node() -> Node {
    Node::action("pdf.tables", tables)
        .pure()
        .icon("table")
        .fails_reading()
        .fails(
            ErrorKind::Denied,
            "The PDF is locked: its password is missing or wrong, or it forbids this.",
        )
        .fails(ErrorKind::Invalid, "The file is no PDF, or is damaged.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: found
  use: pdf.tables
  with: { path: invoice.pdf }
- use: log.write
  with: { message: "{{ steps.found.tables[0].rows[0].Item }}" }
"#;

async fn tables(cx: &StepContext, settings: Tables) -> Result<Found, NodeError> {
    let source = Source::of(cx, &settings.path, settings.credential.as_deref()).await?;
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let pdf = source.read()?;
        let mut found = Vec::new();
        for index in pages(settings.pages.as_deref(), pdf.pages().len())? {
            if cancel.is_cancelled() {
                return Err(NodeError::timeout("reading was stopped"));
            }
            let lines = glyphs::lines(&pdf, &pdf.pages()[index]);
            for rows in of_lines(&lines, settings.least_rows.max(2)) {
                found.push(settings.table(index + 1, rows));
            }
        }
        Ok(Found {
            count: found.len(),
            tables: found,
        })
    })
    .await
}

impl Tables {
    fn table(&self, page: usize, rows: Vec<Vec<String>>) -> Table {
        let mut rows = rows.into_iter();
        let values = |row: Vec<String>| row.into_iter().map(Value::from).collect::<Vec<_>>();
        let header = self.header.then(|| rows.next().map(Header::new)).flatten();
        let columns = header.as_ref().map(|header| header.names());
        let rows: Vec<Value> = rows
            .map(|row| match &header {
                Some(header) => Row::of_values(header.clone(), values(row)),
                None => Value::from(values(row)),
            })
            .collect();
        Table {
            page,
            columns: columns.unwrap_or_default(),
            rows: Any(Value::from(rows)),
        }
    }
}

/// Words that belong to one cell.
struct Cell {
    text: String,
    left: f64,
    right: f64,
}

/// The cells of a line: words with a wide gap between them stand in different ones.
fn cells(line: &Line) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    for word in &line.words {
        let Word { text, x, .. } = word;
        match cells.last_mut().filter(|_| word.gap < word.size * 0.8) {
            Some(cell) => {
                cell.text.push(' ');
                cell.text.push_str(text);
                cell.right = word.right();
            }
            None => cells.push(Cell {
                text: text.clone(),
                left: *x,
                right: word.right(),
            }),
        }
    }
    cells
}

/// The tables in lines, as rows of texts.
fn of_lines(lines: &[Line], least: usize) -> Vec<Vec<Vec<String>>> {
    let mut tables = Vec::new();
    let mut block: Vec<Vec<Cell>> = Vec::new();
    let mut last: Option<&Line> = None;
    let mut close = |block: &mut Vec<Vec<Cell>>| {
        let rows = std::mem::take(block);
        if rows.len() >= least {
            tables.push(in_columns(&rows));
        }
    };
    for line in lines {
        let found = cells(line);
        let far = last.is_some_and(|above| line.y() - above.y() > above.size() * 3.5);
        if found.len() < 2 || far {
            close(&mut block);
        }
        if found.len() >= 2 {
            block.push(found);
        }
        last = Some(line);
    }
    close(&mut block);
    tables
}

/// Rows of as many texts as the block has columns. A column is where cells lie above each other.
fn in_columns(rows: &[Vec<Cell>]) -> Vec<Vec<String>> {
    let mut spans: Vec<(f64, f64)> = rows
        .iter()
        .flatten()
        .map(|cell| (cell.left, cell.right))
        .collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut columns: Vec<(f64, f64)> = Vec::new();
    for (left, right) in spans {
        match columns.last_mut() {
            Some(last) if left < last.1 => last.1 = last.1.max(right),
            _ => columns.push((left, right)),
        }
    }
    rows.iter()
        .map(|row| {
            let mut texts = vec![String::new(); columns.len()];
            for cell in row {
                let middle = f64::midpoint(cell.left, cell.right);
                let column = columns
                    .iter()
                    .position(|(left, right)| (*left..=*right).contains(&middle))
                    .unwrap_or(0);
                if !texts[column].is_empty() {
                    texts[column].push(' ');
                }
                texts[column].push_str(&cell.text);
            }
            texts
        })
        .collect()
}
