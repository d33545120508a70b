//! The events of a run on this robot's disk, from when they happen until the server has them.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use casare_engine::{EventSink, RunEvent};
use casare_tunnel::MOST_EVENTS;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Notify;

/// Bytes of one batch, unless a single event is longer.
const MOST_BYTES: u64 = 1 << 20;

/// The writing end, in the process of the run.
#[derive(Debug)]
pub(crate) struct Spool {
    file: Mutex<Writing>,
    pub(crate) more: Notify,
}

#[derive(Debug)]
struct Writing {
    file: BufWriter<File>,
    count: u64,
    failed: Option<io::Error>,
}

impl Spool {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(path)?;
        Ok(Self {
            file: Mutex::new(Writing {
                file: BufWriter::with_capacity(1 << 16, file),
                count: 0,
                failed: None,
            }),
            more: Notify::new(),
        })
    }

    /// Hands everything to the system, and answers how many events there are.
    pub(crate) fn flush(&self) -> io::Result<u64> {
        let mut writing = self.file.lock();
        if let Some(error) = &writing.failed {
            return Err(io::Error::new(error.kind(), error.to_string()));
        }
        writing.file.flush()?;
        Ok(writing.count)
    }
}

impl EventSink for Spool {
    fn event(&self, event: &RunEvent) {
        let mut writing = self.file.lock();
        if writing.failed.is_some() {
            return;
        }
        let written = serde_json::to_writer(&mut writing.file, event)
            .map_err(io::Error::from)
            .and_then(|()| writing.file.write_all(b"\n"));
        match written {
            Ok(()) => writing.count += 1,
            Err(error) => writing.failed = Some(error),
        }
        drop(writing);
        self.more.notify_one();
    }
}

/// The reading end, in the robot: knows where each event that the server may still want begins.
#[derive(Debug)]
pub(crate) struct Unsent {
    path: PathBuf,
    /// The number of the next event to send, and where it begins.
    next: u64,
    offset: u64,
}

impl Unsent {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            next: 0,
            offset: 0,
        }
    }

    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// How many whole events stand in the file.
    pub(crate) fn count(&self) -> io::Result<u64> {
        let mut lines = BufReader::new(File::open(&self.path)?);
        let (mut count, mut line) = (0, Vec::new());
        while lines.read_until(b'\n', &mut line)? > 0 {
            count += u64::from(line.ends_with(b"\n"));
            line.clear();
        }
        Ok(count)
    }

    /// Goes to this event: the server has said that it wants it next.
    pub(crate) fn seek(&mut self, next: u64) -> io::Result<()> {
        let mut file = BufReader::new(File::open(&self.path)?);
        let (mut offset, mut at) = (0, 0);
        let mut line = Vec::new();
        while at < next {
            line.clear();
            let read = file.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                break;
            }
            offset += read as u64;
            at += 1;
        }
        (self.next, self.offset) = (at, offset);
        Ok(())
    }

    /// The next events, as many as go into one message; none where nothing new stands there.
    pub(crate) fn batch(&mut self) -> io::Result<Vec<Value>> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file?,
        };
        file.seek(SeekFrom::Start(self.offset))?;
        let mut file = BufReader::with_capacity(1 << 16, file);
        let (mut events, mut bytes) = (Vec::new(), 0);
        let mut line = Vec::new();
        while events.len() < MOST_EVENTS && bytes < MOST_BYTES {
            line.clear();
            let read = file.read_until(b'\n', &mut line)? as u64;
            if !line.ends_with(b"\n") {
                break;
            }
            bytes += read;
            // A line that was torn by a full disk is told as nothing: numbers have no gaps.
            events.push(serde_json::from_slice(&line).unwrap_or(Value::Null));
        }
        self.offset += bytes;
        self.next += events.len() as u64;
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_sent_from_where_the_server_wants_them_and_halves_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        std::fs::write(&path, "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"n\":").unwrap();
        let mut unsent = Unsent::new(path.clone());

        assert_eq!(unsent.batch().unwrap().len(), 3);
        assert_eq!((unsent.next(), unsent.count().unwrap()), (3, 3));
        std::fs::write(&path, "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n").unwrap();
        assert_eq!(unsent.batch().unwrap(), [serde_json::json!({ "n": 3 })]);
        unsent.seek(1).unwrap();
        assert_eq!(unsent.batch().unwrap().len(), 3);
    }
}
