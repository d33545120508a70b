//! Files that are held at once: read with a bound, written whole.

use std::{fs::File, io::Read as _, io::Write as _, path::Path};

use casare_engine::NodeError;

use crate::{AtomicFile, Charset, decode, unreadable};

/// The most bytes that are held at once.
const AT_ONCE: u64 = 256 * 1024 * 1024;

/// The bytes of a file; one above 256 MiB is refused.
pub fn read_whole(path: &Path) -> Result<Vec<u8>, NodeError> {
    let mut bytes = Vec::new();
    // What grows without end, such as a device, has no size to go by.
    File::open(path)
        .and_then(|file| file.take(AT_ONCE + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(&path.display().to_string(), &error))?;
    if bytes.len() as u64 > AT_ONCE {
        return Err(NodeError::invalid(format!(
            "{} has more than 256 MiB, too much to hold at once",
            path.display()
        ))
        .with_help("rows are read one at a time by csv.read, lines by file.read"));
    }
    Ok(bytes)
}

/// The text of a file; one above 256 MiB is refused.
pub fn read_text(path: &Path, charset: Option<Charset>) -> Result<String, NodeError> {
    decode(read_whole(path)?, charset)
        .map_err(|error| unreadable(&path.display().to_string(), &error))
}

/// Makes `text` the whole of a file, or leaves the file as it was; answers its size in bytes.
pub fn write_text(path: &Path, text: &str, charset: Charset) -> Result<u64, NodeError> {
    let bytes = charset.encode(text)?;
    let mut file = AtomicFile::create(path)?;
    file.write_all(charset.mark())
        .and_then(|()| file.write_all(&bytes))
        .map_err(|error| file.failed(&error))?;
    file.commit()
}
