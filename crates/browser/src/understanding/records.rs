//! Records of which one is known by example.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::{
    error::BrowserError,
    locator::Locator,
    page::Page,
    program::Program,
    read::{Property, RecordField},
};

/// Where the records of a page are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Finds each record and nothing else.
    pub items: Locator,
    pub fields: Vec<RecordField>,
}

/// A field of a pattern, as the page tells it.
#[derive(Debug, Deserialize)]
struct PatternField {
    name: String,
    /// Empty where it is the item itself.
    css: String,
    attribute: Option<String>,
}

impl Page {
    /// Where the records are of which the page shows one like `example`: the value of each field as it is shown.
    ///
    /// # Errors
    ///
    /// `NoPattern` with the reason.
    pub async fn pattern_of(
        &self,
        example: &Map<String, Value>,
        deadline: Instant,
    ) -> Result<Pattern, BrowserError> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            items: String,
            #[serde(default)]
            fields: Vec<PatternField>,
            #[serde(default)]
            reason: String,
        }
        let settings = [("example", json!(example))];
        let answer: Answer = self.run_here_with("pattern", settings, deadline).await?;
        if answer.items.is_empty() {
            return Err(BrowserError::NoPattern {
                reason: answer.reason,
                url: self.url(),
            });
        }
        let fields: Result<Vec<_>, BrowserError> =
            answer.fields.into_iter().map(record_field).collect();
        Ok(Pattern {
            items: answer.items.parse()?,
            fields: fields?,
        })
    }
}

/// How long a list that stays the same is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Growth {
    pub patience: std::time::Duration,
    /// Whether scrolling makes it grow.
    pub scroll: bool,
}

/// What tells one state of a list from the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListMark(String);

impl ListMark {
    /// Whether both begin with the same item: the list has only grown.
    pub fn begins_like(&self, other: &ListMark) -> bool {
        let first = |mark: &ListMark| {
            let parts: Result<(usize, String, String), _> = serde_json::from_str(&mark.0);
            parts.ok().map(|(_, first, _)| first)
        };
        first(self).is_some() && first(self) == first(other)
    }
}

impl Page {
    /// The state of a list now, for [`Page::list_grown`].
    ///
    /// # Errors
    ///
    /// The page is gone or does not answer.
    pub async fn list_mark(
        &self,
        items: &Locator,
        deadline: Instant,
    ) -> Result<ListMark, BrowserError> {
        let program = Program::new("list-mark", items).repeatable();
        Ok(ListMark(self.run(&program, deadline).await?.value))
    }

    /// Waits until a list has become another one: it has grown, or the next page has come. False where it stays
    /// as it was.
    ///
    /// # Errors
    ///
    /// The page is gone or does not answer.
    pub async fn list_grown(
        &self,
        items: &Locator,
        before: &ListMark,
        growth: Growth,
        deadline: Instant,
    ) -> Result<bool, BrowserError> {
        if growth.scroll {
            let program = Program::new("scroll-on", items);
            self.run::<()>(&program, deadline).await?;
        }
        let program = Program::new("list-grown", items)
            .with("before", before.0.as_str())
            .with("patience", growth.patience.as_secs_f64() * 1000.0)
            .with("scroll", growth.scroll)
            .repeatable();
        Ok(self.run(&program, deadline).await?.value)
    }
}

fn record_field(field: PatternField) -> Result<RecordField, BrowserError> {
    let locator = match field.css.as_str() {
        "" => None,
        css => Some(format!("css={css}").parse()?),
    };
    Ok(RecordField {
        name: field.name,
        locator,
        property: field.attribute.map_or(Property::Text, Property::Attribute),
    })
}
