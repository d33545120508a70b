use casare_engine::{Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_files::rows::{Columns, cell_text, rows_of};
use casare_workflow::Any;
use krilla::{Document, metadata::Metadata};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    compose::{Faces, Layout, Sheet},
    from_images::write,
    merge::Written,
};
use crate::blocks::{self, Block, Span};

/// Makes a PDF of text, Markdown or rows.
///
/// What is set comes in this order: title, text, Markdown, rows as a table. Letters of Latin, Greek
/// and Cyrillic are there; for others choose a font.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// The new file.
    to: String,
    /// A heading, which is the document's title as well.
    title: Option<String>,
    /// Plain text; an empty line ends a paragraph.
    text: Option<String>,
    /// Text in Markdown: headings, lists, tables, emphasis.
    markdown: Option<String>,
    /// Rows of a table: a list of maps or lists.
    rows: Option<Any>,
    /// Which columns the table has, in which order. Those of the first row if not set.
    columns: Option<Vec<String>>,
    /// How large the pages are.
    #[serde(default)]
    page: Paper,
    /// Whether pages lie across.
    #[serde(default)]
    landscape: bool,
    /// How wide the white border is, in points; 72 are an inch.
    #[serde(default = "usual_margin")]
    margin: f32,
    /// The size of the letters, in points.
    #[serde(default = "usual_size")]
    size: f32,
    /// A font in place of the usual one: the path of a .ttf or .otf file.
    font: Option<String>,
    /// Whether pages have numbers.
    #[serde(default)]
    page_numbers: bool,
}

/// A size of paper.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Paper {
    /// A4.
    #[default]
    A4,
    /// A5.
    A5,
    /// US Letter.
    Letter,
}

fn usual_margin() -> f32 {
    56.0
}

fn usual_size() -> f32 {
    11.0
}

pub(super) fn node() -> Node {
    Node::action("pdf.create", create)
        .pure()
        .icon("file-plus")
        .fails_writing()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: pdf.create
  with:
    to: out/report.pdf
    title: March
    markdown: "Two **new** people."
    rows:
      - { Name: Ada, Age: 36 }
      - { Name: Grace, Age: 45 }
"#;

async fn create(cx: &StepContext, settings: Create) -> Result<Written, NodeError> {
    if !(3.0..=200.0).contains(&settings.size) || !(0.0..=250.0).contains(&settings.margin) {
        return Err(NodeError::invalid(
            "setting `size` lies between 3 and 200, setting `margin` between 0 and 250",
        ));
    }
    let to = cx.file(&settings.to);
    let font = settings.font.as_ref().map(|font| cx.file(font));
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let font = font
            .map(|path| {
                let read = std::fs::read(&path).map_err(|error| {
                    NodeError::io(format_args!("could not read {}", path.display()), &error)
                })?;
                Ok::<_, NodeError>((read, path.display().to_string()))
            })
            .transpose()?;
        let faces = Faces::new(
            font.as_ref()
                .map(|(font, name)| (font.clone(), name.as_str())),
        )?;
        let mut layout = Layout::new(&faces, settings.sheet());
        for block in settings.blocks()? {
            if cancel.is_cancelled() {
                return Err(NodeError::timeout("writing was stopped"));
            }
            layout.add(&block)?;
        }
        let mut document = Document::new();
        let mut about = Metadata::new().creator("Casare".to_owned());
        if let Some(title) = &settings.title {
            about = about.title(title.clone());
        }
        document.set_metadata(about);
        let page_count = layout.draw(&mut document)?;
        write(document, &to)?;
        Ok(Written {
            path: to.display().to_string(),
            page_count,
        })
    })
    .await
}

impl Create {
    fn sheet(&self) -> Sheet {
        let (width, height) = match self.page {
            Paper::A4 => (595.28, 841.89),
            Paper::A5 => (419.53, 595.28),
            Paper::Letter => (612.0, 792.0),
        };
        let (width, height) = if self.landscape {
            (height, width)
        } else {
            (width, height)
        };
        Sheet {
            width,
            height,
            margin: self.margin.min(width / 3.0),
            size: self.size,
            numbers: self.page_numbers,
        }
    }

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
            all.push(Block::Table(table(rows, self.columns.clone())?));
        }
        if all.is_empty() {
            return Err(NodeError::invalid("there is nothing to write")
                .with_help("set one of `title`, `text`, `markdown` and `rows`"));
        }
        Ok(all)
    }
}

/// Rows as texts, the titles first.
pub(crate) fn table(
    rows: &Any,
    columns: Option<Vec<String>>,
) -> Result<Vec<Vec<String>>, NodeError> {
    let mut columns = Columns::new(columns);
    let mut texts: Vec<Vec<String>> = Vec::new();
    for (number, row) in (1..).zip(rows_of(&rows.0)?) {
        let cells = columns.cells(&row?, number)?;
        texts.push(cells.iter().map(cell_text).collect());
    }
    if let Some(names) = columns.names() {
        texts.insert(0, names.to_vec());
    }
    Ok(texts)
}
