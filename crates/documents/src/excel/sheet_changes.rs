//! Renaming, copying, moving, hiding and deleting sheets, as the workbook's part says it.

use casare_engine::NodeError;
use quick_xml::{
    Reader, Writer,
    events::{BytesStart, Event},
};

use super::sheet_parts::{SheetPart, Visibility, WorkbookParts, attribute_of_relation};
use crate::ooxml::{
    package::{Package, relations_of, resolve},
    xml::{Change, EditError, attribute, change_elements, local, with_attributes},
};

/// What a copy of a sheet leaves out: it may stand in one sheet alone.
const OF_ONE_SHEET: [&str; 9] = [
    "drawing",
    "legacyDrawing",
    "legacyDrawingHF",
    "tableParts",
    "picture",
    "controls",
    "oleObjects",
    "pageSetup",
    "customProperties",
];

impl Package {
    /// Has the sheet be called `name`.
    pub(super) fn rename_sheet(
        &mut self,
        workbook: &WorkbookParts,
        sheet: &SheetPart,
        name: &str,
    ) -> Result<(), NodeError> {
        self.change_sheet(workbook, sheet, &[("name", Some(name))])
    }

    /// Shows or hides the sheet.
    pub(super) fn show_sheet(
        &mut self,
        workbook: &WorkbookParts,
        sheet: &SheetPart,
        visibility: Visibility,
    ) -> Result<(), NodeError> {
        let state = match visibility {
            Visibility::Shown => None,
            Visibility::Hidden => Some("hidden"),
        };
        self.change_sheet(workbook, sheet, &[("state", state)])?;
        if visibility == Visibility::Hidden {
            // The sheet that is open at first must be one that is shown.
            let first = workbook.sheets.iter().position(|other| {
                other.name != sheet.name && other.visibility == Visibility::Shown
            });
            self.open_first(workbook, first.unwrap_or(0))?;
        }
        Ok(())
    }

    /// Puts the sheet at `position`, from 1.
    pub(super) fn move_sheet(
        &mut self,
        workbook: &WorkbookParts,
        sheet: &SheetPart,
        position: usize,
    ) -> Result<(), NodeError> {
        let from = workbook
            .sheets
            .iter()
            .position(|other| other.name == sheet.name)
            .unwrap_or(0);
        let to = position.clamp(1, workbook.sheets.len()) - 1;
        let mut order: Vec<usize> = (0..workbook.sheets.len()).collect();
        let moved = order.remove(from);
        order.insert(to, moved);
        self.order_sheets(workbook, &order)
    }

    /// Takes the sheet out.
    pub(super) fn delete_sheet(
        &mut self,
        workbook: &WorkbookParts,
        sheet: &SheetPart,
    ) -> Result<(), NodeError> {
        let order: Vec<usize> = (0..workbook.sheets.len())
            .filter(|index| workbook.sheets[*index].name != sheet.name)
            .collect();
        self.order_sheets(workbook, &order)?;
        let part = sheet.part.clone();
        let base = workbook.part.clone();
        self.remove_where(&relations_of(&workbook.part), "Target", |target| {
            resolve(&base, target) == part
        })?;
        // Its tables have names that others may take; what else it refers to does no harm.
        for relation in self.relations(&part)? {
            if relation.kind == "table" {
                self.remove(&relation.target)?;
            }
        }
        self.remove(&relations_of(&part))?;
        self.remove(&part)
    }

    /// Copies the sheet to a new one called `name`.
    pub(super) fn copy_sheet(
        &mut self,
        workbook: &WorkbookParts,
        sheet: &SheetPart,
        name: &str,
    ) -> Result<SheetPart, NodeError> {
        if !sheet.has_cells {
            return Err(NodeError::invalid(format!(
                "sheet `{}` is a chart, and can't be copied",
                sheet.name
            )));
        }
        let copy = self.add_sheet(workbook, name)?;
        let text = self.text(&sheet.part)?;
        let relations: Vec<String> = self
            .relations(&sheet.part)?
            .into_iter()
            .map(|relation| relation.id)
            .collect();
        let text = change_elements(
            &text,
            |tag, depth| {
                let of_one = depth == 1 && OF_ONE_SHEET.contains(&local(tag));
                // Links out of the workbook have relations of the sheet they stand in.
                let refers = local(tag) == "hyperlink" && attribute_of_relation(tag).is_some();
                let extension = depth == 1 && local(tag) == "extLst" && !relations.is_empty();
                match local(tag) {
                    _ if of_one || refers || extension => Change::Remove,
                    "sheetView" => Change::Replace(with_attributes(tag, &[("tabSelected", None)])),
                    _ => Change::Keep,
                }
            },
            |_, _| None,
        )
        .map_err(|error| self.damaged(&format!("{}: {error}", sheet.part)))?;
        self.change(&copy.part, text.replace("<hyperlinks></hyperlinks>", ""));
        Ok(copy)
    }

    fn change_sheet(
        &mut self,
        workbook: &WorkbookParts,
        sheet: &SheetPart,
        changes: &[(&str, Option<&str>)],
    ) -> Result<(), NodeError> {
        let text = self.text(&workbook.part)?;
        let text = change_elements(
            &text,
            |tag, depth| {
                let is_it = depth == 2
                    && local(tag) == "sheet"
                    && attribute(tag, "name").is_some_and(|name| name == sheet.name);
                if is_it {
                    Change::Replace(with_attributes(tag, changes))
                } else {
                    Change::Keep
                }
            },
            |_, _| None,
        )
        .map_err(|error| self.damaged(&format!("{}: {error}", workbook.part)))?;
        self.change(&workbook.part, text);
        Ok(())
    }

    fn open_first(&mut self, workbook: &WorkbookParts, index: usize) -> Result<(), NodeError> {
        let text = self.text(&workbook.part)?;
        let index = index.to_string();
        let text = change_elements(
            &text,
            |tag, _| match local(tag) {
                "workbookView" => Change::Replace(with_attributes(
                    tag,
                    &[("activeTab", Some(&index)), ("firstSheet", None)],
                )),
                _ => Change::Keep,
            },
            |_, _| None,
        )
        .map_err(|error| self.damaged(&format!("{}: {error}", workbook.part)))?;
        self.change(&workbook.part, text);
        Ok(())
    }

    /// Puts the sheets into this order, by their old numbers from 0; those that are left out go.
    /// What the workbook says of sheets by their numbers follows.
    fn order_sheets(&mut self, workbook: &WorkbookParts, order: &[usize]) -> Result<(), NodeError> {
        let text = self.text(&workbook.part)?;
        let text = ordered(&text, order)
            .map_err(|error| self.damaged(&format!("{}: {error}", workbook.part)))?;
        self.change(&workbook.part, text);
        Ok(())
    }
}

fn ordered(xml: &str, order: &[usize]) -> Result<String, EditError> {
    let mut reader = Reader::from_str(xml);
    let mut writer = Writer::new(Vec::with_capacity(xml.len()));
    let mut sheets: Vec<BytesStart<'static>> = Vec::new();
    let place = |old: usize| order.iter().position(|kept| *kept == old);
    let renumbered = |tag: BytesStart<'static>, name: &str, missing: Option<&str>| {
        let old = attribute(&tag, name).and_then(|old| old.parse::<usize>().ok());
        let Some(old) = old else {
            return Some(tag);
        };
        let new = place(old).map(|new| new.to_string());
        let new = new.as_deref().or(missing)?;
        Some(with_attributes(&tag, &[(name, Some(new))]))
    };
    loop {
        let event = reader.read_event()?;
        match event {
            Event::Eof => break,
            Event::Start(tag) if local(&tag) == "sheet" => {
                reader.read_to_end(tag.name())?;
                sheets.push(tag.into_owned());
            }
            Event::Empty(tag) if local(&tag) == "sheet" => sheets.push(tag.into_owned()),
            Event::Text(text) if !sheets.is_empty() && text.trim_ascii().is_empty() => {}
            Event::End(tag) if crate::ooxml::xml::without_prefix(tag.name().0) == "sheets" => {
                for index in order {
                    if let Some(sheet) = sheets.get(*index) {
                        writer.write_event(Event::Empty(sheet.borrow()))?;
                    }
                }
                sheets.clear();
                writer.write_event(Event::End(tag))?;
            }
            Event::Start(tag) if local(&tag) == "definedName" => {
                match renumbered(tag.into_owned(), "localSheetId", None) {
                    Some(tag) => writer.write_event(Event::Start(tag))?,
                    // A name of the sheet that goes goes with it.
                    None => skip(&mut reader)?,
                }
            }
            Event::Empty(tag) if local(&tag) == "workbookView" => {
                let tag = with_attributes(&tag, &[("firstSheet", None)]);
                if let Some(tag) = renumbered(tag, "activeTab", Some("0")) {
                    writer.write_event(Event::Empty(tag))?;
                }
            }
            other => writer.write_event(other)?,
        }
    }
    String::from_utf8(writer.into_inner()).map_err(|error| EditError::Damaged(error.to_string()))
}

/// Passes over what is left of an element without others in it.
fn skip(reader: &mut Reader<&[u8]>) -> Result<(), EditError> {
    loop {
        match reader.read_event()? {
            Event::End(_) | Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_sheets_by_number_follows_their_order() {
        let xml = "<workbook><bookViews><workbookView activeTab=\"2\"/></bookViews><sheets>\
            <sheet name=\"A\"/><sheet name=\"B\"/><sheet name=\"C\"/></sheets><definedNames>\
            <definedName name=\"x\" localSheetId=\"0\">A!$A$1</definedName>\
            <definedName name=\"y\" localSheetId=\"2\">C!$A$1</definedName></definedNames></workbook>";

        assert_eq!(
            ordered(xml, &[2, 1]).unwrap(),
            "<workbook><bookViews><workbookView activeTab=\"0\"/></bookViews><sheets>\
             <sheet name=\"C\"/><sheet name=\"B\"/></sheets><definedNames>\
             <definedName name=\"y\" localSheetId=\"0\">C!$A$1</definedName></definedNames></workbook>"
        );
    }
}
