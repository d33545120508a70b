use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_files::rows::{cell_text, closest};
use casare_workflow::{Any, Value, value::pairs};
use lopdf::{Document, Object, ObjectId, Stream, dictionary};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    file::{Source, save},
    form::{self, Field, Kind},
    merge::Written,
    strings,
};

/// Fills in the form of a PDF.
///
/// Fields that are not named stay as they are; a name that the form does not have is refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FillForm {
    /// The PDF.
    path: String,
    /// The new file; it may be the same.
    to: String,
    /// What goes where: a map from the names of fields to texts, to true or false for a box, to one
    /// of its options for a choice. pdf.form_fields lists the names.
    fields: Any,
    /// Whether the form becomes part of the page and can't be changed any more.
    #[serde(default)]
    flatten: bool,
    /// The credential whose `password` opens the file, if it has one.
    credential: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action("pdf.fill_form", fill_form)
        .pure()
        .icon("clipboard-pen")
        .fails_reading()
        .fails_writing()
        .fails(ErrorKind::NotFound, "The form has no such field.")
        .fails(
            ErrorKind::Denied,
            "The PDF is locked: its password is missing or wrong, or it forbids this.",
        )
        .fails(ErrorKind::Invalid, "The file is no PDF, or is damaged.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: pdf.fill_form
  with:
    path: form.pdf
    to: out/filled.pdf
    fields: { name: Ada Lovelace, agree: true }
";

async fn fill_form(cx: &StepContext, settings: FillForm) -> Result<Written, NodeError> {
    let source = Source::of(cx, &settings.path, settings.credential.as_deref()).await?;
    let to = cx.file(&settings.to);
    cx.blocking(move || {
        let mut document = source.open()?;
        let fields = form::fields(&document);
        if fields.is_empty() {
            return Err(NodeError::invalid(format!(
                "{} has no form to fill in",
                source.path.display()
            ))
            .with_help("write on its pages with pdf.stamp"));
        }
        for (name, value) in pairs(&settings.fields.0) {
            let name = name.to_string();
            let field = fields
                .iter()
                .find(|field| field.name == name)
                .ok_or_else(|| no_such(&fields, &name))?;
            fill(&mut document, field, &value)?;
        }
        set_form(&mut document);
        if settings.flatten {
            flatten(&mut document, &fields);
        }
        let page_count = document.get_pages().len();
        save(&mut document, &to)?;
        Ok(Written {
            path: to.display().to_string(),
            page_count,
        })
    })
    .await
}

fn no_such(fields: &[Field], name: &str) -> NodeError {
    let names = fields.iter().map(|field| field.name.as_str());
    let help = match closest(name, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "its fields: {}",
            names.take(30).collect::<Vec<_>>().join(", ")
        ),
    };
    NodeError::not_found(format!("the form has no field `{name}`")).with_help(help)
}

fn fill(document: &mut Document, field: &Field, value: &Value) -> Result<(), NodeError> {
    match field.kind {
        Kind::Text | Kind::Choice => {
            let text = if value.is_none() {
                String::new()
            } else {
                cell_text(value)
            };
            let chosen =
                field.options.is_empty() || text.is_empty() || field.options.contains(&text);
            if !chosen {
                return Err(wrong_option(field, &text));
            }
            set(document, field.id, "V", strings::object(&text));
            // Where the old choice stood in the list would contradict the new one.
            if let Ok(dictionary) = document.get_dictionary_mut(field.id) {
                dictionary.remove(b"I");
            }
            for widget in &field.widgets {
                draw_text(document, field, *widget, &text);
            }
        }
        Kind::Check | Kind::Radio => {
            let state = state_of(field, value)?;
            set(
                document,
                field.id,
                "V",
                Object::Name(state.clone().into_bytes()),
            );
            for widget in &field.widgets {
                let has = form::states(document, *widget).contains(&state);
                let shown = if has { state.clone() } else { "Off".to_owned() };
                set(document, *widget, "AS", Object::Name(shown.into_bytes()));
            }
        }
        Kind::Signature | Kind::Button => {
            return Err(NodeError::invalid(format!(
                "the field `{}` is a button or a signature, and can't be filled in",
                field.name
            )));
        }
    }
    Ok(())
}

fn state_of(field: &Field, value: &Value) -> Result<String, NodeError> {
    let on = field.options.first().cloned();
    let text = cell_text(value);
    if field.options.contains(&text) {
        return Ok(text);
    }
    let said = text.to_lowercase();
    let is_off = value.is_none() || ["false", "off", ""].contains(&said.as_str());
    match (field.kind, said.as_str()) {
        _ if is_off => Ok("Off".to_owned()),
        (Kind::Check, "true") => Ok(on.unwrap_or_else(|| "Yes".to_owned())),
        _ => Err(wrong_option(field, &text)),
    }
}

fn wrong_option(field: &Field, given: &str) -> NodeError {
    NodeError::invalid(format!(
        "the field `{}` does not take `{given}`",
        field.name
    ))
    .with_help(format!("it takes: {}", field.options.join(", ")))
}

fn set(document: &mut Document, id: ObjectId, key: &str, value: Object) {
    if let Ok(dictionary) = document.get_dictionary_mut(id) {
        dictionary.set(key, value);
    }
}

/// Has programs draw the fields anew that can, for letters that are not in the form's own font.
fn set_form(document: &mut Document) {
    let form = document
        .catalog()
        .and_then(|catalog| catalog.get(b"AcroForm"))
        .cloned();
    match form {
        Ok(Object::Reference(id)) => set(document, id, "NeedAppearances", true.into()),
        Ok(Object::Dictionary(mut form)) => {
            form.set("NeedAppearances", true);
            if let Ok(catalog) = document.catalog_mut() {
                catalog.set("AcroForm", form);
            }
        }
        _ => {}
    }
}

fn numbers(document: &Document, id: ObjectId, key: &[u8]) -> Option<[f32; 4]> {
    let list = form::array(document, document.get_dictionary(id).ok()?, key);
    let numbers: Vec<f32> = list.iter().filter_map(|n| n.as_float().ok()).collect();
    numbers.try_into().ok()
}

/// Draws the text of a field, for programs that show what is there.
fn draw_text(document: &mut Document, field: &Field, widget: ObjectId, text: &str) {
    let Some([left, bottom, right, top]) = numbers(document, widget, b"Rect") else {
        return;
    };
    let (width, height) = ((right - left).abs(), (top - bottom).abs());
    let look = field.appearance.as_deref().unwrap_or("/Helv 0 Tf 0 g");
    let words: Vec<&str> = look.split_whitespace().collect();
    let size = words
        .iter()
        .position(|word| *word == "Tf")
        .and_then(|at| words.get(at.checked_sub(1)?)?.parse::<f32>().ok())
        .filter(|size| *size > 0.0)
        .unwrap_or_else(|| (height * 0.65).clamp(4.0, 12.0));
    let colour: String = words
        .iter()
        .position(|word| *word == "Tf")
        .map(|at| words[at + 1..].join(" "))
        .unwrap_or_default();
    let lines: Vec<&str> = if field.multiline {
        text.lines().collect()
    } else {
        vec![text]
    };
    let first = if field.multiline {
        height - size - 2.0
    } else {
        (height - size) / 2.0 + size * 0.22
    };
    let mut content = format!(
        "/Tx BMC q 1 1 {:.2} {:.2} re W n BT /CasareText {size:.2} Tf {colour} 2 {first:.2} Td {:.2} TL ",
        (width - 2.0).max(0.0),
        (height - 2.0).max(0.0),
        size * 1.15
    )
    .into_bytes();
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            content.extend(b"T* ");
        }
        content.push(b'(');
        for byte in
            lopdf::Document::encode_text(&lopdf::Encoding::SimpleEncoding(b"WinAnsiEncoding"), line)
        {
            if matches!(byte, b'(' | b')' | b'\\') {
                content.push(b'\\');
            }
            content.push(byte);
        }
        content.extend(b") Tj ");
    }
    content.extend(b"ET Q EMC");
    let font = dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica",
        "Encoding" => "WinAnsiEncoding",
    };
    let looks = Stream::new(
        dictionary! {
            "Type" => "XObject",
            "Subtype" => "Form",
            "BBox" => vec![0.into(), 0.into(), width.into(), height.into()],
            "Resources" => dictionary! { "Font" => dictionary! { "CasareText" => font } },
        },
        content,
    );
    let looks = document.add_object(looks);
    set(
        document,
        widget,
        "AP",
        dictionary! { "N" => Object::Reference(looks) }.into(),
    );
}

/// Draws what fields show on their pages, and takes the form away.
fn flatten(document: &mut Document, fields: &[Field]) {
    let widgets: std::collections::HashSet<ObjectId> = fields
        .iter()
        .flat_map(|field| field.widgets.clone())
        .collect();
    let pages: Vec<ObjectId> = document.page_iter().collect();
    for page in pages {
        super::file::settle_page(document, page);
        let annotations = document
            .get_dictionary(page)
            .map(|page| form::array(document, page, b"Annots"))
            .unwrap_or_default();
        let (ours, others): (Vec<Object>, Vec<Object>) = annotations
            .into_iter()
            .partition(|item| item.as_reference().is_ok_and(|id| widgets.contains(&id)));
        let mut content = String::new();
        for widget in ours.iter().filter_map(|item| item.as_reference().ok()) {
            let Some(looks) = shown(document, widget) else {
                continue;
            };
            let Some([left, bottom, ..]) = numbers(document, widget, b"Rect") else {
                continue;
            };
            let name = super::stamp::add_form(document, page, looks);
            use std::fmt::Write as _;
            let _ = write!(content, "q 1 0 0 1 {left:.3} {bottom:.3} cm /{name} Do Q ");
        }
        if let Ok(page) = document.get_dictionary_mut(page) {
            page.set("Annots", others);
        }
        super::stamp::draw(document, page, content.into_bytes(), true);
    }
    if let Ok(catalog) = document.catalog_mut() {
        catalog.remove(b"AcroForm");
    }
    document.prune_objects();
}

/// What a widget shows now.
fn shown(document: &Document, widget: ObjectId) -> Option<ObjectId> {
    let dictionary = document.get_dictionary(widget).ok()?;
    let (_, looks) = document.dereference(dictionary.get(b"AP").ok()?).ok()?;
    let normal = looks.as_dict().ok()?.get(b"N").ok()?;
    let (id, normal) = document.dereference(normal).ok()?;
    match normal {
        Object::Stream(_) => id,
        Object::Dictionary(states) => {
            let state = dictionary.get(b"AS").and_then(Object::as_name).ok()?;
            states.get(state).and_then(Object::as_reference).ok()
        }
        _ => None,
    }
}
