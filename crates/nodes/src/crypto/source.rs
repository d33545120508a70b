//! What is hashed, signed or encrypted: a text, a file, or bytes in Base64.

use std::{
    fs::File,
    io::{Cursor, Read},
    path::PathBuf,
};

use casare_engine::{NodeError, StepContext};

use super::writing::from_base64;

/// More is not held in memory.
const LARGEST: u64 = 256 * 1024 * 1024;

/// What is worked on.
pub(super) enum Source {
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl Source {
    /// The one that is given.
    pub(super) fn of(
        cx: &StepContext,
        text: Option<String>,
        path: Option<String>,
        base64: Option<String>,
    ) -> Result<Self, NodeError> {
        match (text, path, base64) {
            (Some(text), None, None) => Ok(Self::Bytes(text.into_bytes())),
            (None, Some(path), None) => Ok(Self::File(cx.file(path))),
            (None, None, Some(base64)) => from_base64(&base64)
                .map(Self::Bytes)
                .ok_or_else(|| NodeError::invalid("setting `base64` is no Base64")),
            _ => Err(NodeError::invalid(
                "give one of `text`, `path` and `base64`",
            )),
        }
    }

    /// Opens it to be read from its beginning.
    pub(super) fn open(self) -> Result<Reader, NodeError> {
        match self {
            Self::Bytes(bytes) => Ok(Reader {
                what: "the text".to_owned(),
                content: Box::new(Cursor::new(bytes)),
            }),
            Self::File(path) => {
                let what = path.display().to_string();
                match File::open(&path) {
                    Ok(file) => Ok(Reader {
                        what,
                        content: Box::new(file),
                    }),
                    Err(error) => Err(NodeError::io(format_args!("could not read {what}"), &error)),
                }
            }
        }
    }

    /// All of it; at most 256 MiB.
    pub(super) fn read(self) -> Result<Vec<u8>, NodeError> {
        if let Self::Bytes(bytes) = self {
            return Ok(bytes);
        }
        let mut reader = self.open()?;
        let mut bytes = Vec::new();
        let limit = &mut reader.content.by_ref().take(LARGEST + 1);
        limit.read_to_end(&mut bytes).map_err(|error| {
            NodeError::io(format_args!("could not read {}", reader.what), &error)
        })?;
        if bytes.len() as u64 > LARGEST {
            return Err(NodeError::invalid(format!(
                "{} is larger than 256 MiB",
                reader.what
            )));
        }
        Ok(bytes)
    }
}

/// Something that is read piece by piece.
pub(super) struct Reader {
    what: String,
    content: Box<dyn Read>,
}

impl Reader {
    /// Hands all of it to `take`.
    pub(super) fn each(&mut self, mut take: impl FnMut(&[u8])) -> Result<(), NodeError> {
        let mut piece = vec![0; 256 * 1024];
        loop {
            let length = self.content.read(&mut piece).map_err(|error| {
                NodeError::io(format_args!("could not read {}", self.what), &error)
            })?;
            if length == 0 {
                return Ok(());
            }
            take(&piece[..length]);
        }
    }
}
