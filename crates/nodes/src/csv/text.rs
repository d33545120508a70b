//! The records of a CSV file as texts, before anything is known of titles and columns.

use std::{
    fmt,
    fs::File,
    io::{self, Cursor, Read},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use casare_engine::NodeError;

use super::dialect::Dialect;
use casare_files::{Charset, TextReader, unreadable};

/// A longer row is no row: a quote that is never closed would take all of a large file into memory.
const LONGEST_ROW: u64 = 16 * 1024 * 1024;

/// Where CSV text stands.
#[derive(Debug, Clone)]
pub(super) enum Input {
    File(PathBuf),
    Text(Arc<str>),
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Text(_) => f.write_str("the text"),
        }
    }
}

/// The bytes of an input.
pub(super) enum Bytes {
    File(File),
    Text(Cursor<Arc<str>>),
}

impl Read for Bytes {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(output),
            Self::Text(text) => {
                let bytes = text.get_ref().as_bytes();
                let rest = bytes.get(text.position() as usize..).unwrap_or_default();
                let taken = rest.len().min(output.len());
                output[..taken].copy_from_slice(&rest[..taken]);
                let position = text.position() + taken as u64;
                text.set_position(position);
                Ok(taken)
            }
        }
    }
}

/// Reads the records of a file, one after the other.
pub(super) struct TextRecords {
    records: csv::Reader<Measured<TextReader<Bytes>>>,
    /// How many bytes were read since the last record began, to about a buffer's size.
    since: Arc<AtomicU64>,
    input: Input,
}

impl TextRecords {
    /// Opens the file; a line that only says the delimiter is passed over.
    pub(super) fn open(
        input: &Input,
        charset: Option<Charset>,
        dialect: Dialect,
    ) -> Result<Self, NodeError> {
        let since = Arc::new(AtomicU64::new(0));
        let text = Measured {
            inner: open_text(input, charset)?,
            since: since.clone(),
        };
        let mut records = Self {
            records: csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .delimiter(dialect.delimiter)
                .buffer_capacity(64 * 1024)
                .from_reader(text),
            since,
            input: input.clone(),
        };
        if dialect.has_sep_line {
            records.read(&mut csv::StringRecord::new())?;
        }
        Ok(records)
    }

    /// Reads the next record into `record`; false at the end.
    pub(super) fn read(&mut self, record: &mut csv::StringRecord) -> Result<bool, NodeError> {
        self.since.store(0, Ordering::Relaxed);
        let line = self.records.position().line();
        self.records
            .read_record(record)
            .map_err(|error| self.failure(error, line))
    }

    /// The line after the last record.
    pub(super) fn line(&self) -> u64 {
        self.records.position().line()
    }

    fn failure(&self, error: csv::Error, line: u64) -> NodeError {
        let path = &self.input;
        if self.since.load(Ordering::Relaxed) > LONGEST_ROW {
            return NodeError::invalid(format!(
                "{path}, line {line}: the row that begins there has more than 16 MiB"
            ))
            .with_help("a quote (\") in it is probably never closed: correct the file");
        }
        let line = error.position().map_or(line, csv::Position::line);
        match error.into_kind() {
            csv::ErrorKind::Io(error) => unreadable(&path.to_string(), &error),
            csv::ErrorKind::Utf8 { .. } => {
                let reason = format!("line {line} is not UTF-8");
                unreadable(
                    &path.to_string(),
                    &io::Error::new(io::ErrorKind::InvalidData, reason),
                )
            }
            kind => NodeError::invalid(format!("could not read {path}: {kind:?}")),
        }
    }
}

/// Opens an input as text.
pub(super) fn open_text(
    input: &Input,
    charset: Option<Charset>,
) -> Result<TextReader<Bytes>, NodeError> {
    let failed = |error| unreadable(&input.to_string(), &error);
    let bytes = match input {
        Input::File(path) => Bytes::File(File::open(path).map_err(failed)?),
        Input::Text(text) => Bytes::Text(Cursor::new(text.clone())),
    };
    TextReader::new(bytes, charset).map_err(failed)
}

/// Counts what is read, and ends when it is too much for one row.
struct Measured<R> {
    inner: R,
    since: Arc<AtomicU64>,
}

impl<R: Read> Read for Measured<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(output)?;
        let since = self.since.fetch_add(read as u64, Ordering::Relaxed);
        if since > LONGEST_ROW {
            return Err(io::Error::other("a row is too long"));
        }
        Ok(read)
    }
}
