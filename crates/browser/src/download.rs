//! Downloads: followed by the browser's events, saved under the name that the server suggests.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::{
    cdp::browser::{DownloadProgress, DownloadWillBegin},
    error::BrowserError,
    page::Page,
};

/// A file that was downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    pub path: PathBuf,
    pub url: String,
    /// The name that the server suggests; `path` may differ from it where that name was taken.
    pub suggested_name: String,
    /// In bytes.
    pub size: u64,
    /// Of its content, in hexadecimal.
    pub sha256: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Complete,
    Cancelled,
}

#[derive(Debug)]
struct Entry {
    guid: String,
    url: String,
    suggested_name: String,
    frame: String,
    received: u64,
    total: u64,
    state: State,
    taken: bool,
}

/// All downloads of a browser since its start.
#[derive(Debug, Default)]
pub(crate) struct Downloads(Vec<Entry>);

impl Downloads {
    pub(crate) fn begin(&mut self, event: DownloadWillBegin) {
        self.0.push(Entry {
            guid: event.guid,
            url: event.url,
            suggested_name: event.suggested_filename,
            frame: event.frame_id,
            received: 0,
            total: 0,
            state: State::Running,
            taken: false,
        });
    }

    pub(crate) fn progress(&mut self, event: &DownloadProgress) {
        if let Some(entry) = self.0.iter_mut().find(|entry| entry.guid == event.guid) {
            entry.received = event.received_bytes as u64;
            entry.total = event.total_bytes as u64;
            entry.state = match event.state.as_str() {
                "completed" => State::Complete,
                "canceled" => State::Cancelled,
                _ => State::Running,
            };
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

impl Page {
    fn downloads_folder(&self) -> PathBuf {
        let Some(core) = self.core.browser.upgrade() else {
            return PathBuf::new();
        };
        let contexts = core.contexts.lock();
        let settings = contexts
            .get(&self.core.context_id)
            .or_else(|| contexts.get(&None));
        settings
            .map(|settings| settings.downloads.clone())
            .unwrap_or_default()
    }

    /// Whether a frame is this page's, that of a page which it opened, or of one that is gone already
    /// (links that open a tab for a download close it at once).
    fn owns_frame(&self, frame: &str) -> bool {
        let Some(core) = self.core.browser.upgrade() else {
            return false;
        };
        let pages = core.pages.lock();
        let owner = pages
            .iter()
            .find(|page| page.state.lock().frames.contains(frame));
        owner.is_none_or(|page| {
            page.target_id == self.core.target_id
                || page.opener.as_ref() == Some(&self.core.target_id)
        })
    }

    /// Waits until a download that began after the first `seen` ones is complete, and gives it its name.
    pub(crate) async fn finished_download(
        &self,
        seen: usize,
        deadline: Instant,
    ) -> Result<Download, BrowserError> {
        let started = Instant::now();
        let core = self.browser_core()?;
        let ended = core
            .wait(deadline, |core| {
                let mut downloads = core.downloads.lock();
                let ours = downloads.0.iter_mut().skip(seen).find(|entry| {
                    !entry.taken && entry.state != State::Running && self.owns_frame(&entry.frame)
                })?;
                ours.taken = true;
                Some((ours.guid.clone(), ours.state, ours.describe()))
            })
            .await?;
        let Some((guid, state, download)) = ended else {
            let downloads = core.downloads.lock();
            let running = downloads
                .0
                .iter()
                .skip(seen)
                .find(|entry| entry.state == State::Running);
            let found = running.map_or_else(
                || "none began".to_owned(),
                |entry| {
                    format!(
                        "{} of {} bytes of {} had come",
                        entry.received, entry.total, entry.url
                    )
                },
            );
            let what = "a complete download".to_owned();
            return Err(BrowserError::WaitTimeout {
                what,
                waited: started.elapsed(),
                found,
            });
        };
        if state == State::Cancelled {
            return Err(BrowserError::DownloadCancelled { url: download.url });
        }
        let folder = self.downloads_folder();
        tokio::task::spawn_blocking(move || save(&folder, &guid, download))
            .await
            .map_err(|error| BrowserError::Gone {
                reason: error.to_string(),
            })?
    }
}

impl Entry {
    fn describe(&self) -> Download {
        Download {
            path: PathBuf::new(),
            url: self.url.clone(),
            suggested_name: self.suggested_name.clone(),
            size: self.received,
            sha256: String::new(),
        }
    }
}

/// Chromium saves under a random name, so that downloads of one name never meet; this gives the real one.
fn save(folder: &Path, guid: &str, mut download: Download) -> Result<Download, BrowserError> {
    let saved = folder.join(guid);
    let fault = |source| BrowserError::File {
        what: "save the download",
        path: folder.join(&download.suggested_name),
        source,
    };
    download.size = std::fs::metadata(&saved).map_err(fault)?.len();
    download.path = free_name(folder, &download.suggested_name).map_err(fault)?;
    std::fs::rename(&saved, &download.path).map_err(fault)?;
    download.sha256 = sha256(&download.path).map_err(fault)?;
    Ok(download)
}

fn sha256(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            read => hash.update(&chunk[..read]),
        }
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// `report.pdf`, or `report (2).pdf` if that is taken; the name is reserved by an empty file.
fn free_name(folder: &Path, suggested: &str) -> std::io::Result<PathBuf> {
    // A server may suggest `../../etc/passwd`.
    let name = Path::new(suggested)
        .file_name()
        .unwrap_or("download".as_ref());
    let stem = Path::new(name)
        .file_stem()
        .unwrap_or(name)
        .to_string_lossy()
        .into_owned();
    let extension = Path::new(name)
        .extension()
        .map(|end| format!(".{}", end.to_string_lossy()));
    let mut path = folder.join(name);
    for number in 2.. {
        match std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
        {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                path = folder.join(format!(
                    "{stem} ({number}){}",
                    extension.as_deref().unwrap_or("")
                ));
            }
            Err(error) => return Err(error),
            Ok(_) => break,
        }
    }
    Ok(path)
}
