//! The rows of a CSV file, one after the other.

use std::{collections::HashSet, io::Read, path::Path, sync::Arc};

use casare_engine::NodeError;
use casare_workflow::Value;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    dialect::{self, Dialect},
    text::{Input, TextRecords, open_text},
};
use casare_files::{
    Charset,
    rows::{Header, Row},
    unreadable,
};

/// How much of a file is looked at to find its dialect.
const SAMPLE: u64 = 64 * 1024;

/// Whether the first row names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderRow {
    Present,
    Absent,
    Auto,
}

/// What happens to a row that has more or fewer cells than the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum OnBadRow {
    /// The step fails and says the line.
    #[default]
    Fail,
    /// The row is left out.
    Skip,
    /// The row is kept: missing cells are none, surplus ones are cut off.
    Keep,
}

/// How a file is to be read.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) charset: Option<Charset>,
    /// Found out when it is `None`.
    pub(super) delimiter: Option<u8>,
    pub(super) header: HeaderRow,
    pub(super) numbers: bool,
    pub(super) on_bad_row: OnBadRow,
}

/// A CSV file whose dialect and columns are known; can be read any number of times.
#[derive(Debug, Clone)]
pub(super) struct CsvFile {
    input: Input,
    reading: Reading,
    dialect: Dialect,
    header: Option<Arc<Header>>,
    width: usize,
}

impl CsvFile {
    /// Looks at the beginning of the file.
    pub(super) fn open(path: &Path, reading: Reading) -> Result<Self, NodeError> {
        Self::of(Input::File(path.to_owned()), reading)
    }

    /// Looks at the beginning of a file or text.
    pub(super) fn of(input: Input, reading: Reading) -> Result<Self, NodeError> {
        let mut sample = Vec::new();
        open_text(&input, reading.charset)?
            .take(SAMPLE)
            .read_to_end(&mut sample)
            .map_err(|error| unreadable(&input.to_string(), &error))?;
        if sample.starts_with(b"PK\x03\x04") || sample.starts_with(b"\xd0\xcf\x11\xe0") {
            return Err(NodeError::invalid(format!(
                "{input} is no CSV: it is a workbook or an archive"
            ))
            .with_help("read workbooks with excel.read"));
        }
        let mut dialect = dialect::detect(&String::from_utf8_lossy(&sample));
        if let Some(delimiter) = reading.delimiter {
            dialect.delimiter = delimiter;
        }
        let mut file = Self {
            input,
            reading,
            dialect,
            header: None,
            width: 0,
        };
        let mut first = csv::StringRecord::new();
        let found = file.records()?.read(&mut first)?;
        file.width = first.len();
        let named = match file.reading.header {
            HeaderRow::Present => true,
            HeaderRow::Absent => false,
            HeaderRow::Auto => looks_like_titles(&first),
        };
        if found && named {
            file.header = Some(Header::new(first.iter().map(str::to_owned)));
        }
        Ok(file)
    }

    /// The names of the columns, where the file has them.
    pub(super) fn columns(&self) -> Vec<String> {
        self.header
            .as_ref()
            .map(|header| header.names())
            .unwrap_or_default()
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.dialect.delimiter
    }

    /// The rows below the header, from the first.
    pub(super) fn rows(&self) -> Result<Rows, NodeError> {
        let mut records = self.records()?;
        if self.header.is_some() {
            records.read(&mut csv::StringRecord::new())?;
        }
        Ok(Rows {
            file: self.clone(),
            records,
            record: csv::StringRecord::new(),
            bad: 0,
            ended: false,
        })
    }

    fn records(&self) -> Result<TextRecords, NodeError> {
        TextRecords::open(&self.input, self.reading.charset, self.dialect)
    }
}

/// One pass over the rows of a file.
pub(super) struct Rows {
    file: CsvFile,
    records: TextRecords,
    record: csv::StringRecord,
    bad: u64,
    ended: bool,
}

impl Rows {
    /// How many rows so far had more or fewer cells than the others.
    pub(super) fn bad(&self) -> u64 {
        self.bad
    }

    fn row(&self) -> Value {
        let width = self.file.width;
        match &self.file.header {
            Some(header) if self.file.reading.numbers => {
                let cells = self.record.iter().take(width).map(number_or_text).collect();
                Row::of_values(header.clone(), cells)
            }
            Some(header) => {
                let cells = self.record.len().min(width);
                let ends = (0..cells).map(|cell| self.record.range(cell).map_or(0, |at| at.end));
                let end = ends.clone().next_back().unwrap_or(0);
                let ends = ends.map(|end| end as u32);
                Row::of_text(header.clone(), &self.record.as_slice()[..end], ends)
            }
            None => {
                let cell = if self.file.reading.numbers {
                    number_or_text
                } else {
                    |text: &str| Value::from(text)
                };
                let mut cells: Vec<Value> = self.record.iter().take(width).map(cell).collect();
                cells.resize(width, Value::from(()));
                Value::from(cells)
            }
        }
    }

    fn bad_row(&self) -> NodeError {
        let line = self.record.position().map_or(0, csv::Position::line);
        let last = self.records.line().saturating_sub(1).max(line);
        let place = if line == last {
            format!("line {line}")
        } else {
            format!("lines {line} to {last}")
        };
        let help = if last - line > 20 {
            "a quote (\") that begins there is probably never closed: correct the file"
        } else {
            "correct the file, check `delimiter`, or set `on_bad_row` to `skip` or `keep`"
        };
        let (found, wanted) = (self.record.len(), self.file.width);
        let path = &self.file.input;
        NodeError::invalid(format!(
            "{path}, {place}: {found} cells where there should be {wanted}"
        ))
        .with_help(help)
    }
}

impl Iterator for Rows {
    type Item = Result<Value, NodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.records.read(&mut self.record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
            if self.record.len() == self.file.width {
                return Some(Ok(self.row()));
            }
            self.bad += 1;
            match self.file.reading.on_bad_row {
                OnBadRow::Skip => {}
                OnBadRow::Keep => return Some(Ok(self.row())),
                OnBadRow::Fail => {
                    self.ended = true;
                    return Some(Err(self.bad_row()));
                }
            }
        }
        None
    }
}

/// Whether a first row seems to hold names rather than data.
fn looks_like_titles(first: &csv::StringRecord) -> bool {
    let mut seen = HashSet::new();
    first.iter().map(str::trim).all(|cell| {
        cell.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && cell.len() < 100
            && seen.insert(cell.to_lowercase())
    })
}

/// `text` as a number where it is written as one; a leading zero or plus makes it a code.
fn number_or_text(text: &str) -> Value {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_code = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    let is_numeric = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_code || !is_numeric {
        return Value::from(text);
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Value::from(whole);
    }
    match text.parse::<f64>() {
        // More digits than a number keeps: an account number, say.
        Ok(number) if digits.len() <= 16 => Value::from(number),
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use casare_workflow::value::to_json;
    use serde_json::{Value as Json, json};

    use super::*;

    fn read(content: &[u8], reading: Reading) -> Result<(Vec<String>, Vec<Json>), NodeError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, content).unwrap();
        let file = CsvFile::open(&path, reading)?;
        let rows = file.rows()?.map(|row| row.map(|row| to_json(&row)));
        Ok((file.columns(), rows.collect::<Result<_, _>>()?))
    }

    fn plain() -> Reading {
        Reading {
            charset: None,
            delimiter: None,
            header: HeaderRow::Present,
            numbers: false,
            on_bad_row: OnBadRow::Fail,
        }
    }

    #[test]
    fn quotes_line_breaks_and_other_alphabets_are_data() {
        let content =
            "\u{feff}name;note\r\n\"Ada; Countess\";\"two\nlines\"\r\nΣοφία;\"\"\"ok\"\"\"\r\n";

        let (columns, rows) = read(content.as_bytes(), plain()).unwrap();

        assert_eq!(columns, ["name", "note"]);
        assert_eq!(
            rows,
            [
                json!({ "name": "Ada; Countess", "note": "two\nlines" }),
                json!({ "name": "Σοφία", "note": "\"ok\"" }),
            ]
        );
    }

    #[test]
    fn a_bad_row_is_named_by_its_line_or_passed_over() {
        let content = b"a,b\n1,2\n\"x\ny\",2,3\n4\n";
        let with = |on_bad_row| {
            read(
                content,
                Reading {
                    on_bad_row,
                    ..plain()
                },
            )
        };

        let error = with(OnBadRow::Fail).unwrap_err();

        assert!(
            error
                .message()
                .ends_with("lines 3 to 4: 3 cells where there should be 2")
        );
        assert_eq!(
            with(OnBadRow::Skip).unwrap().1,
            [json!({ "a": "1", "b": "2" })]
        );
        assert_eq!(
            with(OnBadRow::Keep).unwrap().1[1..],
            [
                json!({ "a": "x\ny", "b": "2" }),
                json!({ "a": "4", "b": null })
            ]
        );
    }

    #[test]
    fn text_that_is_not_utf_8_is_named_by_its_line() {
        let error = read(b"a,b\nok,ok\nf\xfcr,3\n", plain()).unwrap_err();

        assert!(error.message().ends_with("line 3 is not UTF-8"), "{error}");
        assert!(error.help().unwrap().contains("windows-1252"));
        let charset = Charset::chosen(Some("windows-1252")).unwrap();
        let (_, rows) = read(b"a,b\nf\xfcr,3\n", Reading { charset, ..plain() }).unwrap();
        assert_eq!(rows, [json!({ "a": "für", "b": "3" })]);
    }

    #[test]
    fn numbers_are_numbers_only_when_asked_and_codes_never() {
        let content = b"a,b,c,d\n12,-1.5,007,12345678901234567890\n";

        let (_, rows) = read(
            content,
            Reading {
                numbers: true,
                ..plain()
            },
        )
        .unwrap();

        assert_eq!(
            rows,
            [json!({ "a": 12, "b": -1.5, "c": "007", "d": "12345678901234567890" })]
        );
    }

    #[test]
    fn a_file_without_titles_has_rows_of_lists() {
        let content = b"sep=;\n1;2\n3;4\n";

        let (columns, rows) = read(
            content,
            Reading {
                header: HeaderRow::Auto,
                ..plain()
            },
        )
        .unwrap();

        assert!(columns.is_empty());
        assert_eq!(rows, [json!(["1", "2"]), json!(["3", "4"])]);
    }

    #[test]
    fn a_quote_that_is_never_closed_does_not_fill_the_memory() {
        let content = format!("a,b\n1,2\n\"x,{}", "3,4\n".repeat(5_000_000));

        let error = read(content.as_bytes(), plain()).unwrap_err();

        assert!(
            error
                .message()
                .ends_with("line 3: the row that begins there has more than 16 MiB"),
            "{error}"
        );
    }

    #[test]
    fn an_empty_file_has_no_rows() {
        assert_eq!(read(b"", plain()).unwrap(), (vec![], vec![]));
        assert_eq!(read(b"a,b\n", plain()).unwrap().1, Vec::<Json>::new());
    }
}
