use std::path::Path;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_files::rows::{Columns, rows_of};
use casare_workflow::Any;
use rust_xlsxwriter::{Format, Table, TableColumn, Workbook, Worksheet, XlsxError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    address::CellAddress,
    cell::{Content, Taking},
    dates::DateKind,
};
use casare_files::AtomicFile;

/// Makes a new workbook (.xlsx) with one sheet or several.
///
/// Titles are bold and stay in view, columns are as wide as what they hold. The file is whole or not
/// there; an old one is replaced only with `overwrite`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// The workbook: its name ends in .xlsx.
    path: String,
    /// The sheets, in order; one empty `Sheet1` if not set.
    #[serde(default)]
    sheets: Vec<NewSheet>,
    /// Whether a file that is there is replaced.
    #[serde(default)]
    overwrite: bool,
}

/// A sheet of the new workbook.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewSheet {
    /// Its name.
    name: String,
    /// Its rows: a list of maps or lists; none for an empty sheet.
    rows: Option<Any>,
    /// Which columns are written, in which order. Those of the first row if not set.
    columns: Option<Vec<String>>,
    /// Whether the rows become a table, which can be sorted and filtered.
    #[serde(default)]
    table: bool,
    /// Whether texts that begin with `=` become formulas. Leave it off for data from outside.
    #[serde(default)]
    formulas: bool,
    /// Whether texts such as `2026-03-01` become dates.
    #[serde(default = "yes")]
    dates: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Created {
    /// The workbook, as a full path.
    path: String,
    /// The names of its sheets.
    sheets: Vec<String>,
}

pub(super) fn node() -> Node {
    Node::action("excel.create", create)
        .pure()
        .icon("file-spreadsheet")
        .fails_writing()
        .fails(ErrorKind::Conflict, "The workbook is there already.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: excel.create
  with:
    path: out/report.xlsx
    sheets:
      - name: Sales
        table: true
        rows:
          - { Day: "2026-03-01", Amount: 12.5 }
          - { Day: "2026-03-02", Amount: 30 }
      - name: Notes
"#;

async fn create(cx: &StepContext, settings: Create) -> Result<Created, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || make(&path, &settings)).await
}

fn make(path: &Path, settings: &Create) -> Result<Created, NodeError> {
    let is_xlsx = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("xlsx"));
    if !is_xlsx {
        return Err(NodeError::invalid(format!(
            "{}: a new workbook can only be .xlsx",
            path.display()
        )));
    }
    if path.exists() && !settings.overwrite {
        return Err(
            NodeError::conflict(format!("{} is there already", path.display()))
                .permanent()
                .with_help("set `overwrite: true` to replace it"),
        );
    }
    let mut workbook = Workbook::new();
    for sheet in &settings.sheets {
        let worksheet = workbook
            .add_worksheet()
            .set_name(&sheet.name)
            .map_err(|error| refused(&sheet.name, &error))?;
        if let Some(rows) = &sheet.rows {
            sheet.fill(worksheet, rows)?;
        }
    }
    if settings.sheets.is_empty() {
        workbook.add_worksheet();
    }
    let mut file = AtomicFile::create(path)?;
    workbook
        .save_to_writer(&mut file)
        .map_err(|error| refused("the workbook", &error))?;
    file.commit()?;
    let names = workbook.worksheets().iter().map(Worksheet::name);
    Ok(Created {
        path: path.display().to_string(),
        sheets: names.collect(),
    })
}

fn refused(what: &str, error: &XlsxError) -> NodeError {
    NodeError::invalid(format!("{what}: {error}"))
}

impl NewSheet {
    fn fill(&self, worksheet: &mut Worksheet, rows: &Any) -> Result<(), NodeError> {
        let failed = |error: XlsxError| refused(&format!("sheet `{}`", self.name), &error);
        let taking = Taking {
            formulas: self.formulas,
            dates: self.dates,
            from_1904: false,
        };
        let mut columns = Columns::new(self.columns.clone());
        let title = Format::new().set_bold();
        let mut next = 0;
        let mut width = 0;
        for (number, row) in (1..).zip(rows_of(&rows.0)?) {
            let cells = columns.cells(&row?, number)?;
            if next == 0
                && let Some(names) = columns.names()
            {
                for (column, name) in (0..).zip(names) {
                    worksheet
                        .write_with_format(0, column, name.as_str(), &title)
                        .map_err(failed)?;
                }
                worksheet.set_freeze_panes(1, 0).map_err(failed)?;
                next = 1;
            }
            for (column, value) in (0..).zip(&cells) {
                let at = CellAddress {
                    row: next,
                    column: u32::from(column),
                };
                put(worksheet, at, column, taking.content(value, at)?).map_err(failed)?;
            }
            width = width.max(cells.len());
            next += 1;
        }
        if self.table
            && next > 1
            && let Some(names) = columns.names()
        {
            let names: Vec<TableColumn> = names
                .iter()
                .map(|name| TableColumn::new().set_header(name))
                .collect();
            let last = (names.len().max(1) - 1) as u16;
            let table = Table::new().set_columns(&names);
            worksheet
                .add_table(0, 0, next - 1, last, &table)
                .map_err(failed)?;
        }
        worksheet.autofit();
        Ok(())
    }
}

fn put(
    worksheet: &mut Worksheet,
    at: CellAddress,
    column: u16,
    content: Content,
) -> Result<(), XlsxError> {
    match content {
        Content::Empty => {}
        Content::Number(number) => {
            let number: f64 = number.parse().unwrap_or_default();
            worksheet.write(at.row, column, number)?;
        }
        Content::Date(days, kind) => {
            let code = match kind {
                DateKind::Date => "yyyy-mm-dd",
                DateKind::DateTime => "yyyy-mm-dd hh:mm",
            };
            let format = Format::new().set_num_format(code);
            worksheet.write_with_format(at.row, column, days, &format)?;
        }
        Content::Text(text) => {
            worksheet.write_string(at.row, column, text)?;
        }
        Content::Flag(flag) => {
            worksheet.write(at.row, column, flag)?;
        }
        Content::Formula(formula) => {
            worksheet.write_formula(at.row, column, formula.as_str())?;
        }
    }
    Ok(())
}
