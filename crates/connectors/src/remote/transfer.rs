//! Bringing one file there or here, whole or not at all.

use std::{io::Write, path::Path, time::Duration};

use casare_engine::{NodeError, StepContext};
use casare_files::AtomicFile;
use uuid::Uuid;

use super::{
    backend::{Entry, Source},
    path::RemotePath,
    session::{Files, Protocol},
};

/// The pause before a broken transfer is first taken up again; it doubles from time to time.
const PAUSE: Duration = Duration::from_millis(200);

/// How a file is brought there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placing {
    /// Straight to its name, without a temporary one.
    pub(super) direct: bool,
    /// How often a broken transfer is taken up again.
    pub(super) retries: u32,
}

/// Brings `source` to `to`, whose folders are made; answers its size.
pub(super) async fn upload<P: Protocol>(
    files: &Files<P>,
    source: &Source,
    to: &RemotePath,
    placing: Placing,
) -> Result<u64, NodeError> {
    if let Some(folder) = to.parent() {
        files.make_folders(&folder).await?;
    }
    let direct = placing.direct || files.remote().abilities().uploads_whole;
    let place = if direct {
        to.clone()
    } else {
        let id = Uuid::new_v4().simple().to_string();
        let temporary = to.beside(&id[..8]);
        files.began(&temporary);
        temporary
    };
    let outcome = match send(files, source, &place, placing.retries).await {
        Ok(()) if direct => Ok(()),
        Ok(()) => files.remote().rename(&place, to).await,
        Err(error) => Err(error),
    };
    // What can't be deleted now is tried again when the session ends.
    if !direct && (outcome.is_ok() || files.remote().delete(&place).await.is_ok()) {
        files.ended(&place);
    }
    outcome.map(|()| source.size())
}

async fn send<P: Protocol>(
    files: &Files<P>,
    source: &Source,
    place: &RemotePath,
    retries: u32,
) -> Result<(), NodeError> {
    let remote = files.remote();
    let mut offset = 0;
    let mut tries = Tries::new(retries);
    loop {
        let error = match remote.upload(place, source, offset).await {
            Ok(()) => match check_size(files, source, place).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            },
            Err(error) => error,
        };
        tries.another(error).await?;
        offset = 0;
        if remote.abilities().resumes_uploads {
            let there = remote.info(place).await.ok().flatten();
            let size = there.and_then(|there| there.size).unwrap_or_default();
            // More than the source has is not of this upload.
            offset = if size <= source.size() { size } else { 0 };
        }
    }
}

/// A server that ran out of space may take all bytes and keep few of them.
async fn check_size<P: Protocol>(
    files: &Files<P>,
    source: &Source,
    place: &RemotePath,
) -> Result<(), NodeError> {
    let there = files.remote().info(place).await?;
    match there.and_then(|there| there.size) {
        Some(size) if size != source.size() => Err(NodeError::unavailable(format!(
            "{place} has {size} bytes on the server instead of {}",
            source.size()
        ))
        .with_help("check the space on the server; if the file was being written here, wait until it is finished")),
        _ => Ok(()),
    }
}

/// Brings the file `from` here; answers what it is there. With `keep_time` it gets the time it has
/// there.
pub(super) async fn download<P: Protocol>(
    cx: &StepContext,
    files: &Files<P>,
    from: &RemotePath,
    to: &Path,
    retries: u32,
    keep_time: bool,
) -> Result<(Entry, u64), NodeError> {
    let remote = files.remote();
    let mut entry = files.found(from).await?;
    if entry.is_folder {
        return Err(NodeError::invalid(format!("{from} is a folder"))
            .with_help(format!("to download what is in it, write `{from}/*`")));
    }
    let mut file = AtomicFile::create(to)?;
    let mut written = 0;
    let mut told = 0;
    let mut tries = Tries::new(retries);
    loop {
        let begun = written;
        let total = entry.size;
        let mut take = |piece: &[u8]| {
            file.write_all(piece).map_err(|error| file.failed(&error))?;
            written += piece.len() as u64;
            if written - told >= 1024 * 1024 {
                told = written;
                cx.progress(written, total);
            }
            Ok(())
        };
        let error = match remote.download(from, begun, &mut take).await {
            Ok(()) if total.is_none_or(|total| total == written) => break,
            Ok(()) => NodeError::unavailable(format!(
                "{from} ended after {written} of {} bytes",
                total.unwrap_or_default()
            )),
            Err(error) => error,
        };
        if written > begun {
            tries.moved_on();
        }
        tries.another(error).await?;
        let now = files.found(from).await?;
        let changed = (now.size, now.modified) != (entry.size, entry.modified);
        if changed || !remote.abilities().resumes_downloads || now.size.is_none_or(|s| s < written)
        {
            file = AtomicFile::create(to)?;
            (written, told) = (0, 0);
        }
        entry = now;
    }
    let time = entry.modified.filter(|_| keep_time);
    let place = to.to_owned();
    let size = cx
        .blocking(move || {
            let size = file.commit()?;
            if let Some(time) = time {
                let opened = std::fs::File::options().write(true).open(&place);
                opened
                    .and_then(|opened| opened.set_modified(time.into()))
                    .map_err(|error| {
                        NodeError::io(
                            format_args!("could not set the time of {}", place.display()),
                            &error,
                        )
                    })?;
            }
            Ok(size)
        })
        .await?;
    Ok((entry, size))
}

/// How often a broken transfer may still be taken up again.
struct Tries {
    most: u32,
    left: u32,
}

impl Tries {
    fn new(most: u32) -> Self {
        Self { most, left: most }
    }

    /// Something came through: only failures in a row count.
    fn moved_on(&mut self) {
        self.left = self.most;
    }

    /// Waits before another try; gives `error` back when there is none or none could help.
    async fn another(&mut self, error: NodeError) -> Result<(), NodeError> {
        if self.left == 0 || !error.is_retryable() {
            return Err(error);
        }
        tokio::time::sleep(PAUSE * 2_u32.pow((self.most - self.left).min(6))).await;
        self.left -= 1;
        Ok(())
    }
}
