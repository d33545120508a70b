use casare_engine::{Node, NodeError, StepContext};
use casare_files::{Charset, write_text};
use casare_workflow::{
    Any,
    value::{Stream, to_json},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use casare_files::FileFaults as _;

/// Writes data into a JSON file, which is whole or as it was before.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Write {
    /// The file. Its folders are made if they are not there.
    path: String,
    /// The data: anything.
    data: Any,
    /// Whether it is laid out for people, indented by two blanks.
    #[serde(default)]
    pretty: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Written {
    /// The file, as a full path.
    path: String,
    /// The size of the file in bytes.
    size: u64,
}

pub(super) fn node() -> Node {
    Node::action("json.write", write)
        .pure()
        .icon("file-json")
        .fails_writing()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: json.write
  with:
    path: out/order.json
    data: { number: INV-1, items: [pen, paper] }
    pretty: true
";

async fn write(cx: &StepContext, settings: Write) -> Result<Written, NodeError> {
    let path = cx.file(&settings.path);
    if Stream::is_in(&settings.data.0) {
        return Err(NodeError::invalid(
            "streamed rows can't be one JSON text: they may not fit into memory",
        )
        .with_help("read the file with `stream: false`, or write the rows with csv.write"));
    }
    cx.blocking(move || {
        let json = to_json(&settings.data.0);
        let text = if settings.pretty {
            format!("{json:#}\n")
        } else {
            format!("{json}\n")
        };
        Ok(Written {
            size: write_text(&path, &text, Charset::UTF_8)?,
            path: path.display().to_string(),
        })
    })
    .await
}
