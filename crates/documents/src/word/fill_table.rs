use std::path::Path;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_files::rows::{Columns, cell_text, rows_of};
use casare_workflow::Any;
use quick_xml::{Reader, events::Event};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    content::{self, Piece},
    document::Document,
};
use crate::ooxml::xml::{EditError, escaped, local, without_prefix};

/// Fills rows into a table of a Word document (.docx).
///
/// The last row of the table says how the new ones look; the titles in its first row say which
/// column of a row goes where.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FillTable {
    /// The document.
    path: String,
    /// The new file; it may be the same.
    to: String,
    /// Which table, from 1.
    #[serde(default = "one")]
    table: usize,
    /// The rows: a list of maps (by the titles of the table) or of lists.
    rows: Any,
    /// Whether the last row, which says how the new ones look, stays. A row that is there only to
    /// say that goes.
    #[serde(default)]
    keep_last: bool,
}

fn one() -> usize {
    1
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Filled {
    /// The document, as a full path.
    path: String,
    /// How many rows were filled in.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("word.fill_table", fill_table)
        .icon("table")
        .fails_reading()
        .fails_writing()
        .fails(ErrorKind::NotFound, "The document has no such table.")
        .fails(
            ErrorKind::Invalid,
            "The file is no Word document, or is damaged.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: word.fill_table
  with:
    path: letter.docx
    to: out/letter.docx
    rows:
      - { Item: Pencil, Price: 1.50 }
      - { Item: Paper, Price: 8.90 }
";

async fn fill_table(cx: &StepContext, settings: FillTable) -> Result<Filled, NodeError> {
    let (from, to) = (cx.file(&settings.path), cx.file(&settings.to));
    cx.blocking(move || work(&from, &to, &settings)).await
}

fn work(from: &Path, to: &Path, settings: &FillTable) -> Result<Filled, NodeError> {
    let mut document = Document::open(from)?;
    document.package = document.package.to_be_changed()?;
    let xml = document.package.text(&document.main)?;
    let broken =
        |error: EditError| NodeError::invalid(format!("{} is damaged: {error}", from.display()));
    let tables: Vec<Vec<Vec<String>>> = content::pieces(&xml)
        .map_err(broken)?
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Table(rows) => Some(rows),
            Piece::Paragraph(_) => None,
        })
        .collect();
    let index = settings.table.wrapping_sub(1);
    let table = tables
        .get(index)
        .filter(|rows| !rows.is_empty())
        .ok_or_else(|| {
            NodeError::not_found(format!(
                "{} has no table number {}; it has {}",
                from.display(),
                settings.table,
                tables.len()
            ))
        })?;
    let titles: Vec<String> = table[0]
        .iter()
        .map(|title| title.trim().to_owned())
        .collect();
    let mut columns = Columns::of_file(titles);
    let mut rows = Vec::new();
    for (number, row) in (1..).zip(rows_of(&settings.rows.0)?) {
        let cells = columns.cells(&row?, number)?;
        rows.push(cells.iter().map(cell_text).collect::<Vec<String>>());
    }
    let spans = row_spans(&xml, index).map_err(broken)?;
    let (start, end) = *spans
        .last()
        .ok_or_else(|| NodeError::invalid("the table has no rows"))?;
    let like = &xml[start..end];
    let mut filled = String::new();
    // Titles alone are no row that could go.
    if settings.keep_last || spans.len() == 1 {
        filled.push_str(like);
    }
    for row in &rows {
        filled.push_str(&row_like(like, row).map_err(broken)?);
    }
    let new = format!("{}{filled}{}", &xml[..start], &xml[end..]);
    document.package.change(&document.main.clone(), new);
    to.clone_into(&mut document.package.path);
    document.package.save()?;
    Ok(Filled {
        path: to.display().to_string(),
        count: rows.len(),
    })
}

/// Where the rows of a table stand in the text; tables inside of others are passed over.
fn row_spans(xml: &str, table: usize) -> Result<Vec<(usize, usize)>, EditError> {
    let mut reader = Reader::from_str(xml);
    let mut spans = Vec::new();
    let (mut depth, mut seen) = (0_usize, 0_usize);
    let mut begun = None;
    loop {
        let from = reader.buffer_position() as usize;
        match reader.read_event()? {
            Event::Eof => return Ok(spans),
            Event::Start(tag) if local(&tag) == "Fallback" => {
                reader.read_to_end(tag.name())?;
            }
            Event::Start(tag) if local(&tag) == "tbl" => {
                depth += 1;
                seen += usize::from(depth == 1);
            }
            Event::Start(tag) if local(&tag) == "tr" && depth == 1 && seen == table + 1 => {
                begun = Some(from);
            }
            Event::End(tag) => match without_prefix(tag.name().0) {
                "tbl" => depth = depth.saturating_sub(1),
                "tr" if depth == 1 => {
                    if let Some(begun) = begun.take() {
                        spans.push((begun, reader.buffer_position() as usize));
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
}

/// A row that looks like `like` and holds these texts.
fn row_like(like: &str, texts: &[String]) -> Result<String, EditError> {
    let mut reader = Reader::from_str(like);
    let mut out = String::new();
    let mut copied = 0;
    let mut texts = texts.iter();
    loop {
        let from = reader.buffer_position() as usize;
        match reader.read_event()? {
            Event::Eof => break,
            Event::Start(tag) if local(&tag) == "tc" => {
                reader.read_to_end(tag.name())?;
                let to = reader.buffer_position() as usize;
                out.push_str(&like[copied..from]);
                let text = texts.next().map_or("", String::as_str);
                out.push_str(&cell_like(&like[from..to], text)?);
                copied = to;
            }
            _ => {}
        }
    }
    out.push_str(&like[copied..]);
    Ok(out)
}

/// A cell that looks like `like` and holds `text`.
fn cell_like(like: &str, text: &str) -> Result<String, EditError> {
    let p = like[1..].split_once(':').map_or("", |(prefix, _)| prefix);
    let p = if p.len() < 8 && !p.is_empty() {
        format!("{p}:")
    } else {
        String::new()
    };
    let first = |name: &str| -> Result<String, EditError> {
        let mut reader = Reader::from_str(like);
        loop {
            let from = reader.buffer_position() as usize;
            match reader.read_event()? {
                Event::Eof => return Ok(String::new()),
                Event::Start(tag) if local(&tag) == name => {
                    reader.read_to_end(tag.name())?;
                    return Ok(like[from..reader.buffer_position() as usize].to_owned());
                }
                Event::Empty(tag) if local(&tag) == name => {
                    return Ok(like[from..reader.buffer_position() as usize].to_owned());
                }
                _ => {}
            }
        }
    };
    let (cell, paragraph) = (first("tcPr")?, first("pPr")?);
    // What a paragraph says of its own mark is not how its text looks.
    let run = like
        .find(&format!("<{p}r>"))
        .or_else(|| like.find(&format!("<{p}r ")))
        .map(|at| &like[at..])
        .filter(|rest| rest.find(&format!("<{p}rPr>")).is_some_and(|at| at < 120))
        .and_then(|rest| {
            let from = rest.find(&format!("<{p}rPr>"))?;
            let end = format!("</{p}rPr>");
            let to = rest.find(&end)? + end.len();
            Some(rest[from..to].to_owned())
        })
        .unwrap_or_default();
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| format!("<{p}t xml:space=\"preserve\">{}</{p}t>", escaped(line)))
        .collect();
    let lines = lines.join(&format!("<{p}br/>"));
    Ok(format!(
        "<{p}tc>{cell}<{p}p>{paragraph}<{p}r>{run}{lines}</{p}r></{p}p></{p}tc>"
    ))
}
