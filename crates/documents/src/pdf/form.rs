//! The fields of a form.

use std::collections::HashSet;

use lopdf::{Dictionary, Document, Object, ObjectId};

use super::strings;

/// So many fields are looked at.
const MOST: usize = 50_000;

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Check,
    Radio,
    Choice,
    Signature,
    Button,
}

/// A field: its full name, and the boxes on pages that show it.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) id: ObjectId,
    pub(super) kind: Kind,
    pub(super) value: Option<Object>,
    /// What it takes, where it takes only some things.
    pub(super) options: Vec<String>,
    pub(super) read_only: bool,
    pub(super) required: bool,
    pub(super) widgets: Vec<ObjectId>,
    /// How its text looks, as the PDF says it.
    pub(super) appearance: Option<String>,
    pub(super) multiline: bool,
}

/// The form of a document.
pub(super) fn form(document: &Document) -> Option<Dictionary> {
    let form = document.catalog().ok()?.get(b"AcroForm").ok()?;
    let (_, form) = document.dereference(form).ok()?;
    form.as_dict().ok().cloned()
}

/// All fields of the document's form.
pub(super) fn fields(document: &Document) -> Vec<Field> {
    let Some(form) = form(document) else {
        return Vec::new();
    };
    let inherited = Inherited {
        name: String::new(),
        kind: None,
        flags: 0,
        value: None,
        appearance: form.get(b"DA").ok().and_then(strings::text),
    };
    let mut walk = Walk {
        document,
        seen: HashSet::new(),
        fields: Vec::new(),
    };
    for kid in array(document, &form, b"Fields") {
        if let Ok(id) = kid.as_reference() {
            walk.visit(id, &inherited, 0);
        }
    }
    walk.fields
}

/// What a field takes over from those above it.
#[derive(Clone)]
struct Inherited {
    name: String,
    kind: Option<Vec<u8>>,
    flags: i64,
    value: Option<Object>,
    appearance: Option<String>,
}

struct Walk<'d> {
    document: &'d Document,
    seen: HashSet<ObjectId>,
    fields: Vec<Field>,
}

impl Walk<'_> {
    fn visit(&mut self, id: ObjectId, above: &Inherited, depth: usize) {
        // A tree of fields that is a ring, or endless, has an end all the same.
        if depth > 32 || self.fields.len() >= MOST || !self.seen.insert(id) {
            return;
        }
        let Ok(dictionary) = self.document.get_dictionary(id) else {
            return;
        };
        let get = |key: &[u8]| {
            let value = dictionary.get(key).ok()?;
            let (_, value) = self.document.dereference(value).ok()?;
            Some(value.clone())
        };
        let mut own = above.clone();
        if let Some(part) = get(b"T").as_ref().and_then(strings::text) {
            own.name = match own.name.as_str() {
                "" => part,
                before => format!("{before}.{part}"),
            };
        }
        if let Some(Object::Name(kind)) = get(b"FT") {
            own.kind = Some(kind);
        }
        if let Some(flags) = get(b"Ff").and_then(|flags| flags.as_i64().ok()) {
            own.flags = flags;
        }
        own.value = get(b"V").or(own.value);
        own.appearance = get(b"DA")
            .as_ref()
            .and_then(strings::text)
            .or(own.appearance);
        let kids: Vec<ObjectId> = array(self.document, dictionary, b"Kids")
            .iter()
            .filter_map(|kid| kid.as_reference().ok())
            .collect();
        let names = |kid: &ObjectId| {
            self.document
                .get_dictionary(*kid)
                .is_ok_and(|kid| kid.has(b"T"))
        };
        if kids.iter().any(names) {
            for kid in kids {
                self.visit(kid, &own, depth + 1);
            }
            return;
        }
        let widgets = if kids.is_empty() { vec![id] } else { kids };
        let kind = match own.kind.as_deref() {
            Some(b"Tx") => Kind::Text,
            Some(b"Ch") => Kind::Choice,
            Some(b"Sig") => Kind::Signature,
            Some(b"Btn") if own.flags & (1 << 16) != 0 => Kind::Button,
            Some(b"Btn") if own.flags & (1 << 15) != 0 => Kind::Radio,
            Some(b"Btn") => Kind::Check,
            _ => return,
        };
        let options = match kind {
            Kind::Choice => choices(self.document, dictionary),
            Kind::Check | Kind::Radio => {
                let mut all = Vec::new();
                for widget in &widgets {
                    let states = states(self.document, *widget);
                    all.extend(states.into_iter().filter(|state| state != "Off"));
                }
                all.dedup();
                all
            }
            _ => Vec::new(),
        };
        self.fields.push(Field {
            name: own.name,
            id,
            kind,
            value: own.value,
            options,
            read_only: own.flags & 1 != 0,
            required: own.flags & 2 != 0,
            widgets,
            appearance: own.appearance,
            multiline: own.flags & (1 << 12) != 0,
        });
    }
}

/// The items of a list in a dictionary, wherever it stands.
pub(super) fn array(document: &Document, dictionary: &Dictionary, key: &[u8]) -> Vec<Object> {
    dictionary
        .get(key)
        .ok()
        .and_then(|list| document.dereference(list).ok())
        .and_then(|(_, list)| list.as_array().ok())
        .cloned()
        .unwrap_or_default()
}

fn choices(document: &Document, field: &Dictionary) -> Vec<String> {
    array(document, field, b"Opt")
        .iter()
        .filter_map(|option| match option {
            Object::Array(pair) => pair.first().and_then(strings::text),
            other => strings::text(other),
        })
        .collect()
}

/// The states that a box can be in, by the pictures it has of them.
pub(super) fn states(document: &Document, widget: ObjectId) -> Vec<String> {
    let normal = document
        .get_dictionary(widget)
        .ok()
        .and_then(|widget| widget.get(b"AP").ok())
        .and_then(|looks| document.dereference(looks).ok())
        .and_then(|(_, looks)| looks.as_dict().ok())
        .and_then(|looks| looks.get(b"N").ok())
        .and_then(|normal| document.dereference(normal).ok())
        .and_then(|(_, normal)| normal.as_dict().ok());
    normal
        .map(|states| {
            states
                .iter()
                .map(|(state, _)| String::from_utf8_lossy(state).into_owned())
                .collect()
        })
        .unwrap_or_default()
}
