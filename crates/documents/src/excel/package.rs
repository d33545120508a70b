//! The parts of an `.xlsx` file, and how they refer to each other.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read, Seek, Write},
    path::{Path, PathBuf},
};

use casare_engine::NodeError;
use zip::{ZipArchive, ZipWriter, result::ZipError, write::SimpleFileOptions};

use super::{
    workbook::locked,
    xml::{Change, EditError, attribute, change_elements, each_element, prefixed},
};
use casare_files::AtomicFile;

pub(super) const CONTENT_TYPES: &str = "[Content_Types].xml";
trait Source: Read + Seek + Send {}
impl<T: Read + Seek + Send> Source for T {}

/// An open `.xlsx` file.
pub(super) struct Package {
    archive: ZipArchive<Box<dyn Source>>,
    pub(super) path: PathBuf,
    /// Parts that are written instead of those in the file, or in addition to them.
    changed: HashMap<String, String>,
    pub(super) removed: HashSet<String>,
}

/// One part's reference to another.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) id: String,
    pub(super) kind: String,
    /// The other's name in the package.
    pub(super) target: String,
}

impl Package {
    /// Opens the file at `path`.
    pub(super) fn open(path: &Path) -> Result<Self, NodeError> {
        let failed =
            |error| NodeError::io(format_args!("could not read {}", path.display()), &error);
        let mut file = File::open(path).map_err(failed)?;
        let mut start = [0; 4];
        let read = file.read(&mut start).map_err(failed)?;
        file.rewind().map_err(failed)?;
        if start[..read] == [0xd0, 0xcf, 0x11, 0xe0] {
            return Err(locked(path));
        }
        Self::of(Box::new(BufReader::new(file)), path)
    }

    /// A new workbook with one empty sheet, to be kept at `path`.
    pub(super) fn blank(path: &Path, sheet: &str) -> Result<Self, NodeError> {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let content = workbook
            .add_worksheet()
            .set_name(sheet)
            .map(|_| ())
            .and_then(|()| workbook.save_to_buffer())
            .map_err(|error| {
                NodeError::invalid(format!("a sheet can't be called `{sheet}`: {error}"))
            })?;
        Self::of(Box::new(Cursor::new(content)), path)
    }

    fn of(source: Box<dyn Source>, path: &Path) -> Result<Self, NodeError> {
        let archive = ZipArchive::new(source).map_err(|error| match error {
            ZipError::Io(error) if error.kind() != io::ErrorKind::InvalidData => {
                NodeError::io(format_args!("could not read {}", path.display()), &error)
            }
            error => damaged(path, &error.to_string()),
        })?;
        let package = Self {
            archive,
            path: path.to_owned(),
            changed: HashMap::new(),
            removed: HashSet::new(),
        };
        let signed = package
            .archive
            .file_names()
            .flatten()
            .any(|name| name.starts_with("_xmlsignatures/"));
        if signed {
            return Err(NodeError::denied(format!(
                "{} is digitally signed: a change would break the signature",
                path.display()
            ))
            .with_help("copy it and remove the signature in Excel, then write into the copy"));
        }
        Ok(package)
    }

    /// The text of a part.
    pub(super) fn text(&mut self, part: &str) -> Result<String, NodeError> {
        if let Some(text) = self.changed.get(part) {
            return Ok(text.clone());
        }
        let mut text = String::new();
        let read = self.reader(part)?.read_to_string(&mut text);
        read.map_err(|error| damaged(&self.path, &format!("{part}: {error}")))?;
        // Some writers begin with a mark, which has no place inside a part that is put together.
        Ok(text.trim_start_matches('\u{feff}').to_owned())
    }

    /// Reads a part a piece at a time.
    pub(super) fn reader(&mut self, part: &str) -> Result<Box<dyn BufRead + '_>, NodeError> {
        if let Some(text) = self.changed.get(part) {
            return Ok(Box::new(text.as_bytes()));
        }
        match self.archive.by_name(part) {
            Ok(file) => Ok(Box::new(BufReader::with_capacity(64 * 1024, file))),
            Err(error) => Err(damaged(&self.path, &format!("{part}: {error}"))),
        }
    }

    /// Writes `text` as this part when the package is saved.
    pub(super) fn change(&mut self, part: &str, text: String) {
        self.changed.insert(part.to_owned(), text);
    }

    /// What a part refers to.
    pub(super) fn relations(&mut self, part: &str) -> Result<Vec<Relation>, NodeError> {
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
        .map_err(|error| damaged(&self.path, &format!("{relations_part}: {error}")))?;
        Ok(relations)
    }

    pub(super) fn has(&self, part: &str) -> bool {
        self.changed.contains_key(part) || self.archive.index_for_name(part).is_some()
    }

    pub(super) fn add_at_end(
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
        .map_err(|error| damaged(&self.path, &format!("{part}: {error}")))?;
        self.change(part, text);
        Ok(())
    }

    pub(super) fn remove_where(
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
        .map_err(|error| damaged(&self.path, &format!("{part}: {error}")))?;
        self.change(part, text);
        Ok(())
    }

    /// Writes the package to its path: `edited` by what `edit` writes, then the parts that `finish`
    /// changes in the light of it, all others as they were.
    pub(super) fn save<T, U>(
        mut self,
        edited: &str,
        edit: impl FnOnce(&mut dyn BufRead, &mut dyn Write) -> Result<T, EditError>,
        finish: impl FnOnce(&mut Self, T) -> Result<U, NodeError>,
    ) -> Result<U, NodeError> {
        let path = self.path.clone();
        let unwritten = |error: ZipError| match error {
            ZipError::Io(error) => {
                NodeError::io(format_args!("could not write {}", path.display()), &error)
            }
            error => damaged(&path, &error.to_string()),
        };
        let mut out = ZipWriter::new(AtomicFile::create(&path)?);
        let options = SimpleFileOptions::default().large_file(true);
        // Programs that look at a file's first bytes to know its kind expect this part there.
        let types = self.text(CONTENT_TYPES)?;
        out.start_file(CONTENT_TYPES, SimpleFileOptions::default())
            .map_err(unwritten)?;
        out.write_all(types.as_bytes())
            .map_err(|error| unwritten(error.into()))?;
        out.start_file(edited, options).map_err(unwritten)?;
        let outcome = {
            let mut xml = self.reader(edited)?;
            let mut buffered = io::BufWriter::with_capacity(64 * 1024, &mut out);
            let edited_part = edit(&mut xml, &mut buffered)
                .and_then(|outcome| buffered.flush().map(|()| outcome).map_err(EditError::from));
            edited_part.map_err(|error| match error {
                EditError::Node(error) => error,
                EditError::Io(error) => unwritten(error.into()),
                error => damaged(&path, &format!("{edited}: {error}")),
            })?
        };
        let outcome = finish(&mut self, outcome)?;
        let names: Vec<String> = self
            .archive
            .file_names()
            .flatten()
            .map(std::borrow::Cow::into_owned)
            .collect();
        for (index, name) in names.iter().enumerate() {
            if name == CONTENT_TYPES || name == edited || self.removed.contains(name) {
                continue;
            }
            if !self.changed.contains_key(name) {
                let part = self.archive.by_index_raw(index).map_err(unwritten)?;
                out.raw_copy_file(part).map_err(unwritten)?;
            }
        }
        for (name, text) in &self.changed {
            if name != CONTENT_TYPES && name != edited {
                out.start_file(name.as_str(), SimpleFileOptions::default())
                    .map_err(unwritten)?;
                out.write_all(text.as_bytes())
                    .map_err(|error| unwritten(error.into()))?;
            }
        }
        out.finish().map_err(unwritten)?.commit()?;
        Ok(outcome)
    }
}

/// Where the relations of a part stand; those of the package itself for an empty name.
pub(super) fn relations_of(part: &str) -> String {
    match part.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/_rels/{name}.rels"),
        None => format!("_rels/{part}.rels"),
    }
}

/// The part that `part` means by `target`.
pub(super) fn resolve(part: &str, target: &str) -> String {
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

pub(super) fn damaged(path: &Path, reason: &str) -> NodeError {
    NodeError::invalid(format!(
        "{} is no .xlsx workbook, or is damaged: {reason}",
        path.display()
    ))
    .with_help("open it in Excel to see, and save it anew as .xlsx")
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
