use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    entry::{IfExists, already_there},
    transfer,
};

/// Copies a file, or a folder with all that is in it.
///
/// Each file is whole or not there: it is written beside its place and then moved there. Copying a
/// folder onto one that is there adds to it and replaces files of the same name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Copy {
    /// The file or folder.
    from: String,
    /// Where the copy goes. A folder that is there, or a path with `/` at its end, takes the file
    /// under its own name. Folders are made if they are not there.
    to: String,
    /// What happens when the target is there already.
    #[serde(default)]
    if_exists: IfExists,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Copied {
    /// The copy, as a full path.
    path: String,
    /// How many files were copied.
    files: u64,
    /// How many bytes.
    size: u64,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("file.copy", copy, |settings: &Copy| {
        settings.if_exists.effect(Effect::Pure)
    })
    .icon("copy")
    .fails(ErrorKind::NotFound, "There is nothing at `from`.")
    .fails(ErrorKind::Denied, "The original may not be read, or the copy may not be written.")
    .fails(ErrorKind::Unavailable, "The disk is full, or does not answer.")
    .fails(
        ErrorKind::Conflict,
        "`to` is there already and `if_exists` is `fail`, or a file stands where its folder should be.",
    )
    .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: file.copy
  with: { from: templates/letter.txt, to: out/march.txt }
";

async fn copy(cx: &StepContext, settings: Copy) -> Result<Copied, NodeError> {
    let from = cx.file(&settings.from);
    let to = cx.file(&settings.to);
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let to = transfer::destination(&from, &to, &settings.to);
        transfer::check_apart(&from, &to)?;
        let path = to.display().to_string();
        if already_there(&to, settings.if_exists)? {
            return Ok(Copied {
                path,
                files: 0,
                size: 0,
            });
        }
        let (files, size) = transfer::copy(&from, &to, &cancel)?;
        Ok(Copied { path, files, size })
    })
    .await
}
