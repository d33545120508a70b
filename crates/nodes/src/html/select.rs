use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use indexmap::IndexMap;
use schemars::JsonSchema;
use scraper::{ElementRef, Selector};
use serde::{Deserialize, Serialize};

use super::page::{page, selector, text, tidy};

/// Takes elements out of HTML with a CSS selector.
///
/// With `fields`, each element becomes a map of what is found inside it: rows of a list of
/// products, say.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Select {
    /// The HTML.
    text: String,
    /// The CSS selector, such as `div.product`.
    selector: String,
    /// What is taken of each element: `text`, `html`, `inner_html`, or `@href` for an attribute.
    #[serde(default = "as_text")]
    take: String,
    /// What is taken of each element by name, each a selector inside it: `{ name: h2, price:
    /// ".price", link: "a@href" }`. Behind `@` stands an attribute.
    #[serde(default)]
    fields: IndexMap<String, String>,
    /// How many elements are taken at most.
    limit: Option<usize>,
    /// Whether the step fails if nothing is found.
    #[serde(default)]
    required: bool,
}

fn as_text() -> String {
    "text".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Selected {
    /// The first value; none if there is none.
    first: Any,
    /// All values, in the order of the page.
    values: Vec<Any>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("html.select", select)
        .pure()
        .icon("code-xml")
        .fails(
            ErrorKind::NotFound,
            "Nothing is at `selector` and `required` is set.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r##"- id: page
  use: file.read
  with: { path: page.html }
- id: orders
  use: html.select
  with:
    text: "{{ steps.page.content }}"
    selector: "#orders tr:has(td)"
    fields: { number: "td:nth-child(1)", total: "td:nth-child(2)" }
- use: log.write
  with: { message: "{{ steps.orders.values[0].number }}" }
"##;

/// What is taken of an element.
enum Take {
    Text,
    Html,
    InnerHtml,
    Attribute(String),
}

impl Take {
    fn of(&self, element: ElementRef<'_>) -> Value {
        match self {
            Self::Text => Value::from(text(element)),
            Self::Html => Value::from(element.html()),
            Self::InnerHtml => Value::from(element.inner_html()),
            Self::Attribute(name) => element
                .attr(name)
                .map_or_else(|| Value::from(()), Value::from),
        }
    }
}

struct Field {
    name: String,
    /// None: the element itself.
    selector: Option<Selector>,
    attribute: Option<String>,
}

impl Field {
    fn new(name: &str, written: &str) -> Result<Self, NodeError> {
        let (css, attribute) = match written.rsplit_once('@') {
            Some((css, attribute)) if !attribute.contains([']', '\'', '"']) => {
                (css.trim(), Some(attribute.trim().to_owned()))
            }
            _ => (written.trim(), None),
        };
        let css = (!css.is_empty()).then(|| selector("fields", css));
        Ok(Self {
            name: name.to_owned(),
            selector: css.transpose()?,
            attribute,
        })
    }

    fn of(&self, element: ElementRef<'_>) -> Value {
        let found = match &self.selector {
            Some(selector) => element.select(selector).next(),
            None => Some(element),
        };
        match (found, &self.attribute) {
            (None, _) => Value::from(()),
            (Some(found), None) => Value::from(tidy(found)),
            (Some(found), Some(name)) => found
                .attr(name)
                .map_or_else(|| Value::from(()), Value::from),
        }
    }
}

async fn select(cx: &StepContext, settings: Select) -> Result<Selected, NodeError> {
    cx.blocking(move || {
        let take = match settings.take.as_str() {
            "text" => Take::Text,
            "html" => Take::Html,
            "inner_html" => Take::InnerHtml,
            other => match other.strip_prefix('@') {
                Some(name) => Take::Attribute(name.to_owned()),
                None => {
                    return Err(NodeError::invalid(format!(
                        "setting `take`: `{other}` can't be taken"
                    ))
                    .with_help("write `text`, `html`, `inner_html`, or `@href` for an attribute"));
                }
            },
        };
        let fields = settings
            .fields
            .iter()
            .map(|(name, written)| Field::new(name, written));
        let fields = fields.collect::<Result<Vec<_>, _>>()?;
        let chosen = selector("selector", &settings.selector)?;
        let page = page(&settings.text)?;
        let elements = page
            .select(&chosen)
            .take(settings.limit.unwrap_or(usize::MAX));
        let values: Vec<Value> = elements
            .map(|element| {
                if fields.is_empty() {
                    return take.of(element);
                }
                let pairs = fields.iter();
                Value::from_pairs(
                    pairs.map(|field| (Value::from(field.name.as_str()), field.of(element))),
                )
            })
            .collect();
        if values.is_empty() && settings.required {
            return Err(NodeError::not_found(format!(
                "nothing in the HTML is at `{}`",
                settings.selector
            )));
        }
        Ok(Selected {
            first: Any(values.first().cloned().unwrap_or_else(|| Value::from(()))),
            count: values.len(),
            values: values.into_iter().map(Any).collect(),
        })
    })
    .await
}
