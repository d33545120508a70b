//! The lists that a document brings along: what its numbers and bullets look like.

use casare_engine::NodeError;

use super::{document::Document, joined::Ids, joined_styles::elements};
use crate::ooxml::{
    package::resolve,
    xml::{
        Change, EditError, attribute, change_elements, each_element, local, with_attributes,
        without_prefix,
    },
};

const TYPE: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml";
const RELATION: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/numbering";

/// Gives each list of `from` a number that no list of `into` has.
pub(super) fn number(
    into: &mut Document,
    from: &mut Document,
    ids: &mut Ids,
) -> Result<(), NodeError> {
    let Some((_, theirs)) = lists(from)? else {
        return Ok(());
    };
    let offset = offset(into)?;
    each_element(&theirs, |tag| {
        if let ("num", Some(id)) = (local(tag), attribute(tag, "numId"))
            && let Ok(old) = id.parse::<u64>()
        {
            ids.lists.insert(id, (old + offset).to_string());
        }
    })
    .map_err(|error| from.package.damaged(&format!("its lists: {error}")))
}

/// Copies the lists of `from` under their new numbers.
pub(super) fn copy(into: &mut Document, from: &mut Document, ids: &Ids) -> Result<(), NodeError> {
    let Some((_, theirs)) = lists(from)? else {
        return Ok(());
    };
    let offset = offset(into)?;
    let renumbered = change_elements(
        &theirs,
        |tag, _| {
            let (name, is_style) = match local(tag) {
                "abstractNum" | "abstractNumId" => ("", false),
                "num" => ("numId", false),
                "pStyle" | "styleLink" | "numStyleLink" => ("val", true),
                _ => return Change::Keep,
            };
            let changes: Vec<(String, String)> = tag
                .attributes()
                .with_checks(false)
                .flatten()
                .filter_map(|found| {
                    let key = found.key.0;
                    let old = attribute(tag, without_prefix(key))?;
                    let new = match without_prefix(key) {
                        "abstractNumId" => (old.parse::<u64>().ok()? + offset).to_string(),
                        "val" if local(tag) == "abstractNumId" => {
                            (old.parse::<u64>().ok()? + offset).to_string()
                        }
                        key if key == name && is_style => ids.styles.get(&old)?.clone(),
                        key if key == name => ids.lists.get(&old)?.clone(),
                        _ => return None,
                    };
                    Some((key.to_owned(), new))
                })
                .collect();
            let changes: Vec<(&str, Option<&str>)> = changes
                .iter()
                .map(|(name, value)| (name.as_str(), Some(value.as_str())))
                .collect();
            Change::Replace(with_attributes(tag, &changes))
        },
        |_, _| None,
    );
    let damaged = |error: EditError| from.package.damaged(&format!("its lists: {error}"));
    let renumbered = renumbered.map_err(damaged)?;
    let Some((part, ours)) = lists(into)? else {
        return new_part(into, renumbered);
    };
    let shapes = elements(&renumbered, "abstractNum")
        .map_err(damaged)?
        .concat();
    let numbers = elements(&renumbered, "num").map_err(damaged)?.concat();
    // All shapes stand before the first list that has one.
    let mut shapes = Some(shapes);
    let joined = change_elements(
        &ours,
        |tag, depth| match local(tag) {
            "num" if depth == 1 => shapes.take().map_or(Change::Keep, Change::Before),
            _ => Change::Keep,
        },
        |_, depth| (depth == 0).then(|| numbers.clone()),
    )
    .map_err(|error| into.package.damaged(&format!("its lists: {error}")))?;
    // Without a list there was no place before it.
    let joined = match shapes {
        None => joined,
        Some(shapes) => change_elements(
            &ours,
            |_, _| Change::Keep,
            |_, depth| (depth == 0).then(|| format!("{shapes}{numbers}")),
        )
        .map_err(|error| into.package.damaged(&format!("its lists: {error}")))?,
    };
    into.package.change(&part, joined);
    Ok(())
}

/// The part with the lists and its text; a document may be without.
fn lists(document: &mut Document) -> Result<Option<(String, String)>, NodeError> {
    let main = document.main.clone();
    let part = document
        .package
        .relations(&main)?
        .into_iter()
        .find(|relation| relation.kind == "numbering")
        .map(|relation| relation.target)
        .filter(|part| document.package.has(part));
    match part {
        Some(part) => {
            let text = document.package.text(&part)?;
            Ok(Some((part, text)))
        }
        None => Ok(None),
    }
}

/// The largest number of a list or of its shape.
fn offset(into: &mut Document) -> Result<u64, NodeError> {
    let Some((_, ours)) = lists(into)? else {
        return Ok(0);
    };
    let mut largest = 0;
    each_element(&ours, |tag| {
        let name = match local(tag) {
            "num" => "numId",
            "abstractNum" => "abstractNumId",
            _ => return,
        };
        let id = attribute(tag, name).and_then(|id| id.parse::<u64>().ok());
        // What is larger is no number that Word would give.
        largest = largest.max(id.filter(|id| *id < 1 << 30).unwrap_or(0));
    })
    .map_err(|error| into.package.damaged(&format!("its lists: {error}")))?;
    Ok(largest + 1)
}

fn new_part(into: &mut Document, lists: String) -> Result<(), NodeError> {
    let main = into.main.clone();
    let part = resolve(&main, "casareNumbering.xml");
    into.package
        .add_relation(&main, "casareNumbering", RELATION, &part)?;
    into.package.add_type(&part, TYPE)?;
    into.package.change(&part, lists);
    Ok(())
}
