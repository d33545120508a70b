use std::{fs, path::Path};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reads or changes who may write to a file or folder.
///
/// Without `mode` and `read_only` it only tells.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Permissions {
    /// The file or folder.
    path: String,
    /// The rights in octal, as for `chmod`: `"640"`. Not on Windows.
    mode: Option<String>,
    /// Whether nobody may write to it.
    read_only: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Rights {
    /// The rights in octal, such as `640`; none on Windows.
    mode: Option<String>,
    /// Whether nobody may write to it.
    read_only: bool,
}

pub(super) fn node() -> Node {
    Node::action("file.permissions", permissions)
        .pure()
        .icon("lock-keyhole")
        .fails(ErrorKind::NotFound, "Nothing is there.")
        .fails(
            ErrorKind::Denied,
            "It belongs to somebody else, or is on a read-only disk.",
        )
        .fails(
            ErrorKind::Unavailable,
            "The disk has no such rights, or does not answer.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: file.write
  with: { path: out/list.txt, content: for the team }
- use: file.permissions
  with: { path: out/list.txt, mode: "640" }
"#;

async fn permissions(cx: &StepContext, settings: Permissions) -> Result<Rights, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || {
        let failed = |doing: &str, error| {
            NodeError::io(format_args!("could not {doing} {}", path.display()), &error)
        };
        let mut rights = fs::metadata(&path)
            .map_err(|error| failed("look at", error))?
            .permissions();
        if let Some(mode) = &settings.mode {
            set_mode(&mut rights, mode)?;
        }
        if let Some(read_only) = settings.read_only {
            set_read_only(&mut rights, read_only);
        }
        if settings.mode.is_some() || settings.read_only.is_some() {
            fs::set_permissions(&path, rights)
                .map_err(|error| failed("change the rights of", error))?;
        }
        rights_of(&path).map_err(|error| failed("look at", error))
    })
    .await
}

fn rights_of(path: &Path) -> std::io::Result<Rights> {
    let rights = fs::metadata(path)?.permissions();
    Ok(Rights {
        mode: mode_of(&rights),
        read_only: rights.readonly(),
    })
}

#[cfg(unix)]
fn mode_of(rights: &fs::Permissions) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(format!("{:o}", rights.mode() & 0o7777))
}

#[cfg(unix)]
fn set_mode(rights: &mut fs::Permissions, mode: &str) -> Result<(), NodeError> {
    use std::os::unix::fs::PermissionsExt as _;
    let bits = u32::from_str_radix(mode.trim(), 8)
        .ok()
        .filter(|bits| *bits <= 0o7777)
        .ok_or_else(|| {
            NodeError::invalid(format!("setting `mode`: `{mode}` are no rights"))
                .with_help("write them in octal, as for chmod: `\"640\"`")
        })?;
    rights.set_mode(bits);
    Ok(())
}

#[cfg(unix)]
fn set_read_only(rights: &mut fs::Permissions, read_only: bool) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = rights.mode();
    // For the owner alone: nobody asked that others may write.
    rights.set_mode(if read_only {
        mode & !0o222
    } else {
        mode | 0o200
    });
}

#[cfg(not(unix))]
fn mode_of(_: &fs::Permissions) -> Option<String> {
    None
}

#[cfg(not(unix))]
fn set_mode(_: &mut fs::Permissions, _: &str) -> Result<(), NodeError> {
    Err(
        NodeError::invalid("setting `mode`: this system has no such rights")
            .with_help("use `read_only`"),
    )
}

#[cfg(not(unix))]
fn set_read_only(rights: &mut fs::Permissions, read_only: bool) {
    rights.set_readonly(read_only);
}
