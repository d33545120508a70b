//! Screenshots and other files of a run: pictures are put into the page while there is room.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use base64::{engine::general_purpose::STANDARD, write::EncoderWriter};
use casare_engine::Artifact;

use super::page::Text;

/// Bytes of pictures that a page holds at most; the others are linked.
const ROOM: u64 = 20 << 20;
/// Media types that a browser shows and that can't hold scripts.
const PICTURES: &[&str] = &["image/png", "image/jpeg", "image/webp", "image/gif"];

/// What is put into one page.
pub(super) struct Pictures<'a> {
    /// Where the page will lie: links are relative to it.
    folder: &'a Path,
    left: u64,
}

impl<'a> Pictures<'a> {
    pub(super) fn new(folder: &'a Path) -> Self {
        Self { folder, left: ROOM }
    }

    /// The file as a picture, or as a link to where it lies.
    pub(super) fn write(&mut self, out: &mut impl Write, artifact: &Artifact) -> io::Result<()> {
        let path = Path::new(&artifact.path);
        if PICTURES.contains(&artifact.media_type.as_str())
            && artifact.size <= self.left
            && let Ok(file) = File::open(path)
        {
            self.left -= artifact.size;
            return inline(out, artifact, file);
        }
        self.link(out, &artifact.name, path, Some(artifact.size))
    }

    /// A link to a file of the run.
    pub(super) fn link(
        &self,
        out: &mut impl Write,
        name: &str,
        path: &Path,
        size: Option<u64>,
    ) -> io::Result<()> {
        let size = size
            .map(|size| format!(" ({})", bytes(size)))
            .unwrap_or_default();
        let target = match path.strip_prefix(self.folder) {
            Ok(inside) => format!("./{}", inside.display()),
            Err(_) => format!("file://{}", path.display()),
        };
        write!(
            out,
            "<p class=file><a href=\"{}\">{}</a>{size}</p>",
            Text(&target),
            Text(name)
        )
    }
}

fn inline(out: &mut impl Write, artifact: &Artifact, file: File) -> io::Result<()> {
    write!(
        out,
        "<figure><img loading=lazy alt=\"{0}\" src=\"data:{1};base64,",
        Text(&artifact.name),
        artifact.media_type
    )?;
    let mut encoder = EncoderWriter::new(&mut *out, &STANDARD);
    // It may have grown since it was described; the page must not.
    io::copy(&mut file.take(artifact.size), &mut encoder)?;
    encoder.finish()?;
    drop(encoder);
    write!(
        out,
        "\"><figcaption>{}</figcaption></figure>",
        Text(&artifact.name)
    )
}

/// A size as people read it.
fn bytes(size: u64) -> String {
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{:.1} kB", size as f64 / 1e3),
        _ => format!("{:.1} MB", size as f64 / 1e6),
    }
}
