//! The text of a page: its letters with their places, put together to words and lines.

use std::collections::HashMap;

use hayro::{
    hayro_interpret::{
        BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps,
        InterpreterCache, InterpreterSettings, SoftMask,
        font::{Glyph, GlyphRun},
        hayro_cmap::BfString,
        interpret_page,
    },
    hayro_syntax::{Pdf, page::Page},
    kurbo::{Affine, BezPath, Point, Rect},
};

/// So many letters are read of a page at most.
const MOST_LETTERS: usize = 500_000;

/// A piece of text on a page; lengths in points, from the top left.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) x: f64,
    /// Where the letters stand on.
    pub(super) y: f64,
    pub(super) width: f64,
    /// The size of the letters.
    pub(super) size: f64,
    /// How wide a gap stands before it.
    pub(super) gap: f64,
}

impl Word {
    pub(super) fn right(&self) -> f64 {
        self.x + self.width
    }
}

/// Words that stand side by side.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Line {
    pub(super) words: Vec<Word>,
}

impl Line {
    pub(super) fn y(&self) -> f64 {
        self.words.first().map_or(0.0, |word| word.y)
    }

    pub(super) fn size(&self) -> f64 {
        self.words.iter().map(|word| word.size).fold(0.0, f64::max)
    }

    pub(super) fn text(&self) -> String {
        let words: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        words.join(" ")
    }
}

/// A letter, or several that are drawn as one.
#[derive(Debug, Clone)]
struct Letter {
    text: String,
    x: f64,
    y: f64,
    end: f64,
    size: f64,
}

/// Takes the letters of a page, and passes over all else that is drawn.
#[derive(Default)]
struct Letters {
    found: Vec<Letter>,
}

impl Device<'_> for Letters {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'_>, _: &DrawMode) {}

    fn push_clip_path(&mut self, _: &ClipPath) {}

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {}

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, _: &DrawMode) {
        for glyph in run.glyphs() {
            if self.found.len() >= MOST_LETTERS {
                return;
            }
            let Some(text) = glyph.as_unicode() else {
                continue;
            };
            let text = match text {
                BfString::Char(letter) => letter.to_string(),
                BfString::String(letters) => letters,
            };
            let place = props.transform * glyph.transform();
            // A glyph is drawn on a square of 1000 units.
            let advance = match &**glyph {
                Glyph::Outline(outline) => f64::from(outline.advance_width().unwrap_or(500.0)),
                Glyph::Type3(_) => 500.0,
            };
            let start = place * Point::ZERO;
            let [a, b, c, d, ..] = place.as_coeffs();
            let size = (c.hypot(d)) * 1000.0;
            // Text that runs upwards or downwards stands in lines of its own.
            let end = start.x + advance * if a.abs() >= b.abs() { a } else { 0.0 };
            let visible = start.x.is_finite() && start.y.is_finite() && size > 0.1;
            if visible {
                self.found.push(Letter {
                    text,
                    x: start.x.min(end),
                    y: start.y,
                    end: start.x.max(end),
                    size,
                });
            }
        }
    }

    fn draw_image(&mut self, _: Image<'_, '_>, _: ImageDrawProps<'_>) {}

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}

/// The lines of a page, from top to bottom.
pub(super) fn lines(pdf: &Pdf, page: &Page<'_>) -> Vec<Line> {
    let (width, height) = page.render_dimensions();
    let cache = InterpreterCache::new();
    let mut letters = Letters::default();
    let settings = InterpreterSettings::default();
    let area = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let transform: Affine = to_affine(page);
    let mut context = Context::new(transform, area, &cache, pdf.xref(), settings);
    interpret_page(page, &mut context, &mut letters);
    arranged(letters.found)
}

fn to_affine(page: &Page<'_>) -> Affine {
    use hayro::hayro_interpret::TransformExt as _;
    page.initial_transform(true).to_kurbo()
}

/// Letters become lines: those that stand on one height belong together.
fn arranged(letters: Vec<Letter>) -> Vec<Line> {
    let mut rows: Vec<(f64, Vec<Letter>)> = Vec::new();
    // Rows by their height in half points, so that a page of many letters is quick.
    let mut known: HashMap<i64, usize> = HashMap::new();
    for letter in letters {
        let tolerance = (letter.size * 0.25).clamp(0.5, 6.0);
        let (low, high) = (
            ((letter.y - tolerance) * 2.0).floor() as i64,
            ((letter.y + tolerance) * 2.0).ceil() as i64,
        );
        let near = (low..=high)
            .filter_map(|key| known.get(&key).copied())
            .filter(|row| (rows[*row].0 - letter.y).abs() <= tolerance)
            .min_by(|a, b| {
                let off = |row: usize| (rows[row].0 - letter.y).abs();
                off(*a).total_cmp(&off(*b))
            });
        if let Some(row) = near {
            rows[row].1.push(letter);
        } else {
            known.insert((letter.y * 2.0).round() as i64, rows.len());
            rows.push((letter.y, vec![letter]));
        }
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    rows.into_iter()
        .map(|(_, letters)| line(letters))
        .filter(|line| !line.words.is_empty())
        .collect()
}

fn line(mut letters: Vec<Letter>) -> Line {
    // Sorting keeps the order of letters that stand in one place.
    letters.sort_by(|a, b| a.x.total_cmp(&b.x));
    let mut words: Vec<Word> = Vec::new();
    let mut open = false;
    for letter in letters {
        let is_space = letter.text.trim().is_empty();
        let last = words.last_mut().filter(|_| open && !is_space);
        let gap = |word: &Word| letter.x - word.right();
        match last {
            // A letter drawn twice a little apart is a bold one.
            Some(word)
                if word.text.ends_with(&letter.text)
                    && gap(word) < -0.6 * (letter.end - letter.x).abs() => {}
            Some(word) if gap(word) < letter.size * 0.2 => {
                word.text.push_str(&letter.text);
                word.width = letter.end.max(word.right()) - word.x;
                word.size = word.size.max(letter.size);
            }
            _ if is_space => open = false,
            _ => {
                let gap = words.last().map_or(0.0, |word| letter.x - word.right());
                words.push(Word {
                    text: letter.text,
                    x: letter.x,
                    y: letter.y,
                    width: letter.end - letter.x,
                    size: letter.size,
                    gap,
                });
                open = true;
            }
        }
    }
    Line { words }
}

/// The text of lines, an empty line between paragraphs.
pub(super) fn plain(lines: &[Line]) -> String {
    let mut text = String::new();
    let mut above: Option<&Line> = None;
    for line in lines {
        if let Some(above) = above {
            let distance = line.y() - above.y();
            let usual = above.size().max(line.size()) * 1.9;
            text.push_str(if distance > usual { "\n\n" } else { "\n" });
        }
        text.push_str(&line.text());
        above = Some(line);
    }
    text
}

/// The text of lines with spaces where there is space, as on the page.
pub(super) fn laid_out(lines: &[Line]) -> String {
    let widths = lines.iter().flat_map(|line| &line.words).map(|word| {
        let letters = word.text.chars().count().max(1);
        (word.width / letters as f64, letters)
    });
    let (sum, letters) = widths.fold((0.0, 0), |(sum, all), (width, letters)| {
        (sum + width * letters as f64, all + letters)
    });
    let column = (sum / letters.max(1) as f64).max(1.0);
    let left = lines
        .iter()
        .filter_map(|line| line.words.first())
        .map(|word| word.x)
        .fold(f64::INFINITY, f64::min);
    let mut text = String::new();
    let mut above: Option<&Line> = None;
    for line in lines {
        if let Some(above) = above {
            let height = above.size().max(1.0) * 1.2;
            let empty = ((line.y() - above.y()) / height).round() as i64;
            text.push_str(&"\n".repeat(empty.clamp(1, 4) as usize));
        }
        let mut written = 0;
        for word in &line.words {
            let wanted = ((word.x - left) / column).round().clamp(0.0, 1000.0) as usize;
            let spaces = wanted.saturating_sub(written).max(usize::from(written > 0));
            text.push_str(&" ".repeat(spaces));
            text.push_str(&word.text);
            written += spaces + word.text.chars().count();
        }
        above = Some(line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(text: &str, x: f64, y: f64) -> Vec<Letter> {
        (0..)
            .zip(text.chars())
            .map(|(index, letter)| Letter {
                text: letter.to_string(),
                x: x + f64::from(index) * 5.0,
                y,
                end: x + f64::from(index) * 5.0 + 5.0,
                size: 10.0,
            })
            .collect()
    }

    #[test]
    fn letters_become_words_and_lines_wherever_they_were_drawn() {
        let mut all = letters("below", 10.0, 52.0);
        all.extend(letters("right", 80.0, 30.2));
        all.extend(letters("left one", 10.0, 30.0));

        let lines = arranged(all);

        assert_eq!(plain(&lines), "left one right\n\nbelow");
        assert_eq!(laid_out(&lines), "left one      right\n\nbelow");
    }
}
