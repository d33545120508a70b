//! XML as maps and lists, for SOAP.

use std::fmt::Write as _;

use casare_engine::NodeError;
use quick_xml::{
    Reader,
    escape::escape,
    events::{BytesStart, Event},
};
use serde_json::{Map, Value as Json};

/// Elements inside each other that are read; deeper ones are refused.
const MOST_DEPTH: usize = 128;

/// Writes `value` as the content of an element: maps become elements (`@name` an attribute, `#text`
/// the text), lists repeat their element.
pub(super) fn write(out: &mut String, value: &Json) -> Result<(), NodeError> {
    match value {
        Json::Object(map) => {
            for (name, value) in map {
                match name.as_str() {
                    "#text" => out.push_str(&escape(text(value))),
                    name if name.starts_with('@') => {}
                    name => write_element(out, name, value)?,
                }
            }
        }
        Json::Null => {}
        other => out.push_str(&escape(text(other))),
    }
    Ok(())
}

/// Writes an element, or one for each item of a list.
pub(super) fn write_element(out: &mut String, name: &str, value: &Json) -> Result<(), NodeError> {
    if let Json::Array(items) = value {
        return items
            .iter()
            .try_for_each(|item| write_element(out, name, item));
    }
    is_name(name)?;
    // Writing to a text can't fail.
    let _ = write!(out, "<{name}");
    for (key, value) in value.as_object().into_iter().flatten() {
        if let Some(attribute) = key.strip_prefix('@') {
            is_name(attribute)?;
            let _ = write!(out, " {attribute}=\"{}\"", escape(text(value)));
        }
    }
    out.push('>');
    write(out, value)?;
    let _ = write!(out, "</{name}>");
    Ok(())
}

fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// Refuses what would break out of its place in the document.
pub(super) fn is_name(name: &str) -> Result<(), NodeError> {
    let mut chars = name.chars();
    let begins = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if begins && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')) {
        return Ok(());
    }
    Err(NodeError::invalid(format!(
        "`{name}` is no name of an XML element"
    )))
}

/// Reads a document: an element is a map of its elements by their names without prefixes, a list
/// where one repeats; with attributes (`@name`) and text (`#text`) beside each other, or only text.
pub(super) fn read(document: &str) -> Result<(String, Json), String> {
    let mut reader = Reader::from_str(document);
    let mut open: Vec<(String, Map<String, Json>, String)> = Vec::new();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                if open.len() >= MOST_DEPTH {
                    return Err(format!("elements are nested more than {MOST_DEPTH} deep"));
                }
                open.push(opened(&start)?);
            }
            Event::Empty(start) => {
                let (name, map, text) = opened(&start)?;
                if let Some(root) = closed(&mut open, name, map, text) {
                    return Ok(root);
                }
            }
            Event::End(_) => {
                let (name, map, text) = open.pop().ok_or("an element ends that never began")?;
                if let Some(root) = closed(&mut open, name, map, text) {
                    return Ok(root);
                }
            }
            Event::Text(part) => {
                if let Some((_, _, text)) = open.last_mut() {
                    text.push_str(&part);
                }
            }
            Event::CData(part) => {
                if let Some((_, _, text)) = open.last_mut() {
                    text.push_str(&part);
                }
            }
            Event::GeneralRef(reference) => {
                let name: &str = &reference;
                // Only the five of XML itself and numbers: a document's own entities stay closed.
                let known = quick_xml::escape::unescape(&format!("&{name};"))
                    .map_err(|_| format!("the entity `&{name};` is not known"))?
                    .into_owned();
                if let Some((_, _, text)) = open.last_mut() {
                    text.push_str(&known);
                }
            }
            Event::DocType(_) => {
                return Err("it has a document type, which SOAP forbids".to_owned());
            }
            Event::Eof => return Err("it ends too early".to_owned()),
            _ => {}
        }
    }
}

fn opened(start: &BytesStart<'_>) -> Result<(String, Map<String, Json>, String), String> {
    let name = start.local_name().as_ref().to_owned();
    let mut map = Map::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let key = attribute.key.as_ref().to_owned();
        if key == "xmlns" || key.starts_with("xmlns:") {
            continue;
        }
        let local = key.rsplit(':').next().unwrap_or(&key);
        let value =
            quick_xml::escape::unescape(&attribute.value).map_err(|error| error.to_string())?;
        map.insert(format!("@{local}"), value.into_owned().into());
    }
    Ok((name, map, String::new()))
}

/// Puts a whole element into the one around it; answers it when there is none.
fn closed(
    open: &mut [(String, Map<String, Json>, String)],
    name: String,
    mut map: Map<String, Json>,
    text: String,
) -> Option<(String, Json)> {
    let text = text.trim();
    let nil = map.get("@nil").and_then(Json::as_str) == Some("true");
    let value = match (map.is_empty(), text.is_empty()) {
        _ if nil => Json::Null,
        (true, true) => Json::String(String::new()),
        (true, false) => text.into(),
        (false, true) => Json::Object(map),
        (false, false) => {
            map.insert("#text".to_owned(), text.into());
            Json::Object(map)
        }
    };
    let Some((_, around, _)) = open.last_mut() else {
        return Some((name, value));
    };
    match around.get_mut(&name) {
        Some(Json::Array(items)) => items.push(value),
        Some(one) => *one = Json::Array(vec![one.take(), value]),
        None => {
            around.insert(name, value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_goes_into_xml_and_back() {
        let data = json!({ "Order": { "@id": "7", "Item": ["a & b", "<c>"], "Note": "" } });
        let mut text = String::new();
        write(&mut text, &data).unwrap();

        assert_eq!(
            text,
            "<Order id=\"7\"><Item>a &amp; b</Item><Item>&lt;c&gt;</Item><Note></Note></Order>"
        );
        let (name, read) = read(&text).unwrap();
        assert_eq!((name.as_str(), &read), ("Order", &data["Order"]));
    }

    #[test]
    fn names_that_break_out_and_entities_are_refused() {
        let mut text = String::new();
        assert!(write(&mut text, &json!({ "a><b": 1 })).is_err());
        let bomb = "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>";
        assert!(read(bomb).unwrap_err().contains("document type"));
        assert!(read("<a>&b;</a>").unwrap_err().contains("`&b;`"));
        assert!(read(&"<a>".repeat(200)).unwrap_err().contains("128"));
        assert!(read("<a>").is_err());
    }
}
