use std::path::Path;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    address::{Area, CellAddress},
    book::{Book, is_open},
    formats::Format,
    patch::{ColumnChange, NewCell, Patch},
    write_cells::check_area,
};

/// Changes how cells of a workbook look: number formats, fonts, colours, borders, widths, merging.
///
/// What a format does not set stays as it is, and so does what the cells hold. Whole columns (`A:D`)
/// get a format for cells that are added later as well.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Style {
    /// The workbook: .xlsx or .xlsm.
    path: String,
    /// The sheet: its name, or its number from 1. The first if not set.
    sheet: Option<Any>,
    /// Which cells: `A1:D1`, the columns `A:D`, the rows `1:1`, or the name of a table or range.
    range: String,
    /// How they look.
    #[serde(default)]
    format: Format,
    /// How wide the columns are, in characters.
    width: Option<f64>,
    /// How high the rows are, in points.
    height: Option<f64>,
    /// Whether the cells become one.
    #[serde(default)]
    merge: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Styled {
    /// The workbook, as a full path.
    path: String,
    /// The name of the sheet.
    sheet: String,
    /// The cells, such as `A1:D1`.
    range: String,
}

pub(super) fn node() -> Node {
    Node::action("excel.style", style)
        .pure()
        .icon("paintbrush")
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

const EXAMPLE: &str = r##"- use: excel.style
  with:
    path: staff.xlsx
    sheet: Staff
    range: A1:D1
    format: { bold: true, fill: "#DDEBF7", border: thin }
    width: 18
"##;

async fn style(cx: &StepContext, settings: Style) -> Result<Styled, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || apply(&path, &settings)).await
}

fn apply(path: &Path, settings: &Style) -> Result<Styled, NodeError> {
    let mut book = Book::open(path)?;
    let (sheet, target) = book.target(settings.sheet.as_ref(), Some(&settings.range))?;
    let area = target.area.unwrap_or(Area {
        first: CellAddress { row: 0, column: 0 },
        last: CellAddress { row: 0, column: 0 },
    });
    let (down, across) = is_open(&area);
    for (name, size, most) in [
        ("width", settings.width, 255.0),
        ("height", settings.height, 409.0),
    ] {
        if size.is_some_and(|size| !(0.0..=most).contains(&size)) {
            return Err(NodeError::invalid(format!(
                "setting `{name}`: it lies between 0 and {most}"
            )));
        }
    }
    if !down && !across {
        check_area(&area)?;
    }
    if settings.merge && !area.is_one_cell() {
        let guard = book.guard(&sheet)?;
        if let Some(other) = guard.merged.iter().find(|merged| merged.overlaps(&area)) {
            return Err(NodeError::conflict(format!(
                "{area} can't be merged: {other} is merged already"
            ))
            .permanent());
        }
    }
    let formats = book.formats.clone();
    let mut patch = Patch::new(|asked| {
        let style = formats
            .borrow_mut()
            .with(asked.style, &settings.format, 0)?;
        Ok(if style == asked.style && asked.old.is_some() {
            NewCell::Keep
        } else {
            NewCell::Style(style)
        })
    });
    if !settings.format.is_empty() {
        if down || across {
            patch.existing.push(area);
        } else {
            patch.area(area);
        }
    }
    let column_style = (down && !across && !settings.format.is_empty())
        .then(|| formats.borrow_mut().with(0, &settings.format, 0).ok())
        .flatten();
    if (settings.width.is_some() || column_style.is_some()) && !across {
        patch.columns.push(ColumnChange {
            first: area.first.column,
            last: area.last.column,
            width: settings.width,
            style: column_style,
        });
    }
    if let Some(height) = settings.height.filter(|_| !down) {
        let rows = area.first.row..=area.last.row;
        patch.heights.extend(rows.map(|row| (row, height)));
    }
    if settings.merge && !area.is_one_cell() {
        patch.merge.push(area);
    }
    book.save(&sheet, false, patch)?;
    Ok(Styled {
        path: path.display().to_string(),
        sheet: sheet.name,
        range: area.to_string(),
    })
}
