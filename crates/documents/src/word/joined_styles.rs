//! The styles that a document brings along.

use std::collections::{HashMap, HashSet};

use casare_engine::NodeError;
use quick_xml::{Reader, events::Event};

use super::{document::Document, joined::Ids};
use crate::ooxml::{
    package::Package,
    xml::{
        Change, EditError, attribute, change_elements, each_element, local, with_attributes,
        without_prefix,
    },
};

/// The styles of a part: kind and name in small letters, by id.
type Styles = HashMap<String, (String, String)>;

/// Says what each style of `from` is called in `into`: a style of the same kind and name is the
/// same, another one of the same id gets an id of its own.
pub(super) fn name(
    into: &mut Document,
    from: &mut Document,
    number: u64,
    ids: &mut Ids,
) -> Result<(), NodeError> {
    let (Some(ours), Some(theirs)) = (into.styles.clone(), from.styles.clone()) else {
        return Ok(());
    };
    let ours = styles(&mut into.package, &ours)?;
    let by_name: HashMap<&(String, String), &String> =
        ours.iter().map(|(id, named)| (named, id)).collect();
    for (id, named) in styles(&mut from.package, &theirs)? {
        let new = match by_name.get(&named) {
            Some(same) => (*same).clone(),
            None if ours.contains_key(&id) => format!("{id}{number}x"),
            None => id.clone(),
        };
        ids.styles.insert(id, new);
    }
    Ok(())
}

/// Copies the styles of `from` that `into` has not.
pub(super) fn copy(into: &mut Document, from: &mut Document, ids: &Ids) -> Result<(), NodeError> {
    let (Some(ours), Some(theirs)) = (into.styles.clone(), from.styles.clone()) else {
        return Ok(());
    };
    let has: HashSet<String> = styles(&mut into.package, &ours)?.into_keys().collect();
    let xml = from.package.text(&theirs)?;
    let damaged =
        |package: &Package, error: &EditError| package.damaged(&format!("its styles: {error}"));
    let mut copies = String::new();
    for style in elements(&xml, "style").map_err(|error| damaged(&from.package, &error))? {
        let style = renamed(style, ids).map_err(|error| damaged(&from.package, &error))?;
        let mut id = None;
        each_element(&style, |tag| {
            if id.is_none() {
                id = attribute(tag, "styleId");
            }
        })
        .map_err(|error| damaged(&from.package, &error))?;
        if id.is_some_and(|id| !has.contains(&id)) {
            copies.push_str(&style);
        }
    }
    if copies.is_empty() {
        return Ok(());
    }
    let xml = into.package.text(&ours)?;
    let joined = change_elements(
        &xml,
        |_, _| Change::Keep,
        |_, depth| (depth == 0).then(|| copies.clone()),
    )
    .map_err(|error| damaged(&into.package, &error))?;
    into.package.change(&ours, joined);
    Ok(())
}

fn styles(package: &mut Package, part: &str) -> Result<Styles, NodeError> {
    let xml = package.text(part)?;
    let mut styles = Styles::new();
    let mut open: Option<(String, String)> = None;
    each_element(&xml, |tag| match local(tag) {
        "style" => {
            let kind = attribute(tag, "type").unwrap_or_else(|| "paragraph".to_owned());
            open = attribute(tag, "styleId").map(|id| (id, kind));
        }
        "name" => {
            if let Some((id, kind)) = open.take() {
                let name = attribute(tag, "val").unwrap_or_default().to_lowercase();
                styles.insert(id, (kind, name));
            }
        }
        _ => {}
    })
    .map_err(|error| package.damaged(&format!("its styles: {error}")))?;
    Ok(styles)
}

fn renamed(style: &str, ids: &Ids) -> Result<String, EditError> {
    change_elements(
        style,
        |tag, _| {
            let new = |name: &str, known: &HashMap<String, String>| {
                attribute(tag, name).and_then(|id| known.get(&id).cloned())
            };
            let (name, new) = match local(tag) {
                "style" => ("styleId", new("styleId", &ids.styles)),
                "basedOn" | "next" | "link" => ("val", new("val", &ids.styles)),
                "numId" => ("val", new("val", &ids.lists)),
                _ => return Change::Keep,
            };
            let mut changes: Vec<(String, Option<String>)> = Vec::new();
            for found in tag.attributes().with_checks(false).flatten() {
                let key = found.key.0;
                match without_prefix(key) {
                    // The usual style is that of the first document.
                    "default" if local(tag) == "style" => changes.push((key.to_owned(), None)),
                    local if local == name && new.is_some() => {
                        changes.push((key.to_owned(), new.clone()));
                    }
                    _ => {}
                }
            }
            let changes: Vec<(&str, Option<&str>)> = changes
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_deref()))
                .collect();
            Change::Replace(with_attributes(tag, &changes))
        },
        |_, _| None,
    )
}

/// The text of each element `name` right below the root.
pub(super) fn elements<'x>(xml: &'x str, name: &str) -> Result<Vec<&'x str>, EditError> {
    let mut reader = Reader::from_str(xml);
    let mut found = Vec::new();
    let mut depth = 0_usize;
    loop {
        let at = reader.buffer_position() as usize;
        match reader.read_event()? {
            Event::Start(tag) if depth == 1 && local(&tag) == name => {
                reader.read_to_end(tag.name())?;
                found.push(&xml[at..reader.buffer_position() as usize]);
            }
            Event::Empty(tag) if depth == 1 && local(&tag) == name => {
                found.push(&xml[at..reader.buffer_position() as usize]);
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}
