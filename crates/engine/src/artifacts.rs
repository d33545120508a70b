//! The files a run keeps.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{NodeError, event::Artifact};

/// The folder of a run's files.
#[derive(Debug)]
pub struct Artifacts {
    folder: PathBuf,
    next: AtomicU32,
}

impl Artifacts {
    /// Keeps files under `folder`, which is made when the first one comes.
    pub fn new(folder: PathBuf) -> Self {
        let kept = fs::read_dir(&folder).map_or(0, Iterator::count);
        Self {
            folder,
            next: AtomicU32::new(kept as u32 + 1),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A new file of this name to write to; call [`Artifacts::seal`] when it is whole.
    ///
    /// # Errors
    ///
    /// Where the folder can't be made.
    pub fn reserve(&self, name: &str) -> Result<PathBuf, NodeError> {
        fs::create_dir_all(&self.folder).map_err(|error| self.failed(&error))?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Ok(self.folder.join(format!("{number:04}-{}", safe_name(name))))
    }

    /// Describes a file that was written to a path from [`Artifacts::reserve`].
    ///
    /// # Errors
    ///
    /// Where the file can't be read.
    pub fn seal(&self, path: &Path, media_type: &str) -> Result<Artifact, NodeError> {
        let mut hasher = blake3::Hasher::new();
        let size = fs::File::open(path)
            .and_then(|file| copy_into(file, &mut hasher))
            .map_err(|error| self.failed(&error))?;
        Ok(Artifact {
            name: path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            path: path.display().to_string(),
            media_type: media_type.to_owned(),
            size,
            hash: hasher.finalize().to_hex().to_string(),
        })
    }

    /// Keeps `content` as a file.
    ///
    /// # Errors
    ///
    /// Where it can't be written.
    pub fn keep(
        &self,
        name: &str,
        media_type: &str,
        content: &[u8],
    ) -> Result<Artifact, NodeError> {
        let path = self.reserve(name)?;
        let part = path.with_extension("part");
        fs::File::create(&part)
            .and_then(|mut file| file.write_all(content))
            .and_then(|()| fs::rename(&part, &path))
            .map_err(|error| {
                // What is half written helps nobody; the first error is the one to report.
                let _ = fs::remove_file(&part);
                self.failed(&error)
            })?;
        self.seal(&path, media_type)
    }

    fn failed(&self, error: &io::Error) -> NodeError {
        NodeError::io(
            format_args!("could not keep an artifact in {}", self.folder.display()),
            error,
        )
    }
}

fn copy_into(mut file: fs::File, hasher: &mut blake3::Hasher) -> io::Result<u64> {
    let mut buffer = vec![0; 64 * 1024];
    let mut size = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(size),
            read => {
                hasher.update(&buffer[..read]);
                size += read as u64;
            }
        }
    }
}

/// `name` as every file system takes it.
fn safe_name(name: &str) -> String {
    let safe: String = name
        .chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' => c,
            _ => '-',
        })
        .take(100)
        .collect();
    let safe = safe.trim_matches(['.', '-']);
    if safe.is_empty() {
        "file".to_owned()
    } else {
        safe.to_owned()
    }
}
