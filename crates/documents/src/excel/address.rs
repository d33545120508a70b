//! Addresses of cells and areas, as people write them.

use casare_engine::NodeError;

use casare_files::rows::column_letters;

/// The rows and columns that a sheet can have.
pub(super) const ROWS: u32 = 1_048_576;
pub(super) const COLUMNS: u32 = 16_384;

/// A cell; row and column count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CellAddress {
    pub(super) row: u32,
    pub(super) column: u32,
}

impl CellAddress {
    /// Reads `B4`; `$` in it is passed over.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match parts(text)? {
            (Some(column), Some(row)) => Some(Self { row, column }),
            _ => None,
        }
    }

    /// The cell that a setting names.
    pub(super) fn of_setting(name: &str, text: &str) -> Result<Self, NodeError> {
        Self::parse(text).ok_or_else(|| {
            NodeError::invalid(format!("setting `{name}`: `{text}` is no cell"))
                .with_help("a cell is a column's letters and a row's number, such as `B4`")
        })
    }
}

impl std::fmt::Display for CellAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", column_letters(self.column), self.row + 1)
    }
}

/// A rectangle of cells, first and last ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) first: CellAddress,
    pub(super) last: CellAddress,
}

impl Area {
    /// Reads `A1:D20` or `B4`, as files write them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        Some(Self {
            first: CellAddress::parse(first)?,
            last: CellAddress::parse(last)?,
        })
    }

    /// The area that a setting names: `A1:D20`, `A:D`, `2:20`, or `B4` for all from there on.
    pub(super) fn of_setting(text: &str) -> Result<Self, NodeError> {
        let wrong = || {
            NodeError::invalid(format!("setting `range`: `{text}` is no range of cells")).with_help(
                "examples: `A1:D20`, the columns `A:D`, the rows `2:20`, or `B4` for all from there",
            )
        };
        let (first, last) = match text.split_once(':') {
            Some((first, "")) => (parts(first), Some((None, None))),
            Some((first, last)) => (parts(first), parts(last)),
            None => (parts(text), Some((None, None))),
        };
        let (first, last) = first.zip(last).ok_or_else(wrong)?;
        let area = Self {
            first: CellAddress {
                row: first.1.unwrap_or(0),
                column: first.0.unwrap_or(0),
            },
            last: CellAddress {
                row: last.1.unwrap_or(ROWS - 1),
                column: last.0.unwrap_or(COLUMNS - 1),
            },
        };
        if area.last.row < area.first.row || area.last.column < area.first.column {
            return Err(wrong());
        }
        Ok(area)
    }

    pub(super) fn contains(&self, cell: CellAddress) -> bool {
        (self.first.row..=self.last.row).contains(&cell.row)
            && (self.first.column..=self.last.column).contains(&cell.column)
    }

    /// Whether all of `other` lies inside.
    pub(super) fn holds(&self, other: &Self) -> bool {
        self.contains(other.first) && self.contains(other.last)
    }

    /// Whether the two share a cell.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.first.row <= other.last.row
            && other.first.row <= self.last.row
            && self.first.column <= other.last.column
            && other.first.column <= self.last.column
    }

    pub(super) fn is_one_cell(&self) -> bool {
        self.first == self.last
    }
}

impl std::fmt::Display for Area {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_one_cell() {
            return self.first.fmt(f);
        }
        write!(f, "{}:{}", self.first, self.last)
    }
}

/// The column and the row in `text`, each if it is there, from 0.
fn parts(text: &str) -> Option<(Option<u32>, Option<u32>)> {
    let text = text.trim().replace('$', "");
    let letters = text
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (letters, digits) = text.split_at(letters);
    let column = match letters {
        "" => None,
        letters if letters.len() > 3 => return None,
        letters => {
            let number = letters.bytes().fold(0, |number, letter| {
                number * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1
            });
            Some(number - 1)
        }
    };
    let row = match digits {
        "" => None,
        digits => Some(digits.parse::<u32>().ok()?.checked_sub(1)?),
    };
    let fits = column.is_none_or(|column| column < COLUMNS) && row.is_none_or(|row| row < ROWS);
    (fits && !text.is_empty()).then_some((column, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_and_areas_read_as_they_are_written() {
        for text in ["A1", "XFD1048576", "AB12"] {
            assert_eq!(CellAddress::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(CellAddress::parse("$b$4"), CellAddress::parse("B4"));
        for wrong in ["", "A0", "4B", "XFE1", "A1048577", "Ä1", "A", "7"] {
            assert_eq!(CellAddress::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Area::parse("A1:D20").unwrap().to_string(), "A1:D20");
    }

    #[test]
    fn a_range_can_be_open() {
        let range = |text| Area::of_setting(text).unwrap().to_string();

        assert_eq!(range("B4"), "B4:XFD1048576");
        assert_eq!(range("B4:"), "B4:XFD1048576");
        assert_eq!(range("A:D"), "A1:D1048576");
        assert_eq!(range("2:20"), "A2:XFD20");
        assert!(Area::of_setting("D4:A1").is_err());
        assert!(Area::of_setting("Sheet1!A1").is_err());
    }
}
