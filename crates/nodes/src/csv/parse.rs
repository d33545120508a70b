use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    dialect,
    read::Header,
    records::{CsvFile, OnBadRow, Reading},
    text::Input,
};
use casare_files::Charset;

/// Reads rows out of CSV text, such as the body of an answer or what was copied from a page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parse {
    /// The CSV text.
    text: String,
    /// Whether the first row holds the names of the columns; `auto` looks at it. Without names,
    /// each row is a list.
    #[serde(default)]
    header: Header,
    /// What separates cells: a character such as `;`, or `tab`. Found out if not set.
    delimiter: Option<String>,
    /// Whether cells that are written as numbers (`12`, `-0.5`) become numbers. Codes such as
    /// `007` stay text.
    #[serde(default)]
    numbers: bool,
    /// What happens to a row that has more or fewer cells than the first.
    #[serde(default)]
    on_bad_row: OnBadRow,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Parsed {
    /// The rows: maps from column names to cells, or lists of cells if there are no names.
    rows: Any,
    /// The names of the columns.
    columns: Vec<String>,
    /// How many rows there are.
    count: usize,
    /// What separates the cells.
    delimiter: String,
}

pub(super) fn node() -> Node {
    Node::action("csv.parse", parse)
        .pure()
        .icon("file-spreadsheet")
        .fails(
            ErrorKind::Invalid,
            "A row has more or fewer cells than the titles and `on_bad_row` is `fail`.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: people
  use: csv.parse
  with: { text: "name;born\nAda;1815\n", numbers: true }
- use: log.write
  with: { message: "{{ steps.people.rows[0].name }} was born in {{ steps.people.rows[0].born }}" }
"#;

async fn parse(cx: &StepContext, settings: Parse) -> Result<Parsed, NodeError> {
    let delimiter = settings.delimiter.as_deref().map(dialect::delimiter);
    let reading = Reading {
        charset: Some(Charset::UTF_8),
        delimiter: delimiter.transpose()?,
        header: settings.header.row(),
        numbers: settings.numbers,
        on_bad_row: settings.on_bad_row,
    };
    cx.blocking(move || {
        let table = CsvFile::of(Input::Text(settings.text.into()), reading)?;
        let rows = table.rows()?.collect::<Result<Vec<Value>, _>>()?;
        Ok(Parsed {
            columns: table.columns(),
            count: rows.len(),
            rows: Any(Value::from(rows)),
            delimiter: char::from(table.delimiter()).to_string(),
        })
    })
    .await
}
