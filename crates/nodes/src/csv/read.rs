use casare_engine::{ErrorKind, LogLevel, Node, NodeError, StepContext};
use casare_workflow::{Any, Value, value::Stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ahead::Ahead,
    dialect,
    records::{CsvFile, HeaderRow, OnBadRow, Reading},
};
use casare_files::Charset;

/// Files above this size stay on disk with `stream: auto`.
const IN_MEMORY: u64 = 16 * 1024 * 1024;

/// Reads a CSV file: one row a line, cells separated by a character.
///
/// `rows` is a list of maps, one a row: `{{ row['First Name'] }}`. All cells are text, so that
/// nothing is lost (`007` stays `007`), unless `numbers` is set. A title that is blank is named
/// after its column (`Column C`), one that occurs again gets a number (`Name (2)`).
///
/// A file above 16 MiB is *streamed*: `rows` is then read from the file anew each time it is
/// looped over, a row at a time, and memory stays flat whatever the file's size. Such rows have no
/// count, and can't be taken by number.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    /// The file. A relative path starts at the workflow's folder.
    path: String,
    /// Whether the first row holds the names of the columns; `auto` looks at it. Without names,
    /// each row is a list.
    #[serde(default)]
    header: Header,
    /// What separates cells: a character such as `;`, or `tab`. Found out if not set, among
    /// comma, semicolon, tab and pipe.
    delimiter: Option<String>,
    /// The file's encoding, such as `windows-1252`. If not set, the mark at its beginning says it,
    /// and without a mark it is UTF-8.
    encoding: Option<String>,
    /// Whether cells that are written as numbers (`12`, `-0.5`) become numbers. Codes such as
    /// `007` stay text.
    #[serde(default)]
    numbers: bool,
    /// Whether rows stay in the file until they are used: always, never, or when it is above
    /// 16 MiB (`auto`).
    #[serde(default)]
    stream: Switch,
    /// What happens to a row that has more or fewer cells than the first.
    #[serde(default)]
    on_bad_row: OnBadRow,
}

/// `true`, `false` or `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Switch {
    /// Yes or no.
    Is(bool),
    /// The node decides.
    Auto(Auto),
}

/// The node decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Auto {
    /// The node decides.
    Auto,
}

impl Default for Switch {
    fn default() -> Self {
        Self::Auto(Auto::Auto)
    }
}

/// Whether there is a header: yes, no, or `auto`.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Header(pub(super) Switch);

impl Header {
    pub(super) fn row(self) -> HeaderRow {
        match self.0 {
            Switch::Is(true) => HeaderRow::Present,
            Switch::Is(false) => HeaderRow::Absent,
            Switch::Auto(_) => HeaderRow::Auto,
        }
    }
}

impl Default for Header {
    fn default() -> Self {
        Self(Switch::Is(true))
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Table {
    /// The rows: maps from column names to cells, or lists of cells if there are no names.
    rows: Any,
    /// The names of the columns.
    columns: Vec<String>,
    /// How many rows there are; none when they are streamed.
    count: Option<u64>,
    /// How many rows were passed over or mended (`on_bad_row`); none when they are streamed.
    bad_rows: Option<u64>,
    /// What separates the cells.
    delimiter: String,
}

pub(super) fn node() -> Node {
    Node::action("csv.read", read)
        .pure()
        .icon("file-spreadsheet")
        .fails(ErrorKind::NotFound, "The file is not there.")
        .fails(
            ErrorKind::Invalid,
            "A row has more or fewer cells than the titles and `on_bad_row` is `fail`, or the text is not in the encoding.",
        )
        .fails(ErrorKind::Denied, "The file may not be read.")
        .fails(ErrorKind::Unavailable, "The disk that holds it does not answer.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: orders
  use: csv.read
  with: { path: orders.csv, delimiter: ";" }
- use: flow.for_each
  with: { items: "{{ steps.orders.rows }}", as: order }
  do:
    - use: log.write
      with: { message: "{{ order.number }}" }
"#;

async fn read(cx: &StepContext, settings: Read) -> Result<Table, NodeError> {
    let path = cx.file(&settings.path);
    let reading = Reading {
        charset: Charset::chosen(settings.encoding.as_deref())?,
        delimiter: settings
            .delimiter
            .as_deref()
            .map(dialect::delimiter)
            .transpose()?,
        header: settings.header.row(),
        numbers: settings.numbers,
        on_bad_row: settings.on_bad_row,
    };
    let cancel = cx.cancel().clone();
    let table = cx
        .blocking(move || {
            let file = CsvFile::open(&path, reading)?;
            let streamed = match settings.stream {
                Switch::Is(streamed) => streamed,
                Switch::Auto(_) => {
                    std::fs::metadata(&path).is_ok_and(|found| found.len() > IN_MEMORY)
                }
            };
            let columns = file.columns();
            let delimiter = char::from(file.delimiter()).to_string();
            if streamed {
                return Ok(Table {
                    rows: Any(streamed_rows(file, &settings.path)),
                    columns,
                    count: None,
                    bad_rows: None,
                    delimiter,
                });
            }
            let mut source = file.rows()?;
            let mut rows = Vec::new();
            for row in source.by_ref() {
                rows.push(row?);
                if rows.len() % 4096 == 0 && cancel.is_cancelled() {
                    return Err(NodeError::timeout("reading was stopped"));
                }
            }
            Ok(Table {
                count: Some(rows.len() as u64),
                rows: Any(Value::from(rows)),
                columns,
                bad_rows: Some(source.bad()),
                delimiter,
            })
        })
        .await?;
    if let Some(bad) = table.bad_rows.filter(|bad| *bad > 0) {
        cx.log(
            LogLevel::Warn,
            format!("{bad} rows have more or fewer cells than the first"),
        );
    }
    Ok(table)
}

fn streamed_rows(file: CsvFile, name: &str) -> Value {
    Stream::value(format!("rows of {name}"), move || {
        let rows = file.rows().map_err(|error| in_one_line(&error))?;
        Ok(Box::new(
            Ahead::new(rows).map(|row| row.map_err(|error| in_one_line(&error))),
        ))
    })
}

fn in_one_line(error: &NodeError) -> String {
    match error.help() {
        Some(help) => format!("{error} ({help})"),
        None => error.to_string(),
    }
}
