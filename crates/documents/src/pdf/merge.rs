use casare_engine::{Cancel, ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use lopdf::{Dictionary, Document, Object, ObjectId, dictionary};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    file::{Source, save, settle_page},
    strings,
};

/// Puts several PDFs together into one, in their order.
///
/// The fields of forms stay; a bookmark leads to the beginning of each file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    /// The PDFs, at least one.
    paths: Vec<String>,
    /// The new file.
    to: String,
    /// Whether each file gets a bookmark with its name.
    #[serde(default = "yes")]
    bookmarks: bool,
    /// The credential whose `password` opens those files that have one.
    credential: Option<String>,
}

fn yes() -> bool {
    true
}

/// A PDF that was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Written {
    /// The file, as a full path.
    pub(super) path: String,
    /// How many pages it has.
    pub(super) page_count: usize,
}

pub(super) fn node() -> Node {
    Node::action("pdf.merge", merge)
        .pure()
        .icon("combine")
        .fails_reading()
        .fails_writing()
        .fails(
            ErrorKind::Denied,
            "The PDF is locked: its password is missing or wrong, or it forbids this.",
        )
        .fails(ErrorKind::Invalid, "The file is no PDF, or is damaged.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: pdf.merge
  with: { paths: [invoice.pdf, form.pdf], to: out/all.pdf }
";

async fn merge(cx: &StepContext, settings: Merge) -> Result<Written, NodeError> {
    if settings.paths.is_empty() {
        return Err(NodeError::invalid("setting `paths` names no files"));
    }
    let mut sources = Vec::new();
    for path in &settings.paths {
        sources.push(Source::of(cx, path, settings.credential.as_deref()).await?);
    }
    let to = cx.file(&settings.to);
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let (mut merged, page_count) = joined(&sources, settings.bookmarks, &cancel)?;
        save(&mut merged, &to)?;
        Ok(Written {
            path: to.display().to_string(),
            page_count,
        })
    })
    .await
}

fn joined(
    sources: &[Source],
    bookmarks: bool,
    cancel: &Cancel,
) -> Result<(Document, usize), NodeError> {
    let mut merged = Document::with_version("1.7");
    let root = merged.new_object_id();
    let mut kids: Vec<Object> = Vec::new();
    let mut fields: Vec<Object> = Vec::new();
    let mut form: Option<Dictionary> = None;
    let mut begins: Vec<(String, ObjectId)> = Vec::new();
    for source in sources {
        if cancel.is_cancelled() {
            return Err(NodeError::timeout("merging was stopped"));
        }
        let mut document = source.open()?;
        document.renumber_objects_with(merged.max_id + 1);
        let pages: Vec<ObjectId> = document.page_iter().collect();
        for page in &pages {
            settle_page(&mut document, *page);
            if let Ok(dictionary) = document.get_dictionary_mut(*page) {
                dictionary.set("Parent", Object::Reference(root));
            }
            kids.push(Object::Reference(*page));
        }
        if let Some(own) = own_form(&document) {
            let list = own.get(b"Fields").ok().and_then(|fields| {
                let (_, fields) = document.dereference(fields).ok()?;
                fields.as_array().ok().cloned()
            });
            fields.extend(list.unwrap_or_default());
            form.get_or_insert(own);
        }
        if let Some(first) = pages.first() {
            let name = source.path.file_stem().unwrap_or_default();
            begins.push((name.to_string_lossy().into_owned(), *first));
        }
        merged.max_id = merged.max_id.max(document.max_id);
        merged.objects.extend(document.objects);
    }
    let page_count = kids.len();
    merged.objects.insert(
        root,
        dictionary! { "Type" => "Pages", "Count" => page_count as i64, "Kids" => kids }.into(),
    );
    let mut catalog = dictionary! { "Type" => "Catalog", "Pages" => Object::Reference(root) };
    if let Some(mut form) = form {
        form.set("Fields", fields);
        catalog.set("AcroForm", form);
    }
    if bookmarks {
        catalog.set("Outlines", outline(&mut merged, &begins));
    }
    let catalog = merged.add_object(catalog);
    merged.trailer.set("Root", Object::Reference(catalog));
    merged.prune_objects();
    merged.renumber_objects();
    merged.compress();
    Ok((merged, page_count))
}

fn own_form(document: &Document) -> Option<Dictionary> {
    let form = document.catalog().ok()?.get(b"AcroForm").ok()?;
    let (_, form) = document.dereference(form).ok()?;
    form.as_dict().ok().cloned()
}

/// A bookmark for the beginning of each file.
fn outline(document: &mut Document, begins: &[(String, ObjectId)]) -> Object {
    let root = document.new_object_id();
    let ids: Vec<ObjectId> = begins.iter().map(|_| document.new_object_id()).collect();
    for (index, (name, page)) in begins.iter().enumerate() {
        let mut item = dictionary! {
            "Title" => strings::object(name),
            "Parent" => Object::Reference(root),
            "Dest" => vec![Object::Reference(*page), "Fit".into()],
        };
        if let Some(before) = index.checked_sub(1).map(|before| ids[before]) {
            item.set("Prev", Object::Reference(before));
        }
        if let Some(after) = ids.get(index + 1) {
            item.set("Next", Object::Reference(*after));
        }
        document.objects.insert(ids[index], item.into());
    }
    let mut list = dictionary! { "Type" => "Outlines", "Count" => ids.len() as i64 };
    if let (Some(first), Some(last)) = (ids.first(), ids.last()) {
        list.set("First", Object::Reference(*first));
        list.set("Last", Object::Reference(*last));
    }
    document.objects.insert(root, list.into());
    Object::Reference(root)
}
