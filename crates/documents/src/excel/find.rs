use std::path::Path;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_files::rows::cell_text;
use casare_workflow::{Any, Value};
use regex::RegexBuilder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    address::CellAddress,
    cells::{ErrorCell, Wanted},
    target::Target,
    workbook,
};

/// Finds the cells of a workbook that hold a text: .xlsx, .xlsm, .xlsb, .xls or .ods.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Find {
    /// The workbook. A relative path starts at the workflow's folder.
    path: String,
    /// The sheet: its name, or its number from 1. All sheets if not set.
    sheet: Option<Any>,
    /// Which cells are looked at: `A1:D20`, `A:D`, or the name of a table or range. All if not set.
    range: Option<String>,
    /// What is looked for. Numbers and dates are found as steps see them: `12.5`, `2026-03-01`.
    text: String,
    /// How it is looked for.
    #[serde(default)]
    mode: Mode,
    /// Whether capital letters are told from small ones.
    #[serde(default)]
    match_case: bool,
    /// How many are found at most.
    #[serde(default = "most")]
    limit: usize,
}

fn most() -> usize {
    10_000
}

/// How a text is looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// Somewhere in the cell.
    #[default]
    Contains,
    /// It is all that the cell holds.
    Equals,
    /// It is a regular expression.
    Regex,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The cells, in order.
    cells: Vec<Hit>,
    /// How many were found.
    count: usize,
    /// The first one's address, such as `B4`; none if there is none.
    first: Option<String>,
}

/// A cell that was found.
#[derive(Debug, Serialize, JsonSchema)]
struct Hit {
    /// The name of the sheet.
    sheet: String,
    /// Its address, such as `B4`.
    address: String,
    /// The number of its row, from 1.
    row: u32,
    /// The number of its column, from 1.
    column: u32,
    /// What it holds.
    value: Any,
}

pub(super) fn node() -> Node {
    Node::action("excel.find", find)
        .pure()
        .icon("search")
        .fails_reading()
        .fails(
            ErrorKind::NotFound,
            "The workbook has no such sheet or table.",
        )
        .fails(
            ErrorKind::Invalid,
            "The file is no workbook, or is damaged.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: total
  use: excel.find
  with: { path: staff.xlsx, text: Grace }
- use: log.write
  with: { message: "{{ steps.total.first }}" }
"#;

async fn find(cx: &StepContext, settings: Find) -> Result<Found, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || search(&path, &settings)).await
}

fn search(path: &Path, settings: &Find) -> Result<Found, NodeError> {
    let pattern = match settings.mode {
        Mode::Contains => regex::escape(&settings.text),
        Mode::Equals => format!("^(?:{})$", regex::escape(&settings.text)),
        Mode::Regex => settings.text.clone(),
    };
    let pattern = RegexBuilder::new(&pattern)
        .case_insensitive(!settings.match_case)
        .size_limit(4 << 20)
        .build()
        .map_err(|error| {
            NodeError::invalid(format!(
                "setting `text`: `{}` is no regular expression: {error}",
                settings.text
            ))
        })?;
    let mut workbook = workbook::open(path)?;
    let targets = if settings.sheet.is_none() && settings.range.is_none() {
        let sheets = workbook::sheets(&workbook).into_iter();
        sheets.map(|sheet| Target { sheet, area: None }).collect()
    } else {
        vec![Target::find(
            path,
            settings.sheet.as_ref(),
            settings.range.as_deref(),
            &mut workbook,
        )?]
    };
    let mut cells = Vec::new();
    for target in targets {
        let wanted = Wanted {
            path,
            sheet: &target.sheet,
            area: target.area,
            errors: ErrorCell::Text,
            fill_merged: false,
        };
        // A sheet that is a chart has no cells.
        let rows = match wanted.read(&mut workbook) {
            Ok(rows) => rows,
            Err(_) if settings.sheet.is_none() => continue,
            Err(error) => return Err(error),
        };
        for row in rows.into_rows() {
            for (column, value) in (row.first..).zip(row.cells) {
                if cells.len() < settings.limit && matches(&pattern, &value) {
                    let at = CellAddress {
                        row: row.row,
                        column,
                    };
                    cells.push(Hit {
                        sheet: target.sheet.clone(),
                        address: at.to_string(),
                        row: row.row + 1,
                        column: column + 1,
                        value: Any(value),
                    });
                }
            }
        }
    }
    Ok(Found {
        count: cells.len(),
        first: cells.first().map(|cell| cell.address.clone()),
        cells,
    })
}

fn matches(pattern: &regex::Regex, value: &Value) -> bool {
    match value.as_str() {
        Some(text) => pattern.is_match(text),
        None => !value.is_none() && pattern.is_match(&cell_text(value)),
    }
}
