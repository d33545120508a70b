//! XML text as a tree and as data.

use casare_engine::NodeError;
use casare_workflow::{
    Value,
    value::{Stream, from_json, to_json},
};
use serde_json::{Map, Value as Json};
use uppsala::{Document, NodeId, NodeKind, Parser, XmlError, XmlWriter};

/// Deeper nesting is refused.
const DEEPEST: u32 = 200;

/// Reads XML. No file and no address that it names is opened; a document type is passed over as
/// long as it defines no entities.
pub(super) fn document(text: &str) -> Result<Document<'_>, NodeError> {
    let text = text.trim_start_matches('\u{feff}');
    Parser::new()
        .with_max_depth(DEEPEST)
        .with_max_entity_expansion(0)
        .with_forbid_entities(true)
        .parse(text)
        .map_err(|error| unreadable(&error, text))
}

fn unreadable(error: &XmlError, text: &str) -> NodeError {
    let help = if text.contains("<!ENTITY") {
        "entities are refused: they can read files and fill the memory; put the texts where they \
         are used"
    } else if text.trim().is_empty() {
        "the text is empty"
    } else {
        "each element has to be closed, and `&` is written `&amp;`; for web pages, see html.parse"
    };
    NodeError::invalid(format!("the text is no XML: {error}")).with_help(help)
}

/// How XML becomes data.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Whether attributes are kept, as keys that begin with `@`.
    pub(super) attributes: bool,
    /// The key of an element's text where it has attributes or elements too.
    pub(super) text_key: String,
    /// Elements that are always lists, also when there is one.
    pub(super) lists: Vec<String>,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            attributes: true,
            text_key: "#text".to_owned(),
            lists: Vec::new(),
        }
    }
}

impl Shape {
    /// An element as data: a text, or a map of its attributes, elements and text.
    pub(super) fn data(&self, document: &Document<'_>, id: NodeId) -> Json {
        let mut map = Map::new();
        if let Some(element) = document.element(id).filter(|_| self.attributes) {
            for attribute in &element.attributes {
                let name = format!("@{}", attribute.name.prefixed_name());
                map.insert(name, Json::from(attribute.value.as_ref()));
            }
        }
        let mut text = String::new();
        for child in document.children_iter(id) {
            match document.node_kind(child) {
                Some(NodeKind::Element(element)) => {
                    let name = element.name.prefixed_name().into_owned();
                    self.insert(&mut map, name, self.data(document, child));
                }
                Some(NodeKind::Text(part) | NodeKind::CData(part)) => text.push_str(part),
                _ => {}
            }
        }
        if map.is_empty() {
            return Json::from(text.trim());
        }
        if !text.trim().is_empty() {
            map.insert(self.text_key.clone(), Json::from(text.trim()));
        }
        Json::Object(map)
    }

    fn insert(&self, map: &mut Map<String, Json>, name: String, value: Json) {
        let is_list = self.lists.contains(&name);
        match map.get_mut(&name) {
            // An element's data is never a list itself.
            Some(Json::Array(items)) => items.push(value),
            Some(first) => *first = Json::Array(vec![first.take(), value]),
            None if is_list => {
                map.insert(name, Json::Array(vec![value]));
            }
            None => {
                map.insert(name, value);
            }
        }
    }
}

/// The root of a document as data, under its name.
pub(super) fn root(document: &Document<'_>, shape: &Shape) -> (String, Value) {
    let Some(id) = document.document_element() else {
        return (String::new(), Value::from(()));
    };
    let name = document
        .element(id)
        .map(|element| element.name.prefixed_name().into_owned())
        .unwrap_or_default();
    (name, from_json(&shape.data(document, id)))
}

/// Data as XML text: keys that begin with `@` become attributes, lists become repeated elements.
pub(super) fn text(
    data: &Value,
    root: Option<&str>,
    text_key: &str,
    declaration: bool,
    pretty: bool,
) -> Result<String, NodeError> {
    if Stream::is_in(data) {
        return Err(NodeError::invalid(
            "streamed rows can't be one XML text: they may not fit into memory",
        )
        .with_help("read the file with `stream: false`"));
    }
    let json = to_json(data);
    let (name, content) = match (root, &json) {
        (Some(root), _) => (root.to_owned(), json),
        (None, Json::Object(map)) if map.len() == 1 => map
            .iter()
            .next()
            .map(|(name, content)| (name.clone(), content.clone()))
            .unwrap_or_default(),
        _ => ("root".to_owned(), json),
    };
    let mut writer = XmlWriter::new();
    if declaration {
        writer.write_declaration();
    }
    if let Json::Array(items) = content {
        let map = Map::from_iter([("item".to_owned(), Json::Array(items))]);
        write(&mut writer, &name, &Json::Object(map), text_key)?;
    } else {
        write(&mut writer, &name, &content, text_key)?;
    }
    let text = writer.into_string();
    if !pretty {
        return Ok(text);
    }
    laid_out(&text, declaration)
}

/// XML text indented for people.
pub(super) fn laid_out(text: &str, declaration: bool) -> Result<String, NodeError> {
    let options = uppsala::XmlWriteOptions::pretty("  ");
    let document = document(text)?;
    let text = document.to_xml_with_options(&options);
    let text = text.trim();
    Ok(if declaration && !text.starts_with("<?xml") {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}\n")
    } else {
        format!("{text}\n")
    })
}

fn write(writer: &mut XmlWriter, name: &str, data: &Json, text_key: &str) -> Result<(), NodeError> {
    is_name(name)?;
    let plain;
    let map = match data {
        Json::Array(items) => {
            for item in items {
                write(writer, name, item, text_key)?;
            }
            return Ok(());
        }
        Json::Object(map) => map,
        Json::Null => {
            writer.empty_element(name, &[]);
            return Ok(());
        }
        other => {
            plain = Map::from_iter([(text_key.to_owned(), other.clone())]);
            &plain
        }
    };
    let mut attributes = Vec::new();
    for (key, value) in map {
        if let Some(attribute) = key.strip_prefix('@') {
            is_name(attribute)?;
            attributes.push((attribute, written(value)?));
        }
    }
    let attributes: Vec<(&str, &str)> = attributes
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    writer.start_element(name, &attributes);
    for (key, value) in map.iter().filter(|(key, _)| !key.starts_with('@')) {
        if key == text_key {
            writer.text(&written(value)?);
        } else {
            write(writer, key, value, text_key)?;
        }
    }
    writer.end_element(name);
    Ok(())
}

fn written(value: &Json) -> Result<String, NodeError> {
    let text = match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let forbidden = |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r');
    if text.contains(forbidden) || text.contains(['\u{fffe}', '\u{ffff}']) {
        return Err(NodeError::invalid(
            "the data has a control character, which XML can't hold",
        ));
    }
    Ok(text)
}

fn is_name(name: &str) -> Result<(), NodeError> {
    let begins = |c: char| c.is_alphabetic() || c == '_';
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    if name.starts_with(begins) && name.chars().all(goes_on) {
        return Ok(());
    }
    Err(
        NodeError::invalid(format!("`{name}` can't be the name of an element"))
            .with_help("names begin with a letter and have no blanks; rename keys with map.rename"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn elements_become_data_and_come_back() {
        let given = r#"<order n="1"><item>pen</item><item p="2">a &amp; b</item><note/></order>"#;
        let parsed = document(given).unwrap();

        let (name, data) = root(&parsed, &Shape::default());

        assert_eq!(
            to_json(&data),
            json!({ "@n": "1", "item": ["pen", { "@p": "2", "#text": "a & b" }], "note": "" })
        );
        let back = text(&data, Some(&name), "#text", false, false).unwrap();
        let (_, again) = root(&document(&back).unwrap(), &Shape::default());
        assert_eq!(to_json(&again), to_json(&data), "{back}");
    }

    #[test]
    fn outside_entities_and_bombs_are_refused() {
        let outside = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>";
        let bomb = "<!DOCTYPE a [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;'>]><a>&b;</a>";
        for text in [outside, bomb] {
            let error = document(text).unwrap_err();
            assert!(
                error.help().unwrap().starts_with("entities are refused"),
                "{error}"
            );
        }
        assert!(document("<!DOCTYPE a SYSTEM 'http://x.example.com/a.dtd'><a/>").is_ok());
        assert!(document(&"<a>".repeat(100_000)).is_err());
    }

    #[test]
    fn names_that_break_out_are_refused() {
        for key in ["a b", "a><b", "", "1a"] {
            let data = from_json(&json!({ key: 1 }));
            assert!(
                text(&data, Some("root"), "#text", false, false).is_err(),
                "{key}"
            );
        }
    }
}
