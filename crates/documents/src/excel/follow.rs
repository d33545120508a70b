//! Lets all parts of a workbook follow what happens to one of its sheets.

use casare_engine::NodeError;
use quick_xml::{
    Reader, Writer,
    events::{BytesText, Event},
};

use super::{
    address::{Area, CellAddress},
    references::{Axis, Move},
    sheet_parts::WorkbookParts,
};
use crate::ooxml::{
    package::Package,
    xml::{EditError, attribute, local, resolved, with_attributes, without_prefix},
};

/// Elements that hold a formula.
const FORMULAS: [&str; 9] = [
    "f",
    "formula",
    "formula1",
    "formula2",
    "definedName",
    "calculatedColumnFormula",
    "totalsRowFormula",
    "cfvo",
    "xf",
];
/// Attributes that hold areas of their own sheet.
const AREAS: [&str; 5] = ["ref", "sqref", "activeCell", "topLeftCell", "pane"];

/// Has every part that may refer to the sheet `sheet` (its part is `sheet_part`) follow `change`.
///
/// The sheet's own cells must have been moved already.
pub(super) fn follow(
    package: &mut Package,
    parts: &WorkbookParts,
    sheet: &str,
    sheet_part: &str,
    change: &Move,
) -> Result<(), NodeError> {
    let moves_lines = matches!(change, Move::Insert { .. } | Move::Delete { .. });
    let own: Vec<String> = package
        .relations(sheet_part)?
        .into_iter()
        .map(|relation| relation.target)
        .collect();
    for name in package.names() {
        let home = parts
            .sheets
            .iter()
            .find(|known| known.part == name)
            .map(|known| known.name.clone());
        let belongs = moves_lines && own.contains(&name);
        let concerned = home.is_some()
            || belongs
            || name == parts.part
            || name.starts_with("xl/charts/")
            || name.starts_with("xl/tables/")
            || name.starts_with("xl/pivotCache/");
        // Names of parts are written in small letters by all who write them.
        let is_xml = name.rsplit('.').next() == Some("xml");
        if !concerned || !is_xml || (moves_lines && name == sheet_part) {
            continue;
        }
        let text = package.text(&name)?;
        let rewriting = Rewriting {
            change,
            sheet,
            home: home.as_deref().or(belongs.then_some(sheet)),
            areas: belongs,
            anchors: belongs && name.starts_with("xl/drawings/"),
        };
        let new = rewriting
            .part(&text)
            .map_err(|error| package.damaged(&format!("{name}: {error}")))?;
        if new != text {
            package.change(&name, new);
        }
    }
    Ok(())
}

struct Rewriting<'r> {
    change: &'r Move,
    sheet: &'r str,
    home: Option<&'r str>,
    /// Whether its attributes mean cells of the sheet.
    areas: bool,
    /// Whether it says where pictures and charts stand.
    anchors: bool,
}

impl Rewriting<'_> {
    fn part(&self, xml: &str) -> Result<String, EditError> {
        let mut reader = Reader::from_str(xml);
        let mut writer = Writer::new(Vec::with_capacity(xml.len() + 256));
        let mut inside = String::new();
        let mut text: Option<String> = None;
        loop {
            let event = reader.read_event()?;
            match event {
                Event::Eof => break,
                Event::Start(tag) => {
                    local(&tag).clone_into(&mut inside);
                    text = self.is_text(&inside).then(String::new);
                    writer.write_event(Event::Start(self.attributes(tag)))?;
                }
                Event::Empty(tag) => writer.write_event(Event::Empty(self.attributes(tag)))?,
                Event::Text(part) if text.is_some() => {
                    if let Some(text) = &mut text {
                        text.push_str(&part.xml10_content());
                    }
                }
                Event::GeneralRef(part) if text.is_some() => {
                    if let Some(text) = &mut text {
                        text.push_str(&resolved(&part)?);
                    }
                }
                Event::End(tag) => {
                    if let Some(text) = text.take() {
                        let new = self.text(without_prefix(tag.name().0), &text);
                        writer.write_event(Event::Text(BytesText::new(&new)))?;
                    }
                    writer.write_event(Event::End(tag))?;
                }
                other => writer.write_event(other)?,
            }
        }
        String::from_utf8(writer.into_inner())
            .map_err(|error| EditError::Damaged(error.to_string()))
    }

    fn is_text(&self, element: &str) -> bool {
        FORMULAS.contains(&element)
            || (self.anchors && matches!(element, "row" | "col"))
            || (self.areas && element == "sqref")
    }

    fn text(&self, element: &str, text: &str) -> String {
        let axis = match element {
            "row" => Axis::Rows,
            "col" => Axis::Columns,
            "sqref" => return self.change.areas(text),
            _ => return self.change.formula(text, self.sheet, self.home),
        };
        let moved = text.trim().parse().ok().map(|line: u32| {
            // A picture whose cell goes stays where that was.
            self.change.line(axis, line).unwrap_or(match self.change {
                Move::Delete { at, .. } => *at,
                _ => line,
            })
        });
        moved.map_or_else(|| text.to_owned(), |line| line.to_string())
    }

    fn attributes<'t>(
        &self,
        tag: quick_xml::events::BytesStart<'t>,
    ) -> quick_xml::events::BytesStart<'t> {
        if local(&tag) == "worksheetSource" {
            return self.pivot_source(tag);
        }
        if !self.areas {
            return tag;
        }
        moved_attributes(tag, self.change)
    }

    /// A pivot table names its sheet and its cells in attributes.
    fn pivot_source<'t>(
        &self,
        tag: quick_xml::events::BytesStart<'t>,
    ) -> quick_xml::events::BytesStart<'t> {
        let means = attribute(&tag, "sheet")
            .is_some_and(|name| name.to_lowercase() == self.sheet.to_lowercase());
        if !means {
            return tag;
        }
        match self.change {
            Move::Rename(name) => with_attributes(&tag, &[("sheet", Some(name))]),
            Move::Remove => tag,
            _ => moved_attributes(tag, self.change),
        }
    }
}

/// The attributes of a tag that mean cells of the sheet, where they stand afterwards.
pub(super) fn moved_attributes<'t>(
    tag: quick_xml::events::BytesStart<'t>,
    change: &Move,
) -> quick_xml::events::BytesStart<'t> {
    let moved: Vec<(&str, String)> = AREAS
        .iter()
        .filter_map(|name| {
            let written = attribute(&tag, name)?;
            let first = written.split_whitespace().next()?;
            Area::parse(first)?;
            let moved = change.areas(&written);
            // Something has to stand there: where it was will do for a selection.
            (!moved.is_empty()).then_some((*name, moved))
        })
        .collect();
    if moved.is_empty() {
        return tag;
    }
    let changes: Vec<(&str, Option<&str>)> = moved
        .iter()
        .map(|(name, value)| (*name, Some(value.as_str())))
        .collect();
    with_attributes(&tag, &changes)
}

/// A sheet's own XML with its lines moved, every shared formula written out.
pub(super) fn moved_sheet(xml: &str, sheet: &str, change: &Move) -> Result<String, EditError> {
    let mut reader = Reader::from_str(xml);
    let mut writer = Writer::new(Vec::with_capacity(xml.len() + 1024));
    let rewriting = Rewriting {
        change,
        sheet,
        home: Some(sheet),
        areas: true,
        anchors: false,
    };
    let mut rows = super::scan::Position::default();
    let mut shared = std::collections::HashMap::new();
    let mut text: Option<String> = None;
    loop {
        let event = reader.read_event()?;
        match event {
            Event::Eof => break,
            Event::Empty(tag) if local(&tag) == "dimension" => {}
            Event::Start(tag) if local(&tag) == "row" => {
                let row = rows.row(&tag);
                let (cells, rest) = super::existing::old_cells(row, &tag, &mut reader)?;
                let Some(moved) = change.line(Axis::Rows, row) else {
                    // The text of a shared formula may be needed below.
                    for cell in &cells {
                        remember(cell, row, &mut shared);
                    }
                    continue;
                };
                let number = (moved + 1).to_string();
                let tag = with_attributes(&tag, &[("r", Some(&number)), ("spans", None)]);
                writer.write_event(Event::Start(tag.borrow()))?;
                for cell in &cells {
                    remember(cell, row, &mut shared);
                    if let Some(column) = change.line(Axis::Columns, cell.column) {
                        let at = CellAddress { row: moved, column };
                        let xml = moved_cell(cell, row, at, &shared, &rewriting)?;
                        use std::io::Write as _;
                        writer.get_mut().write_all(xml.as_bytes())?;
                    }
                }
                use std::io::Write as _;
                writer.get_mut().write_all(&rest)?;
                writer.write_event(Event::End(tag.to_end()))?;
            }
            Event::Empty(tag) if local(&tag) == "row" => {
                let row = rows.row(&tag);
                if let Some(moved) = change.line(Axis::Rows, row) {
                    let number = (moved + 1).to_string();
                    let tag = with_attributes(&tag, &[("r", Some(&number))]);
                    writer.write_event(Event::Empty(tag))?;
                }
            }
            Event::Empty(tag) if local(&tag) == "col" => {
                let number = |name| attribute(&tag, name).and_then(|n| n.parse::<u32>().ok());
                let span = number("min").zip(number("max")).and_then(|(min, max)| {
                    change.area(Area {
                        first: CellAddress {
                            row: 0,
                            column: min.checked_sub(1)?,
                        },
                        last: CellAddress {
                            row: super::address::ROWS - 1,
                            column: max.checked_sub(1)?,
                        },
                    })
                });
                if let Some(span) = span {
                    let (min, max) = (span.first.column + 1, span.last.column + 1);
                    let tag = with_attributes(
                        &tag,
                        &[
                            ("min", Some(&min.to_string())),
                            ("max", Some(&max.to_string())),
                        ],
                    );
                    writer.write_event(Event::Empty(tag))?;
                }
            }
            Event::Start(tag) => {
                let kept = still_there(&tag, change);
                if !kept {
                    reader.read_to_end(tag.name())?;
                    continue;
                }
                text = rewriting.is_text(local(&tag)).then(String::new);
                writer.write_event(Event::Start(moved_attributes(tag, change)))?;
            }
            Event::Empty(tag) => {
                if still_there(&tag, change) {
                    writer.write_event(Event::Empty(moved_attributes(tag, change)))?;
                }
            }
            Event::Text(part) if text.is_some() => {
                if let Some(text) = &mut text {
                    text.push_str(&part.xml10_content());
                }
            }
            Event::GeneralRef(part) if text.is_some() => {
                if let Some(text) = &mut text {
                    text.push_str(&resolved(&part)?);
                }
            }
            Event::End(tag) => {
                if let Some(text) = text.take() {
                    let new = rewriting.text(without_prefix(tag.name().0), &text);
                    writer.write_event(Event::Text(BytesText::new(&new)))?;
                }
                writer.write_event(Event::End(tag))?;
            }
            other => writer.write_event(other)?,
        }
    }
    String::from_utf8(writer.into_inner()).map_err(|error| EditError::Damaged(error.to_string()))
}

type SharedTexts = std::collections::HashMap<String, (String, CellAddress)>;

fn remember(cell: &super::existing::OldCell, row: u32, shared: &mut SharedTexts) {
    if let Some(own) = cell.shared.as_ref().filter(|own| !own.text.is_empty()) {
        let at = CellAddress {
            row,
            column: cell.column,
        };
        shared.insert(own.index.clone(), (own.text.clone(), at));
    }
}

/// What describes merged cells, a link or a rule goes with its cells.
fn still_there(tag: &quick_xml::events::BytesStart<'_>, change: &Move) -> bool {
    let name = match local(tag) {
        "mergeCell" | "hyperlink" => "ref",
        "conditionalFormatting" | "dataValidation" | "ignoredError" | "protectedRange" => "sqref",
        _ => return true,
    };
    let Some(areas) = attribute(tag, name) else {
        return true;
    };
    let moved = change.areas(&areas);
    // One cell is nothing to be merged.
    let is_merged_cell = local(tag) == "mergeCell";
    let is_one_cell = Area::parse(&moved).is_some_and(|area| area.is_one_cell());
    let is_left = is_merged_cell && is_one_cell;
    !moved.is_empty() && !is_left
}

fn moved_cell(
    cell: &super::existing::OldCell,
    row: u32,
    at: CellAddress,
    shared: &SharedTexts,
    rewriting: &Rewriting<'_>,
) -> Result<String, EditError> {
    let own = match &cell.shared {
        None => None,
        Some(part) => shared
            .get(&part.index)
            .map(|(text, from)| {
                calamine::expand_shared_formula(text, (from.row, from.column), (row, cell.column))
            })
            .transpose()
            .map_err(|error| EditError::Damaged(error.to_string()))?,
    };
    let xml = String::from_utf8_lossy(&cell.xml);
    let mut reader = Reader::from_str(&xml);
    let mut writer = Writer::new(Vec::with_capacity(xml.len() + 16));
    let address = at.to_string();
    let mut text: Option<String> = None;
    loop {
        match reader.read_event()? {
            Event::Eof => break,
            Event::Start(tag) if local(&tag) == "c" => {
                writer.write_event(Event::Start(with_attributes(
                    &tag,
                    &[("r", Some(&address))],
                )))?;
            }
            Event::Empty(tag) if local(&tag) == "c" => {
                writer.write_event(Event::Empty(with_attributes(
                    &tag,
                    &[("r", Some(&address))],
                )))?;
            }
            Event::Start(tag) if local(&tag) == "f" => {
                text = Some(String::new());
                writer.write_event(Event::Start(formula_tag(tag, rewriting.change)))?;
            }
            // The rest of a shared formula has no text.
            Event::Empty(tag) if local(&tag) == "f" => {
                let tag = formula_tag(tag, rewriting.change);
                let new = own.as_deref().map(|own| rewriting.text("f", own));
                writer.write_event(Event::Start(tag.borrow()))?;
                writer.write_event(Event::Text(BytesText::new(&new.unwrap_or_default())))?;
                writer.write_event(Event::End(tag.to_end()))?;
            }
            Event::Text(part) if text.is_some() => {
                if let Some(text) = &mut text {
                    text.push_str(&part.xml10_content());
                }
            }
            Event::GeneralRef(part) if text.is_some() => {
                if let Some(text) = &mut text {
                    text.push_str(&resolved(&part)?);
                }
            }
            Event::End(tag) => {
                if let Some(text) = text.take() {
                    let formula = own.as_deref().unwrap_or(&text);
                    let new = rewriting.text("f", formula);
                    writer.write_event(Event::Text(BytesText::new(&new)))?;
                }
                writer.write_event(Event::End(tag))?;
            }
            other => writer.write_event(other)?,
        }
    }
    String::from_utf8(writer.into_inner()).map_err(|error| EditError::Damaged(error.to_string()))
}

/// A formula of its own in place of one that is shared; that of an array keeps its area.
fn formula_tag<'t>(
    tag: quick_xml::events::BytesStart<'t>,
    change: &Move,
) -> quick_xml::events::BytesStart<'t> {
    if attribute(&tag, "si").is_some() {
        return with_attributes(&tag, &[("t", None), ("ref", None), ("si", None)]);
    }
    moved_attributes(tag, change)
}
