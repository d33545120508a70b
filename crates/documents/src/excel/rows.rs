use std::path::Path;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    address::{Area, COLUMNS, ROWS},
    book::{Book, damaged},
    follow::{follow, moved_sheet},
    references::{Axis, Move},
};

/// Puts empty rows or columns into a sheet, or takes some out (.xlsx or .xlsm).
///
/// Everything below or to the right moves, and all that refers to it follows: formulas in every
/// sheet, names, tables, merged cells, conditional formats, charts, pictures and pivot tables. A
/// formula that refers to a row that goes shows `#REF!`, as in Excel. The titles of a table and
/// parts of an array formula can't go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rows {
    /// The workbook: .xlsx or .xlsm.
    path: String,
    /// The sheet: its name, or its number from 1. The first if not set.
    sheet: Option<Any>,
    /// Whether rows or columns are put in or taken out.
    action: Action,
    /// Where: the number of a row, such as `5`, or the letters of a column, such as `C`. What is put
    /// in comes before it; what is taken out begins there.
    at: Any,
    /// How many.
    #[serde(default = "one")]
    count: u32,
}

fn one() -> u32 {
    1
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// They are put in.
    Insert,
    /// They are taken out.
    Delete,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Changed {
    /// The workbook, as a full path.
    path: String,
    /// The name of the sheet.
    sheet: String,
    /// How many rows or columns it were.
    count: u32,
}

pub(super) fn node() -> Node {
    Node::action("excel.rows", rows)
        .icon("rows-3")
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

const EXAMPLE: &str = r"- use: excel.rows
  with: { path: staff.xlsx, sheet: Staff, action: insert, at: 2, count: 1 }
";

async fn rows(cx: &StepContext, settings: Rows) -> Result<Changed, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || change(&path, &settings)).await
}

fn change(path: &Path, settings: &Rows) -> Result<Changed, NodeError> {
    let (axis, at) = line(settings)?;
    let count = settings.count;
    let change = match settings.action {
        Action::Insert => Move::Insert { axis, at, count },
        Action::Delete => Move::Delete { axis, at, count },
    };
    let mut book = Book::open(path)?;
    let (sheet, _) = book.target(settings.sheet.as_ref(), None)?;
    let guard = book.guard(&sheet)?;
    let span = |area: &Area| match axis {
        Axis::Rows => (area.first.row, area.last.row),
        Axis::Columns => (area.first.column, area.last.column),
    };
    for array in &guard.arrays {
        let (first, last) = span(array);
        let split = match settings.action {
            Action::Insert => first < at && at <= last,
            Action::Delete => {
                first < at + count && at <= last && (first < at || last >= at + count)
            }
        };
        if split {
            return Err(NodeError::conflict(format!(
                "one formula fills {array}, which can't be changed in part"
            ))
            .permanent());
        }
    }
    for table in &guard.tables {
        let (first, last) = span(&table.area);
        let touches = first < at + count && at <= last;
        let loses_titles = axis == Axis::Rows && first >= at && first < at + count;
        let columns_change = axis == Axis::Columns
            && match settings.action {
                Action::Insert => first < at && at <= last,
                Action::Delete => touches,
            };
        if (settings.action == Action::Delete && touches && loses_titles) || columns_change {
            return Err(NodeError::conflict(format!(
                "the table `{}` at {} would lose its titles or change its columns",
                table.name(),
                table.area
            ))
            .permanent()
            .with_help("choose rows below its titles, or change the table in Excel"));
        }
    }
    drop(guard);
    book.package.compute_when_opened(&book.parts)?;
    let text = book.package.text(&sheet.part)?;
    let moved = moved_sheet(&text, &sheet.name, &change)
        .map_err(|error| damaged(path, &sheet.name, &error))?;
    book.package.change(&sheet.part, moved);
    follow(
        &mut book.package,
        &book.parts,
        &sheet.name,
        &sheet.part,
        &change,
    )?;
    book.package.save()?;
    Ok(Changed {
        path: path.display().to_string(),
        sheet: sheet.name,
        count,
    })
}

fn line(settings: &Rows) -> Result<(Axis, u32), NodeError> {
    let wrong = || {
        NodeError::invalid("setting `at` is the number of a row, such as 5, or a column, such as C")
    };
    let number = settings.at.0.as_usize().map(|number| number.to_string());
    let text = number
        .as_deref()
        .or_else(|| settings.at.0.as_str())
        .ok_or_else(wrong)?;
    let area = Area::of_setting(&format!("{text}:{text}")).map_err(|_| wrong())?;
    let axis = if text.starts_with(|c: char| c.is_ascii_digit()) {
        Axis::Rows
    } else {
        Axis::Columns
    };
    let (at, limit) = match axis {
        Axis::Rows => (area.first.row, ROWS),
        Axis::Columns => (area.first.column, COLUMNS),
    };
    if settings.count == 0 || settings.count > limit - at {
        return Err(NodeError::invalid(format!(
            "setting `count` lies between 1 and {}",
            limit - at
        )));
    }
    Ok((axis, at))
}
