//! The cells that a row has already.

use std::io::BufRead;

use quick_xml::{
    Reader, Writer,
    events::{BytesStart, Event},
};

use super::{
    address::CellAddress,
    scan::{Position, style_of},
};
use crate::ooxml::xml::{EditError, attribute, local, resolved, with_attributes};

/// A cell that was there.
pub(super) struct OldCell {
    pub(super) column: u32,
    pub(super) style: u32,
    pub(super) xml: Vec<u8>,
    pub(super) shared: Option<Shared>,
}

/// A cell's part in a formula that several cells share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) index: String,
    /// Empty but in the first of the cells.
    pub(super) text: String,
}

/// The cells of a row, and what else is in it.
pub(super) fn old_cells(
    row: u32,
    row_tag: &BytesStart<'_>,
    reader: &mut Reader<impl BufRead>,
) -> Result<(Vec<OldCell>, Vec<u8>), EditError> {
    let mut cells: Vec<OldCell> = Vec::new();
    let mut rest = Writer::new(Vec::new());
    let mut columns = Position::default();
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer)? {
            Event::End(end) if end.name() == row_tag.name() => break,
            Event::Start(tag) if local(&tag) == "c" => {
                let tag = tag.into_owned();
                cells.push(old_cell(row, &tag, &mut columns, Some(reader))?);
            }
            Event::Empty(tag) if local(&tag) == "c" => {
                let tag = tag.into_owned();
                cells.push(old_cell(
                    row,
                    &tag,
                    &mut columns,
                    None::<&mut Reader<&[u8]>>,
                )?);
            }
            Event::Eof => return Err(EditError::Damaged("the sheet is cut off".to_owned())),
            other => rest.write_event(other)?,
        }
    }
    cells.sort_by_key(|cell| cell.column);
    Ok((cells, rest.into_inner()))
}

fn old_cell(
    row: u32,
    tag: &BytesStart<'_>,
    columns: &mut Position,
    reader: Option<&mut Reader<impl BufRead>>,
) -> Result<OldCell, EditError> {
    let column = columns.column(tag);
    let address = CellAddress { row, column }.to_string();
    let tag = with_attributes(tag, &[("r", Some(&address))]);
    let mut cell = OldCell {
        column,
        style: style_of(&tag, "s").unwrap_or(0),
        xml: Vec::new(),
        shared: None,
    };
    let mut writer = Writer::new(&mut cell.xml);
    let Some(reader) = reader else {
        writer.write_event(Event::Empty(tag))?;
        return Ok(cell);
    };
    writer.write_event(Event::Start(tag.borrow()))?;
    let mut buffer = Vec::new();
    let mut in_formula = false;
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer)?;
        let mut ended = false;
        match &event {
            Event::Start(inner) | Event::Empty(inner) if local(inner) == "f" => {
                in_formula = matches!(event, Event::Start(_));
                cell.shared = attribute(inner, "si").map(|index| Shared {
                    index,
                    text: String::new(),
                });
            }
            Event::Text(text) if in_formula => {
                if let Some(shared) = &mut cell.shared {
                    shared.text.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(reference) if in_formula => {
                if let Some(shared) = &mut cell.shared {
                    shared.text.push_str(&resolved(reference)?);
                }
            }
            Event::End(end) => {
                in_formula = false;
                ended = end.name() == tag.name();
            }
            Event::Eof => return Err(EditError::Damaged("the sheet is cut off".to_owned())),
            _ => {}
        }
        writer.write_event(event)?;
        if ended {
            return Ok(cell);
        }
    }
}
