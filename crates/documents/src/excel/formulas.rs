//! The formulas of a sheet, for reading.

use std::{collections::BTreeMap, path::Path};

use calamine::{Reader as _, Sheets};
use casare_engine::NodeError;

use super::{
    address::{Area, CellAddress},
    workbook::{Workbook, damaged_sheet},
};

/// So many are read at most.
const MOST: usize = 5_000_000;

/// The formulas in `area` (all if not set), without their `=`.
pub(super) fn read(
    workbook: &mut Workbook,
    path: &Path,
    sheet: &str,
    area: Option<Area>,
) -> Result<BTreeMap<CellAddress, String>, NodeError> {
    let mut found = BTreeMap::new();
    let mut take = |(row, column): (u32, u32), formula: String| -> Result<(), NodeError> {
        let at = CellAddress { row, column };
        if !formula.is_empty() && area.is_none_or(|area| area.contains(at)) {
            found.insert(at, formula);
        }
        if found.len() > MOST {
            return Err(NodeError::invalid(format!(
                "sheet `{sheet}` has more than {MOST} formulas"
            ))
            .with_help("read a part of it with `range`"));
        }
        Ok(())
    };
    let failed = |error: &dyn std::fmt::Display| damaged_sheet(path, sheet, &error.to_string());
    match workbook {
        Sheets::Xlsx(book) => {
            let mut cells = book
                .worksheet_cells_reader(sheet)
                .map_err(|error| failed(&error))?;
            while let Some(cell) = cells.next_formula().map_err(|error| failed(&error))? {
                take(cell.get_position(), cell.get_value().clone())?;
            }
        }
        other => {
            let range = other
                .worksheet_formula(sheet)
                .map_err(|error| failed(&error))?;
            let start = range.start().unwrap_or_default();
            for (row, column, formula) in range.used_cells() {
                let at = (start.0 + row as u32, start.1 + column as u32);
                take(at, formula.clone())?;
            }
        }
    }
    Ok(found)
}
