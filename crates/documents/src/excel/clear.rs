use std::path::Path;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    address::{Area, COLUMNS, CellAddress, ROWS},
    book::Book,
    cell::Content,
    patch::{NewCell, Patch},
};

/// Empties cells of a workbook (.xlsx or .xlsm).
///
/// Titles of tables stay, for a table without them would count as damaged.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Clear {
    /// The workbook: .xlsx or .xlsm.
    path: String,
    /// The sheet: its name, or its number from 1. The first if not set.
    sheet: Option<Any>,
    /// Which cells: `A2:D20`, the columns `A:D`, the rows `2:20`, `A2` for all from there on, or the
    /// name of a table or range. All if not set.
    range: Option<String>,
    /// What goes.
    #[serde(default)]
    what: What,
}

/// What goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum What {
    /// What the cells hold; their formats stay.
    #[default]
    Contents,
    /// The formats; what the cells hold stays.
    Formats,
    /// Both.
    All,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Cleared {
    /// The workbook, as a full path.
    path: String,
    /// The name of the sheet.
    sheet: String,
    /// How many cells were there.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("excel.clear", clear)
        .pure()
        .icon("eraser")
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

const EXAMPLE: &str = r"- use: excel.clear
  with: { path: staff.xlsx, sheet: Staff, range: D2:D10 }
";

async fn clear(cx: &StepContext, settings: Clear) -> Result<Cleared, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || empty(&path, &settings)).await
}

fn empty(path: &Path, settings: &Clear) -> Result<Cleared, NodeError> {
    let mut book = Book::open(path)?;
    let (sheet, target) = book.target(settings.sheet.as_ref(), settings.range.as_deref())?;
    let area = target.area.unwrap_or(Area {
        first: CellAddress { row: 0, column: 0 },
        last: CellAddress {
            row: ROWS - 1,
            column: COLUMNS - 1,
        },
    });
    let mut guard = book.guard(&sheet)?;
    // An array formula that goes as a whole is not broken.
    guard.arrays.retain(|array| !area.holds(array));
    let count = std::cell::Cell::new(0);
    let values = settings.what != What::Formats;
    let mut patch = Patch::new(|asked| {
        count.set(count.get() + 1);
        if guard.holds_title(asked.at) {
            return Ok(NewCell::Keep);
        }
        if settings.what == What::Formats {
            return Ok(NewCell::Style(0));
        }
        guard.check(asked.at, &Value::from(()))?;
        let style = match settings.what {
            What::All => 0,
            _ => asked.style,
        };
        Ok(NewCell::Content(Content::Empty, style))
    });
    patch.existing.push(area);
    book.save(&sheet, values, patch)?;
    Ok(Cleared {
        path: path.display().to_string(),
        sheet: sheet.name,
        count: count.get(),
    })
}
