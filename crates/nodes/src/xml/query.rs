use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value, value::from_json};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uppsala::{Document, NodeId, NodeKind, XPathEvaluator, xpath::XPathValue};

use super::document::{self, Shape};

/// Takes values out of XML text with an XPath.
///
/// `/order/item` are the items, `//item[@price > 2]` those above 2 at any depth, `//item/@price`
/// their prices, `count(//item)` how many there are, `string(/order/customer)` a text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// The XML text.
    text: String,
    /// The XPath (version 1.0).
    xpath: String,
    /// Prefixes that the XPath uses for namespaces: `{ inv: "urn:example:invoice" }`. An element
    /// with a default namespace needs one too.
    #[serde(default)]
    namespaces: IndexMap<String, String>,
    /// What is taken of each element that is found.
    #[serde(default, rename = "as")]
    form: Form,
    /// Whether the step fails if nothing is there.
    #[serde(default)]
    required: bool,
}

/// What is taken of an element.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Form {
    /// Its text, and that of all in it.
    #[default]
    Text,
    /// Data, as of xml.parse.
    Data,
    /// The element as XML text.
    Xml,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The first value; none if there is none.
    first: Any,
    /// All values, in the order of the text.
    values: Vec<Any>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("xml.query", query)
        .pure()
        .icon("code-xml")
        .fails(
            ErrorKind::NotFound,
            "Nothing is at `xpath` and `required` is set.",
        )
        .fails(ErrorKind::Invalid, "The text is no XML.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: xml.read
  with: { path: order.xml }
- id: dear
  use: xml.query
  with: { text: "{{ steps.order.text }}", xpath: "//item[@price > 2]" }
- use: log.write
  with: { message: "{{ steps.dear.values | join(', ') }}" }
"#;

async fn query(cx: &StepContext, settings: Query) -> Result<Found, NodeError> {
    cx.blocking(move || {
        let values = values(&settings)?;
        if values.is_empty() && settings.required {
            return Err(NodeError::not_found(format!(
                "nothing in the text is at `{}`",
                settings.xpath
            ))
            .with_help("elements with a namespace need a prefix from `namespaces`"));
        }
        Ok(Found {
            first: Any(values.first().cloned().unwrap_or_else(|| Value::from(()))),
            count: values.len(),
            values: values.into_iter().map(Any).collect(),
        })
    })
    .await
}

fn values(settings: &Query) -> Result<Vec<Value>, NodeError> {
    let mut document = document::document(&settings.text)?;
    document.prepare_xpath();
    let mut evaluator = XPathEvaluator::new();
    for (prefix, address) in &settings.namespaces {
        evaluator.add_namespace(prefix.as_str(), address.as_str());
    }
    let found = evaluator
        .evaluate(&document, document.root(), &settings.xpath)
        .map_err(|error| {
            NodeError::invalid(format!("`{}` can't be asked: {error}", settings.xpath)).with_help(
                "`/order/item` goes down, `//item` looks at any depth, `@price` is an attribute, \
                 `[…]` a condition",
            )
        })?;
    Ok(match found {
        XPathValue::NodeSet(nodes) => nodes
            .into_iter()
            .map(|id| value(&document, id, settings.form))
            .collect(),
        XPathValue::Boolean(flag) => vec![Value::from(flag)],
        XPathValue::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            vec![Value::from(number as i64)]
        }
        XPathValue::Number(number) => vec![Value::from(number)],
        XPathValue::String(text) => vec![Value::from(text)],
    })
}

fn value(document: &Document<'_>, id: NodeId, form: Form) -> Value {
    match document.node_kind(id) {
        Some(NodeKind::Attribute(_, value)) => Value::from(value.as_ref()),
        Some(NodeKind::Element(_)) if form == Form::Data => {
            from_json(&Shape::default().data(document, id))
        }
        Some(NodeKind::Element(_)) if form == Form::Xml => Value::from(document.node_to_xml(id)),
        _ => Value::from(XPathValue::NodeSet(vec![id]).to_string_value(document)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = r#"<o xmlns="urn:x"><i p="1">pen</i><i p="3">pa<b>per</b></i></o>"#;

    fn found(xpath: &str, form: Form) -> Vec<String> {
        let settings = Query {
            text: ORDER.to_owned(),
            xpath: xpath.to_owned(),
            namespaces: IndexMap::from([("x".to_owned(), "urn:x".to_owned())]),
            form,
            required: false,
        };
        let values = values(&settings).unwrap();
        values.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn elements_attributes_and_numbers_are_found() {
        assert_eq!(found("//x:i[@p > 2]", Form::Text), ["paper"]);
        assert_eq!(found("/x:o/x:i/@p", Form::Text), ["1", "3"]);
        assert_eq!(found("sum(//@p)", Form::Text), ["4"]);
        assert!(found("//i", Form::Text).is_empty());
        assert!(found("//x:b", Form::Xml)[0].contains("per</b>"));
    }
}
