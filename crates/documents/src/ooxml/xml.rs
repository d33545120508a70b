//! Reading and changing small pieces of XML.

use std::io;

use quick_xml::{
    Reader, Writer,
    events::{BytesStart, BytesText, Event},
};

/// Why a part of a workbook could not be changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    #[error("its XML is broken: {0}")]
    Xml(#[from] quick_xml::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Node(#[from] casare_engine::NodeError),
    #[error("{0}")]
    Damaged(String),
}

/// The name of an element without its namespace prefix.
pub(crate) fn local<'t>(tag: &'t BytesStart<'_>) -> &'t str {
    without_prefix(tag.name().0)
}

pub(crate) fn without_prefix(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// `local` with the prefix that `like` has: files may write `<x:row>`.
pub(crate) fn prefixed(like: &str, local: &str) -> String {
    match like.rsplit_once(':') {
        Some((prefix, _)) => format!("{prefix}:{local}"),
        None => local.to_owned(),
    }
}

/// The value of an attribute, whatever its prefix.
pub(crate) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    tag.attributes()
        .with_checks(false)
        .flatten()
        .find_map(|attribute| {
            (without_prefix(attribute.key.0) == name)
                .then(|| {
                    attribute
                        .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                        .ok()
                        .map(std::borrow::Cow::into_owned)
                })
                .flatten()
        })
}

/// `tag` with these attributes set (`Some`) or removed (`None`), all others as they were.
pub(crate) fn with_attributes(
    tag: &BytesStart<'_>,
    changes: &[(&str, Option<&str>)],
) -> BytesStart<'static> {
    let mut changed = BytesStart::new(tag.name().0.to_owned());
    let mut done = Vec::new();
    for attribute in tag.attributes().with_checks(false).flatten() {
        match changes.iter().find(|(name, _)| *name == attribute.key.0) {
            None => changed.push_attribute(attribute),
            Some((name, value)) => {
                done.push(*name);
                if let Some(value) = value {
                    changed.push_attribute((*name, *value));
                }
            }
        }
    }
    for (name, value) in changes {
        if let (false, Some(value)) = (done.contains(name), value) {
            changed.push_attribute((*name, *value));
        }
    }
    changed
}

/// Visits each element's start.
pub(crate) fn each_element(
    xml: &str,
    mut visit: impl FnMut(&BytesStart<'_>),
) -> Result<(), EditError> {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event()? {
            Event::Start(tag) | Event::Empty(tag) => visit(&tag),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// What becomes of an element.
pub(crate) enum Change {
    Keep,
    Remove,
    /// This stands in its place; what is inside stays.
    Replace(BytesStart<'static>),
    /// This XML is put in front of it.
    Before(String),
}

/// Copies `xml`, asking `change` about each element (with its depth, from 0) and `at_end` for XML
/// to put at the end of each element.
pub(crate) fn change_elements(
    xml: &str,
    mut change: impl FnMut(&BytesStart<'_>, usize) -> Change,
    mut at_end: impl FnMut(&str, usize) -> Option<String>,
) -> Result<String, EditError> {
    let mut reader = Reader::from_str(xml);
    let mut writer = Writer::new(Vec::with_capacity(xml.len() + 256));
    let mut depth = 0;
    loop {
        let event = reader.read_event()?;
        let empty = matches!(event, Event::Empty(_));
        match event {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) => {
                let kept = match change(&tag, depth) {
                    Change::Keep => tag,
                    Change::Replace(new) => new,
                    Change::Before(xml) => {
                        writer.write_event(Event::Text(BytesText::from_escaped(xml)))?;
                        tag
                    }
                    Change::Remove => {
                        if !empty {
                            reader.read_to_end(tag.name())?;
                        }
                        continue;
                    }
                };
                match at_end(kept.name().0, depth).filter(|_| empty) {
                    // An element that was empty has something in it now.
                    Some(xml) => {
                        let end = kept.to_end().into_owned();
                        writer.write_event(Event::Start(kept.borrow()))?;
                        writer.write_event(Event::Text(BytesText::from_escaped(xml)))?;
                        writer.write_event(Event::End(end))?;
                    }
                    None if empty => writer.write_event(Event::Empty(kept))?,
                    None => {
                        depth += 1;
                        writer.write_event(Event::Start(kept))?;
                    }
                }
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                if let Some(xml) = at_end(tag.name().0, depth) {
                    writer.write_event(Event::Text(BytesText::from_escaped(xml)))?;
                }
                writer.write_event(Event::End(tag))?;
            }
            other => writer.write_event(other)?,
        }
    }
    String::from_utf8(writer.into_inner()).map_err(|error| EditError::Damaged(error.to_string()))
}

/// `text` for use inside an element or attribute.
pub(crate) fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

/// What `&amp;` or `&#65;` stands for.
pub(crate) fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> Result<String, EditError> {
    if let Some(character) = reference.resolve_char_ref()? {
        return Ok(character.to_string());
    }
    let name = reference.xml10_content();
    quick_xml::escape::resolve_predefined_entity(&name)
        .map(str::to_owned)
        .ok_or_else(|| EditError::Damaged(format!("`&{name};` stands for nothing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_changes() {
        let xml =
            "<?xml version=\"1.0\"?>\n<a x='1 &amp; 2'><b/><c d=\"e\">t&lt;</c><!-- n --></a>";

        let same = change_elements(xml, |_, _| Change::Keep, |_, _| None).unwrap();
        assert_eq!(same, xml);
        let changed = change_elements(
            xml,
            |tag, _| match local(tag) {
                "c" => Change::Remove,
                "a" => Change::Replace(with_attributes(tag, &[("y", Some("2"))])),
                _ => Change::Keep,
            },
            |name, _| (name == "b").then(|| "<z/>".to_owned()),
        );
        assert_eq!(
            changed.unwrap(),
            "<?xml version=\"1.0\"?>\n<a x=\"1 &amp; 2\" y=\"2\"><b><z/></b><!-- n --></a>"
        );
    }
}
