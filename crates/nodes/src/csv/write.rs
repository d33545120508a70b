use std::{
    io::{self, Read as _, Write as _},
    path::Path,
};

use casare_engine::{Cancel, ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Effect, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    dialect,
    records::{CsvFile, HeaderRow, OnBadRow, Reading},
};
use casare_files::FileFaults as _;
use casare_files::{
    AppendedFile, AtomicFile, Charset, TextWriter,
    rows::{Columns, cell_text, rows_of},
};

/// Writes rows into a CSV file.
///
/// Rows are maps or lists; a streamed list (of `csv.read`, say) is written a row at a time. The
/// columns are those of the first row unless `columns` says them; a later row with another column
/// is an error, so that nothing is lost unnoticed.
///
/// The file is whole or as it was before: it is written beside its place and then moved there.
/// With `append`, rows are put under those of a file, in the order of *its* columns; if that
/// fails half-way, the file gets its old length back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Write {
    /// The file. Its folders are made if they are not there.
    path: String,
    /// The rows: a list of maps or lists.
    rows: Any,
    /// Which columns are written, in which order. Those of the first row if not set; when
    /// appending below titles, those of the file.
    columns: Option<Vec<String>>,
    /// Whether the names of the columns are written as the first row.
    #[serde(default = "yes")]
    header: bool,
    /// What separates cells: a character such as `;`, or `tab`. A comma if not set; when
    /// appending, what the file has.
    delimiter: Option<String>,
    /// Which cells are put into quotes.
    #[serde(default)]
    quotes: Quotes,
    /// The encoding: `utf-8`, `utf-8-bom` (Excel then shows other alphabets rightly),
    /// `windows-1252`, …
    encoding: Option<String>,
    /// Whether rows are added to the file's end instead of replacing it.
    #[serde(default)]
    append: bool,
    /// Whether texts that a spreadsheet would take for a formula (they begin with `=`, `+`, `-`,
    /// `@`, a tab or a line break, and are no numbers) get an apostrophe in front. Turn it on when
    /// people open the file in Excel and cells come from outside: a formula can run programs and
    /// send data away.
    #[serde(default)]
    guard_formulas: bool,
}

fn yes() -> bool {
    true
}

/// Which cells are put into quotes.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Quotes {
    /// Those that need it.
    #[default]
    Needed,
    /// All but numbers.
    Text,
    /// All.
    Always,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Written {
    /// The file, as a full path.
    path: String,
    /// How many rows were written, without the header.
    count: u64,
    /// The size of the file in bytes.
    size: u64,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("csv.write", write, |settings: &Write| {
        if settings.append {
            Effect::Once
        } else {
            Effect::Pure
        }
    })
    .icon("file-spreadsheet")
    .fails(
        ErrorKind::Invalid,
        "A row does not fit the columns, or has characters that the encoding lacks.",
    )
    .fails_writing()
    .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: csv.write
  with:
    path: out/people.csv
    rows:
      - { name: Ada, born: 1815 }
      - { name: Bo, born: 1791 }
";

async fn write(cx: &StepContext, settings: Write) -> Result<Written, NodeError> {
    let path = cx.file(&settings.path);
    let charset = Charset::chosen(settings.encoding.as_deref())?;
    let delimiter = settings
        .delimiter
        .as_deref()
        .map(dialect::delimiter)
        .transpose()?;
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let (count, size) = if settings.append {
            append(&path, &settings, charset, delimiter, cancel)?
        } else {
            replace(&path, &settings, charset, delimiter, cancel)?
        };
        Ok(Written {
            path: path.display().to_string(),
            count,
            size,
        })
    })
    .await
}

fn replace(
    path: &Path,
    settings: &Write,
    charset: Option<Charset>,
    delimiter: Option<u8>,
    cancel: Cancel,
) -> Result<(u64, u64), NodeError> {
    let charset = charset.unwrap_or(Charset::UTF_8);
    let mut file = AtomicFile::create(path)?;
    file.write_all(charset.mark())
        .map_err(|error| file.failed(&error))?;
    let sheet = Sheet {
        rows: &settings.rows.0,
        quotes: settings.quotes,
        guard: settings.guard_formulas,
        columns: Columns::new(settings.columns.clone()),
        header: settings.header,
        delimiter: delimiter.unwrap_or(b','),
        cancel,
    };
    let (file, count) = sheet.write(TextWriter::new(file, charset), path)?;
    Ok((count, file.commit()?))
}

fn append(
    path: &Path,
    settings: &Write,
    charset: Option<Charset>,
    delimiter: Option<u8>,
    cancel: Cancel,
) -> Result<(u64, u64), NodeError> {
    let begun = std::fs::metadata(path).is_ok_and(|found| found.len() > 0);
    let charset = match charset {
        Some(charset) => charset,
        None if begun => mark_of(path)?.unwrap_or(Charset::UTF_8),
        None => Charset::UTF_8,
    };
    let mut sheet = Sheet {
        rows: &settings.rows.0,
        quotes: settings.quotes,
        guard: settings.guard_formulas,
        columns: Columns::new(settings.columns.clone()),
        header: settings.header && !begun,
        delimiter: delimiter.unwrap_or(b','),
        cancel,
    };
    if begun {
        let there = CsvFile::open(
            path,
            Reading {
                charset: Some(charset),
                delimiter,
                header: if settings.header {
                    HeaderRow::Present
                } else {
                    HeaderRow::Absent
                },
                numbers: false,
                on_bad_row: OnBadRow::Fail,
            },
        )?;
        sheet.delimiter = there.delimiter();
        if settings.header {
            if settings.columns.is_some() {
                return Err(NodeError::invalid(
                    "setting `columns`: rows are appended below titles that say the columns",
                )
                .with_help("leave `columns` out, or set `header: false`"));
            }
            sheet.columns = Columns::of_file(there.columns());
        }
    }
    let mut file = AppendedFile::open(path)?;
    let start = match file.length_before() {
        0 => charset.mark().to_vec(),
        _ if ends_with_line_break(path, charset)? => Vec::new(),
        _ => charset.encode("\n")?,
    };
    file.write_all(&start)
        .map_err(|error| file.failed(&error))?;
    let (file, count) = sheet.write(TextWriter::new(file, charset), path)?;
    Ok((count, file.commit()?))
}

/// Rows on their way into a file.
pub(super) struct Sheet<'s> {
    pub(super) rows: &'s Value,
    pub(super) quotes: Quotes,
    /// Whether no cell may be taken for a formula.
    pub(super) guard: bool,
    pub(super) columns: Columns,
    pub(super) header: bool,
    pub(super) delimiter: u8,
    pub(super) cancel: Cancel,
}

impl Sheet<'_> {
    pub(super) fn write<W: io::Write>(
        mut self,
        out: TextWriter<W>,
        path: &Path,
    ) -> Result<(W, u64), NodeError> {
        let failed = |error: csv::Error| match error.into_kind() {
            csv::ErrorKind::Io(error) => write_failed(path, &error),
            kind => NodeError::bug(format!("could not write {}: {kind:?}", path.display())),
        };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(self.delimiter)
            .flexible(true)
            .quote_style(match self.quotes {
                Quotes::Needed => csv::QuoteStyle::Necessary,
                Quotes::Text => csv::QuoteStyle::NonNumeric,
                Quotes::Always => csv::QuoteStyle::Always,
            })
            .from_writer(out);
        let mut count = 0;
        for row in rows_of(self.rows)? {
            let cells = self.columns.cells(&row?, count + 1)?;
            if let (0, true, Some(names)) = (count, self.header, self.columns.names()) {
                writer.write_record(names).map_err(failed)?;
            }
            self.write_cells(&mut writer, &cells).map_err(failed)?;
            count += 1;
            if count % 4096 == 0 && self.cancel.is_cancelled() {
                return Err(NodeError::timeout("writing was stopped"));
            }
        }
        if let (0, true, Some(names)) = (count, self.header, self.columns.names()) {
            writer.write_record(names).map_err(failed)?;
        }
        let out = writer
            .into_inner()
            .map_err(|error| write_failed(path, error.error()))?;
        Ok((out.into_inner(), count))
    }

    /// Short rows are filled up, so that all have the same number of cells.
    fn write_cells<W: io::Write>(
        &self,
        writer: &mut csv::Writer<W>,
        cells: &[Value],
    ) -> Result<(), csv::Error> {
        for cell in cells {
            match cell.as_str() {
                Some(text) if self.guard && is_like_a_formula(text) => {
                    writer.write_field(format!("'{text}"))?;
                }
                Some(text) => writer.write_field(text)?,
                None => writer.write_field(cell_text(cell))?,
            }
        }
        let width = self.columns.names().map_or(0, <[String]>::len);
        for _ in cells.len()..width {
            writer.write_field("")?;
        }
        writer.write_record(None::<&[u8]>)
    }
}

/// Whether a spreadsheet would reckon with a text.
fn is_like_a_formula(text: &str) -> bool {
    let first = text.trim_start_matches(' ').chars().next();
    matches!(
        first,
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
    ) && text.trim().parse::<f64>().is_err()
}

fn write_failed(path: &Path, error: &io::Error) -> NodeError {
    // A character that the encoding lacks, told through the writer in between.
    if let Some(failure) = error
        .get_ref()
        .and_then(|error| error.downcast_ref::<NodeError>())
    {
        return failure.clone();
    }
    NodeError::io(format_args!("could not write {}", path.display()), error)
}

fn mark_of(path: &Path) -> Result<Option<Charset>, NodeError> {
    let mut start = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(3).read_to_end(&mut start))
        .map_err(|error| {
            NodeError::io(format_args!("could not read {}", path.display()), &error)
        })?;
    Ok(Charset::of_mark(&start))
}

fn ends_with_line_break(path: &Path, charset: Charset) -> Result<bool, NodeError> {
    use std::io::{Seek, SeekFrom};
    let line_break = charset.encode("\n")?;
    let mut end = Vec::new();
    std::fs::File::open(path)
        .and_then(|mut file| {
            file.seek(SeekFrom::End(-(line_break.len() as i64)))?;
            file.read_to_end(&mut end)
        })
        .map_err(|error| {
            NodeError::io(format_args!("could not read {}", path.display()), &error)
        })?;
    Ok(end == line_break)
}
