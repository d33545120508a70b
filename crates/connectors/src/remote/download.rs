use std::path::PathBuf;

use casare_engine::{Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    path::{self, RemotePath},
    session::{self, Files, Protocol},
    settings::{IfExists, Paths, retries, split_pattern},
    transfer,
    walk::{self, Wanted},
};

/// Downloads a file, or all files that match a pattern.
///
/// A file is whole or not there: it is written beside its place, its size is checked, and then it is
/// moved there. A broken connection is made again and the transfer taken up where it broke, where
/// the protocol can.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Download {
    /// The file on the server, a pattern such as `inbox/*.csv`, or a list of these. Files found by a
    /// pattern with `**` keep their folders below the pattern's first part.
    from: Paths,
    /// Where it goes. A folder that is there, or a path with `/` at its end, takes files under their
    /// own names, as it does for several files. Folders are made if they are not there.
    to: String,
    /// What happens when a file is here already.
    #[serde(default)]
    if_exists: IfExists,
    /// Whether a file keeps the time of its last change.
    #[serde(default)]
    keep_time: bool,
    /// How often in a row a broken transfer is taken up again (3).
    #[serde(default = "retries")]
    retries: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Downloads {
    /// The files that were downloaded.
    files: Vec<Downloaded>,
    /// The first one's full path here; none if there was none.
    path: Option<String>,
    /// How many files were downloaded.
    count: usize,
    /// How many were left out because they were here already.
    skipped: usize,
    /// How many bytes were downloaded.
    size: u64,
}

/// A file that was downloaded.
#[derive(Debug, Serialize, JsonSchema)]
struct Downloaded {
    /// Its path on the server.
    from: String,
    /// The file here, as a full path.
    path: String,
    /// Its size in bytes.
    size: u64,
}

pub(super) fn node<P: Protocol>() -> Node {
    session::node::<P>("download", EXAMPLE, |name| {
        Node::action_with_effect(name, download::<P>, |settings: &Download| {
            settings.if_exists.effect()
        })
        .icon("download")
        .fails_writing()
    })
}

const EXAMPLE: &str = r#"- use: {p}.download
  with: { from: inbox/orders.csv, to: in/orders.csv }
- id: all
  use: {p}.download
  with: { from: "inbox/*.csv", to: in/ }
- use: log.write
  with: { message: "{{ steps.all.count }} files came" }
"#;

async fn download<P: Protocol>(
    cx: &StepContext,
    settings: Download,
) -> Result<Downloads, NodeError> {
    let files = Files::<P>::of(cx)?;
    let (chosen, several) = chosen(cx, &files, &settings.from).await?;
    let to = cx.file(&settings.to);
    let into = several || settings.to.ends_with(['/', '\\']) || to.is_dir();
    let mut done = Downloads {
        files: Vec::new(),
        path: None,
        count: 0,
        skipped: 0,
        size: 0,
    };
    for (from, relative) in chosen {
        let place: PathBuf = if into {
            path::below(&to, &relative)?
        } else {
            to.clone()
        };
        let shown = place.display().to_string();
        let is_here = std::fs::symlink_metadata(&place).is_ok();
        if is_here && settings.if_exists.leaves(&shown)? {
            done.skipped += 1;
            continue;
        }
        let (retries, keep_time) = (settings.retries, settings.keep_time);
        let (_, size) = transfer::download(cx, &files, &from, &place, retries, keep_time).await?;
        done.size += size;
        done.files.push(Downloaded {
            from: from.to_string(),
            path: shown,
            size,
        });
    }
    done.count = done.files.len();
    done.path = done.files.first().map(|file| file.path.clone());
    Ok(done)
}

/// The files that are meant and their paths below `to`, and whether they were asked for as several.
async fn chosen<P: Protocol>(
    cx: &StepContext,
    files: &Files<P>,
    from: &Paths,
) -> Result<(Vec<(RemotePath, String)>, bool), NodeError> {
    let mut chosen = Vec::new();
    let mut several = matches!(from, Paths::Many(_));
    for path in from.all() {
        if let Some((folder, pattern)) = split_pattern(path) {
            several = true;
            let folder = RemotePath::read("from", folder)?;
            let wanted = Wanted::new(pattern, false)?;
            let found = walk::remote(cx, files.remote(), &folder, &wanted).await?;
            let found = found.into_iter().filter(|found| !found.entry.is_folder);
            chosen.extend(found.map(|found| (found.path, found.relative)));
        } else {
            let path = RemotePath::read("from", path)?;
            let name = path.name().to_owned();
            chosen.push((path, name));
        }
    }
    Ok((chosen, several))
}
