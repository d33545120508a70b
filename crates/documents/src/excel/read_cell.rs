use std::path::Path;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    address::Area,
    cells::{ErrorCell, Wanted},
    formulas,
    target::Target,
    workbook,
};

/// Reads one cell of a workbook: .xlsx, .xlsm, .xlsb, .xls or .ods.
///
/// Of a formula, the value is read that was last computed. A cell that shows an error has its text,
/// such as `#N/A`, and the kind `error`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadCell {
    /// The workbook. A relative path starts at the workflow's folder.
    path: String,
    /// The sheet: its name, or its number from 1. The first if not set.
    sheet: Option<Any>,
    /// The cell: `B4`, `Staff!B4`, or the name of a cell.
    cell: String,
}

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CellKind {
    /// Nothing.
    Empty,
    /// A number.
    Number,
    /// A text, or a date.
    Text,
    /// True or false.
    Flag,
    /// An error, such as `#N/A`.
    Error,
}

impl CellKind {
    pub(super) fn of(value: &Value) -> Self {
        use minijinja::value::ValueKind;
        match value.kind() {
            ValueKind::None | ValueKind::Undefined => Self::Empty,
            ValueKind::Number => Self::Number,
            ValueKind::Bool => Self::Flag,
            _ if value.as_str().is_some_and(is_error) => Self::Error,
            _ => Self::Text,
        }
    }
}

fn is_error(text: &str) -> bool {
    const ERRORS: [&str; 8] = [
        "#DIV/0!",
        "#N/A",
        "#NAME?",
        "#NULL!",
        "#NUM!",
        "#REF!",
        "#VALUE!",
        "#GETTING_DATA",
    ];
    ERRORS.contains(&text)
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Cell {
    /// What it holds; none if nothing.
    value: Any,
    /// What kind of value it is.
    kind: CellKind,
    /// Its formula, such as `=SUM(A1:A3)`; none if it has none.
    formula: Option<String>,
    /// Its address, such as `B4`.
    address: String,
    /// The name of the sheet.
    sheet: String,
}

pub(super) fn node() -> Node {
    Node::action("excel.read_cell", read_cell)
        .pure()
        .icon("square-mouse-pointer")
        .fails_reading()
        .fails(
            ErrorKind::NotFound,
            "The workbook has no such sheet or table.",
        )
        .fails(ErrorKind::Denied, "The workbook is locked with a password.")
        .fails(
            ErrorKind::Invalid,
            "The file is no workbook, or is damaged.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: age
  use: excel.read_cell
  with: { path: staff.xlsx, sheet: Staff, cell: C2 }
- use: log.write
  with: { message: "{{ steps.age.value }}" }
"#;

async fn read_cell(cx: &StepContext, settings: ReadCell) -> Result<Cell, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || read(&path, &settings)).await
}

fn read(path: &Path, settings: &ReadCell) -> Result<Cell, NodeError> {
    let mut workbook = workbook::open(path)?;
    let target = Target::find(
        path,
        settings.sheet.as_ref(),
        Some(&settings.cell),
        &mut workbook,
    )?;
    let at = target.first();
    let area = Area {
        first: at,
        last: at,
    };
    let wanted = Wanted {
        path,
        sheet: &target.sheet,
        area: Some(area),
        errors: ErrorCell::Text,
        fill_merged: true,
    };
    let cells = wanted.read(&mut workbook)?;
    let value = cells.get(at).cloned().unwrap_or_else(|| Value::from(()));
    let formula = formulas::read(&mut workbook, path, &target.sheet, Some(area))?
        .remove(&at)
        .map(|formula| format!("={formula}"));
    Ok(Cell {
        kind: CellKind::of(&value),
        value: Any(value),
        formula,
        address: at.to_string(),
        sheet: target.sheet,
    })
}
