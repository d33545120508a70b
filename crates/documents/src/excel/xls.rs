//! Whether an old workbook (`.xls`) can be read with the memory there is.
//!
//! The library makes room for as many cells as such a file says it has, reads all sheets at once, and
//! copies a text into each cell that shares it. So the file is looked through first.

use std::{collections::BTreeSet, fs::File, io::Read as _, path::Path};

use casare_engine::NodeError;

use super::workbook::unreadable;
use crate::ooxml::package::locked;

/// So many cells all sheets together may have, those between others included.
const MOST_CELLS: u64 = 30_000_000;
/// So many cells a sheet of this kind has room for.
const SHEET: u64 = 65_536 * 256;
/// So much text they may hold, in bytes, texts that cells share included.
const MOST_TEXT: u64 = 1 << 30;
/// No larger file is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// Why a workbook is refused.
enum Refused {
    Damaged(&'static str),
    TooMuch,
}

/// Refuses a file that would take all memory, one that is damaged, and one with a password.
pub(super) fn check(file: &mut File, path: &Path) -> Result<(), NodeError> {
    let damaged = |error: &dyn std::fmt::Display| unreadable(path, &error.to_string());
    let mut compound = cfb::CompoundFile::open(file).map_err(|error| damaged(&error))?;
    // A new workbook with a password is packed like an old one.
    if compound.exists("EncryptedPackage") {
        return Err(locked(path));
    }
    let name = ["Workbook", "Book"]
        .into_iter()
        .find(|name| compound.exists(name))
        .ok_or_else(|| damaged(&"it holds something else than a workbook"))?;
    let mut stream = Vec::new();
    let opened = compound
        .open_stream(name)
        .map_err(|error| damaged(&error))?;
    opened
        .take(LARGEST)
        .read_to_end(&mut stream)
        .map_err(|error| damaged(&error))?;
    extent(&stream).map_err(|refused| match refused {
        Refused::Damaged(reason) => damaged(&reason),
        Refused::TooMuch => NodeError::invalid(format!(
            "the sheets of {} span more than {MOST_CELLS} cells or {} MiB of text",
            path.display(),
            MOST_TEXT >> 20
        ))
        .with_help("it is no ordinary workbook; open it, and save the sheet you need as .xlsx"),
    })
}

/// Adds up what the sheets hold.
fn extent(stream: &[u8]) -> Result<(), Refused> {
    let mut sheets = BTreeSet::new();
    let mut texts = Vec::new();
    let mut records = Records(stream);
    while let Some(record) = records.next() {
        match record.kind {
            // The sheets and where they begin.
            0x0085 => {
                let start = number(record.data, 0, 4).ok_or(CUT)? as usize;
                let sheet = stream.get(start..).ok_or(CUT)?;
                // Two sheets in one place would be read twice.
                if !sheets.insert(start) {
                    return Err(Refused::Damaged("two of its sheets are in one place"));
                }
                if sheet.len() < 4 {
                    return Err(CUT);
                }
            }
            // The texts that cells share.
            0x00fc => texts = Texts::of(&records, record.data).lengths(),
            0x000a => break,
            _ => {}
        }
    }
    let (mut cells, mut text) = (0_u64, 0_u64);
    for start in sheets {
        let sheet = Sheet::of(&stream[start..], &texts)?;
        cells += sheet.area();
        text += sheet.text;
        if cells > MOST_CELLS || text > MOST_TEXT {
            return Err(Refused::TooMuch);
        }
    }
    Ok(())
}

const CUT: Refused = Refused::Damaged("it is cut off");

/// A number of so many bytes, the lowest first.
fn number(data: &[u8], at: usize, bytes: usize) -> Option<u64> {
    let bytes = data.get(at..at + bytes)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |all, byte| (all << 8) | u64::from(*byte)),
    )
}

struct Record<'s> {
    kind: u64,
    data: &'s [u8],
}

/// The records of a stream, up to the first that is cut off.
struct Records<'s>(&'s [u8]);

impl<'s> Iterator for Records<'s> {
    type Item = Record<'s>;

    fn next(&mut self) -> Option<Record<'s>> {
        let kind = number(self.0, 0, 2)?;
        let end = 4 + number(self.0, 2, 2)? as usize;
        let data = self.0.get(4..end)?;
        self.0 = &self.0[end..];
        Some(Record { kind, data })
    }
}

/// How far the cells of a sheet reach, and the text that they share.
#[derive(Default)]
struct Sheet {
    /// The first row and column, the last row and column.
    reach: Option<[u64; 4]>,
    text: u64,
}

impl Sheet {
    fn of(stream: &[u8], texts: &[u32]) -> Result<Self, Refused> {
        let mut sheet = Self::default();
        let mut depth = 0_usize;
        for record in Records(stream) {
            let data = record.data;
            match record.kind {
                // Charts inside a sheet are streams of their own.
                0x0809 => depth += 1,
                0x000a if depth <= 1 => break,
                0x000a => depth -= 1,
                // The extent that the sheet says it has.
                0x0200 => {
                    let wide = if data.len() < 14 { 2 } else { 4 };
                    let of = |at, bytes| number(data, at, bytes).unwrap_or(0);
                    let rows = of(wide, wide).saturating_sub(of(0, wide));
                    let columns = of(2 * wide + 2, 2);
                    if rows.saturating_mul(columns) > SHEET {
                        return Err(Refused::TooMuch);
                    }
                }
                0x0203..=0x0205 | 0x00d6 | 0x027e | 0x00fd | 0x0006 | 0x00bd => {
                    let row = number(data, 0, 2).ok_or(CUT)?;
                    let column = number(data, 2, 2).ok_or(CUT)?;
                    sheet.reach(row, column);
                    // Several numbers side by side: the last column stands at the end.
                    if record.kind == 0x00bd {
                        let last = number(data, data.len().saturating_sub(2), 2).ok_or(CUT)?;
                        sheet.reach(row, last);
                    }
                    if record.kind == 0x00fd {
                        let index = number(data, 6, 4).ok_or(CUT)? as usize;
                        let length = texts.get(index).copied().unwrap_or(u32::from(u16::MAX));
                        sheet.text += u64::from(length);
                    }
                }
                _ => {}
            }
        }
        Ok(sheet)
    }

    fn reach(&mut self, row: u64, column: u64) {
        let [top, left, bottom, right] = self.reach.get_or_insert([row, column, row, column]);
        *top = row.min(*top);
        *left = column.min(*left);
        *bottom = row.max(*bottom);
        *right = column.max(*right);
    }

    fn area(&self) -> u64 {
        self.reach.map_or(0, |[top, left, bottom, right]| {
            (bottom - top + 1) * (right - left + 1)
        })
    }
}

/// The table of shared texts, which goes on in further records.
struct Texts<'s> {
    parts: Vec<&'s [u8]>,
}

impl<'s> Texts<'s> {
    fn of(rest: &Records<'s>, first: &'s [u8]) -> Self {
        let more = Records(rest.0).take_while(|record| record.kind == 0x003c);
        Self {
            parts: std::iter::once(first.get(8..).unwrap_or_default())
                .chain(more.map(|record| record.data))
                .collect(),
        }
    }

    /// The length of each text, in bytes at most.
    fn lengths(&self) -> Vec<u32> {
        let mut parts = self.parts.iter().copied();
        let mut part = parts.next().unwrap_or_default();
        let mut lengths = Vec::new();
        loop {
            if part.is_empty() {
                match parts.next() {
                    Some(next) => part = next,
                    None => return lengths,
                }
            }
            let (Some(characters), Some(flags)) = (number(part, 0, 2), number(part, 2, 1)) else {
                return lengths;
            };
            let mut at = 3;
            let mut after = 0;
            if flags & 0x08 != 0 {
                after += 4 * number(part, at, 2).unwrap_or(0);
                at += 2;
            }
            if flags & 0x04 != 0 {
                after += number(part, at, 4).unwrap_or(0);
                at += 4;
            }
            // Up to three bytes a character in UTF-8.
            lengths.push(3 * characters as u32);
            part = part.get(at..).unwrap_or_default();
            let (mut left, mut width) = (characters as usize, 1 + (flags & 1) as usize);
            while left > part.len() / width {
                left -= part.len() / width;
                let Some(next) = parts.next() else {
                    return lengths;
                };
                // Each further record says anew how wide its characters are.
                width = 1 + usize::from(next.first().copied().unwrap_or(0) & 1);
                part = next.get(1..).unwrap_or_default();
            }
            part = &part[left * width..];
            let mut after = after as usize;
            while after > part.len() {
                after -= part.len();
                let Some(next) = parts.next() else {
                    return lengths;
                };
                part = next;
            }
            part = &part[after..];
        }
    }
}
