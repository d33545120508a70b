use casare_browser::{BrowserError, Locator, Page, Property, RecordField};
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tokio::time::Instant;

use super::{
    fault, live,
    target::{Target, deadline},
};

/// Reads data from a page: a text, an attribute, a value, a table, or a list of records.
///
/// `records` reads every element that `target` matches as a map: `fields` says where each field is inside
/// it. A field that an item does not have is null.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Extract {
    /// Where it is, for example `css=#total`. For records: the items.
    target: Target,
    /// What to read.
    #[serde(default)]
    what: What,
    /// The attribute's name, with `what: attribute`.
    attribute: Option<String>,
    /// The fields of a record, each as `name: locator` inside the item, with `what: records`. `@href` at a
    /// locator's end (`role=link @href`) reads that attribute instead of the text.
    #[serde(default)]
    fields: IndexMap<String, String>,
    /// Read every element that matches, as a list.
    #[serde(default)]
    all: bool,
}

/// What to read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum What {
    /// The text that it shows; of a field, its value.
    #[default]
    Text,
    /// An attribute.
    Attribute,
    /// A field's value; true or false of a checkbox.
    Value,
    /// Its HTML.
    Html,
    /// A table: a list of maps if it has headers, else of lists.
    Table,
    /// A list of maps.
    Records,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Extracted {
    /// What was read.
    value: Json,
    /// The same as text; empty if it is a list.
    text: String,
    /// The column titles of a table, the fields of records.
    columns: Vec<String>,
    /// How many rows, records or elements were read.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("browser.extract", extract)
        .effect(Effect::Live)
        .icon("table-2")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://example.com/" }
  do:
    - id: products
      use: browser.extract
      with:
        target: css=article.product
        what: records
        fields: { name: role=heading, price: css=.price, link: role=link @href }
    - use: log.write
      with: { message: "{{ steps.products.count }} products" }
"#;

async fn extract(cx: &StepContext, settings: Extract) -> Result<Extracted, NodeError> {
    let plan = Plan::of(&settings)?;
    let page = live::page(cx)?;
    match plan.read(&page, &settings.target.0, deadline(cx)).await {
        Ok(extracted) => Ok(extracted),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

/// The settings, understood.
enum Plan {
    One(Property),
    Each(Property),
    Table,
    Records(Vec<RecordField>),
}

impl Plan {
    fn of(settings: &Extract) -> Result<Self, NodeError> {
        let property = match (settings.what, &settings.attribute) {
            (What::Table, _) => return Ok(Plan::Table),
            (What::Records, _) if settings.fields.is_empty() => {
                return Err(NodeError::invalid("setting `fields` is missing")
                    .with_help("say where each field is: `fields: { name: role=heading }`"));
            }
            (What::Records, _) => {
                let fields: Result<_, NodeError> = settings
                    .fields
                    .iter()
                    .map(|(name, at)| record_field(name, at))
                    .collect();
                return fields.map(Plan::Records);
            }
            (What::Attribute | What::Text, Some(name)) => Property::Attribute(name.clone()),
            (What::Attribute, None) => {
                return Err(NodeError::invalid("setting `attribute` is missing")
                    .with_help("name the attribute: `attribute: href`"));
            }
            (What::Text, None) => Property::Text,
            (What::Value, _) => Property::Value,
            (What::Html, _) => Property::Html,
        };
        Ok(if settings.all {
            Plan::Each(property)
        } else {
            Plan::One(property)
        })
    }

    async fn read(
        self,
        page: &Page,
        target: &Locator,
        until: Instant,
    ) -> Result<Extracted, BrowserError> {
        Ok(match self {
            Plan::One(property) => {
                let value = page.read(target, &property, until).await?;
                let text = match &value {
                    Json::String(text) => text.clone(),
                    Json::Null | Json::Array(_) => String::new(),
                    other => other.to_string(),
                };
                Extracted {
                    value,
                    text,
                    columns: Vec::new(),
                    count: 1,
                }
            }
            Plan::Each(property) => {
                list(page.read_all(target, &property, until).await?, Vec::new())
            }
            Plan::Table => {
                let table = page.table(target, until).await?;
                let headers = table.headers;
                let rows = table
                    .rows
                    .into_iter()
                    .map(|row| named(&headers, row))
                    .collect();
                list(rows, headers)
            }
            Plan::Records(fields) => {
                let records = page.records(target, &fields, until).await?;
                let columns = fields.into_iter().map(|field| field.name).collect();
                list(records.into_iter().map(Json::Object).collect(), columns)
            }
        })
    }
}

fn list(items: Vec<Json>, columns: Vec<String>) -> Extracted {
    let count = items.len();
    Extracted {
        value: Json::Array(items),
        text: String::new(),
        columns,
        count,
    }
}

/// A row as a map, if the columns have names: a blank one is named after its place, a repeated one
/// numbered.
fn named(headers: &[String], row: Vec<String>) -> Json {
    if headers.is_empty() {
        return row.into();
    }
    let mut map = Map::new();
    for (at, cell) in row.into_iter().enumerate() {
        let title = headers
            .get(at)
            .map(String::as_str)
            .filter(|title| !title.is_empty());
        let title = title.map_or_else(|| format!("Column {}", at + 1), str::to_owned);
        let mut name = title.clone();
        let mut number = 1;
        while map.contains_key(&name) {
            number += 1;
            name = format!("{title} ({number})");
        }
        map.insert(name, cell.into());
    }
    Json::Object(map)
}

/// `role=link @href`, `css=.price`, or `@id` for the item's own attribute.
fn record_field(name: &str, at: &str) -> Result<RecordField, NodeError> {
    let (locator, attribute) = match at.rsplit_once('@') {
        Some((locator, attribute))
            if (locator.is_empty() || locator.ends_with(' '))
                && attribute
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') =>
        {
            (locator.trim(), Some(attribute))
        }
        _ => (at.trim(), None),
    };
    let locator = if locator.is_empty() || locator == "." {
        None
    } else {
        let parsed = locator.parse::<Locator>();
        Some(parsed.map_err(|error| fault::explain(&BrowserError::Locator(error)))?)
    };
    let property = attribute.map_or(Property::Text, |name| Property::Attribute(name.to_owned()));
    Ok(RecordField {
        name: name.to_owned(),
        locator,
        property,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_text_inside_the_item_or_an_attribute_after_an_at_sign() {
        let parts = |at| {
            let field = record_field("x", at).unwrap();
            (
                field.locator.map(|locator| locator.to_string()),
                field.property,
            )
        };

        assert_eq!(
            parts("css=.price"),
            (Some("css=.price".into()), Property::Text)
        );
        assert_eq!(
            parts("role=link @href"),
            (Some("role=link".into()), Property::Attribute("href".into()))
        );
        assert_eq!(
            parts("@data-id"),
            (None, Property::Attribute("data-id".into()))
        );
        assert_eq!(parts("."), (None, Property::Text));
    }

    #[test]
    fn rows_of_a_table_get_names_that_are_unique() {
        let headers = ["Name".to_owned(), String::new(), "Name".to_owned()];

        let row = named(&headers, vec!["a".into(), "b".into(), "c".into()]);

        assert_eq!(
            row,
            serde_json::json!({ "Name": "a", "Column 2": "b", "Name (2)": "c" })
        );
    }
}
