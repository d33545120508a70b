//! Opening PDF files within bounds, for reading and for changing.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use casare_engine::{NodeError, StepContext};
use casare_files::AtomicFile;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use lopdf::{Document, LoadOptions, Object, ObjectId};

/// No file is larger than this, in bytes.
const LARGEST: u64 = 1 << 30;
/// No file has more pages than this.
const MOST_PAGES: usize = 100_000;
/// No stream in a file unpacks to more than this, in bytes.
const LARGEST_STREAM: usize = 256 << 20;

/// A PDF file, and the password it may need.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    password: Option<String>,
}

impl Source {
    /// The file that settings name; `credential` has the password.
    pub(super) async fn of(
        cx: &StepContext,
        path: &str,
        credential: Option<&str>,
    ) -> Result<Self, NodeError> {
        let password = match credential {
            Some(name) => Some(cx.credential(name).await?.field("password")?.to_owned()),
            None => None,
        };
        Ok(Self {
            path: cx.file(path),
            password,
        })
    }

    fn bytes(&self) -> Result<Vec<u8>, NodeError> {
        let failed = |error| {
            NodeError::io(
                format_args!("could not read {}", self.path.display()),
                &error,
            )
        };
        let size = fs::metadata(&self.path).map_err(failed)?.len();
        if size > LARGEST {
            return Err(NodeError::invalid(format!(
                "{} is larger than {} MiB",
                self.path.display(),
                LARGEST >> 20
            )));
        }
        let bytes = fs::read(&self.path).map_err(failed)?;
        let start = &bytes[..bytes.len().min(1024)];
        if !start.windows(5).any(|window| window == b"%PDF-") {
            return Err(NodeError::invalid(format!(
                "{} is no PDF file",
                self.path.display()
            )));
        }
        Ok(bytes)
    }

    /// Opens the file for reading.
    pub(super) fn read(&self) -> Result<Pdf, NodeError> {
        let bytes = self.bytes()?;
        let password = self.password.as_deref().unwrap_or_default();
        let pdf =
            Pdf::new_with_password(Arc::new(bytes), password).map_err(|error| match error {
                LoadPdfError::Decryption(DecryptionError::PasswordProtected) => self.locked(),
                LoadPdfError::Decryption(error) => {
                    self.damaged(&format!("its encryption is not understood ({error:?})"))
                }
                LoadPdfError::Invalid => self.damaged("it has no pages that make sense"),
            })?;
        match pdf.pages().len() {
            0 => Err(self.damaged("it has no pages")),
            pages if pages > MOST_PAGES => Err(self.damaged("it claims too many pages")),
            _ => Ok(pdf),
        }
    }

    /// Opens the file to be changed; what was encrypted is not any more.
    pub(super) fn open(&self) -> Result<Document, NodeError> {
        let bytes = self.bytes()?;
        let options = LoadOptions {
            password: Some(self.password.clone().unwrap_or_default()),
            max_decompressed_size: Some(LARGEST_STREAM),
            ..LoadOptions::default()
        };
        let plain = LoadOptions {
            max_decompressed_size: Some(LARGEST_STREAM),
            ..LoadOptions::default()
        };
        let document = match Document::load_mem_with_options(&bytes, options) {
            Ok(document) => document,
            Err(lopdf::Error::InvalidPassword | lopdf::Error::Decryption(_)) => {
                return Err(self.locked());
            }
            Err(_) => Document::load_mem_with_options(&bytes, plain)
                .map_err(|error| self.damaged(&error.to_string()))?,
        };
        if document.is_encrypted() {
            return Err(self.locked());
        }
        match document.get_pages().len() {
            0 => Err(self.damaged("it has no pages")),
            pages if pages > MOST_PAGES => Err(self.damaged("it claims too many pages")),
            _ => Ok(document),
        }
    }

    /// Whether opening it takes a password.
    pub(super) fn is_locked(&self) -> bool {
        self.bytes().is_ok_and(|bytes| {
            matches!(Pdf::new(Arc::new(bytes)), Err(LoadPdfError::Decryption(_)))
        })
    }

    fn locked(&self) -> NodeError {
        let reason = if self.password.is_some() {
            "does not open with the password of the credential"
        } else {
            "is protected by a password"
        };
        NodeError::denied(format!("{} {reason}", self.path.display()))
            .with_help("name a credential with `credential` whose `password` opens it")
    }

    pub(super) fn damaged(&self, reason: &str) -> NodeError {
        NodeError::invalid(format!(
            "{} can't be read as a PDF: {reason}",
            self.path.display()
        ))
        .with_help("the file is damaged or cut off; fetch or make it again")
    }
}

/// Writes a document to `path`: whole, or not at all.
pub(super) fn save(document: &mut Document, path: &Path) -> Result<(), NodeError> {
    // Objects may have gone: readers complain about numbers that stand for nothing.
    document.max_id = document.objects.keys().map(|id| id.0).max().unwrap_or(0);
    let mut file = AtomicFile::create(path)?;
    document
        .save_to(&mut file)
        .map_err(|error| file.failed(&error))?;
    file.commit()?;
    Ok(())
}

/// The pages that a setting such as `1-3, 5, -1` means, from 0, in its order.
pub(super) fn pages(setting: Option<&str>, count: usize) -> Result<Vec<usize>, NodeError> {
    let Some(setting) = setting.filter(|setting| !setting.trim().is_empty()) else {
        return Ok((0..count).collect());
    };
    let wrong = |part: &str| {
        NodeError::invalid(format!(
            "setting `pages`: `{part}` is none of the {count} pages"
        ))
        .with_help("examples: `1-3, 5`, `2-` for all from the second on, `-1` for the last")
    };
    let number = |text: &str| -> Option<usize> {
        let number: i64 = text.trim().parse().ok()?;
        let page = match number {
            1.. => number - 1,
            ..0 => count as i64 + number,
            0 => return None,
        };
        usize::try_from(page).ok().filter(|page| *page < count)
    };
    let mut pages = Vec::new();
    for part in setting.split(',') {
        let text = part.trim();
        if let Some(page) = number(text) {
            pages.push(page);
            continue;
        }
        let (first, last) = text.split_once('-').ok_or_else(|| wrong(text))?;
        let first = number(first).ok_or_else(|| wrong(text))?;
        let last = match last.trim() {
            "" => count - 1,
            last => number(last).ok_or_else(|| wrong(text))?,
        };
        if first <= last {
            pages.extend(first..=last);
        } else {
            pages.extend((last..=first).rev());
        }
    }
    if pages.len() > MOST_PAGES {
        return Err(NodeError::invalid("setting `pages` names too many pages"));
    }
    Ok(pages)
}

/// What a page takes over from those above it in the tree, written into the page itself.
pub(super) fn settle_page(document: &mut Document, page: ObjectId) {
    const INHERITED: [&[u8]; 4] = [b"Resources", b"MediaBox", b"CropBox", b"Rotate"];
    let mut found: Vec<(&[u8], Object)> = Vec::new();
    let mut at = Some(page);
    // A tree of pages that is a ring has an end all the same.
    for _ in 0..64 {
        let Some(dictionary) = at.and_then(|id| document.get_dictionary(id).ok()) else {
            break;
        };
        for key in INHERITED {
            if let (false, Ok(value)) = (
                found.iter().any(|(known, _)| *known == key),
                dictionary.get(key),
            ) {
                found.push((key, value.clone()));
            }
        }
        at = dictionary
            .get(b"Parent")
            .and_then(Object::as_reference)
            .ok();
    }
    if let Ok(dictionary) = document.get_dictionary_mut(page) {
        for (key, value) in found {
            dictionary.set(key, value);
        }
    }
}

/// Has the document consist of these of its pages, in this order.
pub(super) fn keep_pages(document: &mut Document, pages: &[ObjectId]) -> Result<(), NodeError> {
    let broken = |error: lopdf::Error| NodeError::invalid(format!("the PDF is damaged: {error}"));
    for page in pages {
        settle_page(document, *page);
    }
    let root = document
        .catalog()
        .and_then(|catalog| catalog.get(b"Pages").and_then(Object::as_reference))
        .map_err(broken)?;
    let mut kids = Vec::with_capacity(pages.len());
    let mut used = std::collections::HashSet::new();
    for page in pages {
        // A page that occurs twice needs an object of its own each time.
        let id = if used.insert(*page) {
            *page
        } else {
            let copy = document.get_object(*page).map_err(broken)?.clone();
            document.add_object(copy)
        };
        if let Ok(dictionary) = document.get_dictionary_mut(id) {
            dictionary.set("Parent", Object::Reference(root));
        }
        kids.push(Object::Reference(id));
    }
    let tree = document.get_dictionary_mut(root).map_err(broken)?;
    tree.set("Count", kids.len() as i64);
    tree.set("Kids", kids);
    for key in [b"Resources".as_slice(), b"MediaBox", b"CropBox", b"Rotate"] {
        tree.remove(key);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_named_as_on_paper() {
        let of = |setting| pages(Some(setting), 5).ok();

        assert_eq!(of("1-3, 5"), Some(vec![0, 1, 2, 4]));
        assert_eq!(of("4-"), Some(vec![3, 4]));
        assert_eq!(of("-1"), Some(vec![4]));
        assert_eq!(of("3-1"), Some(vec![2, 1, 0]));
        assert_eq!(pages(None, 2).ok(), Some(vec![0, 1]));
        for wrong in ["0", "6", "a", "1-9", "1,,2"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
