use std::path::{Path, PathBuf};

use casare_engine::{Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    backend::Source,
    path::RemotePath,
    session::{self, Files, Protocol},
    settings::{IfExists, Paths, retries, split_pattern},
    transfer::{self, Placing},
    walk::{self, Wanted},
};

/// Uploads a file, or all files that match a pattern.
///
/// On the server a file is whole or not there: where the protocol needs it, it is written under a
/// temporary name in the same folder, its size is checked, and then it gets its name. A broken
/// connection is made again and the transfer taken up where it broke, where the protocol can.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Upload {
    /// The file, a pattern such as `out/*.csv`, or a list of these. Files found by a pattern with
    /// `**` keep their folders below the pattern's first part.
    from: Paths,
    /// Where it goes on the server. A folder that is there, or a path with `/` at its end, takes
    /// files under their own names, as it does for several files. Folders are made if they are not
    /// there.
    to: String,
    /// What happens when a file is there already.
    #[serde(default)]
    if_exists: IfExists,
    /// Whether files are written straight to their names, for servers that allow no renaming.
    /// Others may then see half a file while the upload lasts.
    #[serde(default)]
    direct: bool,
    /// How often in a row a broken transfer is taken up again (3).
    #[serde(default = "retries")]
    retries: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Uploads {
    /// The files that were uploaded.
    files: Vec<Uploaded>,
    /// The first one's path on the server; none if there was none.
    path: Option<String>,
    /// How many files were uploaded.
    count: usize,
    /// How many were left out because they were there already.
    skipped: usize,
    /// How many bytes were uploaded.
    size: u64,
}

/// A file that was uploaded.
#[derive(Debug, Serialize, JsonSchema)]
struct Uploaded {
    /// The file here, as a full path.
    from: String,
    /// Its path on the server.
    path: String,
    /// Its size in bytes.
    size: u64,
}

pub(super) fn node<P: Protocol>() -> Node {
    session::node::<P>("upload", EXAMPLE, |name| {
        Node::action_with_effect(name, upload::<P>, |settings: &Upload| {
            settings.if_exists.effect()
        })
        .icon("upload")
        .fails_reading()
    })
}

const EXAMPLE: &str = r#"- use: {p}.upload
  with: { from: people.csv, to: outbox/people-2026-03.csv }
- use: {p}.upload
  with: { from: "*.csv", to: outbox/, if_exists: skip }
"#;

async fn upload<P: Protocol>(cx: &StepContext, settings: Upload) -> Result<Uploads, NodeError> {
    let files = Files::<P>::of(cx)?;
    let to = RemotePath::read("to", &settings.to)?;
    let (chosen, several) = chosen(cx, &settings.from).await?;
    let into = several
        || settings.to.ends_with('/')
        || to.name().is_empty()
        || files
            .remote()
            .info(&to)
            .await?
            .is_some_and(|there| there.is_folder);
    let placing = Placing {
        direct: settings.direct,
        retries: settings.retries,
    };
    let mut done = Uploads {
        files: Vec::new(),
        path: None,
        count: 0,
        skipped: 0,
        size: 0,
    };
    let total = chosen.len() as u64;
    for (index, (from, relative)) in chosen.into_iter().enumerate() {
        let place = if into { to.join(&relative) } else { to.clone() };
        if settings.if_exists != IfExists::Replace
            && files.remote().info(&place).await?.is_some()
            && settings.if_exists.leaves(place.as_str())?
        {
            done.skipped += 1;
            continue;
        }
        let source = Source::file(from.clone()).await?;
        let size = transfer::upload(&files, &source, &place, placing).await?;
        done.size += size;
        done.files.push(Uploaded {
            from: from.display().to_string(),
            path: place.to_string(),
            size,
        });
        cx.progress(index as u64 + 1, Some(total));
    }
    done.count = done.files.len();
    done.path = done.files.first().map(|file| file.path.clone());
    Ok(done)
}

/// The files that are meant and their paths below `to`, and whether they were asked for as several.
async fn chosen(
    cx: &StepContext,
    from: &Paths,
) -> Result<(Vec<(PathBuf, String)>, bool), NodeError> {
    let mut chosen = Vec::new();
    let mut several = matches!(from, Paths::Many(_));
    for path in from.all() {
        let whole = cx.file(path);
        // A file may be called `report[1].pdf`.
        let is_file = tokio::fs::metadata(&whole)
            .await
            .is_ok_and(|found| found.is_file());
        match split_pattern(path) {
            Some((folder, pattern)) if !is_file => {
                several = true;
                let folder = cx.file(folder);
                let wanted = Wanted::new(pattern, false)?;
                chosen.extend(cx.blocking(move || walk::local(&folder, &wanted)).await?);
            }
            _ => chosen.push((whole.clone(), name_of(&whole)?)),
        }
    }
    Ok((chosen, several))
}

fn name_of(path: &Path) -> Result<String, NodeError> {
    if path.is_dir() {
        return Err(
            NodeError::invalid(format!("{} is a folder", path.display())).with_help(
                "to upload what is in it, write a pattern such as `folder/**`, or use a sync step",
            ),
        );
    }
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .ok_or_else(|| NodeError::invalid(format!("{} is no file", path.display())))
}
