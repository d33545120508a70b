//! Documents as they are written by hand: headings, paragraphs, lists, tables.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// A piece of a document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Block {
    /// A heading of a level from 1 to 6.
    Heading(u8, Vec<Span>),
    Paragraph(Vec<Span>),
    /// An item of a list: how deep it stands, its number if the list has numbers.
    Item(usize, Option<u64>, Vec<Span>),
    Code(String),
    Rule,
    /// The rows of a table, the titles first.
    Table(Vec<Vec<String>>),
}

/// A piece of text that looks the same all through.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) bold: bool,
    pub(crate) italic: bool,
}

impl Span {
    /// Text without any emphasis.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

/// The paragraphs of a plain text: an empty line ends one.
pub(crate) fn of_text(text: &str) -> Vec<Block> {
    text.replace("\r\n", "\n")
        .split("\n\n")
        .filter(|part| !part.trim().is_empty())
        .map(|part| Block::Paragraph(vec![Span::plain(part.trim_matches('\n'))]))
        .collect()
}

/// The blocks of a text in Markdown.
pub(crate) fn of_markdown(text: &str) -> Vec<Block> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut reading = Reading::default();
    for event in Parser::new_ext(text, options) {
        reading.take(event);
    }
    reading.end_paragraph();
    reading.blocks
}

#[derive(Default)]
struct Reading {
    blocks: Vec<Block>,
    spans: Vec<Span>,
    bold: usize,
    italic: usize,
    heading: Option<u8>,
    lists: Vec<Option<u64>>,
    /// Whether the text belongs to an item whose marker was not written yet.
    #[expect(clippy::option_option, reason = "an item may have no number")]
    item: Option<Option<u64>>,
    code: Option<String>,
    table: Option<Vec<Vec<String>>>,
}

impl Reading {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.text(&text);
            }
            Event::SoftBreak => self.text(" "),
            Event::HardBreak => self.text("\n"),
            Event::Rule => {
                self.end_paragraph();
                self.blocks.push(Block::Rule);
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.end_paragraph();
                self.heading = Some(match level {
                    HeadingLevel::H1 => 1,
                    HeadingLevel::H2 => 2,
                    HeadingLevel::H3 => 3,
                    HeadingLevel::H4 => 4,
                    HeadingLevel::H5 => 5,
                    HeadingLevel::H6 => 6,
                });
            }
            Tag::Strong => self.bold += 1,
            Tag::Emphasis => self.italic += 1,
            Tag::List(first) => {
                self.end_paragraph();
                self.lists.push(first);
            }
            Tag::Item => {
                self.end_paragraph();
                let number = self.lists.last().copied().flatten();
                self.item = Some(number);
                if let Some(Some(next)) = self.lists.last_mut() {
                    *next += 1;
                }
            }
            Tag::CodeBlock(_) => {
                self.end_paragraph();
                self.code = Some(String::new());
            }
            Tag::Table(_) => {
                self.end_paragraph();
                self.table = Some(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(rows) = &mut self.table {
                    rows.push(Vec::new());
                }
            }
            Tag::TableCell => {
                if let Some(row) = self.table.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(String::new());
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::Item => self.end_paragraph(),
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Emphasis => self.italic = self.italic.saturating_sub(1),
            TagEnd::List(_) => {
                self.end_paragraph();
                self.lists.pop();
            }
            TagEnd::CodeBlock => {
                if let Some(code) = self.code.take() {
                    self.blocks
                        .push(Block::Code(code.trim_end_matches('\n').to_owned()));
                }
            }
            TagEnd::Table => {
                if let Some(rows) = self.table.take() {
                    self.blocks.push(Block::Table(rows));
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(code) = &mut self.code {
            code.push_str(text);
            return;
        }
        if let Some(rows) = &mut self.table {
            if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
                cell.push_str(text);
            }
            return;
        }
        self.spans.push(Span {
            text: text.to_owned(),
            bold: self.bold > 0,
            italic: self.italic > 0,
        });
    }

    fn end_paragraph(&mut self) {
        let spans = std::mem::take(&mut self.spans);
        let heading = self.heading.take();
        if spans.iter().all(|span| span.text.trim().is_empty()) {
            return;
        }
        let depth = self.lists.len();
        self.blocks.push(match (heading, self.item.take()) {
            (Some(level), _) => Block::Heading(level, spans),
            (None, Some(number)) => Block::Item(depth.max(1) - 1, number, spans),
            (None, None) => Block::Paragraph(spans),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_blocks() {
        let blocks = of_markdown(
            "# A *b*\n\nOne\ntwo.\n\n1. x\n2. y\n   - z\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        );

        let plain = |text: &str| vec![Span::plain(text)];
        assert_eq!(
            blocks[1],
            Block::Paragraph(vec![
                Span::plain("One"),
                Span::plain(" "),
                Span::plain("two.")
            ])
        );
        assert_eq!(
            blocks[2..],
            [
                Block::Item(0, Some(1), plain("x")),
                Block::Item(0, Some(2), plain("y")),
                Block::Item(1, None, plain("z")),
                Block::Table(vec![
                    vec!["a".into(), "b".into()],
                    vec!["1".into(), "2".into()]
                ]),
            ]
        );
        assert!(matches!(&blocks[0], Block::Heading(1, spans) if spans[1].italic));
    }
}
