use std::{any::Any, path::Path, sync::Arc};

use async_trait::async_trait;
use casare_engine::{BlockEnd, ErrorKind, Node, NodeError, Opened, Resource, StepContext};
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// Makes an empty folder for the steps in its block; it is deleted when they end, however they end.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Temp {
    /// How the folder's name begins.
    #[serde(default = "prefix")]
    prefix: String,
    /// The folder in which it is made; the system's folder for such things if not set.
    folder: Option<String>,
}

fn prefix() -> String {
    "casare-".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Made {
    /// The folder, as a full path.
    path: String,
}

/// The folder while the block lasts.
struct Folder(Mutex<Option<TempDir>>);

#[async_trait]
impl Resource for Folder {
    async fn close(&self, _end: BlockEnd) -> Result<(), NodeError> {
        let Some(folder) = self.0.lock().take() else {
            return Ok(());
        };
        let path = folder.path().display().to_string();
        folder
            .close()
            .map_err(|error| NodeError::io(format_args!("could not delete {path}"), &error))
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

pub(super) fn node() -> Node {
    Node::session("file.temp", temp)
        .icon("folder-clock")
        .fails(
            ErrorKind::Denied,
            "No folder may be made there, or it may not be deleted at the end.",
        )
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

const EXAMPLE: &str = r#"- id: scratch
  use: file.temp
  do:
    - use: file.write
      with: { path: "{{ steps.scratch.path }}/draft.txt", content: not for long }
"#;

async fn temp(cx: &StepContext, settings: Temp) -> Result<Opened<Made>, NodeError> {
    if settings.prefix.contains(['/', '\\']) {
        return Err(NodeError::invalid(format!(
            "setting `prefix`: `{}` is no beginning of a name",
            settings.prefix
        ))
        .with_help("use `folder` to say where it is made"));
    }
    let place = settings
        .folder
        .as_ref()
        .map_or_else(std::env::temp_dir, |folder| cx.file(folder));
    let folder = make(&place, &settings.prefix)?;
    let path = folder.path().display().to_string();
    Ok(Opened {
        resource: Arc::new(Folder(Mutex::new(Some(folder)))),
        outputs: Made { path },
    })
}

fn make(place: &Path, prefix: &str) -> Result<TempDir, NodeError> {
    casare_files::make_folder(place)?;
    tempfile::Builder::new()
        .prefix(prefix)
        .tempdir_in(place)
        .map_err(|error| {
            NodeError::io(
                format_args!("could not make a folder in {}", place.display()),
                &error,
            )
        })
}
