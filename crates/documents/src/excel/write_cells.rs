use std::{collections::BTreeMap, path::Path};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_workflow::{Any, Value, value::pairs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    address::{Area, CellAddress},
    book::Book,
    cell::{Content, Taking},
    formats::Format,
    patch::{NewCell, Patch},
    write::check_kind,
};

/// Writes single cells of a workbook (.xlsx or .xlsm): values, formulas, formats.
///
/// Only these cells change; all else stays as it was, byte by byte. Excel computes formulas when it
/// opens the file; until then excel.read sees the values they had, and none for a new formula.
/// Cells inside merged ones, parts of array formulas and titles of tables are refused.
///
/// The file is whole or as it was before.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteCells {
    /// The workbook: .xlsx, or .xlsm if it is there already.
    path: String,
    /// The sheet: its name, or its number from 1. The first if not set.
    sheet: Option<Any>,
    /// What goes where: a map from a cell (`B4`, or the name of a cell) to a value. A list writes
    /// the cells to its right, a list of lists a block; none empties the cell.
    cells: Any,
    /// Whether texts that begin with `=` become formulas. Switch it off for data from outside.
    #[serde(default = "yes")]
    formulas: bool,
    /// Whether texts such as `2026-03-01` or `2026-03-01T08:30:00` become dates.
    #[serde(default = "yes")]
    dates: bool,
    /// How the cells look; what is not set stays as it is.
    #[serde(default)]
    format: Format,
    /// Whether a workbook or sheet that is not there is made.
    #[serde(default)]
    create: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Written {
    /// The workbook, as a full path.
    path: String,
    /// The name of the sheet.
    sheet: String,
    /// How many cells were written.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("excel.write_cells", write_cells)
        .pure()
        .icon("square-pen")
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

const EXAMPLE: &str = r#"- use: excel.write_cells
  with:
    path: staff.xlsx
    sheet: Staff
    cells:
      E1: Bonus
      E2: "=C2*0.1"
      E3: [10, 20]
    format: { bold: true, number_format: "0.00" }
"#;

async fn write_cells(cx: &StepContext, settings: WriteCells) -> Result<Written, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || write(&path, &settings)).await
}

fn write(path: &Path, settings: &WriteCells) -> Result<Written, NodeError> {
    if !check_kind(path, settings.create)? {
        let name = settings.sheet.as_ref().and_then(|sheet| sheet.0.as_str());
        super::sheet_parts::blank(path, name.unwrap_or("Sheet1"))?.save()?;
    }
    let mut book = Book::open(path)?;
    if settings.create
        && let Some(name) = settings.sheet.as_ref().and_then(|sheet| sheet.0.as_str())
        && !book.parts.has_sheet(name)
    {
        book.package.add_sheet(&book.parts, name)?;
        book.package.save()?;
        book = Book::open(path)?;
    }
    let (sheet, _) = book.target(settings.sheet.as_ref(), None)?;
    let mut values = BTreeMap::new();
    for (key, value) in pairs(&settings.cells.0) {
        let key = key.to_string();
        let start = if let Some(start) = CellAddress::parse(&key) {
            start
        } else {
            let (named, target) = book.target(settings.sheet.as_ref(), Some(&key))?;
            if named.name != sheet.name {
                return Err(NodeError::invalid(format!(
                    "`{key}` is on the sheet `{}`, not on `{}`",
                    named.name, sheet.name
                ))
                .with_help("write to each sheet in a step of its own"));
            }
            target.first()
        };
        spread(start, value, &mut values);
    }
    if values.is_empty() {
        return Err(NodeError::invalid(
            "setting `cells` is a map from cells to values, and has none",
        )
        .with_help("for example `cells: { B4: 12 }`"));
    }
    let guard = book.guard(&sheet)?;
    for (at, value) in &values {
        guard.check(*at, value)?;
    }
    let taking = Taking {
        formulas: settings.formulas,
        dates: settings.dates && book.parts.styles.is_some(),
        from_1904: book.parts.from_1904,
    };
    let count = values.len();
    let formats = book.formats.clone();
    let addresses: Vec<CellAddress> = values.keys().copied().collect();
    let mut patch = Patch::new(|asked| {
        let Some(value) = values.get(&asked.at) else {
            return Ok(NewCell::Keep);
        };
        let content = taking.content(value, asked.at)?;
        let mut formats = formats.borrow_mut();
        let mut style = formats.with(asked.style, &settings.format, 0)?;
        if let Content::Date(_, kind) = content {
            style = formats.for_date(style, kind)?;
        }
        Ok(NewCell::Content(content, style))
    });
    for at in addresses {
        patch.cell(at);
    }
    book.save(&sheet, true, patch)?;
    Ok(Written {
        path: path.display().to_string(),
        sheet: sheet.name,
        count,
    })
}

/// A value is a cell, a list a row of them, a list of lists a block.
fn spread(start: CellAddress, value: Value, cells: &mut BTreeMap<CellAddress, Value>) {
    use minijinja::value::ValueKind::{Iterable, Seq};
    let items = |value: &Value| -> Option<Vec<Value>> {
        matches!(value.kind(), Seq | Iterable)
            .then(|| value.try_iter().ok().map(Iterator::collect))
            .flatten()
    };
    let Some(row) = items(&value) else {
        cells.insert(start, value);
        return;
    };
    let block = row.iter().any(|cell| items(cell).is_some());
    for (index, item) in (0..).zip(row) {
        if block {
            let start = CellAddress {
                row: start.row + index,
                ..start
            };
            let row = items(&item).unwrap_or_else(|| vec![item]);
            for (column, cell) in (start.column..).zip(row) {
                cells.insert(CellAddress { column, ..start }, cell);
            }
        } else {
            let at = CellAddress {
                column: start.column + index,
                ..start
            };
            cells.insert(at, item);
        }
    }
}

/// How many cells an area may have to be changed one by one.
pub(super) fn check_area(area: &Area) -> Result<(), NodeError> {
    const MOST: u64 = 5_000_000;
    let rows = u64::from(area.last.row - area.first.row) + 1;
    let columns = u64::from(area.last.column - area.first.column) + 1;
    if rows * columns > MOST {
        return Err(NodeError::invalid(format!(
            "{area} has {} cells; no more than {MOST} are changed in one step",
            rows * columns
        ))
        .with_help("choose a smaller range, or whole columns such as `A:D`"));
    }
    Ok(())
}
