//! Text and tables laid out on pages.

use ab_glyph::{Font as _, FontVec};
use casare_engine::NodeError;
use krilla::{
    Document,
    color::rgb,
    geom::{PathBuilder, Point, Rect, Transform},
    num::NormalizedF32,
    page::PageSettings,
    paint::Fill,
    surface::Surface,
    text::{Font, TextDirection},
};

use crate::blocks::{Block, Span};

/// The letters that documents are written with where no others are chosen.
const REGULAR: &[u8] = include_bytes!("../../fonts/LiberationSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../fonts/LiberationSans-Bold.ttf");

/// A font to draw with and to measure with.
pub(super) struct Face {
    pub(super) font: Font,
    measure: FontVec,
}

impl Face {
    fn of(content: Vec<u8>, what: &str) -> Result<Self, NodeError> {
        let refused = || {
            NodeError::invalid(format!("{what} is no font that can be used"))
                .with_help("a TrueType or OpenType file is wanted: .ttf or .otf")
        };
        let measure = FontVec::try_from_vec(content.clone()).map_err(|_| refused())?;
        let font = Font::new(content.into(), 0).ok_or_else(refused)?;
        Ok(Self { font, measure })
    }

    /// How wide `text` is, for letters of this size.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        let em = self.measure.units_per_em().unwrap_or(1000.0);
        let units: f32 = text
            .chars()
            .map(|letter| {
                let glyph = self.measure.glyph_id(letter);
                self.measure.h_advance_unscaled(glyph)
            })
            .sum();
        units * size / em
    }

    /// The first letter that the font does not have.
    fn missing(&self, text: &str) -> Option<char> {
        text.chars().find(|letter| {
            !letter.is_whitespace() && !letter.is_control() && self.measure.glyph_id(*letter).0 == 0
        })
    }
}

/// The fonts of a document.
pub(super) struct Faces {
    pub(super) regular: Face,
    pub(super) bold: Face,
}

impl Faces {
    /// The usual fonts, or one that was chosen.
    pub(super) fn new(chosen: Option<(Vec<u8>, &str)>) -> Result<Self, NodeError> {
        Ok(match chosen {
            Some((content, name)) => Self {
                regular: Face::of(content.clone(), name)?,
                bold: Face::of(content, name)?,
            },
            None => Self {
                regular: Face::of(REGULAR.to_vec(), "the usual font")?,
                bold: Face::of(BOLD.to_vec(), "the usual bold font")?,
            },
        })
    }

    pub(super) fn check(&self, text: &str) -> Result<(), NodeError> {
        let Some(letter) = self.regular.missing(text) else {
            return Ok(());
        };
        Err(NodeError::invalid(format!(
            "the font has no `{letter}` (U+{:04X})",
            letter as u32
        ))
        .with_help("choose a font that has it with `font`, the path of a .ttf or .otf file"))
    }
}

/// How pages look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sheet {
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) margin: f32,
    pub(super) size: f32,
    pub(super) numbers: bool,
}

/// A text that stands somewhere on a page.
struct Placed {
    x: f32,
    y: f32,
    size: f32,
    text: String,
    bold: bool,
    italic: bool,
}

/// What is on a page.
#[derive(Default)]
struct PageContent {
    texts: Vec<Placed>,
    /// Left, top, width, height, gray from 0 (black) to 255.
    areas: Vec<(f32, f32, f32, f32, u8)>,
}

/// Lays blocks out on pages, one below the other.
pub(super) struct Layout<'f> {
    faces: &'f Faces,
    sheet: Sheet,
    pages: Vec<PageContent>,
    y: f32,
}

const LEADING: f32 = 1.35;

impl<'f> Layout<'f> {
    pub(super) fn new(faces: &'f Faces, sheet: Sheet) -> Self {
        Self {
            faces,
            sheet,
            pages: vec![PageContent::default()],
            y: sheet.margin,
        }
    }

    fn right(&self) -> f32 {
        self.sheet.width - self.sheet.margin
    }

    fn page(&mut self) -> &mut PageContent {
        if self.pages.is_empty() {
            self.pages.push(PageContent::default());
        }
        let last = self.pages.len() - 1;
        &mut self.pages[last]
    }

    /// Makes room for something of this height, on the next page if need be.
    fn room(&mut self, height: f32) {
        let bottom = self.sheet.height - self.sheet.margin;
        if self.y + height > bottom && self.y > self.sheet.margin {
            self.pages.push(PageContent::default());
            self.y = self.sheet.margin;
        }
    }

    pub(super) fn add(&mut self, block: &Block) -> Result<(), NodeError> {
        let size = self.sheet.size;
        match block {
            Block::Heading(level, spans) => {
                let large = size * [1.9, 1.5, 1.25, 1.1, 1.0, 1.0][usize::from(*level - 1).min(5)];
                self.y += large * 0.5;
                // A heading does not stand alone at the end of a page.
                self.room(large * LEADING + size * LEADING * 2.0);
                let bold: Vec<Span> = spans
                    .iter()
                    .map(|span| Span {
                        bold: true,
                        ..span.clone()
                    })
                    .collect();
                self.flow(&bold, self.sheet.margin, large)?;
                self.y += large * 0.3;
            }
            Block::Paragraph(spans) => {
                self.flow(spans, self.sheet.margin, size)?;
                self.y += size * 0.6;
            }
            Block::Item(depth, number, spans) => {
                let left = self.sheet.margin + size * 1.6 * (*depth as f32 + 1.0);
                let marker = number.map_or_else(|| "•".to_owned(), |number| format!("{number}."));
                self.room(size * LEADING);
                let x = left - self.faces.regular.width(&marker, size) - size * 0.4;
                let y = self.y + size;
                self.place(x, y, size, &Span::plain(marker));
                self.flow(spans, left, size)?;
                self.y += size * 0.2;
            }
            Block::Code(code) => self.code(code)?,
            Block::Rule => {
                self.room(size);
                let (left, width) = (self.sheet.margin, self.right() - self.sheet.margin);
                let y = self.y + size * 0.5;
                self.page().areas.push((left, y, width, 0.7, 160));
                self.y += size * 1.2;
            }
            Block::Table(rows) => self.table(rows)?,
        }
        Ok(())
    }

    fn place(&mut self, x: f32, y: f32, size: f32, span: &Span) {
        self.page().texts.push(Placed {
            x,
            y,
            size,
            text: span.text.clone(),
            bold: span.bold,
            italic: span.italic,
        });
    }

    fn face(&self, bold: bool) -> &'f Face {
        if bold {
            &self.faces.bold
        } else {
            &self.faces.regular
        }
    }

    /// Lays text out in lines from `left` to the right border.
    fn flow(&mut self, spans: &[Span], left: f32, size: f32) -> Result<(), NodeError> {
        let right = self.right();
        let mut x = left;
        self.room(size * LEADING);
        for span in spans {
            self.faces.check(&span.text)?;
            let face = self.face(span.bold);
            for (index, part) in span.text.split('\n').enumerate() {
                if index > 0 {
                    self.y += size * LEADING;
                    self.room(size * LEADING);
                    x = left;
                }
                for word in part.split_inclusive(' ') {
                    for piece in pieces(face, word, size, right - left) {
                        let width = face.width(piece, size);
                        let seen = face.width(piece.trim_end(), size);
                        if x + seen > right && x > left {
                            self.y += size * LEADING;
                            self.room(size * LEADING);
                            x = left;
                        }
                        let baseline = self.y + size;
                        let piece = Span {
                            text: piece.replace('\t', "    "),
                            ..span.clone()
                        };
                        self.place(x, baseline, size, &piece);
                        x += width;
                    }
                }
            }
        }
        self.y += size * LEADING;
        Ok(())
    }

    fn code(&mut self, code: &str) -> Result<(), NodeError> {
        let size = self.sheet.size * 0.9;
        let left = self.sheet.margin;
        for line in code.lines() {
            self.room(size * LEADING);
            let (y, width) = (self.y, self.right() - left);
            self.page()
                .areas
                .push((left, y, width, size * LEADING + 0.2, 240));
            self.flow(&[Span::plain(line)], left + size * 0.6, size)?;
        }
        self.y += self.sheet.size * 0.6;
        Ok(())
    }

    fn table(&mut self, rows: &[Vec<String>]) -> Result<(), NodeError> {
        let size = self.sheet.size * 0.95;
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        if columns == 0 {
            return Ok(());
        }
        let pad = size * 0.5;
        let whole = self.right() - self.sheet.margin;
        // Columns are as wide as they want, and share what there is if that is too much.
        let mut widths: Vec<f32> = (0..columns)
            .map(|column| {
                let wanted = rows.iter().filter_map(|row| row.get(column)).map(|cell| {
                    let longest = cell.lines().map(|line| self.faces.bold.width(line, size));
                    longest.fold(0.0, f32::max)
                });
                wanted.fold(size * 2.0, f32::max) + 2.0 * pad
            })
            .collect();
        let sum: f32 = widths.iter().sum();
        if sum > whole {
            let fair = whole / columns as f32;
            let small: f32 = widths.iter().filter(|width| **width <= fair).sum();
            let large: f32 = widths.iter().filter(|width| **width > fair).sum();
            for width in &mut widths {
                if *width > fair {
                    *width *= (whole - small) / large;
                }
            }
        }
        for (number, row) in rows.iter().enumerate() {
            self.table_row(row, &widths, size, number == 0)?;
        }
        self.y += self.sheet.size * 0.6;
        Ok(())
    }

    fn table_row(
        &mut self,
        row: &[String],
        widths: &[f32],
        size: f32,
        titles: bool,
    ) -> Result<(), NodeError> {
        let pad = size * 0.5;
        let mut cells: Vec<Vec<String>> = Vec::new();
        for (cell, width) in row.iter().zip(widths) {
            self.faces.check(cell)?;
            cells.push(wrapped(self.face(titles), cell, size, width - 2.0 * pad));
        }
        let lines = cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
        let height = lines as f32 * size * LEADING + pad;
        self.room(height);
        let (top, left) = (self.y, self.sheet.margin);
        let whole: f32 = widths.iter().sum();
        if titles {
            self.page().areas.push((left, top, whole, height, 230));
        }
        let mut x = left;
        for (lines, width) in cells.iter().zip(widths) {
            let is_number = lines.len() == 1
                && !titles
                && lines[0].chars().any(|c| c.is_ascii_digit())
                && lines[0]
                    .chars()
                    .all(|c| c.is_ascii_digit() || " .,-+%€$£".contains(c));
            for (index, line) in lines.iter().enumerate() {
                let start = if is_number {
                    x + width - pad - self.faces.regular.width(line, size)
                } else {
                    x + pad
                };
                let y = top + pad * 0.5 + size + index as f32 * size * LEADING;
                let span = Span {
                    text: line.clone(),
                    bold: titles,
                    italic: false,
                };
                self.place(start, y, size, &span);
            }
            x += width;
        }
        self.page()
            .areas
            .push((left, top + height, whole, 0.5, 180));
        self.y += height;
        Ok(())
    }

    /// Writes the pages.
    pub(super) fn draw(mut self, document: &mut Document) -> Result<usize, NodeError> {
        let count = self.pages.len();
        if self.sheet.numbers {
            for number in 0..count {
                let size = self.sheet.size * 0.85;
                let text = format!("{} / {count}", number + 1);
                let x = (self.sheet.width - self.faces.regular.width(&text, size)) / 2.0;
                let y = self.sheet.height - self.sheet.margin * 0.5;
                self.pages[number].texts.push(Placed {
                    x,
                    y,
                    size,
                    text,
                    bold: false,
                    italic: false,
                });
            }
        }
        for content in &self.pages {
            let settings = PageSettings::from_wh(self.sheet.width, self.sheet.height)
                .ok_or_else(|| NodeError::invalid("the page has no size"))?;
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            for (x, y, width, height, gray) in &content.areas {
                fill_area(&mut surface, [*x, *y, *width, *height], [*gray; 3]);
            }
            surface.set_fill(Some(solid([0, 0, 0], 1.0)));
            for text in &content.texts {
                let face = self.face(text.bold);
                write(&mut surface, face, text);
            }
            surface.finish();
            page.finish();
        }
        Ok(count)
    }
}

fn write(surface: &mut Surface<'_>, face: &Face, text: &Placed) {
    if text.text.trim().is_empty() {
        return;
    }
    let mut start = Point::from_xy(text.x, text.y);
    if text.italic {
        // The letters are slanted by 12 degrees.
        surface.push_transform(&Transform::from_row(1.0, 0.0, -0.21, 1.0, text.x, text.y));
        start = Point::from_xy(0.0, 0.0);
    }
    surface.draw_text(
        start,
        face.font.clone(),
        text.size,
        text.text.trim_end(),
        false,
        TextDirection::Auto,
    );
    if text.italic {
        surface.pop();
    }
}

/// A colour that lets something through.
pub(super) fn solid(colour: [u8; 3], opacity: f32) -> Fill {
    Fill {
        paint: rgb::Color::new(colour[0], colour[1], colour[2]).into(),
        opacity: NormalizedF32::new(opacity.clamp(0.0, 1.0)).unwrap_or(NormalizedF32::ONE),
        ..Fill::default()
    }
}

fn fill_area(surface: &mut Surface<'_>, area: [f32; 4], colour: [u8; 3]) {
    let [x, y, width, height] = area;
    let mut path = PathBuilder::new();
    if let Some(rect) = Rect::from_xywh(x, y, width, height) {
        path.push_rect(rect);
    }
    if let Some(path) = path.finish() {
        surface.set_fill(Some(solid(colour, 1.0)));
        surface.draw_path(&path);
    }
}

/// A word in pieces that fit into a line.
fn pieces<'w>(face: &Face, word: &'w str, size: f32, room: f32) -> Vec<&'w str> {
    if face.width(word.trim_end(), size) <= room {
        return vec![word];
    }
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut width = 0.0;
    for (at, letter) in word.char_indices() {
        let own = face.width(letter.encode_utf8(&mut [0; 4]), size);
        if width + own > room && at > from {
            pieces.push(&word[from..at]);
            (from, width) = (at, 0.0);
        }
        width += own;
    }
    pieces.push(&word[from..]);
    pieces
}

/// Text in lines that fit into a cell.
fn wrapped(face: &Face, text: &str, size: f32, room: f32) -> Vec<String> {
    let mut lines = Vec::new();
    for part in text.lines() {
        let mut line = String::new();
        for word in part.split_inclusive(' ') {
            for piece in pieces(face, word, size, room.max(size)) {
                let wider = format!("{line}{piece}");
                if face.width(wider.trim_end(), size) > room && !line.is_empty() {
                    lines.push(std::mem::take(&mut line).trim_end().to_owned());
                }
                line.push_str(piece);
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}
