use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::{Charset, TextReader, decode, unreadable};
use casare_workflow::{Any, Value, value::Stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is read at once; more would fill the memory of a small machine.
const AT_ONCE: u64 = 256 * 1024 * 1024;
/// Lines of larger files stay in the file.
const LINES_IN_MEMORY: u64 = 16 * 1024 * 1024;

/// Reads a file: its text, its lines, or its bytes as base64.
///
/// Text and bytes are read at once, up to 256 MiB. The lines of a file above 16 MiB are
/// *streamed*: read anew each time they are looped over, so that memory stays flat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    /// The file. A relative path starts at the workflow's folder.
    path: String,
    /// What `content` is.
    #[serde(default, rename = "as")]
    form: Form,
    /// The file's encoding, such as `windows-1252`. If not set, the mark at its beginning says it,
    /// and without a mark it is UTF-8.
    encoding: Option<String>,
}

/// What is made of a file's content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Form {
    /// One text.
    #[default]
    Text,
    /// A list of lines, without their line breaks.
    Lines,
    /// The bytes, as base64 text.
    Base64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Content {
    /// The text, the list of lines, or the base64 text.
    content: Any,
    /// The file, as a full path.
    path: String,
    /// Its size in bytes.
    size: u64,
}

pub(super) fn node() -> Node {
    Node::action("file.read", read)
        .pure()
        .icon("file-text")
        .fails(ErrorKind::NotFound, "The file is not there.")
        .fails(
            ErrorKind::Invalid,
            "The text is not in the encoding, or the file has more than 256 MiB and is not read as `lines`.",
        )
        .fails(ErrorKind::Denied, "The file may not be read.")
        .fails(ErrorKind::Unavailable, "The disk that holds it does not answer.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: letter
  use: file.read
  with: { path: templates/letter.txt }
- use: log.write
  with: { message: "{{ steps.letter.content }}" }
"#;

async fn read(cx: &StepContext, settings: Read) -> Result<Content, NodeError> {
    let path = cx.file(&settings.path);
    let charset = Charset::chosen(settings.encoding.as_deref())?;
    cx.blocking(move || {
        let failed = |error| unreadable(&path.display().to_string(), &error);
        let size = fs::metadata(&path).map_err(failed)?.len();
        let content = match settings.form {
            Form::Lines if size > LINES_IN_MEMORY => {
                streamed_lines(path.clone(), charset, &settings.path)
            }
            form => {
                let bytes = read_at_once(&path)?;
                match form {
                    Form::Base64 => Value::from(STANDARD.encode(bytes)),
                    Form::Text => Value::from(decode(bytes, charset).map_err(failed)?),
                    Form::Lines => {
                        let text = decode(bytes, charset).map_err(failed)?;
                        text.lines().map(Value::from).collect()
                    }
                }
            }
        };
        Ok(Content {
            content: Any(content),
            path: path.display().to_string(),
            size,
        })
    })
    .await
}

fn read_at_once(path: &Path) -> Result<Vec<u8>, NodeError> {
    let mut bytes = Vec::new();
    // What grows without end, such as a device, has no size to go by.
    File::open(path)
        .and_then(|file| file.take(AT_ONCE + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(&path.display().to_string(), &error))?;
    if bytes.len() as u64 > AT_ONCE {
        return Err(NodeError::invalid(format!(
            "{} has more than 256 MiB, too much to hold at once",
            path.display()
        ))
        .with_help(
            "read it with `as: lines`, or a table with csv.read: both take a row at a time",
        ));
    }
    Ok(bytes)
}

fn streamed_lines(path: PathBuf, charset: Option<Charset>, name: &str) -> Value {
    Stream::value(format!("lines of {name}"), move || {
        let failed = |error| format!("could not read {}: {error}", path.display());
        let file = File::open(&path).map_err(failed)?;
        let text = TextReader::new(file, charset).map_err(failed)?;
        let shown = path.display().to_string();
        let lines = BufReader::with_capacity(64 * 1024, text).lines();
        Ok(Box::new(lines.map(move |line| {
            line.map(Value::from)
                .map_err(|error| format!("could not read {shown}: {error}"))
        })))
    })
}
