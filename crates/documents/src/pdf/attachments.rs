use std::path::{Path, PathBuf};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::AtomicFile;
use casare_files::FileFaults as _;
use lopdf::{Document, Object, ObjectId, Stream, dictionary};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    file::{Source, save},
    form::array,
    strings,
};

/// Lists, saves or adds the files that are attached to a PDF, such as the XML of an invoice.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Attachments {
    /// The PDF.
    path: String,
    /// What is done: without `to` and `add` the files are listed. With `to`, they are saved into
    /// that folder.
    to: Option<String>,
    /// Files that are attached; the PDF is written to `output` then.
    #[serde(default)]
    add: Vec<String>,
    /// Where the PDF goes that got files; it may be the same.
    output: Option<String>,
    /// The credential whose `password` opens the file, if it has one.
    credential: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listed {
    /// The attached files.
    files: Vec<Attached>,
    /// How many there are.
    count: usize,
}

/// An attached file.
#[derive(Debug, Serialize, JsonSchema)]
struct Attached {
    /// Its name.
    name: String,
    /// Its size, in bytes.
    size: usize,
    /// Where it was saved, as a full path; none if it was only listed.
    path: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action("pdf.attachments", attachments)
        .pure()
        .icon("paperclip")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Denied,
            "The PDF is locked: its password is missing or wrong, or it forbids this.",
        )
        .fails(ErrorKind::Invalid, "The file is no PDF, or is damaged.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: pdf.attachments
  with: { path: invoice.pdf, add: [people.csv], output: out/invoice.pdf }
- id: attached
  use: pdf.attachments
  with: { path: out/invoice.pdf, to: out/attached }
";

/// An attached file is no larger than this, in bytes.
const LARGEST: usize = 512 << 20;

async fn attachments(cx: &StepContext, settings: Attachments) -> Result<Listed, NodeError> {
    let source = Source::of(cx, &settings.path, settings.credential.as_deref()).await?;
    let folder = settings.to.as_ref().map(|to| cx.file(to));
    let add: Vec<PathBuf> = settings.add.iter().map(|path| cx.file(path)).collect();
    let output = settings.output.as_ref().map(|output| cx.file(output));
    cx.blocking(move || {
        let mut document = source.open()?;
        if !add.is_empty() {
            let output = output.ok_or_else(|| {
                NodeError::invalid("setting `output` is missing")
                    .with_help("say where the PDF with the attached files goes")
            })?;
            for path in &add {
                attach(&mut document, path)?;
            }
            save(&mut document, &output)?;
        }
        let mut files = Vec::new();
        for (name, content) in attached(&document) {
            let path = folder
                .as_deref()
                .map(|folder| keep(folder, &name, &content))
                .transpose()?;
            files.push(Attached {
                name,
                size: content.len(),
                path,
            });
        }
        Ok(Listed {
            count: files.len(),
            files,
        })
    })
    .await
}

/// Saves a file under its name, which may say no other folder.
fn keep(folder: &Path, name: &str, content: &[u8]) -> Result<String, NodeError> {
    use std::io::Write as _;
    let plain = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = plain
        .chars()
        .map(|c| {
            if c.is_control() || ":*?\"<>|".contains(c) {
                '_'
            } else {
                c
            }
        })
        .collect();
    let plain = match plain.trim_matches('.').trim() {
        "" => "attachment",
        plain => plain,
    };
    let path = folder.join(plain);
    let mut file = AtomicFile::create(&path)?;
    file.write_all(content)
        .map_err(|error| file.failed(&error))?;
    file.commit()?;
    Ok(path.display().to_string())
}

/// The attached files with their names.
fn attached(document: &Document) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open: Vec<(Object, usize)> =
        names(document).into_iter().map(|node| (node, 0)).collect();
    while let Some((node, depth)) = open.pop() {
        let Some(node) = document
            .dereference(&node)
            .ok()
            .and_then(|(_, n)| n.as_dict().ok())
        else {
            continue;
        };
        if depth > 16 || found.len() > 10_000 {
            break;
        }
        for kid in array(document, node, b"Kids") {
            open.push((kid, depth + 1));
        }
        let list = array(document, node, b"Names");
        for pair in list.chunks_exact(2) {
            if let Some(file) = file_of(document, &pair[0], &pair[1]) {
                found.push(file);
            }
        }
    }
    found
}

fn names(document: &Document) -> Option<Object> {
    let (_, names) = document
        .dereference(document.catalog().ok()?.get(b"Names").ok()?)
        .ok()?;
    names.as_dict().ok()?.get(b"EmbeddedFiles").ok().cloned()
}

fn file_of(document: &Document, key: &Object, file: &Object) -> Option<(String, Vec<u8>)> {
    let (_, file) = document.dereference(file).ok()?;
    let file = file.as_dict().ok()?;
    let name = [b"UF".as_slice(), b"F"]
        .iter()
        .find_map(|key| strings::text(document.dereference(file.get(key).ok()?).ok()?.1))
        .or_else(|| strings::text(key))?;
    let (_, streams) = document.dereference(file.get(b"EF").ok()?).ok()?;
    let stream = streams.as_dict().ok()?.get(b"F").ok()?;
    let (_, stream) = document.dereference(stream).ok()?;
    let stream = stream.as_stream().ok()?;
    let content = stream
        .decompressed_content_with_limit(LARGEST)
        .unwrap_or_else(|_| stream.content.clone());
    Some((name, content))
}

fn attach(document: &mut Document, path: &Path) -> Result<(), NodeError> {
    let content = std::fs::read(path).map_err(|error| {
        NodeError::io(format_args!("could not read {}", path.display()), &error)
    })?;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let size = content.len() as i64;
    let mut stream = Stream::new(
        dictionary! { "Type" => "EmbeddedFile", "Params" => dictionary! { "Size" => size } },
        content,
    );
    let _ = stream.compress();
    let stream = document.add_object(stream);
    let file = document.add_object(dictionary! {
        "Type" => "Filespec",
        "F" => strings::object(&name),
        "UF" => strings::object(&name),
        "EF" => dictionary! { "F" => Object::Reference(stream) },
    });
    put(document, &name, file)
        .map_err(|error| NodeError::invalid(format!("{name} can't be attached: {error}")))
}

/// Adds a file to the list of names; a tree of them is left as it is and gets one more branch.
fn put(document: &mut Document, name: &str, file: ObjectId) -> Result<(), lopdf::Error> {
    let old = names(document);
    let entry = vec![strings::object(name), Object::Reference(file)];
    let limits = vec![strings::object(name), strings::object(name)];
    let leaf = document.add_object(dictionary! { "Names" => entry, "Limits" => limits });
    let mut kids = vec![Object::Reference(leaf)];
    if let Some(old) = old {
        let old = match old {
            Object::Reference(id) => id,
            other => document.add_object(other),
        };
        // What hangs below another branch has to say what names are in it.
        let before = Object::Reference(old);
        let all = document
            .get_dictionary(old)
            .map(|node| array(document, node, b"Names"))?;
        if let (Some(first), Some(last)) = (all.first().cloned(), all.iter().rev().nth(1).cloned())
        {
            document
                .get_dictionary_mut(old)?
                .set("Limits", vec![first, last]);
        }
        kids.insert(0, before);
    }
    let tree = document.add_object(dictionary! { "Kids" => kids });
    let mut all = document
        .catalog()?
        .get(b"Names")
        .ok()
        .and_then(|names| document.dereference(names).ok())
        .and_then(|(_, names)| names.as_dict().ok())
        .cloned()
        .unwrap_or_default();
    all.set("EmbeddedFiles", Object::Reference(tree));
    document.catalog_mut()?.set("Names", all);
    Ok(())
}
