//! References to cells in formulas, as they follow what happens to sheets.

use super::address::{Area, COLUMNS, CellAddress, ROWS};
use casare_files::rows::column_letters;

/// What happens to a sheet that formulas may refer to.
#[derive(Debug, Clone)]
pub(super) enum Move {
    /// Lines are put in before the line `at`.
    Insert { axis: Axis, at: u32, count: u32 },
    /// The lines from `at` on go.
    Delete { axis: Axis, at: u32, count: u32 },
    /// The sheet is called this from now on.
    Rename(String),
    /// The sheet goes.
    Remove,
}

/// Rows or columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    Rows,
    Columns,
}

impl Move {
    /// Where a line stands afterwards; `None` if it is gone.
    pub(super) fn line(&self, axis: Axis, line: u32) -> Option<u32> {
        let limit = match axis {
            Axis::Rows => ROWS,
            Axis::Columns => COLUMNS,
        };
        match *self {
            Self::Insert {
                axis: moved,
                at,
                count,
            } if moved == axis && line >= at => Some(line + count).filter(|line| *line < limit),
            Self::Delete {
                axis: moved,
                at,
                count,
            } if moved == axis && line >= at => (line >= at + count).then(|| line - count),
            _ => Some(line),
        }
    }

    /// The lines that a range of lines takes afterwards; `None` if all are gone.
    fn lines(&self, axis: Axis, first: u32, last: u32) -> Option<(u32, u32)> {
        match *self {
            Self::Insert {
                axis: moved,
                at,
                count,
            } if moved == axis => {
                let limit = match axis {
                    Axis::Rows => ROWS,
                    Axis::Columns => COLUMNS,
                } - 1;
                let shift = |line: u32| if line >= at { line + count } else { line };
                // A whole column stays a whole column.
                let last = if last == limit { last } else { shift(last) };
                let first = if first == 0 && last == limit {
                    0
                } else {
                    shift(first)
                };
                (first <= limit).then_some((first, last.min(limit)))
            }
            Self::Delete {
                axis: moved,
                at,
                count,
            } if moved == axis => {
                let limit = match axis {
                    Axis::Rows => ROWS,
                    Axis::Columns => COLUMNS,
                } - 1;
                if first == 0 && last == limit {
                    return Some((first, last));
                }
                let first = if first >= at {
                    first.saturating_sub(count).max(at)
                } else {
                    first
                };
                let last = if last >= at + count {
                    last - count
                } else if last >= at {
                    at.checked_sub(1)?
                } else {
                    last
                };
                (first <= last).then_some((first, last))
            }
            _ => Some((first, last)),
        }
    }

    /// Where an area stands afterwards; `None` if it is gone.
    pub(super) fn area(&self, area: Area) -> Option<Area> {
        let rows = self.lines(Axis::Rows, area.first.row, area.last.row)?;
        let columns = self.lines(Axis::Columns, area.first.column, area.last.column)?;
        Some(Area {
            first: CellAddress {
                row: rows.0,
                column: columns.0,
            },
            last: CellAddress {
                row: rows.1,
                column: columns.1,
            },
        })
    }

    /// A list of areas as attributes write them, `A1:B2 D4`; those that are gone are left out.
    pub(super) fn areas(&self, written: &str) -> String {
        let moved = written.split_whitespace().filter_map(|text| {
            let Some(area) = Area::parse(text) else {
                return Some(text.to_owned());
            };
            self.area(area).map(|area| area.to_string())
        });
        moved.collect::<Vec<_>>().join(" ")
    }

    /// A formula as it reads afterwards. `sheet` is the one that changes, `home` the one the
    /// formula stands in.
    pub(super) fn formula(&self, formula: &str, sheet: &str, home: Option<&str>) -> String {
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        let mut out = String::with_capacity(formula.len());
        let mut rest = formula;
        while let Some(character) = rest.chars().next() {
            let (token, after) = match character {
                '"' => quoted(rest, '"'),
                '[' => bracketed(rest),
                '\'' => quoted(rest, '\''),
                '#' => word(rest, 1),
                c if is_word(c) => word(rest, 0),
                c => rest.split_at(c.len_utf8()),
            };
            let is_name = character == '\'' || is_word(character) || character == '[';
            if let (true, Some(after)) = (is_name, after.strip_prefix('!')) {
                let named = unquoted(token);
                let (reference, after) = reference(after);
                if same(&named, sheet) {
                    out.push_str(&self.reference(Some(token), reference));
                } else {
                    out.push_str(token);
                    out.push('!');
                    out.push_str(reference);
                }
                rest = after;
                continue;
            }
            let here = home.is_some_and(|home| same(home, sheet));
            if here && is_word(character) && !after.starts_with('(') {
                let (reference, after) = reference(rest);
                out.push_str(&self.reference(None, reference));
                rest = after;
                continue;
            }
            out.push_str(token);
            rest = after;
        }
        out
    }

    /// A reference that was found to mean the sheet.
    fn reference(&self, sheet: Option<&str>, reference: &str) -> String {
        let prefix = |name: &str| format!("{name}!");
        match self {
            Self::Rename(name) => match sheet {
                Some(_) => format!("{}{reference}", prefix(&written_name(name))),
                None => reference.to_owned(),
            },
            Self::Remove => "#REF!".to_owned(),
            _ => {
                let moved = self.moved(reference);
                format!("{}{moved}", sheet.map(prefix).unwrap_or_default())
            }
        }
    }

    fn moved(&self, reference: &str) -> String {
        let Some((first, last)) = Part::of(reference) else {
            return reference.to_owned();
        };
        let area = Area {
            first: CellAddress {
                row: first.row.map_or(0, |(row, _)| row),
                column: first.column.map_or(0, |(column, _)| column),
            },
            last: CellAddress {
                row: last.row.map_or(ROWS - 1, |(row, _)| row),
                column: last.column.map_or(COLUMNS - 1, |(column, _)| column),
            },
        };
        let moved = if reference.contains(':') {
            self.area(area)
        } else {
            let row = self.line(Axis::Rows, area.first.row);
            let column = self.line(Axis::Columns, area.first.column);
            row.zip(column).map(|(row, column)| {
                let at = CellAddress { row, column };
                Area {
                    first: at,
                    last: at,
                }
            })
        };
        let Some(moved) = moved else {
            return "#REF!".to_owned();
        };
        let first = first.at(moved.first);
        if reference.contains(':') {
            format!("{first}:{}", last.at(moved.last))
        } else {
            first
        }
    }
}

/// A corner of a reference: `$B$4`, `B`, or `4`; each with whether it has a `$`.
#[derive(Debug, Clone, Copy)]
struct Part {
    column: Option<(u32, bool)>,
    row: Option<(u32, bool)>,
}

impl Part {
    /// The corners of `A1`, `A1:B2`, `A:B` or `1:2`.
    fn of(reference: &str) -> Option<(Self, Self)> {
        match reference.split_once(':') {
            None => {
                let cell = Self::parse(reference)?;
                (cell.column.is_some() && cell.row.is_some()).then_some((cell, cell))
            }
            Some((first, last)) => {
                let (first, last) = (Self::parse(first)?, Self::parse(last)?);
                let alike = first.column.is_some() == last.column.is_some()
                    && first.row.is_some() == last.row.is_some();
                alike.then_some((first, last))
            }
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let fixed_column = text.starts_with('$');
        let rest = text.strip_prefix('$').unwrap_or(text);
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let (letters, digits) = rest.split_at(letters);
        if letters.len() > 3 {
            return None;
        }
        let (fixed_row, digits) = match digits.strip_prefix('$') {
            Some(digits) => (true, digits),
            None => (letters.is_empty() && fixed_column, digits),
        };
        let column = letters.bytes().fold(0, |number, letter| {
            number * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1
        });
        let column = column.checked_sub(1).filter(|column| *column < COLUMNS);
        let row = match digits {
            "" if !fixed_row => None,
            digits if digits.bytes().all(|digit| digit.is_ascii_digit()) => Some(
                digits
                    .parse::<u32>()
                    .ok()?
                    .checked_sub(1)
                    .filter(|row| *row < ROWS)?,
            ),
            _ => return None,
        };
        if (!letters.is_empty() && column.is_none()) || (column.is_none() && row.is_none()) {
            return None;
        }
        Some(Self {
            column: column.map(|column| (column, fixed_column)),
            row: row.map(|row| (row, fixed_row)),
        })
    }

    /// The same kind of corner at another place.
    fn at(self, place: CellAddress) -> String {
        let sign = |fixed| if fixed { "$" } else { "" };
        let column = self
            .column
            .map(|(_, fixed)| format!("{}{}", sign(fixed), column_letters(place.column)));
        let row = self
            .row
            .map(|(_, fixed)| format!("{}{}", sign(fixed), place.row + 1));
        format!("{}{}", column.unwrap_or_default(), row.unwrap_or_default())
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '\\' | '?')
}

fn word(text: &str, from: usize) -> (&str, &str) {
    let end = text[from..]
        .find(|c: char| !is_word(c))
        .map_or(text.len(), |end| end + from);
    text.split_at(end)
}

/// The reference at the start: `A1`, or `A1:B2`.
fn reference(text: &str) -> (&str, &str) {
    let (first, after) = word(text, 0);
    if let Some(second) = after.strip_prefix(':') {
        let (last, rest) = word(second, 0);
        let whole = &text[..first.len() + 1 + last.len()];
        if !rest.starts_with(['!', '(']) && Part::of(whole).is_some() {
            return (whole, rest);
        }
    }
    (first, after)
}

/// Text in quotes, doubled ones inside included.
fn quoted(text: &str, mark: char) -> (&str, &str) {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == mark && characters.next_if(|(_, next)| *next == mark).is_none() {
            return text.split_at(at + 1);
        }
    }
    (text, "")
}

/// A reference to a table's columns or to another workbook; the name of a sheet may follow.
fn bracketed(text: &str) -> (&str, &str) {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let end = at + 1;
            let (name, _) = word(&text[end..], 0);
            return text.split_at(end + name.len());
        }
    }
    (text, "")
}

fn unquoted(name: &str) -> String {
    name.strip_prefix('\'')
        .and_then(|name| name.strip_suffix('\''))
        .map_or_else(|| name.to_owned(), |name| name.replace("''", "'"))
}

/// The name of a sheet as formulas write it.
pub(super) fn written_name(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && name.chars().next().is_some_and(char::is_alphabetic)
        && Part::of(name).is_none();
    if plain {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(at: u32, count: u32) -> Move {
        Move::Insert {
            axis: Axis::Rows,
            at,
            count,
        }
    }

    #[test]
    fn references_follow_rows_that_are_put_in() {
        let moved = |formula| insert(4, 2).formula(formula, "Data", Some("Data"));

        assert_eq!(moved("SUM(A1:A9)+$B$5"), "SUM(A1:A11)+$B$7");
        assert_eq!(moved("A4&\" A5 \"&Other!A5"), "A4&\" A5 \"&Other!A5");
        assert_eq!(moved("Data!A5+'Data'!5:6"), "Data!A7+'Data'!7:8");
        assert_eq!(moved("SUM(A:A)+LOG10(A5)"), "SUM(A:A)+LOG10(A7)");
        assert_eq!(
            moved("Sales[[#This Row],[A5]]*2"),
            "Sales[[#This Row],[A5]]*2"
        );
        assert_eq!(moved("[1]Data!A5+Taxes2026"), "[1]Data!A5+Taxes2026");
    }

    #[test]
    fn references_follow_rows_that_go() {
        let delete = Move::Delete {
            axis: Axis::Rows,
            at: 4,
            count: 2,
        };
        let moved = |formula| delete.formula(formula, "Data", Some("Data"));

        assert_eq!(moved("A5+A7"), "#REF!+A5");
        assert_eq!(moved("SUM(A1:A9)"), "SUM(A1:A7)");
        assert_eq!(moved("SUM(A5:A6)"), "SUM(#REF!)");
        assert_eq!(moved("SUM(A3:A5)"), "SUM(A3:A4)");
        assert_eq!(moved("SUM(A6:A9)"), "SUM(A5:A7)");
    }

    #[test]
    fn references_follow_the_name_of_a_sheet() {
        let rename = Move::Rename("Q1 26".to_owned());

        assert_eq!(
            rename.formula("Data!A1+'data'!B2+A1+Other!C3", "Data", None),
            "'Q1 26'!A1+'Q1 26'!B2+A1+Other!C3"
        );
        assert_eq!(
            Move::Remove.formula("Data!A1*2", "Data", Some("Other")),
            "#REF!*2"
        );
    }
}
