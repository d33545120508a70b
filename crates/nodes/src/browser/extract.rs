use casare_browser::{BrowserError, Locator, Page, Property, RecordField, understanding::Pattern};
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Effect, value::to_json};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tokio::time::Instant;

use super::{
    aim::{self, Aim, Intent},
    fault, live,
    paginate::{self, Next, Pages, Stopped},
    target::{Target, deadline},
};

/// Reads data from a page: a text, an attribute, a value, a table, or a list of records.
///
/// `records` reads every element that `target` matches as a map: `fields` says where each field is inside
/// it. A field that an item does not have is null. With an `example` of one record, as the page shows it, all records
/// like it are found and read. `pages` goes on to further pages, or to what comes while scrolling.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Extract {
    /// Where it is, for example `css=#total`. For records: the items. Not needed with `example`.
    target: Option<Target>,
    /// What to read.
    #[serde(default)]
    what: What,
    /// The attribute's name, with `what: attribute`.
    attribute: Option<String>,
    /// The fields of a record, each as `name: locator` inside the item, with `what: records`. `@href` at a
    /// locator's end (`role=link @href`) reads that attribute instead of the text.
    #[serde(default)]
    fields: IndexMap<String, String>,
    /// One record as the page shows it, each field as `name: its text`, for example `{ name: Widget, price: $12 }`;
    /// also the address of a link or picture. All records like it are read, instead of what `target` and `fields` say.
    #[serde(default)]
    example: IndexMap<String, Any>,
    /// Read every element that matches, as a list.
    #[serde(default)]
    all: bool,
    /// How to go on to more of it: the next page, "load more", or scrolling. Only where a list is read.
    pages: Option<Pages>,
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
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
    /// How many pages they were on, or how often more of the page was read.
    pages: usize,
    /// With `pages`: why no more was read.
    stopped: Option<Stopped>,
    /// With `example`: the selector of the records, for `target`.
    found: Option<String>,
    /// With `example`: where the fields are inside a record, for `fields`.
    found_fields: IndexMap<String, String>,
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
    let until = deadline(cx);
    let ways = Ways::of(cx, settings.pages.as_ref())?;
    if !settings.example.is_empty() {
        return by_example(cx, &settings, &ways, until).await;
    }
    let Some(target) = &settings.target else {
        return Err(NodeError::invalid("setting `target` is missing")
            .with_help("say where it is: `target: css=#total`, or give an `example` of a record"));
    };
    let plan = Plan::of(&settings)?;
    if settings.pages.is_some() && matches!(plan, Plan::One(_)) {
        return Err(NodeError::invalid("setting `pages` needs a list")
            .with_help("read records, a table, or `all: true`"));
    }
    let (plan, ways) = (&plan, &ways);
    let read = |page: Page, items: Locator, until: Instant| async move {
        plan.read_pages(cx, &page, &items, ways, until).await
    };
    let aim = Aim::new("target", target, Intent::Read);
    aim::at(cx, aim, settings.heal, until, read).await
}

/// Reads all records like the one that is given.
async fn by_example(
    cx: &StepContext,
    settings: &Extract,
    ways: &Ways<'_>,
    until: Instant,
) -> Result<Extracted, NodeError> {
    let page = live::page(cx)?;
    let example: Map<String, Json> = settings
        .example
        .iter()
        .map(|(name, value)| (name.clone(), to_json(&value.0)))
        .collect();
    let reading = async {
        // A page that shows no such record will hardly do so later.
        let soon = until.min(Instant::now() + std::time::Duration::from_secs(10));
        let Pattern { items, fields } = page.pattern_of(&example, soon).await?;
        let written = fields
            .iter()
            .map(|field| (field.name.clone(), written(field)))
            .collect();
        let plan = Plan::Records(fields);
        let read = plan.read_pages(cx, &page, &items, ways, until).await?;
        Ok(Extracted {
            found: Some(items.to_string()),
            found_fields: written,
            ..read
        })
    };
    match reading.await {
        Ok(extracted) => Ok(extracted),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

/// A field's place, as `fields` takes it.
fn written(field: &RecordField) -> String {
    let at = field
        .locator
        .as_ref()
        .map_or_else(|| ".".to_owned(), ToString::to_string);
    match &field.property {
        Property::Attribute(name) if field.locator.is_none() => format!("@{name}"),
        Property::Attribute(name) => format!("{at} @{name}"),
        _ => at,
    }
}

/// The ways on, as selectors.
struct Ways<'a> {
    pages: Option<&'a Pages>,
    next: Option<Locator>,
    until: Option<Locator>,
}

impl<'a> Ways<'a> {
    fn of(cx: &StepContext, pages: Option<&'a Pages>) -> Result<Self, NodeError> {
        let session = live::session(cx)?;
        let healer = session.healer();
        let selector = |setting: &str, target: &Target| {
            let aim = Aim::new(setting, target, Intent::Assert);
            healer
                .known(cx, &aim, Some(false))
                .map(|known| known.selector().clone())
        };
        let next = match pages.map(|pages| &pages.next) {
            Some(Next::Control(target)) => Some(selector("pages", target)?),
            _ => None,
        };
        let until = match pages.and_then(|pages| pages.until.as_ref()) {
            Some(target) => Some(selector("pages", target)?),
            None => None,
        };
        Ok(Ways { pages, next, until })
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

    /// Reads the page, and on from there.
    async fn read_pages(
        &self,
        cx: &StepContext,
        page: &Page,
        items: &Locator,
        ways: &Ways<'_>,
        until: Instant,
    ) -> Result<Extracted, BrowserError> {
        let Some(pages) = ways.pages else {
            return self.read(page, items, until).await;
        };
        let columns = parking_lot::Mutex::new(Vec::new());
        let roads = (ways.next.as_ref(), ways.until.as_ref());
        let gathering = paginate::gather(cx, page, items, pages, roads, until, || async {
            let read = self.read(page, items, until).await?;
            *columns.lock() = read.columns;
            match read.value {
                Json::Array(records) => Ok(records),
                one => Ok(vec![one]),
            }
        });
        let gathering = gathering.await?;
        Ok(Extracted {
            pages: gathering.pages,
            stopped: Some(gathering.stopped),
            ..list(gathering.records, columns.into_inner())
        })
    }

    async fn read(
        &self,
        page: &Page,
        target: &Locator,
        until: Instant,
    ) -> Result<Extracted, BrowserError> {
        Ok(match self {
            Plan::One(property) => {
                let value = page.read(target, property, until).await?;
                let text = match &value {
                    Json::String(text) => text.clone(),
                    Json::Null | Json::Array(_) => String::new(),
                    other => other.to_string(),
                };
                Extracted {
                    value,
                    text,
                    count: 1,
                    ..list(Vec::new(), Vec::new())
                }
            }
            Plan::Each(property) => list(page.read_all(target, property, until).await?, Vec::new()),
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
                let records = page.records(target, fields, until).await?;
                let columns = fields.iter().map(|field| field.name.clone()).collect();
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
        pages: 1,
        stopped: None,
        found: None,
        found_fields: IndexMap::new(),
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
