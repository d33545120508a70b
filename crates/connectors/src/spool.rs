//! Rows that are too many for memory: written to a temporary file, read back as a lazy list.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
    sync::{Arc, Mutex, PoisonError},
};

use casare_engine::NodeError;
use casare_workflow::{Value, value::Stream};
use serde_json::Value as Json;

/// Rows on their way into a temporary file, which is gone when nobody can read it any more.
pub(crate) struct Spool {
    file: BufWriter<File>,
    rows: u64,
}

impl Spool {
    pub(crate) fn new() -> Result<Self, NodeError> {
        let file = tempfile::tempfile().map_err(|error| failed(&error))?;
        Ok(Self {
            file: BufWriter::with_capacity(256 * 1024, file),
            rows: 0,
        })
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: &Json) -> Result<(), NodeError> {
        serde_json::to_writer(&mut self.file, row)
            .map_err(io::Error::from)
            .and_then(|()| self.file.write_all(b"\n"))
            .map_err(|error| failed(&error))?;
        self.rows += 1;
        Ok(())
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// The rows as a list of `what` that is read anew each time; `row` makes the values of it.
    pub(crate) fn finish(
        self,
        what: impl Into<String>,
        row: impl Fn(Json) -> Value + Send + Sync + 'static,
    ) -> Result<Value, NodeError> {
        let file = self
            .file
            .into_inner()
            .map_err(|error| failed(error.error()))?;
        let file = Arc::new(Mutex::new(file));
        let row = Arc::new(row);
        Ok(Stream::value(what, move || {
            let row = row.clone();
            let rows = Rows {
                file: file.clone(),
                ahead: Vec::new().into_iter(),
                next: 0,
                ended: false,
            };
            Ok(Box::new(rows.map(move |line| line.map(|json| row(json)))))
        }))
    }
}

fn failed(error: &io::Error) -> NodeError {
    NodeError::io("could not keep rows in a temporary file", error)
}

/// One pass over the file: several can be under way, so each keeps its own place.
struct Rows {
    file: Arc<Mutex<File>>,
    ahead: std::vec::IntoIter<Json>,
    next: u64,
    ended: bool,
}

/// Bytes that a pass reads ahead.
const AHEAD: u64 = 256 * 1024;

impl Rows {
    fn read_ahead(&mut self) -> Result<(), String> {
        let told = |error: io::Error| format!("the kept rows can't be read: {error}");
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.next)).map_err(told)?;
        let mut reader = BufReader::with_capacity(AHEAD as usize, &mut *file);
        let (mut rows, mut line, mut read) = (Vec::new(), Vec::new(), 0);
        while read < AHEAD {
            line.clear();
            let length = reader.read_until(b'\n', &mut line).map_err(told)?;
            if length == 0 {
                self.ended = true;
                break;
            }
            read += length as u64;
            rows.push(serde_json::from_slice(&line).map_err(|error| told(error.into()))?);
        }
        self.next += read;
        self.ahead = rows.into_iter();
        Ok(())
    }
}

impl Iterator for Rows {
    type Item = Result<Json, String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.ahead.next() {
                return Some(Ok(row));
            }
            if self.ended {
                return None;
            }
            if let Err(error) = self.read_ahead() {
                self.ended = true;
                return Some(Err(error));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use casare_workflow::value::from_json;
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_read_again_and_by_several_at_once() {
        let mut spool = Spool::new().unwrap();
        for number in 0..40_000 {
            spool.push(&json!({ "n": number, "text": "x\ny" })).unwrap();
        }
        assert_eq!(spool.rows(), 40_000);
        let list = spool.finish("rows", |json| from_json(&json)).unwrap();

        let mut first = list.try_iter().unwrap();
        first.next();
        let second: Vec<Value> = list.try_iter().unwrap().collect();
        let rest: Vec<Value> = first.collect();

        assert_eq!((second.len(), rest.len()), (40_000, 39_999));
        assert_eq!(
            second[39_999].get_attr("n").unwrap(),
            rest[39_998].get_attr("n").unwrap()
        );
        assert_eq!(second[0].get_attr("text").unwrap().as_str(), Some("x\ny"));
    }
}
