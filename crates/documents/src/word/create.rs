use std::io::{Cursor, Write as _};

use casare_engine::{Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_files::{
    AtomicFile,
    rows::{Columns, cell_text, rows_of},
};
use casare_workflow::Any;
use docx_rs::{
    AbstractNumbering, Docx, IndentLevel, Level, LevelJc, LevelText, NumberFormat, Numbering,
    NumberingId, Paragraph, Run, SpecialIndentType, Start, Style, StyleType, Table, TableCell,
    TableRow,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::blocks::{self, Block, Span};

/// Makes a Word document (.docx) of text, Markdown or rows.
///
/// What is set comes in this order: title, text, Markdown, rows as a table.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// The new file; its name ends in .docx.
    to: String,
    /// A heading at the top.
    title: Option<String>,
    /// Plain text; an empty line ends a paragraph.
    text: Option<String>,
    /// Text in Markdown: headings, lists, tables, emphasis.
    markdown: Option<String>,
    /// Rows of a table: a list of maps or lists.
    rows: Option<Any>,
    /// Which columns the table has, in which order. Those of the first row if not set.
    columns: Option<Vec<String>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Created {
    /// The document, as a full path.
    path: String,
}

pub(super) fn node() -> Node {
    Node::action("word.create", create)
        .pure()
        .icon("file-plus")
        .fails_writing()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: word.create
  with:
    to: out/report.docx
    title: March
    markdown: "Two **new** people."
    rows:
      - { Name: Ada, Age: 36 }
      - { Name: Grace, Age: 45 }
"#;

async fn create(cx: &StepContext, settings: Create) -> Result<Created, NodeError> {
    let to = cx.file(&settings.to);
    let is_docx = to
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("docx"));
    if !is_docx {
        return Err(NodeError::invalid(format!(
            "{}: a new document can only be .docx",
            to.display()
        )));
    }
    cx.blocking(move || {
        let mut document = blank();
        for block in settings.blocks()? {
            document = added(document, &block);
        }
        let mut content = Cursor::new(Vec::new());
        document
            .build()
            .pack(&mut content)
            .map_err(|error| NodeError::bug(format!("the document can't be made: {error}")))?;
        let mut file = AtomicFile::create(&to)?;
        file.write_all(&content.into_inner())
            .map_err(|error| file.failed(&error))?;
        file.commit()?;
        Ok(Created {
            path: to.display().to_string(),
        })
    })
    .await
}

impl Create {
    fn blocks(&self) -> Result<Vec<Block>, NodeError> {
        let mut all = Vec::new();
        if let Some(title) = &self.title {
            all.push(Block::Heading(1, vec![Span::plain(title)]));
        }
        if let Some(text) = &self.text {
            all.extend(blocks::of_text(text));
        }
        if let Some(markdown) = &self.markdown {
            all.extend(blocks::of_markdown(markdown));
        }
        if let Some(rows) = &self.rows {
            let mut columns = Columns::new(self.columns.clone());
            let mut texts: Vec<Vec<String>> = Vec::new();
            for (number, row) in (1..).zip(rows_of(&rows.0)?) {
                let cells = columns.cells(&row?, number)?;
                texts.push(cells.iter().map(cell_text).collect());
            }
            if let Some(names) = columns.names() {
                texts.insert(0, names.to_vec());
            }
            all.push(Block::Table(texts));
        }
        Ok(all)
    }
}

const BULLETS: usize = 1;
const NUMBERS: usize = 2;

/// A document with the styles and lists that blocks use.
fn blank() -> Docx {
    let mut document = Docx::new();
    for (level, size) in (1..).zip([36, 30, 26, 24, 22, 22]) {
        let style = Style::new(format!("Heading{level}"), StyleType::Paragraph)
            .name(format!("heading {level}"))
            .size(size)
            .bold();
        document = document.add_style(style);
    }
    for (id, format, text) in [(BULLETS, "bullet", "•"), (NUMBERS, "decimal", "%1.")] {
        let mut numbering = AbstractNumbering::new(id);
        for depth in 0..9 {
            let text = text.replace("%1", &format!("%{}", depth + 1));
            let level = Level::new(
                depth,
                Start::new(1),
                NumberFormat::new(format),
                LevelText::new(text),
                LevelJc::new("left"),
            );
            let left = 360 * (depth as i32 + 1);
            numbering = numbering.add_level(level.indent(
                Some(left),
                Some(SpecialIndentType::Hanging(360)),
                None,
                None,
            ));
        }
        document = document
            .add_abstract_numbering(numbering)
            .add_numbering(Numbering::new(id, id));
    }
    document
}

fn added(document: Docx, block: &Block) -> Docx {
    match block {
        Block::Heading(level, spans) => {
            document.add_paragraph(runs(spans).style(&format!("Heading{level}")))
        }
        Block::Paragraph(spans) => document.add_paragraph(runs(spans)),
        Block::Item(depth, number, spans) => {
            let list = if number.is_some() { NUMBERS } else { BULLETS };
            let place = IndentLevel::new((*depth).min(8));
            document.add_paragraph(runs(spans).numbering(NumberingId::new(list), place))
        }
        Block::Code(code) => document.add_paragraph(runs(&[Span::plain(code)])),
        Block::Rule => document.add_paragraph(Paragraph::new()),
        Block::Table(rows) => {
            let rows = rows.iter().enumerate().map(|(number, row)| {
                let cells = row.iter().map(|cell| {
                    let span = Span {
                        bold: number == 0,
                        ..Span::plain(cell)
                    };
                    TableCell::new().add_paragraph(runs(&[span]))
                });
                TableRow::new(cells.collect())
            });
            document
                .add_table(Table::new(rows.collect()))
                .add_paragraph(Paragraph::new())
        }
    }
}

fn runs(spans: &[Span]) -> Paragraph {
    spans.iter().fold(Paragraph::new(), |paragraph, span| {
        let mut run = Run::new();
        for (number, line) in span.text.split('\n').enumerate() {
            if number > 0 {
                run = run.add_break(docx_rs::BreakType::TextWrapping);
            }
            run = run.add_text(line);
        }
        if span.bold {
            run = run.bold();
        }
        if span.italic {
            run = run.italic();
        }
        paragraph.add_run(run)
    })
}
