//! Files that are whole or not there: written beside their place, then moved onto it.

use std::{
    fs,
    io::{self, BufWriter, Seek, Write},
    path::{Path, PathBuf},
};

use casare_engine::NodeError;
use tempfile::NamedTempFile;

/// A file that takes its place only when it is whole.
///
/// Dropped without [`AtomicFile::commit`], it leaves nothing behind and the old file as it was.
#[derive(Debug)]
pub struct AtomicFile {
    temporary: BufWriter<NamedTempFile>,
    target: PathBuf,
}

impl AtomicFile {
    /// Starts a file for `target`, whose folders are made if they are not there.
    pub fn create(target: &Path) -> Result<Self, NodeError> {
        // A link stays a link: what it points to is replaced.
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        let old = fs::metadata(&target).ok();
        if old.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(NodeError::invalid(format!(
                "could not write {}: it is a folder",
                target.display()
            )));
        }
        if old.as_ref().is_some_and(|old| old.permissions().readonly()) {
            return Err(NodeError::denied(format!(
                "could not write {}: the file is read-only",
                target.display()
            ))
            .with_help("make the file writable, or write to another one"));
        }
        let folder = match target.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        make_folder(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".casare-").suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = old.map_or(0o666, |old| old.permissions().mode() & 0o777);
            builder.permissions(fs::Permissions::from_mode(mode));
        }
        let temporary = builder
            .tempfile_in(folder)
            .map_err(|error| failed(&target, &error))?;
        Ok(Self {
            temporary: BufWriter::with_capacity(64 * 1024, temporary),
            target,
        })
    }

    /// Puts the file into its place and answers its size in bytes.
    pub fn commit(self) -> Result<u64, NodeError> {
        let target = self.target;
        let file = self
            .temporary
            .into_inner()
            .map_err(|error| failed(&target, error.error()))?;
        // Without this a power cut after the rename could leave an empty file.
        let size = file
            .as_file()
            .sync_all()
            .and_then(|()| file.as_file().metadata())
            .map_err(|error| failed(&target, &error))?
            .len();
        file.persist(&target).map_err(|error| {
            let failure = failed(&target, &error.error);
            if cfg!(windows) {
                return failure.with_help("close the file in other programs, then try again");
            }
            failure
        })?;
        Ok(size)
    }

    /// What a failed write means to the user.
    pub fn failed(&self, error: &io::Error) -> NodeError {
        failed(&self.target, error)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        self.temporary.write(content)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.flush()
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, position: io::SeekFrom) -> io::Result<u64> {
        self.temporary.seek(position)
    }
}

fn failed(target: &Path, error: &io::Error) -> NodeError {
    // The path of the temporary file, which is added to the reason, would only confuse.
    let text = error.to_string();
    let reason = text.split(" at path \"").next().unwrap_or_default();
    let error = io::Error::new(error.kind(), reason.to_owned());
    NodeError::io(format_args!("could not write {}", target.display()), &error)
}

/// Makes `folder` and those above it.
pub fn make_folder(folder: &Path) -> Result<(), NodeError> {
    fs::create_dir_all(folder).map_err(|error| {
        NodeError::io(
            format_args!("could not make the folder {}", folder.display()),
            &error,
        )
    })
}

/// A file that is written on at its end.
///
/// Dropped without [`AppendedFile::commit`], as after an error on a full disk, the file gets its
/// old length back.
#[derive(Debug)]
pub struct AppendedFile {
    file: Option<BufWriter<fs::File>>,
    target: PathBuf,
    before: u64,
}

impl AppendedFile {
    /// Opens `target`, which is made if it is not there.
    pub fn open(target: &Path) -> Result<Self, NodeError> {
        if let Some(folder) = target.parent() {
            make_folder(folder)?;
        }
        let opened = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(target)
            .and_then(|file| Ok((file.metadata()?.len(), file)));
        let (before, file) = opened.map_err(|error| failed(target, &error))?;
        Ok(Self {
            file: Some(BufWriter::with_capacity(64 * 1024, file)),
            target: target.to_owned(),
            before,
        })
    }

    /// The length the file had.
    pub fn length_before(&self) -> u64 {
        self.before
    }

    /// Keeps what was written and answers the file's size in bytes.
    pub fn commit(mut self) -> Result<u64, NodeError> {
        let written = self.flush().and_then(|()| {
            let file = self.opened()?.get_ref();
            file.sync_data()?;
            Ok(file.metadata()?.len())
        });
        let size = written.map_err(|error| self.failed(&error))?;
        self.file = None;
        Ok(size)
    }

    /// What a failed write means to the user.
    pub fn failed(&self, error: &io::Error) -> NodeError {
        failed(&self.target, error)
    }

    fn opened(&mut self) -> io::Result<&mut BufWriter<fs::File>> {
        self.file
            .as_mut()
            .ok_or_else(|| io::Error::other("the file is closed already"))
    }
}

impl Write for AppendedFile {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        self.opened()?.write(content)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.opened()?.flush()
    }
}

impl Drop for AppendedFile {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            // What is still in the buffer must not be written; what was written is taken back.
            let (file, _) = file.into_parts();
            let _ = file.set_len(self.before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_committed_leaves_the_old_one_alone() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("report.txt");
        fs::write(&target, "old").unwrap();

        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"half of the n").unwrap();
        drop(file);

        assert_eq!(fs::read_to_string(&target).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("deep/er/report.txt");
        AtomicFile::create(&target).unwrap().commit().unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();

        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"new").unwrap();
        let size = file.commit().unwrap();

        assert_eq!(size, 3);
        assert_eq!(
            fs::metadata(&target).unwrap().permissions().mode() & 0o777,
            0o640
        );
    }

    #[test]
    fn what_was_not_written_whole_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("log.txt");
        fs::write(&target, "one\n").unwrap();

        let mut kept = AppendedFile::open(&target).unwrap();
        kept.write_all(b"two\n").unwrap();
        assert_eq!(kept.commit().unwrap(), 8);
        let mut dropped = AppendedFile::open(&target).unwrap();
        dropped.write_all("x".repeat(200_000).as_bytes()).unwrap();
        drop(dropped);

        assert_eq!(fs::read_to_string(&target).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn a_read_only_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("fixed.txt");
        fs::write(&target, "fixed").unwrap();
        let mut permissions = fs::metadata(&target).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&target, permissions).unwrap();

        let error = AtomicFile::create(&target).unwrap_err();

        assert_eq!(error.kind(), casare_engine::ErrorKind::Denied);
    }
}
