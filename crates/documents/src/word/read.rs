use std::{collections::BTreeMap, path::Path};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_workflow::Any;
use quick_xml::{Reader, events::Event};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    content::{self, Piece},
    document::Document,
};
use crate::ooxml::{package::Package, xml::without_prefix};

/// Reads a Word document (.docx): its text, paragraphs, headings, tables, headers and properties.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    /// The document. A relative path starts at the workflow's folder.
    path: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Contents {
    /// All of its text: a paragraph a line, the cells of tables with tabs between them.
    text: String,
    /// The same in Markdown, with headings, lists and tables.
    markdown: String,
    /// The paragraphs outside of tables, in order.
    paragraphs: Vec<Paragraph>,
    /// The headings, in order.
    headings: Vec<Paragraph>,
    /// The tables: each a list of rows, each row a list of texts.
    tables: Any,
    /// The texts of headers.
    headers: Vec<String>,
    /// The texts of footers.
    footers: Vec<String>,
    /// What it says of itself: `title`, `creator`, `created` and others.
    details: BTreeMap<String, String>,
    /// How many words it has.
    words: usize,
}

/// A paragraph.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Paragraph {
    /// Its text.
    text: String,
    /// The name of its style, such as `heading 1`; none for the usual one.
    style: Option<String>,
    /// Its level if it is a heading, from 1; none if it is not.
    level: Option<u8>,
}

pub(super) fn node() -> Node {
    Node::action("word.read", read)
        .pure()
        .icon("file-text")
        .fails_reading()
        .fails(
            ErrorKind::Invalid,
            "The file is no Word document, or is damaged.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: letter
  use: word.read
  with: { path: letter.docx }
- use: log.write
  with: { message: "{{ steps.letter.words }} words" }
"#;

async fn read(cx: &StepContext, settings: Read) -> Result<Contents, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || read_document(&path)).await
}

fn read_document(path: &Path) -> Result<Contents, NodeError> {
    let mut document = Document::open(path)?;
    let styles = match document.styles.clone() {
        Some(part) => content::styles(&document.package.text(&part)?)
            .map_err(|error| document.package.damaged(&error.to_string()))?,
        None => std::collections::HashMap::new(),
    };
    let main = document.main.clone();
    let pieces = pieces(&mut document.package, &main)?;
    let (mut text, mut markdown) = (Vec::new(), Vec::new());
    let (mut paragraphs, mut tables) = (Vec::new(), Vec::new());
    for piece in pieces {
        match piece {
            Piece::Paragraph(found) => {
                let style = found.style.as_ref().and_then(|id| styles.get(id));
                let paragraph = Paragraph {
                    style: style.map(|(name, _)| name.clone()).or(found.style.clone()),
                    level: style.and_then(|(_, level)| *level),
                    text: found.text,
                };
                if !paragraph.text.trim().is_empty() {
                    markdown.push(match (paragraph.level, found.list) {
                        (Some(level), _) => {
                            format!(
                                "{} {}",
                                "#".repeat(usize::from(level.min(6))),
                                paragraph.text
                            )
                        }
                        (None, Some(depth)) => {
                            format!("{}- {}", "  ".repeat(depth.min(9)), paragraph.text)
                        }
                        (None, None) => paragraph.text.replace('\n', "  \n"),
                    });
                }
                text.push(paragraph.text.clone());
                paragraphs.push(paragraph);
            }
            Piece::Table(rows) => {
                text.extend(rows.iter().map(|row| row.join("\t")));
                markdown.push(markdown_table(&rows));
                tables.push(rows);
            }
        }
    }
    let text = text.join("\n");
    let (headers, footers) = (document.headers.clone(), document.footers.clone());
    Ok(Contents {
        words: text.split_whitespace().count(),
        markdown: markdown.join("\n\n").replace("\n\n- ", "\n- "),
        headings: paragraphs
            .iter()
            .filter(|paragraph| paragraph.level.is_some())
            .cloned()
            .collect(),
        paragraphs,
        tables: Any(casare_workflow::value::from_serialize(tables)),
        headers: texts(&mut document.package, &headers)?,
        footers: texts(&mut document.package, &footers)?,
        details: details(&mut document.package),
        text,
    })
}

fn pieces(package: &mut Package, part: &str) -> Result<Vec<Piece>, NodeError> {
    let text = package.text(part)?;
    content::pieces(&text).map_err(|error| package.damaged(&format!("{part}: {error}")))
}

fn texts(package: &mut Package, parts: &[String]) -> Result<Vec<String>, NodeError> {
    let mut texts = Vec::new();
    for part in parts {
        let lines: Vec<String> = pieces(package, part)?
            .into_iter()
            .flat_map(|piece| match piece {
                Piece::Paragraph(paragraph) => vec![paragraph.text],
                Piece::Table(rows) => rows.iter().map(|row| row.join("\t")).collect(),
            })
            .collect();
        texts.push(lines.join("\n").trim().to_owned());
    }
    Ok(texts)
}

fn markdown_table(rows: &[Vec<String>]) -> String {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let line = |row: &[String]| {
        let cells = (0..width).map(|column| {
            let cell = row.get(column).map_or("", String::as_str);
            format!(" {} |", cell.replace('|', "\\|").replace('\n', " "))
        });
        format!("|{}", cells.collect::<String>())
    };
    let mut lines: Vec<String> = rows.iter().map(|row| line(row)).collect();
    if !lines.is_empty() {
        lines.insert(1, format!("|{}", "---|".repeat(width)));
    }
    lines.join("\n")
}

/// What `docProps/core.xml` says; a document may be without.
fn details(package: &mut Package) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if !package.has("docProps/core.xml") {
        return found;
    }
    let Ok(text) = package.text("docProps/core.xml") else {
        return found;
    };
    let mut reader = Reader::from_str(&text);
    let mut name = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => without_prefix(tag.name().0).clone_into(&mut name),
            Ok(Event::Text(value)) if !value.trim_ascii().is_empty() => {
                let value = value.xml10_content();
                found.entry(name.clone()).or_default().push_str(&value);
            }
            Ok(Event::Eof) | Err(_) => return found,
            _ => {}
        }
    }
}
