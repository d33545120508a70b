use std::path::Path;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    address::{Area, COLUMNS, CellAddress},
    cells::{CellRows, ErrorCell, Wanted},
    target::Target,
    workbook,
};
use casare_files::rows::{Header, Row, cell_text};

/// Reads a sheet of a workbook: .xlsx, .xlsm, .xlsb, .xls or .ods.
///
/// `rows` is a list of maps, one a row: `{{ row['First Name'] }}`. Numbers are numbers, dates are
/// texts such as `2026-03-01` or `2026-03-01T08:30:00`, times and durations `08:30:00`, empty cells
/// are none. Reading starts at the first row that is not empty, unless `range` says where.
///
/// Formulas are not computed here: of each, the value is read that Excel or another program kept when
/// it last computed it. A formula that none has computed yet, such as one that excel.write has just
/// written, is none: open the workbook in Excel and save it, or convert it with
/// `soffice --headless --convert-to xlsx`.
///
/// For a CSV file of a sheet, hand `rows` on to csv.write; for a sheet of a CSV file, the rows of
/// csv.read (`numbers: true`) to excel.write.
///
/// A title that is blank is named after its column (`Column C`), one that occurs again gets a
/// number (`Name (2)`).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    /// The workbook. A relative path starts at the workflow's folder.
    path: String,
    /// The sheet: its name, or its number from 1. The first if not set.
    sheet: Option<Any>,
    /// Which cells: `A1:D20`, the columns `A:D`, the rows `2:20`, `B4` for all from there on, or the
    /// name of a table or of a range that has one.
    range: Option<String>,
    /// Whether the first row holds the names of the columns. Without names, each row is a list.
    #[serde(default = "yes")]
    header: bool,
    /// What merged cells hold (in .xlsx, .xlsm and .xls files; elsewhere only the first has the
    /// value).
    #[serde(default)]
    merged: Merged,
    /// What happens to a cell that shows an error such as `#N/A`.
    #[serde(default)]
    errors: ErrorCells,
    /// What happens to a row all of whose cells are empty.
    #[serde(default)]
    blank_rows: BlankRows,
}

fn yes() -> bool {
    true
}

/// What merged cells hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Merged {
    /// Each has the value that is shown across them: a category merged over three rows is the
    /// category of all three.
    #[default]
    Fill,
    /// Only the first, at the top left, has the value; the others are empty.
    TopLeft,
}

/// What happens to a cell that shows an error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ErrorCells {
    /// The step fails and says the cell.
    #[default]
    Fail,
    /// The cell is none.
    None,
    /// The cell is the text, `#N/A`.
    Text,
}

/// What happens to a row all of whose cells are empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum BlankRows {
    /// It is left out.
    #[default]
    Skip,
    /// It is kept.
    Keep,
    /// The rows end above it.
    Stop,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Contents {
    /// The rows: maps from column names to cells, or lists of cells without names.
    rows: Any,
    /// The names of the columns.
    columns: Vec<String>,
    /// How many rows there are.
    count: usize,
    /// The name of the sheet.
    sheet: String,
    /// The names of all sheets.
    sheets: Vec<String>,
}

pub(super) fn node() -> Node {
    Node::action("excel.read", read)
        .pure()
        .icon("sheet")
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

const EXAMPLE: &str = r#"- id: people
  use: excel.read
  with: { path: staff.xlsx, sheet: Staff, range: A1:D4 }
- use: flow.for_each
  with: { items: "{{ steps.people.rows }}", as: person }
  do:
    - use: log.write
      with: { message: "{{ person['First Name'] }}" }
"#;

async fn read(cx: &StepContext, settings: Read) -> Result<Contents, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || read_sheet(&path, &settings)).await
}

fn read_sheet(path: &Path, settings: &Read) -> Result<Contents, NodeError> {
    let mut workbook = workbook::open(path)?;
    let sheets = workbook::sheets(&workbook);
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
        errors: match settings.errors {
            ErrorCells::Fail => ErrorCell::Fail,
            ErrorCells::None => ErrorCell::None,
            ErrorCells::Text => ErrorCell::Text,
        },
        fill_merged: settings.merged == Merged::Fill,
    };
    let cells = wanted.read(&mut workbook)?;
    drop(workbook);
    let (header, rows) = settings.rows(cells, &wanted)?;
    Ok(Contents {
        count: rows.len(),
        rows: Any(Value::from(rows)),
        columns: header.map(|header| header.names()).unwrap_or_default(),
        sheet: target.sheet,
        sheets,
    })
}

type Table = (Option<std::sync::Arc<Header>>, Vec<Value>);

impl Read {
    fn rows(&self, cells: CellRows, wanted: &Wanted<'_>) -> Result<Table, NodeError> {
        let Some(end) = cells.end else {
            return Ok((None, Vec::new()));
        };
        let area = match (wanted.area, cells.area()) {
            // Columns that were asked for are there even if they are empty.
            (Some(area), _) => Area {
                first: area.first,
                last: CellAddress {
                    row: area.last.row.min(end.row),
                    column: match area.last.column {
                        column if column + 1 == COLUMNS => end.column,
                        column => column,
                    },
                },
            },
            (None, Some(used)) => used,
            (None, None) => return Ok((None, Vec::new())),
        };
        let (first, last) = (area.first.column, area.last.column);
        let width = (last + 1).saturating_sub(first) as usize;
        let mut table = Rows {
            settings: self,
            header: None,
            rows: Vec::new(),
            room: super::cells::MOST_CELLS,
        };
        let mut next = area.first.row;
        for row in cells.into_rows() {
            let number = row.row;
            let goes_on = table.blank(number - next, width, wanted)?
                && table.push(row.columns(first, last), false, wanted)?;
            if !goes_on {
                return Ok((table.header, table.rows));
            }
            next = number + 1;
        }
        table.blank((area.last.row + 1).saturating_sub(next), width, wanted)?;
        Ok((table.header, table.rows))
    }
}

/// The rows as they are put together.
struct Rows<'r> {
    settings: &'r Read,
    header: Option<std::sync::Arc<Header>>,
    rows: Vec<Value>,
    room: usize,
}

impl Rows<'_> {
    /// Adds so many blank rows; false where the rows end above them.
    fn blank(&mut self, count: u32, width: usize, wanted: &Wanted<'_>) -> Result<bool, NodeError> {
        let count = match self.settings.blank_rows {
            BlankRows::Keep => count,
            // The first may be the titles; those that are left out need not be looked at.
            BlankRows::Skip | BlankRows::Stop => count.min(2),
        };
        for _ in 0..count {
            if !self.push(vec![Value::from(()); width], true, wanted)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Adds a row; false where the rows end above it.
    fn push(
        &mut self,
        values: Vec<Value>,
        blank: bool,
        wanted: &Wanted<'_>,
    ) -> Result<bool, NodeError> {
        let blank = blank || values.iter().all(Value::is_none);
        let room = self.room.checked_sub(values.len().max(1));
        match (&self.header, self.settings.blank_rows) {
            (None, _) if self.settings.header => {
                if !blank || wanted.area.is_some() {
                    self.header = Some(Header::new(values.iter().map(cell_text)));
                }
                return Ok(true);
            }
            (_, BlankRows::Stop) if blank => return Ok(false),
            (_, BlankRows::Skip) if blank => return Ok(true),
            (Some(header), _) => self.rows.push(Row::of_values(header.clone(), values)),
            (None, _) => self.rows.push(Value::from(values)),
        }
        self.room = room.ok_or_else(|| wanted.too_many())?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use casare_workflow::value::to_json;
    use rust_xlsxwriter::{Format, Workbook};
    use serde_json::{Value as Json, json};

    use super::*;

    fn sheet_of(
        write: impl FnOnce(&mut rust_xlsxwriter::Worksheet),
        settings: Json,
    ) -> Result<Json, NodeError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.xlsx");
        let mut workbook = Workbook::new();
        write(workbook.add_worksheet().set_name("Data").unwrap());
        workbook.add_worksheet().set_name("Other").unwrap();
        workbook.save(&path).unwrap();
        let mut settings = settings;
        settings["path"] = "book.xlsx".into();
        let settings =
            casare_workflow::value::read_settings(casare_workflow::value::from_json(&settings))
                .unwrap();
        read_sheet(&path, &settings).map(|sheet| to_json(&sheet.rows.0))
    }

    #[test]
    fn cells_have_the_values_that_people_see() {
        let rows = sheet_of(
            |sheet| {
                let day = Format::new().set_num_format("dd.mm.yyyy");
                sheet.write_row(2, 1, ["Name", "", "Name", "Born"]).unwrap();
                sheet.write(3, 1, "Ada").unwrap();
                sheet.write(3, 2, 36).unwrap();
                sheet.write(3, 3, 1.5).unwrap();
                sheet.write_with_format(3, 4, 46082, &day).unwrap();
                sheet.write(5, 2, true).unwrap();
            },
            json!({}),
        );

        assert_eq!(
            rows.unwrap(),
            json!([
                { "Name": "Ada", "Column B": 36, "Name (2)": 1.5, "Born": "2026-03-01" },
                { "Name": null, "Column B": true, "Name (2)": null, "Born": null },
            ])
        );
    }

    #[test]
    fn merged_cells_all_have_the_value_shown_across_them() {
        let write = |sheet: &mut rust_xlsxwriter::Worksheet| {
            sheet.write_row(0, 0, ["Country", "City"]).unwrap();
            sheet
                .merge_range(1, 0, 2, 0, "France", &Format::new())
                .unwrap();
            sheet.write(1, 1, "Paris").unwrap();
            sheet.write(2, 1, "Lyon").unwrap();
        };

        assert_eq!(
            sheet_of(write, json!({})).unwrap()[1],
            json!({ "Country": "France", "City": "Lyon" })
        );
        assert_eq!(
            sheet_of(write, json!({ "merged": "top_left" })).unwrap()[1],
            json!({ "Country": null, "City": "Lyon" })
        );
    }

    #[test]
    fn a_range_takes_a_part_of_the_sheet() {
        let write = |sheet: &mut rust_xlsxwriter::Worksheet| {
            for row in 0..5_u16 {
                sheet.write_row(u32::from(row), 0, [row, row * 10]).unwrap();
            }
        };

        assert_eq!(
            sheet_of(write, json!({ "range": "B2:C3", "header": false })).unwrap(),
            json!([[10, null], [20, null]])
        );
        assert_eq!(
            sheet_of(write, json!({ "range": "A4", "header": false })).unwrap(),
            json!([[3, 30], [4, 40]])
        );
    }

    #[test]
    fn a_missing_sheet_is_told_with_those_there_are() {
        let error = sheet_of(|_| (), json!({ "sheet": "Date" })).unwrap_err();

        assert!(
            error
                .message()
                .ends_with("has no sheet `Date`; its sheets: Data, Other")
        );
        assert_eq!(error.help(), Some("did you mean `Data`?"));
        assert!(sheet_of(|_| (), json!({ "sheet": 3 })).is_err());
    }

    #[test]
    fn an_error_in_a_cell_is_not_passed_over() {
        let write = |sheet: &mut rust_xlsxwriter::Worksheet| {
            let failed = rust_xlsxwriter::Formula::new("=1/0").set_result("#DIV/0!");
            sheet.write_row(0, 0, ["Sum"]).unwrap();
            sheet.write(1, 0, failed).unwrap();
            sheet.write(2, 0, 5).unwrap();
        };

        let error = sheet_of(write, json!({})).unwrap_err();

        assert!(
            error
                .message()
                .ends_with("sheet `Data`, cell A2: the cell shows the error #DIV/0!"),
            "{error}"
        );
        assert_eq!(
            sheet_of(write, json!({ "errors": "text" })).unwrap()[0],
            json!({ "Sum": "#DIV/0!" })
        );
    }
}
