//! Records of which one is known by example.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::{
    error::BrowserError,
    locator::Locator,
    page::Page,
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
