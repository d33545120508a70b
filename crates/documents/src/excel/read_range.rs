use std::path::Path;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    address::{Area, CellAddress},
    book::is_open,
    cells::{ErrorCell, Wanted},
    formulas,
    read_cell::CellKind,
    target::Target,
    workbook,
};

/// Reads the cells of a range as they stand, with their formulas: .xlsx, .xlsm, .xlsb, .xls or .ods.
///
/// For rows with named columns use excel.read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadRange {
    /// The workbook. A relative path starts at the workflow's folder.
    path: String,
    /// The sheet: its name, or its number from 1. The first if not set.
    sheet: Option<Any>,
    /// Which cells: `A1:D20`, the columns `A:D`, the rows `2:20`, `B4` for all from there on, or the
    /// name of a table or range. All if not set.
    range: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Contents {
    /// The rows, each a list of values; none for an empty cell, `#N/A` and its like for errors.
    rows: Any,
    /// The cells that hold something, in order.
    cells: Vec<Cell>,
    /// How many these are.
    count: usize,
    /// The cells that were read, such as `A1:D20`; none if the sheet is empty there.
    range: Option<String>,
    /// The name of the sheet.
    sheet: String,
}

/// A cell that holds something.
#[derive(Debug, Serialize, JsonSchema)]
struct Cell {
    /// Its address, such as `B4`.
    address: String,
    /// The number of its row, from 1.
    row: u32,
    /// The number of its column, from 1.
    column: u32,
    /// What it holds.
    value: Any,
    /// What kind of value it is.
    kind: CellKind,
    /// Its formula, such as `=SUM(A1:A3)`; none if it has none.
    formula: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action("excel.read_range", read_range)
        .pure()
        .icon("grid-3x3")
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

const EXAMPLE: &str = r#"- id: block
  use: excel.read_range
  with: { path: staff.xlsx, sheet: Staff, range: A1:D4 }
- use: log.write
  with: { message: "{{ steps.block.rows[1][0] }}" }
"#;

async fn read_range(cx: &StepContext, settings: ReadRange) -> Result<Contents, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || read(&path, &settings)).await
}

fn read(path: &Path, settings: &ReadRange) -> Result<Contents, NodeError> {
    let mut workbook = workbook::open(path)?;
    let target = Target::find(
        path,
        settings.sheet.as_ref(),
        settings.range.as_deref(),
        &mut workbook,
    )?;
    let wanted = Wanted {
        path,
        sheet: &target.sheet,
        area: target.area,
        errors: ErrorCell::Text,
        fill_merged: false,
    };
    let values = wanted.read(&mut workbook)?;
    let mut formulas = formulas::read(&mut workbook, path, &target.sheet, target.area)?;
    let Some(area) = closed(target.area, values.area(), values.end) else {
        return Ok(Contents {
            rows: Any(Value::from(Vec::<Value>::new())),
            cells: Vec::new(),
            count: 0,
            range: None,
            sheet: target.sheet,
        });
    };
    let width = (area.last.column - area.first.column + 1) as usize;
    let height = (area.last.row - area.first.row + 1) as usize;
    if width.saturating_mul(height) > super::cells::MOST_CELLS {
        return Err(wanted.too_many());
    }
    let mut rows = Vec::with_capacity(height);
    let mut cells = Vec::new();
    let blank = || Value::from(vec![Value::from(()); width]);
    for row in values.into_rows() {
        let number = row.row;
        while rows.len() < (number - area.first.row) as usize {
            rows.push(blank());
        }
        let values = row.columns(area.first.column, area.last.column);
        for (column, value) in (area.first.column..).zip(&values) {
            let at = CellAddress {
                row: number,
                column,
            };
            let formula = formulas.remove(&at).map(|formula| format!("={formula}"));
            if !value.is_none() || formula.is_some() {
                cells.push(Cell {
                    address: at.to_string(),
                    row: number + 1,
                    column: column + 1,
                    kind: CellKind::of(value),
                    value: Any(value.clone()),
                    formula,
                });
            }
        }
        rows.push(Value::from(values));
    }
    while rows.len() < height {
        rows.push(blank());
    }
    // Formulas that were never computed stand in rows without a value.
    cells.extend(formulas.into_iter().map(|(at, formula)| Cell {
        address: at.to_string(),
        row: at.row + 1,
        column: at.column + 1,
        kind: CellKind::Empty,
        value: Any(Value::from(())),
        formula: Some(format!("={formula}")),
    }));
    cells.sort_by_key(|cell| (cell.row, cell.column));
    Ok(Contents {
        rows: Any(Value::from(rows)),
        count: cells.len(),
        cells,
        range: Some(area.to_string()),
        sheet: target.sheet,
    })
}

/// What was asked for, its open ends closed where the sheet ends.
fn closed(asked: Option<Area>, used: Option<Area>, end: Option<CellAddress>) -> Option<Area> {
    let Some(asked) = asked else {
        return used;
    };
    let (down, across) = is_open(&asked);
    let mut area = asked;
    if down {
        area.last.row = end?.row;
    }
    if across {
        area.last.column = end?.column;
    }
    (area.first.row <= area.last.row && area.first.column <= area.last.column).then_some(area)
}
