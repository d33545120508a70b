use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::Deserialize;

use super::write::{Mode, Write, Written, write_sheet};

/// Appends rows below the last row of a sheet (.xlsx or .xlsm), new or existing.
///
/// Each row's cells go below the titles of the same name. New cells take the formats of the row
/// above, and a table that ends there grows. All else in the workbook stays as it was; the file is
/// whole or as it was before.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Append {
    /// The workbook: .xlsx, or .xlsm if it is there already.
    path: String,
    /// The sheet: its name, or its number from 1. The first if not set; `Sheet1` in a new workbook.
    sheet: Option<Any>,
    /// The rows: a list of maps or lists.
    rows: Any,
    /// The first cell of the titles, or of the rows where there are none.
    #[serde(default = "top_left")]
    cell: String,
    /// Whether the sheet has titles; they are written if the sheet is empty.
    #[serde(default = "yes")]
    header: bool,
    /// Whether texts such as `2026-03-01` or `2026-03-01T08:30:00` become dates.
    #[serde(default = "yes")]
    dates: bool,
    /// Whether texts that begin with `=` become formulas. Leave it off for data from outside.
    #[serde(default)]
    formulas: bool,
}

fn top_left() -> String {
    "A1".to_owned()
}

fn yes() -> bool {
    true
}

pub(super) fn node() -> Node {
    Node::action("excel.append", append)
        .icon("table-rows-split")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::NotFound,
            "The workbook has no such sheet or table.",
        )
        .fails(
            ErrorKind::Conflict,
            "The cell is in a merged area, a shared formula or a table, which would be damaged.",
        )
        .fails(
            ErrorKind::Invalid,
            "The file is no workbook, or is damaged.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: excel.append
  with:
    path: staff.xlsx
    sheet: Staff
    rows:
      - { First Name: Eve, Age: 41, Started: "2026-03-01" }
"#;

async fn append(cx: &StepContext, settings: Append) -> Result<Written, NodeError> {
    let path = cx.file(&settings.path);
    let cancel = cx.cancel().clone();
    let settings = Write {
        path: settings.path,
        sheet: settings.sheet,
        rows: settings.rows,
        cell: settings.cell,
        columns: None,
        header: settings.header,
        mode: Mode::Append,
        dates: settings.dates,
        formulas: settings.formulas,
        create: true,
    };
    cx.blocking(move || write_sheet(&path, &settings, &cancel))
        .await
}
