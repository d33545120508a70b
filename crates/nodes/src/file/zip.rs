use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use casare_engine::{Cancel, ErrorKind, Node, NodeError, StepContext};
use casare_files::{AtomicFile, Pattern};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::entry::{IfExists, already_there, go_on, name_of};

/// Packs files and folders into a ZIP archive.
///
/// The archive is whole or not there. A folder goes in with its name; `content_only` puts what is
/// in it at the top.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Zip {
    /// The files and folders: one path or a list.
    from: OneOrMany,
    /// The archive.
    to: String,
    /// Which files of folders, such as `**/*.pdf`, matched against the path below the folder.
    pattern: Option<String>,
    /// Whether what is in a folder goes to the archive's top, without the folder's name.
    #[serde(default)]
    content_only: bool,
    /// How hard to try to make it small, 0 (only pack) to 9.
    #[serde(default = "level")]
    #[schemars(range(min = 0, max = 9))]
    level: i64,
    /// What happens when the archive is there already.
    #[serde(default)]
    if_exists: IfExists,
}

fn level() -> i64 {
    6
}

/// A path or several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Zipped {
    /// The archive, as a full path.
    path: String,
    /// How many files are in it.
    files: u64,
    /// The size of the archive in bytes.
    size: u64,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("file.zip", zip, |settings: &Zip| {
        settings.if_exists.effect(Effect::Pure)
    })
    .icon("file-archive")
    .fails(ErrorKind::NotFound, "One of `from` is not there.")
    .fails(ErrorKind::Denied, "A file may not be read, or the archive may not be written.")
    .fails(ErrorKind::Unavailable, "The disk is full, or does not answer.")
    .fails(
        ErrorKind::Conflict,
        "The archive is there already and `if_exists` is `fail`, or a file stands where its folder should be.",
    )
    .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: file.zip
  with: { from: people.csv, to: out/people.zip }
- use: file.unzip
  with: { from: out/people.zip, to: out/unpacked }
";

async fn zip(cx: &StepContext, settings: Zip) -> Result<Zipped, NodeError> {
    let to = cx.file(&settings.to);
    let from: Vec<PathBuf> = match &settings.from {
        OneOrMany::One(path) => vec![cx.file(path)],
        OneOrMany::Many(paths) => paths.iter().map(|path| cx.file(path)).collect(),
    };
    let pattern = settings.pattern.as_deref().map(Pattern::new).transpose()?;
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let path = to.display().to_string();
        if already_there(&to, settings.if_exists)? {
            return Ok(Zipped {
                path,
                files: 0,
                size: fs::metadata(&to).map_or(0, |found| found.len()),
            });
        }
        let packing = Packing {
            archive: &to,
            pattern: pattern.as_ref(),
            options: SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                .compression_level(Some(settings.level)),
            cancel: &cancel,
        };
        let (files, size) = packing.pack(&from, settings.content_only)?;
        Ok(Zipped { path, files, size })
    })
    .await
}

struct Packing<'a> {
    archive: &'a Path,
    pattern: Option<&'a Pattern>,
    options: SimpleFileOptions,
    cancel: &'a Cancel,
}

impl Packing<'_> {
    fn pack(&self, from: &[PathBuf], content_only: bool) -> Result<(u64, u64), NodeError> {
        let mut target = AtomicFile::create(self.archive)?;
        let mut files = 0;
        {
            let mut writer = ZipWriter::new(&mut target);
            for path in from {
                let found = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
                if found.is_file() {
                    self.file(&mut writer, path, &name_of(path))?;
                    files += 1;
                } else {
                    let name = if content_only {
                        String::new()
                    } else {
                        name_of(path) + "/"
                    };
                    files += self.folder(&mut writer, path, &name, "")?;
                }
            }
            writer.finish().map_err(|error| self.failed(&error))?;
        }
        Ok((files, target.commit()?))
    }

    /// `name` is that of the folder in the archive, `below` the path under the folder that was named.
    fn folder<W: Write + io::Seek>(
        &self,
        writer: &mut ZipWriter<W>,
        folder: &Path,
        name: &str,
        below: &str,
    ) -> Result<u64, NodeError> {
        let mut entries = fs::read_dir(folder)
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .map_err(|error| unreadable(folder, &error))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        let mut files = 0;
        if entries.is_empty() && self.pattern.is_none() && !name.is_empty() {
            writer
                .add_directory(name, self.options)
                .map_err(|error| self.failed(&error))?;
        }
        for entry in entries {
            let path = entry.path();
            let own = entry.file_name().to_string_lossy().into_owned();
            let kind = entry
                .file_type()
                .map_err(|error| unreadable(&path, &error))?;
            let below = format!("{below}{own}");
            // Links are not followed: they may lead out of the folder, or in a circle.
            if kind.is_dir() {
                files += self.folder(
                    writer,
                    &path,
                    &format!("{name}{own}/"),
                    &format!("{below}/"),
                )?;
            } else if kind.is_file()
                && path != self.archive
                && self.pattern.is_none_or(|pattern| pattern.matches(&below))
            {
                self.file(writer, &path, &format!("{name}{own}"))?;
                files += 1;
            }
        }
        Ok(files)
    }

    fn file<W: Write + io::Seek>(
        &self,
        writer: &mut ZipWriter<W>,
        path: &Path,
        name: &str,
    ) -> Result<(), NodeError> {
        go_on(self.cancel)?;
        let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let large = file
            .metadata()
            .is_ok_and(|found| found.len() >= u64::from(u32::MAX));
        writer
            .start_file(name, self.options.large_file(large))
            .map_err(|error| self.failed(&error))?;
        io::copy(&mut file, writer).map_err(|error| {
            NodeError::io(format_args!("could not pack {}", path.display()), &error)
        })?;
        Ok(())
    }

    fn failed(&self, error: &zip::result::ZipError) -> NodeError {
        NodeError::invalid(format!(
            "could not write {}: {error}",
            self.archive.display()
        ))
    }
}

fn unreadable(path: &Path, error: &io::Error) -> NodeError {
    NodeError::io(format_args!("could not read {}", path.display()), error)
}
