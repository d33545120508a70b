//! Copying files and folders, for `file.copy` and for `file.move` across disks.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use casare_engine::{Cancel, NodeError};
use casare_files::{AtomicFile, make_folder};

use super::entry::name_of;

/// Where `from` goes: into `to` under its own name if that is a folder or written with a `/` at its
/// end, else to `to` itself.
pub(super) fn destination(from: &Path, to: &Path, written: &str) -> PathBuf {
    if written.ends_with(['/', '\\']) || (to.is_dir() && !from.is_dir()) {
        to.join(name_of(from))
    } else {
        to.to_owned()
    }
}

/// Refuses a copy onto itself or into itself.
pub(super) fn check_apart(from: &Path, to: &Path) -> Result<(), NodeError> {
    let Ok(real_from) = fs::canonicalize(from) else {
        return Ok(());
    };
    let mut above = Some(to);
    while let Some(path) = above {
        if fs::canonicalize(path).is_ok_and(|real| real == real_from)
            && (path == to || real_from.is_dir())
        {
            return Err(NodeError::invalid(format!(
                "{} and {} are the same, or one lies in the other",
                from.display(),
                to.display()
            )));
        }
        above = path.parent();
    }
    Ok(())
}

/// Copies a file, or a folder with all that is in it; answers how many files and bytes.
pub(super) fn copy(from: &Path, to: &Path, cancel: &Cancel) -> Result<(u64, u64), NodeError> {
    let found = fs::metadata(from).map_err(|error| unread(from, &error))?;
    if !found.is_dir() {
        return Ok((1, copy_file(from, to, cancel)?));
    }
    make_folder(to)?;
    let mut total = (0, 0);
    let entries = fs::read_dir(from).map_err(|error| unread(from, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| unread(from, &error))?.path();
        let (files, bytes) = copy(&path, &to.join(name_of(&path)), cancel)?;
        total = (total.0 + files, total.1 + bytes);
    }
    Ok(total)
}

fn copy_file(from: &Path, to: &Path, cancel: &Cancel) -> Result<u64, NodeError> {
    let mut source = File::open(from).map_err(|error| unread(from, &error))?;
    let mut target = AtomicFile::create(to)?;
    let mut piece = vec![0; 256 * 1024];
    loop {
        if cancel.is_cancelled() {
            return Err(NodeError::timeout("copying was stopped"));
        }
        match source
            .read(&mut piece)
            .map_err(|error| unread(from, &error))?
        {
            0 => break,
            read => target
                .write_all(&piece[..read])
                .map_err(|error| target.failed(&error))?,
        }
    }
    target.commit()
}

fn unread(path: &Path, error: &io::Error) -> NodeError {
    NodeError::io(format_args!("could not read {}", path.display()), error)
}
