//! From an offset in a text's value to the place in the file where it is written.

use std::ops::Range;

/// The part of `raw`, a scalar as it is written, that yields `part` of its value `text`.
///
/// Knows plain, quoted (on one line) and literal (`|`) scalars, whose lines are `indented` by so
/// many spaces; `None` for the rest, such as folded ones.
pub(super) fn written(
    raw: &str,
    text: &str,
    part: Range<usize>,
    indented: usize,
) -> Option<Range<usize>> {
    let letters: Box<dyn Iterator<Item = Option<Letter>>> = match raw.as_bytes().first()? {
        b'"' => Box::new(double_quoted(raw)),
        b'\'' => Box::new(single_quoted(raw)),
        _ => Box::new(lines(raw, indented)),
    };
    let mut start = None;
    let mut end = None;
    let mut letters = letters.fuse();
    let mut at = 0;
    for expected in text.chars() {
        if at >= part.end && end.is_some() {
            break;
        }
        let letter = letters.next()??;
        if letter.value.is_some_and(|value| value != expected) {
            return None;
        }
        if at >= part.start && start.is_none() {
            start = Some(letter.start);
        }
        at += expected.len_utf8();
        if start.is_some() {
            end = Some(letter.end);
        }
    }
    Some(start?..end?)
}

/// One character of the value.
struct Letter {
    /// `None` where it is an escape, which isn't decoded here.
    value: Option<char>,
    start: usize,
    end: usize,
}

fn itself(at: usize, letter: char) -> Letter {
    Letter {
        value: Some(letter),
        start: at,
        end: at + letter.len_utf8(),
    }
}

fn single_quoted(raw: &str) -> impl Iterator<Item = Option<Letter>> {
    let mut rest = raw.char_indices().skip(1).peekable();
    std::iter::from_fn(move || {
        let (at, letter) = rest.next()?;
        match letter {
            '\n' => Some(None),
            '\'' => {
                let (next, _) = rest.next_if(|(_, next)| *next == '\'')?;
                Some(Some(Letter {
                    value: Some('\''),
                    start: at,
                    end: next + 1,
                }))
            }
            letter => Some(Some(itself(at, letter))),
        }
    })
}

fn double_quoted(raw: &str) -> impl Iterator<Item = Option<Letter>> {
    let mut rest = raw.char_indices().skip(1).peekable();
    std::iter::from_fn(move || {
        let (start, letter) = rest.next()?;
        match letter {
            '\n' => return Some(None),
            '"' => return None,
            '\\' => {}
            letter => return Some(Some(itself(start, letter))),
        }
        let (_, escape) = rest.next()?;
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            // A line break that is escaped vanishes together with the next line's indentation.
            '\n' => return Some(None),
            _ => 0,
        };
        let code = raw.get(start + 2..start + 2 + digits)?;
        for _ in 0..digits {
            rest.next();
        }
        let mut end = start + 2 + digits;
        if let 'u' | 'x' | 'U' = escape
            && matches!(u32::from_str_radix(code, 16), Ok(0xD800..0xDC00))
        {
            // The second half of a pair, as JSON writes it.
            for _ in 0..6 {
                rest.next();
            }
            end += 6;
        }
        let value = None;
        Some(Some(Letter {
            value,
            start,
            end: end.max(start + 1 + escape.len_utf8()),
        }))
    })
}

/// A plain scalar, or the lines of a `|` scalar; they begin where the first one does.
///
/// The line breaks of a plain scalar are folded, so that what comes after them is not what is
/// expected.
fn lines(raw: &str, indented: usize) -> impl Iterator<Item = Option<Letter>> {
    let mut at = 0;
    raw.split_inclusive('\n').flat_map(move |line| {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        let skipped = if at == 0 { 0 } else { spaces.min(indented) };
        let start = at + skipped;
        at += line.len();
        let rest = line.get(skipped..).unwrap_or_default();
        rest.char_indices()
            .map(move |(offset, letter)| Some(itself(start + offset, letter)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(raw: &'static str, text: &str, wanted: &str) -> Option<&'static str> {
        let start = text.find(wanted)?;
        written(raw, text, start..start + wanted.len(), 4).map(|range| &raw[range])
    }

    #[test]
    fn a_part_of_a_value_is_found_as_it_is_written() {
        assert_eq!(found("a {{ x }}", "a {{ x }}", "x"), Some("x"));
        assert_eq!(found("'it''s {{ x }}'", "it's {{ x }}", "x"), Some("x"));
        assert_eq!(
            found(r#""\u00e4\t\"{{ x }}""#, "ä\t\"{{ x }}", "x"),
            Some("x")
        );
        assert_eq!(
            found(r#""\ud83d\ude00 {{ x }}""#, "😀 {{ x }}", "x"),
            Some("x")
        );
        assert_eq!(
            found("a\n\n      b {{ x }}\n", "a\n\n  b {{ x }}\n", "x"),
            Some("x")
        );
    }

    #[test]
    fn a_folded_value_has_no_exact_place() {
        assert_eq!(found("a\n  {{ x }}", "a {{ x }}", "x"), None);
        assert_eq!(found("a\n    {{ x }}\n", "a {{ x }}\n", "x"), None);
        assert_eq!(found("\"a\n  {{ x }}\"", "a {{ x }}", "x"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(raw in ".*", text in ".*", start in 0usize..9, length in 0usize..9) {
            let _ = written(&raw, &text, start..start + length, 2);
        }
    }
}
