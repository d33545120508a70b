use casare_engine::{Node, NodeError, StepContext};
use casare_files::{Charset, write_text};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use casare_files::FileFaults as _;

/// Writes data into a YAML file, which is whole or as it was before.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Write {
    /// The file. Its folders are made if they are not there.
    path: String,
    /// The data: anything.
    data: Any,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Written {
    /// The file, as a full path.
    path: String,
    /// The size of the file in bytes.
    size: u64,
}

pub(super) fn node() -> Node {
    Node::action("yaml.write", write)
        .pure()
        .icon("file-code")
        .fails_writing()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: yaml.write
  with:
    path: out/settings.yaml
    data: { server: { host: localhost, port: 8080 } }
";

async fn write(cx: &StepContext, settings: Write) -> Result<Written, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || {
        let text = super::document::text(&settings.data.0)?;
        Ok(Written {
            size: write_text(&path, &text, Charset::UTF_8)?,
            path: path.display().to_string(),
        })
    })
    .await
}
