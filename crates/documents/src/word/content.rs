//! The text of a part: paragraphs and tables.

use std::collections::HashMap;

use quick_xml::{Reader, events::Event};

use crate::ooxml::xml::{EditError, attribute, each_element, local, without_prefix};

/// What a part holds, in order.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Paragraph(Paragraph),
    /// Rows of cells.
    Table(Vec<Vec<String>>),
}

/// A paragraph.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Paragraph {
    pub(super) text: String,
    /// The id of its style.
    pub(super) style: Option<String>,
    /// How deep it stands in a list, from 0; none outside of one.
    pub(super) list: Option<usize>,
}

/// No part is nested deeper than this.
const DEEPEST: usize = 256;

/// The pieces of a part.
pub(super) fn pieces(xml: &str) -> Result<Vec<Piece>, EditError> {
    let mut reader = Reader::from_str(xml);
    let mut pieces = Vec::new();
    let mut open: Vec<Paragraph> = Vec::new();
    // The rows of the tables that are open, each within a cell of the one before.
    let mut tables: Vec<Vec<Vec<String>>> = Vec::new();
    let (mut in_text, mut depth) = (false, 0_usize);
    loop {
        let event = reader.read_event()?;
        let is_start = matches!(event, Event::Start(_));
        match event {
            Event::Eof => return Ok(pieces),
            Event::Start(tag) | Event::Empty(tag) => {
                if is_start {
                    depth += 1;
                    if depth > DEEPEST {
                        return Err(EditError::Damaged(
                            "its parts are nested too deep".to_owned(),
                        ));
                    }
                }
                let name = local(&tag);
                match name {
                    // The same again, for programs that don't know the new way; the places of
                    // tabs, which are no tabs.
                    "Fallback" | "tabs" if is_start => {
                        reader.read_to_end(tag.name())?;
                        depth -= 1;
                    }
                    "p" if is_start => open.push(Paragraph::default()),
                    "t" => in_text = is_start,
                    "tab" | "br" | "cr" | "noBreakHyphen" => {
                        if let Some(paragraph) = open.last_mut().filter(|_| depth > 1) {
                            paragraph.text.push(match name {
                                "tab" => '\t',
                                "noBreakHyphen" => '-',
                                _ => '\n',
                            });
                        }
                    }
                    "pStyle" => {
                        if let Some(paragraph) = open.last_mut() {
                            paragraph.style = attribute(&tag, "val");
                        }
                    }
                    "ilvl" => {
                        if let Some(paragraph) = open.last_mut() {
                            let level = attribute(&tag, "val").and_then(|level| level.parse().ok());
                            paragraph.list = level;
                        }
                    }
                    "tbl" if is_start => tables.push(Vec::new()),
                    "tr" if is_start => {
                        if let Some(rows) = tables.last_mut() {
                            rows.push(Vec::new());
                        }
                    }
                    "tc" if is_start => {
                        if let Some(row) = tables.last_mut().and_then(|rows| rows.last_mut()) {
                            row.push(String::new());
                        }
                    }
                    _ => {}
                }
            }
            Event::Text(text) if in_text => {
                if let Some(paragraph) = open.last_mut() {
                    paragraph.text.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(reference) if in_text => {
                if let Some(paragraph) = open.last_mut() {
                    paragraph
                        .text
                        .push_str(&crate::ooxml::xml::resolved(&reference)?);
                }
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                match without_prefix(tag.name().0) {
                    "t" => in_text = false,
                    "p" => {
                        let Some(paragraph) = open.pop() else {
                            continue;
                        };
                        let cell = tables
                            .last_mut()
                            .and_then(|rows| rows.last_mut())
                            .and_then(|row| row.last_mut());
                        match (cell, open.last_mut()) {
                            (Some(cell), _) => {
                                if !cell.is_empty() {
                                    cell.push('\n');
                                }
                                cell.push_str(&paragraph.text);
                            }
                            (None, _) => pieces.push(Piece::Paragraph(paragraph)),
                        }
                    }
                    "tbl" => {
                        let Some(rows) = tables.pop() else {
                            continue;
                        };
                        let outer = tables
                            .last_mut()
                            .and_then(|rows| rows.last_mut())
                            .and_then(|row| row.last_mut());
                        match outer {
                            Some(cell) => {
                                let lines: Vec<String> =
                                    rows.iter().map(|row| row.join("\t")).collect();
                                cell.push_str(&lines.join("\n"));
                            }
                            None => pieces.push(Piece::Table(rows)),
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// The names of styles by their ids, and the levels of those that are headings.
pub(super) fn styles(xml: &str) -> Result<HashMap<String, (String, Option<u8>)>, EditError> {
    let mut styles = HashMap::new();
    let mut id = String::new();
    each_element(xml, |tag| match local(tag) {
        "style" => id = attribute(tag, "styleId").unwrap_or_default(),
        "name" if !id.is_empty() => {
            let name = attribute(tag, "val").unwrap_or_default();
            let lower = name.to_lowercase();
            let level = lower
                .strip_prefix("heading ")
                .and_then(|level| level.parse::<u8>().ok())
                .or((lower == "title").then_some(1))
                .filter(|level| (1..=9).contains(level));
            styles.entry(id.clone()).or_insert((name, level));
        }
        "outlineLvl" => {
            let level = attribute(tag, "val").and_then(|level| level.parse::<u8>().ok());
            if let (Some(style), Some(level @ 0..=8)) = (styles.get_mut(&id), level) {
                style.1.get_or_insert(level + 1);
            }
        }
        _ => {}
    })?;
    Ok(styles)
}
