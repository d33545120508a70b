//! Parts that a document's content refers to: pictures, charts, links.

use std::collections::HashMap;

use casare_engine::NodeError;

use super::document::Document;
use crate::ooxml::{
    package::{CONTENT_TYPES, MOST_PARTS, Package, relations_of, resolve},
    xml::{attribute, each_element, local},
};

/// Parts refer to parts that refer to parts: no deeper than this.
const DEEPEST: usize = 8;

/// What one part says of another, or of a place outside.
#[derive(Debug, Clone)]
struct Reference {
    id: String,
    kind: String,
    target: String,
    is_outside: bool,
}

/// Copies parts from one document into another, each once.
pub(super) struct Carried<'d> {
    into: &'d mut Package,
    from: &'d mut Package,
    main: String,
    references: Vec<Reference>,
    /// The kinds of content of the other document's parts, by part and by extension.
    types: HashMap<String, String>,
    relations: HashMap<String, String>,
    parts: HashMap<String, String>,
}

impl<'d> Carried<'d> {
    pub(super) fn new(into: &'d mut Document, from: &'d mut Document) -> Result<Self, NodeError> {
        let references = references(&mut from.package, &from.main)?;
        let types = types(&mut from.package)?;
        Ok(Self {
            main: into.main.clone(),
            into: &mut into.package,
            from: &mut from.package,
            references,
            types,
            relations: HashMap::new(),
            parts: HashMap::new(),
        })
    }

    /// What the main part of the document calls what its other calls `id`.
    pub(super) fn relation(&mut self, id: &str) -> Result<String, NodeError> {
        if let Some(new) = self.relations.get(id) {
            return Ok(new.clone());
        }
        let found = self.references.iter().find(|found| found.id == id).cloned();
        let Some(found) = found else {
            return Err(self
                .from
                .damaged(&format!("its reference `{id}` leads nowhere")));
        };
        let target = if found.is_outside {
            found.target.clone()
        } else {
            format!("/{}", self.part(&found.target, 0)?)
        };
        let taken = references(self.into, &self.main)?;
        // One more name than are taken: one of them is free.
        let new = (1..=taken.len() + 1)
            .map(|number| format!("casare{number}"))
            .find(|new| taken.iter().all(|reference| reference.id != *new))
            .unwrap_or_default();
        self.add(
            &self.main.clone(),
            &Reference {
                id: new.clone(),
                target,
                ..found
            },
        )?;
        self.relations.insert(id.to_owned(), new.clone());
        Ok(new)
    }

    /// Copies a part and those it refers to; answers its new name.
    fn part(&mut self, part: &str, depth: usize) -> Result<String, NodeError> {
        if let Some(new) = self.parts.get(part) {
            return Ok(new.clone());
        }
        if depth > DEEPEST {
            return Err(self.from.damaged("its parts refer to each other too deep"));
        }
        let content = self.from.bytes(part)?;
        let (stem, extension) = part.rsplit_once('.').unwrap_or((part, "bin"));
        let new = (1..=MOST_PARTS + 1)
            .map(|number| match number {
                1 => part.to_owned(),
                number => format!("{stem}_{number}.{extension}"),
            })
            .find(|new| !self.into.has(new))
            .unwrap_or_default();
        let kind = self
            .types
            .get(part)
            .or_else(|| self.types.get(&extension.to_lowercase()));
        let kind = kind
            .cloned()
            .unwrap_or_else(|| "application/octet-stream".to_owned());
        self.into.change(&new, content);
        self.into.add_type(&new, &kind)?;
        self.parts.insert(part.to_owned(), new.clone());
        for found in references(self.from, part)? {
            let target = if found.is_outside {
                found.target.clone()
            } else {
                format!("/{}", self.part(&found.target, depth + 1)?)
            };
            self.add(&new, &Reference { target, ..found })?;
        }
        Ok(new)
    }

    fn add(&mut self, part: &str, reference: &Reference) -> Result<(), NodeError> {
        let Reference {
            id,
            kind,
            target,
            is_outside,
        } = reference;
        if *is_outside {
            self.into.add_outside_relation(part, id, kind, target)
        } else {
            self.into
                .add_relation(part, id, kind, target.trim_start_matches('/'))
        }
    }
}

fn references(package: &mut Package, part: &str) -> Result<Vec<Reference>, NodeError> {
    let relations = relations_of(part);
    if !package.has(&relations) {
        return Ok(Vec::new());
    }
    let xml = package.text(&relations)?;
    let mut found = Vec::new();
    each_element(&xml, |tag| {
        if let (Some(id), Some(kind), Some(target)) = (
            attribute(tag, "Id"),
            attribute(tag, "Type"),
            attribute(tag, "Target"),
        ) {
            let is_outside = attribute(tag, "TargetMode").is_some_and(|mode| mode == "External");
            let target = if is_outside {
                target
            } else {
                resolve(part, &target)
            };
            found.push(Reference {
                id,
                kind,
                target,
                is_outside,
            });
        }
    })
    .map_err(|error| package.damaged(&format!("{relations}: {error}")))?;
    Ok(found)
}

fn types(package: &mut Package) -> Result<HashMap<String, String>, NodeError> {
    let xml = package.text(CONTENT_TYPES)?;
    let mut types = HashMap::new();
    each_element(&xml, |tag| {
        let name = match local(tag) {
            "Override" => {
                attribute(tag, "PartName").map(|name| name.trim_start_matches('/').to_owned())
            }
            "Default" => attribute(tag, "Extension").map(|extension| extension.to_lowercase()),
            _ => None,
        };
        if let (Some(name), Some(kind)) = (name, attribute(tag, "ContentType")) {
            types.insert(name, kind);
        }
    })
    .map_err(|error| package.damaged(&format!("its list of types: {error}")))?;
    Ok(types)
}
