use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::make_folder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes a folder, and those above it that are not there.
///
/// A folder that is there already is left as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateFolder {
    /// The folder.
    path: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Created {
    /// The folder, as a full path.
    path: String,
    /// Whether it was made now; it was there otherwise.
    created: bool,
}

pub(super) fn node() -> Node {
    Node::action("file.create_folder", create_folder)
        .pure()
        .icon("folder-plus")
        .fails(ErrorKind::Denied, "No folder may be made there.")
        .fails(
            ErrorKind::Unavailable,
            "The disk is full, or does not answer.",
        )
        .fails(
            ErrorKind::Conflict,
            "A file stands where the folder should be.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: file.create_folder
  with: { path: out/2026/03 }
";

async fn create_folder(cx: &StepContext, settings: CreateFolder) -> Result<Created, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || {
        let created = !path.is_dir();
        make_folder(&path)?;
        Ok(Created {
            path: path.display().to_string(),
            created,
        })
    })
    .await
}
