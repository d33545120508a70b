use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use casare_engine::{Cancel, ErrorKind, Node, NodeError, StepContext};
use casare_files::{AtomicFile, Pattern, make_folder};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zip::{ZipArchive, read::ZipFile, result::ZipError};

use super::entry::{IfExists, already_there, go_on};

/// Unpacks a ZIP archive.
///
/// An archive from outside can do no harm: names that lead out of the folder, links, and more data
/// or files than allowed are refused. Each file is whole or not there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Unzip {
    /// The archive.
    from: String,
    /// The folder; it is made if it is not there.
    to: String,
    /// Which files, such as `**/*.pdf`; all if not set.
    pattern: Option<String>,
    /// What happens with files that are there already.
    #[serde(default)]
    if_exists: IfExists,
    /// How many bytes may come out in all (4 GiB).
    #[serde(default = "most_bytes")]
    max_size: u64,
    /// How many files may come out (100,000).
    #[serde(default = "most_files")]
    max_files: u64,
}

fn most_bytes() -> u64 {
    4 << 30
}

fn most_files() -> u64 {
    100_000
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Unzipped {
    /// The folder, as a full path.
    path: String,
    /// The files that were unpacked, as full paths.
    files: Vec<String>,
    /// How many they are.
    count: u64,
    /// How many bytes.
    size: u64,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("file.unzip", unzip, |settings: &Unzip| {
        settings.if_exists.effect(Effect::Pure)
    })
    .icon("package-open")
    .fails(ErrorKind::NotFound, "The archive is not there.")
    .fails(ErrorKind::Invalid, "The file is no ZIP archive, or is damaged.")
    .fails(
        ErrorKind::Denied,
        "The archive has a password, unpacks to more than `max_files` or `max_size`, or has an entry that leads out of the folder; or a file may not be read or written.",
    )
    .fails(ErrorKind::Unavailable, "The disk is full, or does not answer.")
    .fails(
        ErrorKind::Conflict,
        "A file is there already and `if_exists` is `fail`, or a file stands where a folder should be.",
    )
    .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: file.zip
  with: { from: [people.csv], to: out/people.zip }
- id: unpacked
  use: file.unzip
  with: { from: out/people.zip, to: out/unpacked }
";

async fn unzip(cx: &StepContext, settings: Unzip) -> Result<Unzipped, NodeError> {
    let from = cx.file(&settings.from);
    let to = cx.file(&settings.to);
    let pattern = settings.pattern.as_deref().map(Pattern::new).transpose()?;
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let unpacking = Unpacking {
            archive: &from,
            folder: &to,
            pattern: pattern.as_ref(),
            settings: &settings,
            cancel: &cancel,
        };
        unpacking.all()
    })
    .await
}

struct Unpacking<'a> {
    archive: &'a Path,
    folder: &'a Path,
    pattern: Option<&'a Pattern>,
    settings: &'a Unzip,
    cancel: &'a Cancel,
}

impl Unpacking<'_> {
    fn all(&self) -> Result<Unzipped, NodeError> {
        let file = File::open(self.archive).map_err(|error| {
            NodeError::io(
                format_args!("could not read {}", self.archive.display()),
                &error,
            )
        })?;
        let mut archive =
            ZipArchive::new(BufReader::new(file)).map_err(|error| self.wrong(&error))?;
        // Everything is looked at before anything is written.
        let mut wanted = Vec::new();
        for index in 0..archive.len() {
            let entry = archive
                .by_index_raw(index)
                .map_err(|error| self.wrong(&error))?;
            if let Some(target) = self.target(&entry)? {
                wanted.push((index, target));
            }
        }
        if wanted.len() as u64 > self.settings.max_files {
            return Err(self.too_much(&format!(
                "{} files, more than the {} of `max_files`",
                wanted.len(),
                self.settings.max_files
            )));
        }
        make_folder(self.folder)?;
        let mut unpacked = Unzipped {
            path: self.folder.display().to_string(),
            files: Vec::new(),
            count: 0,
            size: 0,
        };
        for (index, target) in wanted {
            go_on(self.cancel)?;
            let entry = archive
                .by_index(index)
                .map_err(|error| self.wrong(&error))?;
            if entry.is_dir() {
                make_folder(&target)?;
                continue;
            }
            if already_there(&target, self.settings.if_exists)? {
                continue;
            }
            unpacked.size += self.one(entry, &target, self.settings.max_size - unpacked.size)?;
            unpacked.count += 1;
            unpacked.files.push(target.display().to_string());
        }
        Ok(unpacked)
    }

    /// Where an entry goes; `None` for one that is not wanted.
    fn target<R: Read>(&self, entry: &ZipFile<'_, R>) -> Result<Option<PathBuf>, NodeError> {
        let refused = |why: &str| {
            NodeError::denied(format!(
                "{} was not unpacked: its entry `{}` {why}",
                self.archive.display(),
                name_of(entry)
            ))
            .with_help("archives with such entries are made to do harm; ask where it comes from")
            .permanent()
        };
        // `enclosed_name` takes the root away instead.
        let written = name_of(entry);
        let is_absolute = written.starts_with(['/', '\\'])
            || matches!(written.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic());
        let name = entry.enclosed_name().filter(|_| !is_absolute);
        let Some(name) = name else {
            return Err(refused("leads out of the folder"));
        };
        if entry.is_symlink() {
            return Err(refused("is a link"));
        }
        let relative = name.to_string_lossy().replace('\\', "/");
        let wanted = match self.pattern {
            Some(pattern) => !entry.is_dir() && pattern.matches(&relative),
            None => true,
        };
        Ok(wanted.then(|| self.folder.join(name)))
    }

    /// Unpacks one file of at most `left` bytes; what an entry says of its size is not believed.
    fn one<R: Read>(
        &self,
        entry: ZipFile<'_, R>,
        target: &Path,
        left: u64,
    ) -> Result<u64, NodeError> {
        let name = name_of(&entry);
        let mut file = AtomicFile::create(target)?;
        let mut bounded = entry.take(left.saturating_add(1));
        let size = io::copy(&mut bounded, &mut file).map_err(|error| {
            NodeError::io(
                format_args!("could not unpack `{name}` of {}", self.archive.display()),
                &error,
            )
        })?;
        if size > left {
            return Err(self.too_much(&format!(
                "more than the {} bytes of `max_size`",
                self.settings.max_size
            )));
        }
        file.commit()?;
        Ok(size)
    }

    fn too_much(&self, what: &str) -> NodeError {
        NodeError::denied(format!("{} unpacks to {what}", self.archive.display()))
            .with_help("raise the limit if the archive can be trusted")
            .permanent()
    }

    fn wrong(&self, error: &ZipError) -> NodeError {
        let archive = self.archive.display();
        match error {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
                NodeError::denied(format!("{archive} is protected by a password"))
                    .with_help("unpack it with `script.shell` and a tool that knows passwords")
            }
            ZipError::Io(error) => NodeError::io(format_args!("could not read {archive}"), error),
            error => NodeError::invalid(format!(
                "{archive} is no ZIP archive that can be read: {error}"
            )),
        }
    }
}

/// The name as far as it can be read.
fn name_of<R: Read>(entry: &ZipFile<'_, R>) -> String {
    entry.name().map_or_else(
        |_| String::from_utf8_lossy(entry.name_raw()).into_owned(),
        std::borrow::Cow::into_owned,
    )
}
