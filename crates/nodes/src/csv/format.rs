use std::path::Path;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::{Charset, TextWriter, rows::Columns};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    dialect,
    write::{Quotes, Sheet},
};

/// Writes rows as CSV text, for a message or a request; csv.write makes files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Format {
    /// The rows: a list of maps or lists.
    rows: Any,
    /// Which columns are written, in which order. Those of the first row if not set.
    columns: Option<Vec<String>>,
    /// Whether the names of the columns are written as the first row.
    #[serde(default = "yes")]
    header: bool,
    /// What separates cells: a character such as `;`, or `tab`. A comma if not set.
    delimiter: Option<String>,
    /// Which cells are put into quotes.
    #[serde(default)]
    quotes: Quotes,
    /// Whether texts that a spreadsheet would take for a formula get an apostrophe in front: see
    /// csv.write.
    #[serde(default)]
    guard_formulas: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Formatted {
    /// The CSV text.
    text: String,
    /// How many rows were written, without the header.
    count: u64,
}

pub(super) fn node() -> Node {
    Node::action("csv.format", format)
        .pure()
        .icon("file-spreadsheet")
        .fails(ErrorKind::Invalid, "A row does not fit the columns.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: people
  use: csv.format
  with:
    rows: [{ name: Ada, note: "=1+1" }]
    guard_formulas: true
- use: log.write
  with: { message: "{{ steps.people.text }}" }
"#;

async fn format(cx: &StepContext, settings: Format) -> Result<Formatted, NodeError> {
    let delimiter = settings.delimiter.as_deref().map(dialect::delimiter);
    let delimiter = delimiter.transpose()?.unwrap_or(b',');
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let sheet = Sheet {
            rows: &settings.rows.0,
            quotes: settings.quotes,
            guard: settings.guard_formulas,
            columns: Columns::new(settings.columns),
            header: settings.header,
            delimiter,
            cancel,
        };
        let out = TextWriter::new(Vec::new(), Charset::UTF_8);
        let (bytes, count) = sheet.write(out, Path::new("the text"))?;
        let text = String::from_utf8(bytes).map_err(|_| NodeError::bug("CSV text is no UTF-8"))?;
        Ok(Formatted { text, count })
    })
    .await
}
