//! What a run did, in one file: every step with its settings and outputs, what was said to other
//! systems, the time and the chance that nodes saw, and the files that were read.
//!
//! | file | what it does |
//! |---|---|
//! | `recorder` | stands at the side of a run and keeps it |
//! | `replay` | runs a recording again and tells what is different |
//! | `redact` | takes secrets out |

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use casare_engine::{ErrorKind, ErrorReport, NodeError, exchange::Message};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

mod recorder;
pub(crate) mod redact;
mod replay;

pub use recorder::Recorder;
pub use replay::{Difference, Replay};

/// The version of the format.
const VERSION: u32 = 1;
/// The largest recording that is read.
const MOST_BYTES: u64 = 1 << 30;

/// A recorded run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recording {
    /// The version of the format: 1.
    pub recording: u32,
    /// What ran.
    pub workflow: RecordedWorkflow,
    /// The run's id.
    pub run: String,
    /// When it began.
    pub started_at: Timestamp,
    /// What it was given.
    pub inputs: Map<String, Json>,
    /// What it saw of the environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// What chance began with.
    pub seed: u64,
    /// Every attempt of every step, in the order in which they began.
    pub steps: Vec<RecordedStep>,
    /// What was said to other systems.
    #[serde(default)]
    pub exchanges: Vec<Exchange>,
    /// The times that steps asked for, by their path.
    #[serde(default)]
    pub times: BTreeMap<String, Vec<Timestamp>>,
    /// How it ended.
    pub outcome: RecordedOutcome,
}

/// The workflow of a recording.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordedWorkflow {
    /// The name of its file.
    pub name: String,
    /// Its folder at that time.
    pub folder: PathBuf,
    /// Its text.
    pub text: String,
    /// The texts of workflows that it calls.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub called: BTreeMap<String, String>,
}

/// One attempt of a step.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordedStep {
    /// Which execution of which step: `1.do[17].0`.
    pub path: String,
    /// Its id, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name, id or node.
    pub title: String,
    /// The node.
    pub node: String,
    /// Its line in the file.
    pub line: u32,
    /// The attempt, from 1.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub attempt: u32,
    /// Whether the engine itself does it: control flow and variables.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub control: bool,
    /// Its settings, secrets masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Json>,
    /// The files among its settings, as they were before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<RecordedFile>,
    /// What it answered, secrets masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Json>,
    /// Why settings or outputs are not there: a stream, or too large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub omitted: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
}

fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_first(attempt: &u32) -> bool {
    *attempt == 1
}

/// A file that a step could read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFile {
    /// As the setting has it.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// BLAKE3, hexadecimal.
    pub hash: String,
}

/// A request and its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Exchange {
    /// The step that asked.
    pub step: String,
    /// `http`
    pub protocol: String,
    /// What was asked.
    pub request: RecordedMessage,
    /// What was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<RecordedMessage>,
    /// Why there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RecordedError>,
}

/// A message and its body.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordedMessage {
    /// All but the body.
    pub head: Json,
    /// The body.
    #[serde(default)]
    pub body: Body,
}

/// Bytes, as text where they are some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// UTF-8.
    Text(String),
    /// Anything else.
    Base64(String),
}

impl Default for Body {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Body {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Base64(text) => STANDARD.decode(text).unwrap_or_default(),
        }
    }
}

/// Why another system gave no answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordedError {
    /// What sort of failure it was.
    pub kind: ErrorKind,
    /// What was said.
    pub message: String,
}

impl Exchange {
    pub(crate) fn answer(&self) -> Result<Message, NodeError> {
        match (&self.answer, &self.error) {
            (Some(answer), _) => Ok(Message {
                head: answer.head.clone(),
                body: answer.body.bytes(),
            }),
            (None, Some(error)) => Err(NodeError::new(error.kind, error.message.clone())),
            (None, None) => Err(NodeError::unavailable("the recording has no answer")),
        }
    }
}

/// How a recorded run ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RecordedOutcome {
    /// `succeeded`, `failed`, …
    pub state: String,
    /// What it answered.
    pub outputs: Json,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
}

/// Why a recording can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file can't be read.
    #[error("the recording `{}` can't be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file can't be written.
    #[error("the recording `{}` can't be written", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is something else.
    #[error("`{}` is no recording: {reason}", path.display())]
    NotOne {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    ///
    /// When it can't be read, or is of a version that is not known.
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let unreadable = |source| RecordingError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let not_one = |reason: String| RecordingError::NotOne {
            path: path.to_owned(),
            reason,
        };
        let size = fs::metadata(path).map_err(unreadable)?.len();
        if size > MOST_BYTES {
            return Err(not_one(format!("it is larger than {MOST_BYTES} bytes")));
        }
        let bytes = fs::read(path).map_err(unreadable)?;
        let recording: Self =
            serde_json::from_slice(&bytes).map_err(|error| not_one(error.to_string()))?;
        if recording.recording != VERSION {
            let version = recording.recording;
            return Err(not_one(format!("version {version} is not known here")));
        }
        Ok(recording)
    }

    /// Writes it, all or nothing.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub fn write(&self, path: &Path) -> Result<(), RecordingError> {
        let unwritable = |source: io::Error| RecordingError::Unwritable {
            path: path.to_owned(),
            source,
        };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        fs::create_dir_all(folder).map_err(unwritable)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
        serde_json::to_writer_pretty(io::BufWriter::new(file.as_file_mut()), self)
            .map_err(|error| unwritable(error.into()))?;
        file.persist(path)
            .map_err(|error| unwritable(error.error))?;
        Ok(())
    }
}
