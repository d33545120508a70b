use std::{collections::BTreeMap, path::Path};

use calamine::Reader as _;
use casare_engine::{Cancel, ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_workflow::{Any, Effect, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    address::{Area, CellAddress},
    cell::Taking,
    edit::{Guard, SheetEdit},
    scan::{self, Scan},
    sheet_parts::{self, SheetPart, WorkbookParts},
    styles::Styles,
    tables::Table,
    workbook,
};
use crate::ooxml::{
    package::{Kind, Package},
    xml::EditError,
};
use casare_files::rows::{Columns, Header, rows_of};

/// Writes rows into a sheet of a workbook (.xlsx or .xlsm), new or existing.
///
/// In an existing workbook only the cells that are written change. All else stays as it was, byte
/// by byte: formulas, formats, column widths, charts, pictures, pivot tables, macros, other sheets.
/// Excel computes the formulas anew when it opens the file; until then excel.read sees the values
/// they had. What cannot be done without harm is
/// refused with the cell and the reason: writing inside merged cells, into a part of an array
/// formula, over the titles of a table, into a signed workbook.
///
/// A cell keeps its format; a date gets one that shows it. With `mode: append`, new cells take the
/// formats of the row above, and a table that ends there grows.
///
/// The file is whole or as it was before: it is written beside its place and then moved there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Write {
    /// The workbook: .xlsx, or .xlsm if it is there already.
    pub(super) path: String,
    /// The sheet: its name, or its number from 1. The first if not set; `Sheet1` in a new workbook.
    pub(super) sheet: Option<Any>,
    /// The rows: a list of maps or lists. A cell that is none is emptied.
    pub(super) rows: Any,
    /// Where the first row goes (its titles, if there are any). When appending, the first cell of
    /// the titles that are there.
    #[serde(default = "top_left")]
    pub(super) cell: String,
    /// Which columns are written, in which order. Those of the first row if not set; when
    /// appending, those of the sheet.
    pub(super) columns: Option<Vec<String>>,
    /// Whether the names of the columns are written above the rows, or are there already when
    /// appending.
    #[serde(default = "yes")]
    pub(super) header: bool,
    /// What happens to cells that are there.
    #[serde(default)]
    pub(super) mode: Mode,
    /// Whether texts such as `2026-03-01` or `2026-03-01T08:30:00` become dates.
    #[serde(default = "yes")]
    pub(super) dates: bool,
    /// Whether texts that begin with `=` become formulas. Leave it off for data from outside.
    #[serde(default)]
    pub(super) formulas: bool,
    /// Whether a workbook or sheet that is not there is made.
    #[serde(default = "yes")]
    pub(super) create: bool,
}

fn top_left() -> String {
    "A1".to_owned()
}

fn yes() -> bool {
    true
}

/// What happens to cells that are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mode {
    /// Those that are written to are overwritten, all others stay.
    #[default]
    Overwrite,
    /// All other cells of the sheet are emptied; formats and the titles of tables stay.
    Replace,
    /// All stay: the rows go below the last row with something in it.
    Append,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Written {
    /// The workbook, as a full path.
    path: String,
    /// The name of the sheet.
    sheet: String,
    /// How many rows were written, without titles.
    count: u32,
    /// The cells that were written, titles included, such as `A1:D20`; none if there were none.
    range: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("excel.write", write, |settings: &Write| {
        match settings.mode {
            Mode::Append => Effect::Once,
            Mode::Overwrite | Mode::Replace => Effect::Pure,
        }
    })
    .icon("sheet")
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

const EXAMPLE: &str = r#"- use: excel.write
  with:
    path: out/people.xlsx
    sheet: Staff
    rows:
      - { Name: Ada, Born: "1915-12-10" }
      - { Name: Bo, Born: "1991-05-02" }
"#;

async fn write(cx: &StepContext, settings: Write) -> Result<Written, NodeError> {
    let path = cx.file(&settings.path);
    let cancel = cx.cancel().clone();
    cx.blocking(move || write_sheet(&path, &settings, &cancel))
        .await
}

pub(super) fn write_sheet(
    path: &Path,
    settings: &Write,
    cancel: &Cancel,
) -> Result<Written, NodeError> {
    let exists = check_kind(path, settings.create)?;
    let cell = CellAddress::of_setting("cell", &settings.cell)?;
    let mut package = if exists {
        Package::open(path, Kind::Workbook)?.to_be_changed()?
    } else {
        sheet_parts::blank(path, &new_name(settings.sheet.as_ref())?)?
    };
    let workbook = package.workbook()?;
    let sheet = sheet_of(
        &mut package,
        &workbook,
        settings.sheet.as_ref(),
        settings.create,
        path,
    )?;
    let broken = |error: EditError| {
        NodeError::invalid(format!(
            "{}, sheet `{}`: {error}",
            path.display(),
            sheet.name
        ))
        .with_help("the file may be damaged; open it in Excel and save it anew")
    };
    let scan = scan::scan(package.reader(&sheet.part)?).map_err(broken)?;
    let styles = match &workbook.styles {
        Some(part) => Styles::read(&package.text(part)?).map_err(broken)?,
        None => Styles::default(),
    };
    let tables = Table::of_sheet(&mut package, &sheet.part, &scan.tables)?;
    let start = Start::find(path, settings, &sheet.name, cell, &scan)?;
    let first = start.first;
    let appending = settings.mode == Mode::Append;
    if appending {
        tables
            .iter()
            .try_for_each(|table| table.check_room(first.row))?;
    }
    if exists {
        package.compute_when_opened(&workbook)?;
    }
    let edit = SheetEdit {
        rows: Rows::new(settings, start.columns, start.titles, cancel)?,
        first,
        empty_others: settings.mode == Mode::Replace,
        taking: Taking {
            formulas: settings.formulas,
            dates: settings.dates && styles.can_show_dates(),
            from_1904: workbook.from_1904,
        },
        guard: Guard {
            merged: scan.merged,
            // Where all is emptied, no array formula is left to be broken.
            arrays: match settings.mode {
                Mode::Replace => Vec::new(),
                Mode::Overwrite | Mode::Append => scan.arrays,
            },
            tables,
        },
        styles,
        style_hints: start.style_hints,
    };
    let edited = package.save_edited(
        &sheet.part,
        |xml, out| edit.run(xml, out),
        |package, edited| {
            if let Some(part) = &workbook.styles {
                let changed = edited
                    .styles
                    .changed(&package.text(part)?)
                    .map_err(broken)?;
                if let Some(text) = changed {
                    package.change(part, text);
                }
            }
            if appending && edited.row_count > 0 {
                let last_row = first.row + edited.row_count - 1;
                edited
                    .tables
                    .iter()
                    .try_for_each(|table| table.grow(package, first, last_row))?;
            }
            Ok(edited)
        },
    )?;
    let range = (edited.row_count > 0 && edited.end_column > first.column).then(|| Area {
        first,
        last: CellAddress {
            row: first.row + edited.row_count - 1,
            column: edited.end_column - 1,
        },
    });
    Ok(Written {
        path: path.display().to_string(),
        sheet: sheet.name,
        count: edited.rows.count,
        range: range.map(|range| range.to_string()),
    })
}

/// Whether the workbook is there; refuses files that can't be written.
pub(super) fn check_kind(path: &Path, create: bool) -> Result<bool, NodeError> {
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let exists = path.exists();
    match extension.as_str() {
        "xlsx" => {}
        "xlsm" | "xltx" | "xltm" if exists => {}
        "xlsm" | "xltx" | "xltm" => {
            return Err(NodeError::invalid(format!(
                "{} is not there, and a new workbook can only be .xlsx",
                path.display()
            ))
            .with_help("copy a template with file.copy first, then write into the copy"));
        }
        _ => {
            return Err(NodeError::invalid(format!(
                "{} can't be written: only .xlsx and .xlsm workbooks can",
                path.display()
            ))
            .with_help(
                "choose a name that ends in .xlsx; save an old .xls or an .ods as .xlsx first",
            ));
        }
    }
    if !exists && !create {
        return Err(
            NodeError::not_found(format!("{} is not there", path.display()))
                .with_help("check the path, or set `create: true`"),
        );
    }
    Ok(exists)
}

/// What the sheet of a new workbook is called.
fn new_name(setting: Option<&Any>) -> Result<String, NodeError> {
    match setting.map(|setting| &setting.0) {
        None => Ok("Sheet1".to_owned()),
        Some(name) => match (name.as_str(), name.as_usize()) {
            (Some(name), _) => Ok(name.to_owned()),
            (None, Some(1)) => Ok("Sheet1".to_owned()),
            _ => Err(NodeError::invalid(
                "setting `sheet`: the workbook is new and has no sheet of that number",
            )
            .with_help("give the sheet's name")),
        },
    }
}

pub(super) fn sheet_of(
    package: &mut Package,
    workbook: &WorkbookParts,
    sheet: Option<&Any>,
    create: bool,
    path: &Path,
) -> Result<SheetPart, NodeError> {
    let names: Vec<String> = workbook
        .sheets
        .iter()
        .map(|sheet| sheet.name.clone())
        .collect();
    match workbook::choose(sheet, &names, path) {
        Ok(index) if workbook.sheets[index].has_cells => Ok(workbook.sheets[index].clone()),
        Ok(index) => Err(NodeError::invalid(format!(
            "sheet `{}` of {} is a chart, and has no cells to write to",
            names[index],
            path.display()
        ))),
        Err(error) => {
            let name = sheet.and_then(|sheet| sheet.0.as_str());
            match name.filter(|_| create) {
                Some(name) => package.add_sheet(workbook, name),
                None => Err(error),
            }
        }
    }
}

/// Where the rows go, and in which columns.
struct Start {
    first: CellAddress,
    columns: Columns,
    titles: bool,
    style_hints: BTreeMap<u32, u32>,
}

impl Start {
    fn find(
        path: &Path,
        settings: &Write,
        sheet: &str,
        cell: CellAddress,
        scan: &Scan,
    ) -> Result<Self, NodeError> {
        let last_row = scan.last_row.filter(|last| *last >= cell.row);
        let (Mode::Append, Some(last_row)) = (settings.mode, last_row) else {
            return Ok(Self {
                first: cell,
                columns: Columns::new(settings.columns.clone()),
                titles: settings.header,
                style_hints: BTreeMap::new(),
            });
        };
        let columns = if settings.header {
            if settings.columns.is_some() {
                return Err(NodeError::invalid(
                    "setting `columns`: rows are appended below titles that say the columns",
                )
                .with_help("leave `columns` out, or set `header: false`"));
            }
            Columns::of_file(titles(path, sheet, cell)?)
        } else {
            Columns::new(settings.columns.clone())
        };
        let above_is_data = !settings.header || last_row > cell.row;
        Ok(Self {
            first: CellAddress {
                row: last_row + 1,
                column: cell.column,
            },
            columns,
            titles: false,
            style_hints: if above_is_data {
                scan.last_row_styles.clone()
            } else {
                BTreeMap::new()
            },
        })
    }
}

/// The titles that stand at `cell`, named as excel.read names them.
fn titles(path: &Path, sheet: &str, cell: CellAddress) -> Result<Vec<String>, NodeError> {
    let mut workbook = workbook::open(path)?;
    let cells = workbook
        .worksheet_range(sheet)
        .map_err(|error| workbook::damaged_sheet(path, sheet, &error.to_string()))?;
    let end = cells.end().map_or(0, |(_, column)| column);
    let mut titles: Vec<String> = (cell.column..=end)
        .map(|column| {
            cells
                .get_value((cell.row, column))
                .map_or_else(String::new, ToString::to_string)
        })
        .collect();
    while titles.last().is_some_and(|title| title.trim().is_empty()) {
        titles.pop();
    }
    if titles.is_empty() {
        return Err(NodeError::not_found(format!(
            "{}, sheet `{sheet}`: there are no titles at {cell} to append below",
            path.display()
        ))
        .with_help("say with `cell` where the titles begin, or set `header: false`"));
    }
    Ok(Header::new(titles).names())
}

/// The rows as cells, the titles first.
struct Rows {
    source: Box<dyn Iterator<Item = Result<Value, NodeError>> + Send>,
    columns: Columns,
    titles: bool,
    /// The first row, while the titles that it says are written.
    held: Option<Vec<Value>>,
    count: u32,
    cancel: Cancel,
}

impl Rows {
    fn new(
        settings: &Write,
        columns: Columns,
        titles: bool,
        cancel: &Cancel,
    ) -> Result<Self, NodeError> {
        Ok(Self {
            source: Box::new(rows_of(&settings.rows.0)?),
            columns,
            titles,
            held: None,
            count: 0,
            cancel: cancel.clone(),
        })
    }

    fn row(&mut self) -> Option<Result<Vec<Value>, NodeError>> {
        if let Some(held) = self.held.take() {
            return Some(Ok(held));
        }
        if self.cancel.is_cancelled() {
            return Some(Err(NodeError::timeout("writing was stopped")));
        }
        let row = self.source.next()?;
        self.count += 1;
        Some(row.and_then(|row| self.columns.cells(&row, u64::from(self.count))))
    }
}

impl Iterator for Rows {
    type Item = Result<Vec<Value>, NodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if !std::mem::take(&mut self.titles) {
            return self.row();
        }
        match self.row() {
            Some(Ok(row)) => self.held = Some(row),
            Some(Err(error)) => return Some(Err(error)),
            None => {}
        }
        match self.columns.names() {
            Some(names) => Some(Ok(names
                .iter()
                .map(|name| Value::from(name.as_str()))
                .collect())),
            None => self.row(),
        }
    }
}

#[cfg(test)]
mod tests;
