use std::path::Path;

use calamine::{Reader as _, SheetType, SheetVisible};
use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    book::Book,
    follow::follow,
    references::Move,
    sheet_parts::{SheetPart, Visibility},
    workbook,
};

/// Lists, adds, renames, copies, moves, hides or deletes the sheets of a workbook.
///
/// Listing reads .xlsx, .xlsm, .xlsb, .xls and .ods; all else needs .xlsx or .xlsm. Formulas, names
/// and charts follow a sheet that is renamed; those that refer to one that is deleted show `#REF!`.
/// A copy has the cells, formats, widths and merged cells of the sheet, but not its charts, pictures
/// and tables.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Sheets {
    /// The workbook. A relative path starts at the workflow's folder.
    path: String,
    /// What is done.
    #[serde(default)]
    action: Action,
    /// The sheet it is done to: its name, or its number from 1. The first if not set.
    sheet: Option<Any>,
    /// The name of the sheet that is added or copied to, or the new name of the sheet.
    name: Option<String>,
    /// Where the sheet goes, from 1: the last if not set.
    position: Option<usize>,
}

/// What is done with sheets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Nothing: they are listed.
    #[default]
    List,
    /// An empty one called `name` is added.
    Add,
    /// It is called `name` from now on.
    Rename,
    /// It is copied to a new one called `name`.
    Copy,
    /// It goes to `position`.
    Move,
    /// It is not shown any more.
    Hide,
    /// It is shown again.
    Show,
    /// It goes.
    Delete,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listed {
    /// The sheets afterwards, in order.
    sheets: Vec<Sheet>,
    /// Their names, in order.
    names: Vec<String>,
    /// How many there are.
    count: usize,
}

/// A sheet.
#[derive(Debug, Serialize, JsonSchema)]
struct Sheet {
    /// Its name.
    name: String,
    /// Whether it is not shown.
    hidden: bool,
    /// Whether it has cells; a sheet can be a chart and nothing else.
    has_cells: bool,
}

pub(super) fn node() -> Node {
    Node::action("excel.sheets", sheets)
        .icon("layers")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::NotFound,
            "The workbook has no such sheet or table.",
        )
        .fails(
            ErrorKind::Conflict,
            "A sheet of that name is there already, or something refers to it.",
        )
        .fails(
            ErrorKind::Invalid,
            "The file is no workbook, or is damaged.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: excel.sheets
  with: { path: staff.xlsx, action: add, name: Summary, position: 1 }
- id: all
  use: excel.sheets
  with: { path: staff.xlsx }
- use: log.write
  with: { message: "{{ steps.all.names | join(', ') }}" }
"#;

async fn sheets(cx: &StepContext, settings: Sheets) -> Result<Listed, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || {
        if settings.action != Action::List {
            change(&path, &settings)?;
        }
        list(&path)
    })
    .await
}

fn list(path: &Path) -> Result<Listed, NodeError> {
    let workbook = workbook::open(path)?;
    let sheets: Vec<Sheet> = workbook
        .sheets_metadata()
        .iter()
        .map(|sheet| Sheet {
            name: sheet.name.clone(),
            hidden: sheet.visible != SheetVisible::Visible,
            has_cells: sheet.typ != SheetType::ChartSheet,
        })
        .collect();
    Ok(Listed {
        names: sheets.iter().map(|sheet| sheet.name.clone()).collect(),
        count: sheets.len(),
        sheets,
    })
}

fn change(path: &Path, settings: &Sheets) -> Result<(), NodeError> {
    let mut book = Book::open(path)?;
    let name = || {
        settings.name.as_deref().ok_or_else(|| {
            NodeError::invalid("setting `name` is missing")
                .with_help("say what the sheet is called")
        })
    };
    if let Action::Add | Action::Rename | Action::Copy = settings.action {
        let name = name()?;
        let same = match settings.action {
            Action::Rename => {
                let (sheet, _) = book.target(settings.sheet.as_ref(), None)?;
                sheet.name.to_lowercase() == name.to_lowercase()
            }
            _ => false,
        };
        if book.parts.has_sheet(name) && !same {
            return Err(NodeError::conflict(format!(
                "{} has a sheet `{name}` already",
                path.display()
            ))
            .permanent()
            .with_help("choose another name"));
        }
    }
    if settings.action == Action::Add {
        let added = book.package.add_sheet(&book.parts, name()?)?;
        book.parts = book.package.workbook()?;
        if let Some(position) = settings.position {
            book.package.move_sheet(&book.parts, &added, position)?;
        }
        return book.package.save();
    }
    let sheet = chosen(&mut book, settings, path)?;
    match settings.action {
        Action::List | Action::Add => {}
        Action::Rename => {
            let name = name()?;
            // The writer of new workbooks knows what a sheet may be called.
            super::sheet_parts::blank(path, name)?;
            let change = Move::Rename(name.to_owned());
            follow(
                &mut book.package,
                &book.parts,
                &sheet.name,
                &sheet.part,
                &change,
            )?;
            book.package.rename_sheet(&book.parts, &sheet, name)?;
        }
        Action::Copy => {
            let copy = book.package.copy_sheet(&book.parts, &sheet, name()?)?;
            book.parts = book.package.workbook()?;
            if let Some(position) = settings.position {
                book.package.move_sheet(&book.parts, &copy, position)?;
            }
        }
        Action::Move => {
            let last = book.parts.sheets.len();
            let position = settings.position.unwrap_or(last);
            book.package.move_sheet(&book.parts, &sheet, position)?;
        }
        Action::Hide => {
            one_stays(&book, &sheet)?;
            let hidden = Visibility::Hidden;
            book.package.show_sheet(&book.parts, &sheet, hidden)?;
        }
        Action::Show => {
            let shown = Visibility::Shown;
            book.package.show_sheet(&book.parts, &sheet, shown)?;
        }
        Action::Delete => {
            one_stays(&book, &sheet)?;
            book.package.compute_when_opened(&book.parts)?;
            follow(
                &mut book.package,
                &book.parts,
                &sheet.name,
                &sheet.part,
                &Move::Remove,
            )?;
            book.package.delete_sheet(&book.parts, &sheet)?;
        }
    }
    book.package.save()
}

/// The sheet that is meant, with or without cells.
fn chosen(book: &mut Book, settings: &Sheets, path: &Path) -> Result<SheetPart, NodeError> {
    let names: Vec<String> = book
        .parts
        .sheets
        .iter()
        .map(|sheet| sheet.name.clone())
        .collect();
    let index = workbook::choose(settings.sheet.as_ref(), &names, path)?;
    Ok(book.parts.sheets[index].clone())
}

fn one_stays(book: &Book, sheet: &SheetPart) -> Result<(), NodeError> {
    let others = book
        .parts
        .sheets
        .iter()
        .any(|other| other.name != sheet.name && other.visibility == Visibility::Shown);
    if others {
        return Ok(());
    }
    Err(NodeError::conflict(format!(
        "`{}` is the only sheet that is shown, and a workbook needs one",
        sheet.name
    ))
    .permanent()
    .with_help("add or show another sheet first"))
}
