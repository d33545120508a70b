//! The record of a recording: one line for each action, written as it happens.
//!
//! The first line says where it began. A process that is killed leaves whole lines and at most a part of one,
//! which is left out when the record is read.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
};

use casare_recorder::Event;
use serde::{Deserialize, Serialize};

use super::RecordError;
use crate::failure::CliError;

/// A record longer than this is none.
const MOST_BYTES: u64 = 256 << 20;
/// Longest line, a page's whole answer included.
const LONGEST_LINE: usize = 4 << 20;
const VERSION: u32 = 1;

/// Where a recording began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Begin {
    recording: u32,
    pub(crate) url: String,
    /// Width and height of the page.
    #[serde(default)]
    pub(crate) viewport: Option<(u32, u32)>,
}

impl Begin {
    pub(crate) fn at(url: &str) -> Self {
        Self {
            recording: VERSION,
            url: without_login(url),
            viewport: None,
        }
    }
}

/// An address without the name and password that may stand in it.
fn without_login(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.rsplit('@').next().unwrap_or(host);
    format!("{scheme}://{host}{path}")
}

/// The size of the page, known only once it is there.
#[derive(Debug, Serialize, Deserialize)]
struct Size {
    viewport: (u32, u32),
}

/// A record that is being written.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
    path: PathBuf,
}

impl Log {
    pub(crate) fn create(path: &Path, begin: &Begin) -> Result<Self, CliError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // What was typed is in it.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let unwritable = |source| CliError::Unwritable {
            path: path.to_owned(),
            source,
        };
        let file = options.open(path).map_err(unwritable)?;
        let mut log = Self {
            file,
            path: path.to_owned(),
        };
        log.line(begin)?;
        Ok(log)
    }

    pub(crate) fn add(&mut self, event: &Event) -> Result<(), CliError> {
        self.line(event)
    }

    pub(crate) fn set_viewport(&mut self, viewport: (u32, u32)) -> Result<(), CliError> {
        self.line(&Size { viewport })
    }

    /// Handed to the system at once: what is killed then is this process, not the line.
    fn line(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        let written = serde_json::to_vec(value)
            .map_err(io::Error::from)
            .and_then(|mut line| {
                line.push(b'\n');
                self.file.write_all(&line)
            });
        written.map_err(|source| CliError::Unwritable {
            path: self.path.clone(),
            source,
        })
    }
}

/// What a record holds: where it began, and its whole lines.
pub(crate) fn read(path: &Path) -> Result<(Begin, Vec<Event>), CliError> {
    let unreadable = |source| CliError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let not_one = || CliError::from(RecordError::NotOne(path.to_owned()));
    let file = File::open(path).map_err(unreadable)?;
    let mut reader = BufReader::new(file.take(MOST_BYTES));
    let mut begin: Option<Begin> = None;
    let mut events = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            break;
        }
        // The last line of a process that was killed may be a part of one.
        let is_whole = line.ends_with(b"\n") && line.len() <= LONGEST_LINE;
        match &mut begin {
            None => {
                let first: Begin = serde_json::from_slice(&line).map_err(|_| not_one())?;
                if first.recording != VERSION {
                    return Err(not_one());
                }
                begin = Some(first);
            }
            Some(begin) if is_whole => {
                if let Ok(event) = serde_json::from_slice::<Event>(&line) {
                    events.push(event);
                } else if let Ok(size) = serde_json::from_slice::<Size>(&line) {
                    begin.viewport = Some(size.viewport);
                }
            }
            Some(_) => {}
        }
    }
    Ok((begin.ok_or_else(not_one)?, events))
}

/// The text of a file that is not too long.
pub(crate) fn read_text(path: &Path) -> Result<String, CliError> {
    let unreadable = |source| CliError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    let most = casare_import::MAX_BYTES as u64;
    let file = File::open(path).map_err(unreadable)?;
    file.take(most + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > most {
        let reason = format!("it is larger than {} MiB", most >> 20);
        return Err(unreadable(io::Error::other(reason)));
    }
    Ok(text)
}

/// Where the record of a workflow's recording is kept.
pub(crate) fn beside(workflow: &Path) -> PathBuf {
    workflow.with_file_name(format!("{}.recording.jsonl", name_of(workflow)))
}

/// The name of a file without what its kind adds.
pub(crate) fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let endings = [
        ".workflow.yaml",
        ".workflow.yml",
        ".workflow.json",
        ".recording.jsonl",
        ".devtools.json",
        ".yaml",
        ".yml",
        ".json",
        ".jsonl",
    ];
    let stem = endings.iter().find_map(|ending| name.strip_suffix(ending));
    let name = stem.unwrap_or(&name);
    if name.is_empty() { "recording" } else { name }.to_owned()
}

/// Deletes a record that holds nothing but its beginning.
pub(crate) fn discard_empty(path: &Path) {
    if matches!(read(path), Ok((_, events)) if events.is_empty()) {
        // One that stays is told of by the next recording.
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_was_cut_off_keeps_its_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.recording.jsonl");
        let begin = Begin::at("https://ada:pw@shop.example.com/a?b=c@d");
        let mut log = Log::create(&path, &begin).unwrap();
        log.set_viewport((800, 600)).unwrap();
        let event = serde_json::json!({ "at": 1, "page": 0, "did": "goto", "url": "https://shop.example.com/b" });
        log.add(&serde_json::from_value(event).unwrap()).unwrap();
        let mut text = fs::read_to_string(&path).unwrap();
        text.push_str("{\"at\": 2, \"page\": 0, \"did\": \"cl");
        fs::write(&path, text).unwrap();

        let (begin, events) = read(&path).unwrap();

        assert_eq!(begin.url, "https://shop.example.com/a?b=c@d");
        assert_eq!(begin.viewport, Some((800, 600)));
        assert_eq!(events.len(), 1);
    }
}
