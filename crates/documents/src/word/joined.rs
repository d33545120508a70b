//! The content of a document at the end of another.

use std::collections::HashMap;

use casare_engine::NodeError;
use quick_xml::{
    Reader, Writer,
    events::{BytesStart, Event},
};

use super::{carried::Carried, document::Document, joined_lists, joined_styles};
use crate::ooxml::xml::{
    Change, EditError, attribute, change_elements, local, with_attributes, without_prefix,
};

/// Numbers of bookmarks and pictures of each document begin so far from those of the one before.
const APART: u64 = 1_000_000;

/// What ids of the document that comes in are called in the one it comes into.
#[derive(Debug, Default)]
pub(super) struct Ids {
    pub(super) styles: HashMap<String, String>,
    pub(super) lists: HashMap<String, String>,
}

/// Puts the content of `from` at the end of `into`; `number` tells it from others that were.
pub(super) fn append(
    into: &mut Document,
    from: &mut Document,
    number: u64,
    page_break: bool,
) -> Result<(), NodeError> {
    let mut ids = Ids::default();
    joined_lists::number(into, from, &mut ids)?;
    joined_styles::name(into, from, number, &mut ids)?;
    joined_lists::copy(into, from, &ids)?;
    joined_styles::copy(into, from, &ids)?;

    let xml = from.package.text(&from.main)?;
    let body = Body::of(&xml).map_err(|error| from.package.damaged(&error.to_string()))?;
    let mut carried = Carried::new(into, from)?;
    let content = rewritten(&xml[body.start..body.end], &ids, number, |id| {
        carried.relation(id)
    });
    let content = content.map_err(|error| match error {
        EditError::Node(error) => error,
        error => from.package.damaged(&error.to_string()),
    })?;

    let whole = into.package.text(&into.main)?;
    let damaged = |error: EditError| into.package.damaged(&error.to_string());
    let place = Body::of(&whole).map_err(damaged)?;
    let (prefix, namespaces) = (&body.prefix, &body.namespaces);
    let p = |name: &str| match prefix.as_str() {
        "" => name.to_owned(),
        prefix => format!("{prefix}:{name}"),
    };
    let separator = if page_break {
        format!(
            "<{0}><{1}><{2} {3}=\"page\"/></{1}></{0}>",
            p("p"),
            p("r"),
            p("br"),
            p("type")
        )
    } else {
        String::new()
    };
    let joined = format!(
        "{}{separator}{content}{}",
        &whole[..place.end],
        &whole[place.end..]
    );
    let joined = with_namespaces(&joined, &place.namespaces, namespaces).map_err(|error| {
        NodeError::invalid(format!(
            "{} can't be put together with {}: {error}",
            from.package.path.display(),
            into.package.path.display()
        ))
        .with_help("open both in Word and save them anew as .docx, then merge those")
    })?;
    into.package.change(&into.main.clone(), joined);
    Ok(())
}

/// Where the content of a document's main part stands in its text.
struct Body {
    start: usize,
    /// Before the page setup at its end, if there is one.
    end: usize,
    prefix: String,
    /// What the root element says of namespaces.
    namespaces: Vec<(String, String)>,
}

impl Body {
    fn of(xml: &str) -> Result<Self, EditError> {
        let mut reader = Reader::from_str(xml);
        let mut depth = 0_usize;
        let mut body = Self {
            start: 0,
            end: 0,
            prefix: String::new(),
            namespaces: Vec::new(),
        };
        loop {
            let at = reader.buffer_position() as usize;
            match reader.read_event()? {
                Event::Start(tag) => {
                    match (depth, local(&tag)) {
                        (0, _) => body.namespaces = namespaces(&tag),
                        (1, "body") => {
                            body.start = reader.buffer_position() as usize;
                            let name = tag.name().0;
                            body.prefix = name
                                .rsplit_once(':')
                                .map_or_else(String::new, |(prefix, _)| prefix.to_owned());
                        }
                        (2, "sectPr") => body.end = at,
                        // What was taken for the page setup of the end was not at the end.
                        (2, _) => body.end = 0,
                        _ => {}
                    }
                    depth += 1;
                }
                Event::Empty(tag) if depth == 2 => {
                    body.end = if local(&tag) == "sectPr" { at } else { 0 };
                }
                Event::End(tag) => {
                    depth = depth.saturating_sub(1);
                    if depth == 1 && without_prefix(tag.name().0) == "body" {
                        if body.end == 0 {
                            body.end = at;
                        }
                        return Ok(body);
                    }
                }
                Event::Eof => {
                    return Err(EditError::Damaged("the document has no body".to_owned()));
                }
                _ => {}
            }
        }
    }
}

fn namespaces(root: &BytesStart<'_>) -> Vec<(String, String)> {
    root.attributes()
        .with_checks(false)
        .flatten()
        .filter(|attribute| {
            let name = attribute.key.0;
            name.starts_with("xmlns:") || name.ends_with(":Ignorable")
        })
        .map(|attribute| (attribute.key.0.to_owned(), attribute.value.to_string()))
        .collect()
}

/// `xml` whose root element also knows the namespaces `more`.
fn with_namespaces(
    xml: &str,
    known: &[(String, String)],
    more: &[(String, String)],
) -> Result<String, EditError> {
    let mut changes: Vec<(String, String)> = Vec::new();
    for (name, value) in more {
        let old = known.iter().find(|(known, _)| known == name);
        match old {
            None => changes.push((name.clone(), value.clone())),
            Some((_, old)) if old == value => {}
            // A list of prefixes.
            Some((_, old)) if name.ends_with(":Ignorable") => {
                let mut all: Vec<&str> = old.split_whitespace().collect();
                for prefix in value.split_whitespace() {
                    if !all.contains(&prefix) {
                        all.push(prefix);
                    }
                }
                changes.push((name.clone(), all.join(" ")));
            }
            Some((_, old)) => {
                return Err(EditError::Damaged(format!(
                    "`{name}` is {value} in one and {old} in the other"
                )));
            }
        }
    }
    let changes: Vec<(&str, Option<&str>)> = changes
        .iter()
        .map(|(name, value)| (name.as_str(), Some(value.as_str())))
        .collect();
    change_elements(
        xml,
        |tag, depth| match depth {
            0 => Change::Replace(with_attributes(tag, &changes)),
            _ => Change::Keep,
        },
        |_, _| None,
    )
}

/// `content` with the ids that it has in the document it comes into.
fn rewritten(
    content: &str,
    ids: &Ids,
    number: u64,
    mut relation: impl FnMut(&str) -> Result<String, NodeError>,
) -> Result<String, EditError> {
    let mut reader = Reader::from_str(content);
    reader.config_mut().check_end_names = false;
    let mut writer = Writer::new(Vec::with_capacity(content.len()));
    loop {
        let event = reader.read_event()?;
        match &event {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) => {
                match local(tag) {
                    // Comments stay behind; pages have the headers and footers of the first document.
                    "commentRangeStart" | "commentRangeEnd" | "commentReference"
                    | "headerReference" | "footerReference" => {
                        if matches!(event, Event::Start(_)) {
                            reader.read_to_end(tag.name())?;
                        }
                        continue;
                    }
                    "footnoteReference" | "endnoteReference" => {
                        return Err(NodeError::invalid(
                        "a document with footnotes or endnotes can only be the first of those that \
                         are merged",
                    )
                    .with_help("put it first, or make PDFs with word.to_pdf and join them with pdf.merge")
                    .into());
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        match event {
            Event::Start(tag) => {
                writer.write_event(Event::Start(renamed(tag, ids, number, &mut relation)?))?;
            }
            Event::Empty(tag) => {
                writer.write_event(Event::Empty(renamed(tag, ids, number, &mut relation)?))?;
            }
            other => writer.write_event(other)?,
        }
    }
    String::from_utf8(writer.into_inner()).map_err(|error| EditError::Damaged(error.to_string()))
}

fn renamed<'t>(
    tag: BytesStart<'t>,
    ids: &Ids,
    number: u64,
    relation: &mut impl FnMut(&str) -> Result<String, NodeError>,
) -> Result<BytesStart<'t>, EditError> {
    let mut changes: Vec<(String, String)> = Vec::new();
    for found in tag.attributes().with_checks(false).flatten() {
        let key = found.key.0;
        let value = || attribute(&tag, without_prefix(key)).unwrap_or_default();
        let new = match (local(&tag), without_prefix(key)) {
            // The prefix that all programs give to references to other parts.
            _ if key.starts_with("r:") && !found.value.is_empty() => Some(relation(&found.value)?),
            ("pStyle" | "rStyle" | "tblStyle", "val") => ids.styles.get(&value()).cloned(),
            ("numId", "val") => ids.lists.get(&value()).cloned(),
            ("bookmarkStart" | "bookmarkEnd" | "docPr", "id") => {
                let old = value().parse::<u64>().ok();
                old.map(|old| (old % APART + number * APART).to_string())
            }
            _ => None,
        };
        changes.extend(new.map(|new| (key.to_owned(), new)));
    }
    if changes.is_empty() {
        return Ok(tag);
    }
    let changes: Vec<(&str, Option<&str>)> = changes
        .iter()
        .map(|(name, value)| (name.as_str(), Some(value.as_str())))
        .collect();
    Ok(with_attributes(&tag, &changes))
}
