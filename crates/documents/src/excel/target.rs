//! Which sheet and which cells of a workbook settings mean: an address, the name of a table, or a
//! name that the workbook gives to some of its cells.

use std::path::Path;

use calamine::{Reader as _, Sheets};
use casare_engine::NodeError;
use casare_files::rows::closest;
use casare_workflow::Any;

use super::{
    address::{Area, CellAddress},
    tables::Table,
    workbook::{self, Workbook},
};
use crate::ooxml::package::{Kind, Package};

/// A sheet, and which of its cells.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) sheet: String,
    /// All if not set.
    pub(super) area: Option<Area>,
}

/// Cells that have a name.
struct Named {
    name: String,
    target: Target,
}

impl Target {
    /// What `sheet` and `range` mean in an open workbook.
    pub(super) fn find(
        path: &Path,
        sheet: Option<&Any>,
        range: Option<&str>,
        workbook: &mut Workbook,
    ) -> Result<Self, NodeError> {
        let sheets = workbook::sheets(workbook);
        let chosen = |sheet| -> Result<String, NodeError> {
            Ok(sheets[workbook::choose(sheet, &sheets, path)?].clone())
        };
        let Some(range) = range else {
            return Ok(Self {
                sheet: chosen(sheet)?,
                area: None,
            });
        };
        let (named, range) = match qualified(range) {
            Some((named, range)) => (Some(Any(named.into())), range),
            None => (None, range.to_owned()),
        };
        let wrong = match Area::of_setting(&range) {
            Ok(area) => {
                return Ok(Self {
                    sheet: chosen(named.as_ref().or(sheet))?,
                    area: Some(area),
                });
            }
            Err(wrong) => wrong,
        };
        let names = names(path, workbook)?;
        by_name(&names, &range, wrong)
    }

    /// What `sheet` and `range` mean in a workbook that is going to be changed.
    pub(super) fn of_file(
        path: &Path,
        sheet: Option<&Any>,
        range: Option<&str>,
    ) -> Result<Self, NodeError> {
        let mut workbook = workbook::open(path)?;
        Self::find(path, sheet, range, &mut workbook)
    }

    /// The first cell.
    pub(super) fn first(&self) -> CellAddress {
        self.area
            .map_or(CellAddress { row: 0, column: 0 }, |area| area.first)
    }
}

fn by_name(names: &[Named], wanted: &str, wrong: NodeError) -> Result<Target, NodeError> {
    let same = |named: &&Named| named.name.to_lowercase() == wanted.to_lowercase();
    if let Some(found) = names.iter().find(same) {
        return Ok(found.target.clone());
    }
    let looks_like_a_name = wanted
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '\\'))
        && wanted.chars().next().is_some_and(|c| !c.is_ascii_digit());
    if !looks_like_a_name {
        return Err(wrong);
    }
    let all = names.iter().map(|named| named.name.as_str());
    let help = match closest(wanted, all.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.is_empty() => "the workbook has no tables and no names of cells".to_owned(),
        None => format!("there are: {}", all.collect::<Vec<_>>().join(", ")),
    };
    Err(NodeError::not_found(format!(
        "`{wanted}` is no range of cells, and no table or name in the workbook"
    ))
    .with_help(help))
}

/// The sheet and the rest of `'My sheet'!A1:B2`.
fn qualified(range: &str) -> Option<(String, String)> {
    let (sheet, rest) = range.trim().trim_start_matches('=').rsplit_once('!')?;
    let sheet = sheet
        .strip_prefix('\'')
        .and_then(|sheet| sheet.strip_suffix('\''))
        .map_or_else(|| sheet.to_owned(), |sheet| sheet.replace("''", "'"));
    Some((sheet, rest.to_owned()))
}

/// All that has a name in the workbook.
fn names(path: &Path, workbook: &Workbook) -> Result<Vec<Named>, NodeError> {
    let mut named: Vec<Named> = workbook
        .defined_names()
        .iter()
        .filter_map(|(name, formula)| {
            let (sheet, range) = qualified(formula)?;
            let area = Area::parse(&range).or_else(|| Area::of_setting(&range).ok())?;
            Some(Named {
                name: name.clone(),
                target: Target {
                    sheet,
                    area: Some(area),
                },
            })
        })
        .collect();
    if matches!(workbook, Sheets::Xlsx(_)) {
        let mut package = Package::open(path, Kind::Workbook)?;
        let parts = package.workbook()?;
        for sheet in &parts.sheets {
            for table in Table::all_of_sheet(&mut package, &sheet.part)? {
                named.push(Named {
                    name: table.name().to_owned(),
                    target: Target {
                        sheet: sheet.name.clone(),
                        area: Some(table.area),
                    },
                });
            }
        }
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_can_say_its_sheet() {
        assert_eq!(
            qualified("'Bob''s sheet'!$A$1:$B$2"),
            Some(("Bob's sheet".to_owned(), "$A$1:$B$2".to_owned()))
        );
        assert_eq!(
            qualified("=Data!A1"),
            Some(("Data".to_owned(), "A1".to_owned()))
        );
        assert_eq!(qualified("A1"), None);
    }
}
