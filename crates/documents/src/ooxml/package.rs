//! The parts of an `.xlsx` or `.docx` file, and how they refer to each other.

use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read, Seek, Write},
    path::{Path, PathBuf},
};

use casare_engine::NodeError;
use zip::{ZipArchive, ZipWriter, result::ZipError, write::SimpleFileOptions};

#[cfg(feature = "word")]
use super::xml::escaped;
use super::xml::{Change, EditError, attribute, change_elements, each_element, prefixed};
use casare_files::AtomicFile;

pub(crate) const CONTENT_TYPES: &str = "[Content_Types].xml";
/// A part that is changed as a whole is held in memory: no larger than this, in bytes.
const LARGEST_TEXT: u64 = 256 << 20;
/// No part that is read a piece at a time is larger than this, in bytes.
const LARGEST_STREAM: u64 = 4 << 30;
/// No package has more parts than this.
pub(crate) const MOST_PARTS: usize = 100_000;

trait Source: Read + Seek + Send {}
impl<T: Read + Seek + Send> Source for T {}

/// What kind of document a package is, for what is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Workbook,
    #[cfg_attr(
        not(feature = "word"),
        expect(dead_code, reason = "read by `word` alone")
    )]
    Document,
}

/// An open `.xlsx` or `.docx` file.
pub(crate) struct Package {
    archive: ZipArchive<Box<dyn Source>>,
    pub(crate) path: PathBuf,
    kind: Kind,
    /// Parts that are written instead of those in the file, or in addition to them.
    changed: BTreeMap<String, Vec<u8>>,
    pub(crate) removed: HashSet<String>,
}

/// One part's reference to another.
#[derive(Debug)]
pub(crate) struct Relation {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// The other's name in the package.
    pub(crate) target: String,
}

impl Package {
    /// Opens the file at `path`.
    pub(crate) fn open(path: &Path, kind: Kind) -> Result<Self, NodeError> {
        let failed =
            |error| NodeError::io(format_args!("could not read {}", path.display()), &error);
        let mut file = File::open(path).map_err(failed)?;
        let mut start = [0; 4];
        let read = file.read(&mut start).map_err(failed)?;
        file.rewind().map_err(failed)?;
        if start[..read] == [0xd0, 0xcf, 0x11, 0xe0] {
            return Err(locked(path));
        }
        Self::of(Box::new(BufReader::new(file)), path, kind)
    }

    /// The package with this content, to be kept at `path`.
    pub(crate) fn of_content(content: Vec<u8>, path: &Path, kind: Kind) -> Result<Self, NodeError> {
        Self::of(Box::new(Cursor::new(content)), path, kind)
    }

    fn of(source: Box<dyn Source>, path: &Path, kind: Kind) -> Result<Self, NodeError> {
        let archive = ZipArchive::new(source).map_err(|error| match error {
            ZipError::Io(error) if error.kind() != io::ErrorKind::InvalidData => {
                NodeError::io(format_args!("could not read {}", path.display()), &error)
            }
            error => broken(path, kind, &error.to_string()),
        })?;
        let package = Self {
            archive,
            path: path.to_owned(),
            kind,
            changed: BTreeMap::new(),
            removed: HashSet::new(),
        };
        if package.archive.len() > MOST_PARTS {
            return Err(package.damaged(&format!("it has more than {MOST_PARTS} parts")));
        }
        Ok(package)
    }

    /// Refuses a signed package: a change would break the signature.
    #[expect(
        clippy::wrong_self_convention,
        reason = "it says what the package is for, and converts nothing"
    )]
    pub(crate) fn to_be_changed(self) -> Result<Self, NodeError> {
        let package = self;
        let signed = package
            .archive
            .file_names()
            .flatten()
            .any(|name| name.starts_with("_xmlsignatures/"));
        if signed {
            return Err(NodeError::denied(format!(
                "{} is digitally signed: a change would break the signature",
                package.path.display()
            ))
            .with_help("copy it and remove the signature in the copy, then write into that"));
        }
        Ok(package)
    }

    /// That the file makes no sense.
    pub(crate) fn damaged(&self, reason: &str) -> NodeError {
        broken(&self.path, self.kind, reason)
    }

    /// The names of all parts.
    pub(crate) fn names(&self) -> Vec<String> {
        let old = self.archive.file_names().flatten();
        let mut names: Vec<String> = old
            .map(std::borrow::Cow::into_owned)
            .filter(|name| !self.removed.contains(name) && !name.ends_with('/'))
            .collect();
        names.extend(
            self.changed
                .keys()
                .filter(|name| self.archive.index_for_name(name).is_none())
                .cloned(),
        );
        names
    }

    /// What a part holds, whatever it is.
    pub(crate) fn bytes(&mut self, part: &str) -> Result<Vec<u8>, NodeError> {
        if let Some(content) = self.changed.get(part) {
            return Ok(content.clone());
        }
        let mut content = Vec::new();
        let read = self
            .reader(part)?
            .take(LARGEST_TEXT + 1)
            .read_to_end(&mut content);
        read.map_err(|error| self.damaged(&format!("{part}: {error}")))?;
        if content.len() as u64 > LARGEST_TEXT {
            return Err(self.damaged(&format!(
                "{part} unpacks to more than {} MiB",
                LARGEST_TEXT >> 20
            )));
        }
        Ok(content)
    }

    /// The text of a part.
    pub(crate) fn text(&mut self, part: &str) -> Result<String, NodeError> {
        let content = self.bytes(part)?;
        let text = String::from_utf8(content)
            .map_err(|_| self.damaged(&format!("{part} is no text in UTF-8")))?;
        // Some writers begin with a mark, which has no place inside a part that is put together.
        Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        })
    }

    /// Reads a part a piece at a time.
    pub(crate) fn reader(&mut self, part: &str) -> Result<Box<dyn BufRead + '_>, NodeError> {
        if let Some(content) = self.changed.get(part) {
            return Ok(Box::new(content.as_slice()));
        }
        let (path, kind) = (&self.path, self.kind);
        match self.archive.by_name(part) {
            Ok(file) => Ok(Box::new(BufReader::with_capacity(
                64 * 1024,
                file.take(LARGEST_STREAM),
            ))),
            Err(error) => Err(broken(path, kind, &format!("{part}: {error}"))),
        }
    }

    /// Writes `text` as this part when the package is saved.
    pub(crate) fn change(&mut self, part: &str, text: impl Into<Vec<u8>>) {
        self.removed.remove(part);
        self.changed.insert(part.to_owned(), text.into());
    }

    /// Leaves this part out when the package is saved, and what is said of it in the list of types.
    pub(crate) fn remove(&mut self, part: &str) -> Result<(), NodeError> {
        self.changed.remove(part);
        self.removed.insert(part.to_owned());
        self.remove_where(CONTENT_TYPES, "PartName", |name| {
            name.trim_start_matches('/') == part
        })
    }

    /// What a part refers to.
    pub(crate) fn relations(&mut self, part: &str) -> Result<Vec<Relation>, NodeError> {
        let relations_part = relations_of(part);
        if !self.has(&relations_part) {
            return Ok(Vec::new());
        }
        let text = self.text(&relations_part)?;
        let mut relations = Vec::new();
        each_element(&text, |tag| {
            let external = attribute(tag, "TargetMode").is_some_and(|mode| mode == "External");
            if let (false, Some(id), Some(kind), Some(target)) = (
                external,
                attribute(tag, "Id"),
                attribute(tag, "Type"),
                attribute(tag, "Target"),
            ) {
                relations.push(Relation {
                    id,
                    kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                    target: resolve(part, &target),
                });
            }
        })
        .map_err(|error| self.damaged(&format!("{relations_part}: {error}")))?;
        Ok(relations)
    }

    pub(crate) fn has(&self, part: &str) -> bool {
        self.changed.contains_key(part)
            || (self.archive.index_for_name(part).is_some() && !self.removed.contains(part))
    }

    pub(crate) fn add_at_end(
        &mut self,
        part: &str,
        element: &str,
        attributes: &str,
    ) -> Result<(), NodeError> {
        let text = self.text(part)?;
        let text = change_elements(
            &text,
            |_, _| Change::Keep,
            |root, depth| {
                (depth == 0).then(|| format!("<{} {attributes}/>", prefixed(root, element)))
            },
        )
        .map_err(|error| self.damaged(&format!("{part}: {error}")))?;
        self.change(part, text);
        Ok(())
    }

    /// Says of a part what kind of content it has.
    #[cfg(feature = "word")]
    pub(crate) fn add_type(&mut self, part: &str, kind: &str) -> Result<(), NodeError> {
        let (part, kind) = (escaped(part), escaped(kind));
        let attributes = format!("PartName=\"/{part}\" ContentType=\"{kind}\"");
        self.add_at_end(CONTENT_TYPES, "Override", &attributes)
    }

    /// Lets `part` refer to `target` as `id`.
    #[cfg(feature = "word")]
    pub(crate) fn add_relation(
        &mut self,
        part: &str,
        id: &str,
        kind: &str,
        target: &str,
    ) -> Result<(), NodeError> {
        self.refer(part, id, kind, &format!("Target=\"/{}\"", escaped(target)))
    }

    /// Lets `part` refer to an address outside of the package as `id`.
    #[cfg(feature = "word")]
    pub(crate) fn add_outside_relation(
        &mut self,
        part: &str,
        id: &str,
        kind: &str,
        address: &str,
    ) -> Result<(), NodeError> {
        let target = format!("Target=\"{}\" TargetMode=\"External\"", escaped(address));
        self.refer(part, id, kind, &target)
    }

    #[cfg(feature = "word")]
    fn refer(&mut self, part: &str, id: &str, kind: &str, target: &str) -> Result<(), NodeError> {
        let relations = relations_of(part);
        if !self.has(&relations) {
            self.change(
                &relations,
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships \
                 xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"/>",
            );
        }
        let attributes = format!("Id=\"{}\" Type=\"{}\" {target}", escaped(id), escaped(kind));
        self.add_at_end(&relations, "Relationship", &attributes)
    }

    pub(crate) fn remove_where(
        &mut self,
        part: &str,
        name: &str,
        unwanted: impl Fn(&str) -> bool,
    ) -> Result<(), NodeError> {
        let text = self.text(part)?;
        let text = change_elements(
            &text,
            |tag, _| {
                if attribute(tag, name).is_some_and(|value| unwanted(&value)) {
                    Change::Remove
                } else {
                    Change::Keep
                }
            },
            |_, _| None,
        )
        .map_err(|error| self.damaged(&format!("{part}: {error}")))?;
        self.change(part, text);
        Ok(())
    }

    /// Writes the package to its path, with all that was changed.
    pub(crate) fn save(mut self) -> Result<(), NodeError> {
        let path = self.path.clone();
        let mut out = self.begin()?;
        self.copy_rest(&mut out, None)?;
        out.finish()
            .map_err(|error| self.unwritten(&path, error))?
            .commit()?;
        Ok(())
    }

    /// Writes the package to its path: `edited` by what `edit` writes, then the parts that `finish`
    /// changes in the light of it, all others as they were.
    pub(crate) fn save_edited<T, U>(
        mut self,
        edited: &str,
        edit: impl FnOnce(&mut dyn BufRead, &mut dyn Write) -> Result<T, EditError>,
        finish: impl FnOnce(&mut Self, T) -> Result<U, NodeError>,
    ) -> Result<U, NodeError> {
        let path = self.path.clone();
        let mut out = self.begin()?;
        // Not as a part of more than 4 GiB: LibreOffice refuses a file that says so of a small one.
        out.start_file(edited, SimpleFileOptions::default())
            .map_err(|error| self.unwritten(&path, error))?;
        let outcome = {
            let mut xml = self.reader(edited)?;
            let bounded = Bounded {
                out: &mut out,
                room: LARGEST_STREAM - 1,
            };
            let mut buffered = io::BufWriter::with_capacity(64 * 1024, bounded);
            edit(&mut xml, &mut buffered)
                .and_then(|outcome| buffered.flush().map(|()| outcome).map_err(EditError::from))
        };
        let outcome = outcome.map_err(|error| match error {
            EditError::Node(error) => error,
            EditError::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => too_large(&path),
            EditError::Io(error) => self.unwritten(&path, error.into()),
            error => self.damaged(&format!("{edited}: {error}")),
        })?;
        let outcome = finish(&mut self, outcome)?;
        self.copy_rest(&mut out, Some(edited))?;
        out.finish()
            .map_err(|error| self.unwritten(&path, error))?
            .commit()?;
        Ok(outcome)
    }

    fn begin(&mut self) -> Result<ZipWriter<AtomicFile>, NodeError> {
        let path = self.path.clone();
        let mut out = ZipWriter::new(AtomicFile::create(&path)?);
        // Programs that look at a file's first bytes to know its kind expect this part there.
        let types = self.text(CONTENT_TYPES)?;
        out.start_file(CONTENT_TYPES, SimpleFileOptions::default())
            .map_err(|error| self.unwritten(&path, error))?;
        out.write_all(types.as_bytes())
            .map_err(|error| self.unwritten(&path, error.into()))?;
        Ok(out)
    }

    fn copy_rest(
        &mut self,
        out: &mut ZipWriter<AtomicFile>,
        edited: Option<&str>,
    ) -> Result<(), NodeError> {
        let path = self.path.clone();
        let is_written = |name: &str| name == CONTENT_TYPES || Some(name) == edited;
        let names: Vec<String> = self
            .archive
            .file_names()
            .flatten()
            .map(std::borrow::Cow::into_owned)
            .collect();
        for (index, name) in names.iter().enumerate() {
            let as_it_was = !is_written(name)
                && !self.removed.contains(name)
                && !self.changed.contains_key(name);
            if as_it_was {
                let copied = self
                    .archive
                    .by_index_raw(index)
                    .and_then(|part| out.raw_copy_file(part));
                copied.map_err(|error| self.unwritten(&path, error))?;
            }
        }
        for (name, content) in &self.changed {
            if !is_written(name) {
                out.start_file(name.as_str(), SimpleFileOptions::default())
                    .and_then(|()| out.write_all(content).map_err(ZipError::from))
                    .map_err(|error| self.unwritten(&path, error))?;
            }
        }
        Ok(())
    }

    fn unwritten(&self, path: &Path, error: ZipError) -> NodeError {
        match error {
            ZipError::Io(error) => {
                NodeError::io(format_args!("could not write {}", path.display()), &error)
            }
            error => self.damaged(&error.to_string()),
        }
    }
}

/// Takes no more than there is room for.
struct Bounded<W> {
    out: W,
    room: u64,
}

impl<W: Write> Write for Bounded<W> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        if content.len() as u64 > self.room {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let written = self.out.write(content)?;
        self.room -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn too_large(path: &Path) -> NodeError {
    NodeError::invalid(format!(
        "{}: what is written takes more than {} GiB in one part",
        path.display(),
        LARGEST_STREAM >> 30
    ))
    .with_help("write several sheets or files, or a CSV file with csv.write")
}

/// Where the relations of a part stand; those of the package itself for an empty name.
pub(crate) fn relations_of(part: &str) -> String {
    match part.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/_rels/{name}.rels"),
        None => format!("_rels/{part}.rels"),
    }
}

/// The part that `part` means by `target`.
pub(crate) fn resolve(part: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut folders: Vec<&str> = part.split('/').collect();
    folders.pop();
    for step in target.split('/') {
        match step {
            "." | "" => {}
            ".." => {
                folders.pop();
            }
            step => folders.push(step),
        }
    }
    folders.join("/")
}

/// What to say of a file with a password.
pub(crate) fn locked(path: &Path) -> NodeError {
    NodeError::denied(format!("{} is protected by a password", path.display()))
        .with_help("save it without a password to open it")
}

fn broken(path: &Path, kind: Kind, reason: &str) -> NodeError {
    let (extension, what, program) = match kind {
        Kind::Workbook => (".xlsx", "workbook", "Excel"),
        Kind::Document => (".docx", "document", "Word"),
    };
    NodeError::invalid(format!(
        "{} is no {extension} {what}, or is damaged: {reason}",
        path.display()
    ))
    .with_help(format!(
        "open it in {program} to see, and save it anew as {extension}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_from_where_they_are_named() {
        assert_eq!(
            resolve("xl/workbook.xml", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml"
        );
        assert_eq!(
            resolve("xl/worksheets/sheet1.xml", "../tables/table1.xml"),
            "xl/tables/table1.xml"
        );
        assert_eq!(
            resolve("xl/workbook.xml", "/xl/styles.xml"),
            "xl/styles.xml"
        );
        assert_eq!(relations_of(""), "_rels/.rels");
        assert_eq!(
            relations_of("xl/workbook.xml"),
            "xl/_rels/workbook.xml.rels"
        );
    }
}
