use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use schemars::JsonSchema;
use serde::Deserialize;

use super::read::{ReadMail, whole};

/// Reads a mail from a file (`.eml`) or a text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parse {
    /// The file.
    #[serde(default)]
    file: Option<String>,
    /// The mail as text, instead of a file.
    #[serde(default)]
    text: Option<String>,
    /// Whether the attachments are kept as files of the run.
    #[serde(default)]
    keep_attachments: bool,
    /// Bytes above which the step fails (100 MiB).
    #[serde(default = "most")]
    max_size: u64,
}

fn most() -> u64 {
    100 * 1024 * 1024
}

pub(super) fn node() -> Node {
    Node::action("mail.parse", parse)
        .pure()
        .icon("file-text")
        .fails_reading()
        .fails(ErrorKind::Business, "It is no mail: it has no headers.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- id: mail
  use: mail.parse
  with: { file: order.eml }
- use: log.write
  with: { message: '{{ steps.mail.message.from.address }}: {{ steps.mail.message.subject }}' }
";

async fn parse(cx: &StepContext, settings: Parse) -> Result<ReadMail, NodeError> {
    let bytes = match (&settings.file, &settings.text) {
        (Some(file), None) => {
            let path = cx.file(file);
            let unread =
                |error| NodeError::io(format_args!("could not read {}", path.display()), &error);
            let size = tokio::fs::metadata(&path).await.map_err(unread)?.len();
            if size > settings.max_size {
                return Err(NodeError::invalid(format!(
                    "{} has {size} bytes, more than {}",
                    path.display(),
                    settings.max_size
                ))
                .with_help("raise `max_size`"));
            }
            tokio::fs::read(&path).await.map_err(unread)?
        }
        (None, Some(text)) => text.clone().into_bytes(),
        _ => return Err(NodeError::invalid("give `file` or `text`")),
    };
    Ok(ReadMail {
        message: whole(cx, &bytes, settings.keep_attachments, false)?,
    })
}
