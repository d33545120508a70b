//! Reading what a page shows, and waiting until it shows it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::{
    error::BrowserError,
    locator::{Locator, Pattern, Step},
    page::Page,
    program::{Program, steps_of},
};

/// What to read of an element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Property {
    /// Its text as it is shown; of a field, its value. One element's text is waited for until it is shown.
    Text,
    /// An attribute; `href` and `src` as whole addresses. Null if it has none.
    Attribute(String),
    /// A field's value; true or false of a checkbox; a list of a multiple choice.
    Value,
    /// Its HTML, with the element itself.
    Html,
}

impl Property {
    fn to_json(&self) -> Value {
        match self {
            Property::Text => json!({ "read": "text" }),
            Property::Attribute(name) => json!({ "attribute": name }),
            Property::Value => json!({ "read": "value" }),
            Property::Html => json!({ "read": "html" }),
        }
    }
}

/// One field of a record: where it is inside the item (the item itself if `None`), and what to read there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordField {
    pub name: String,
    pub locator: Option<Locator>,
    pub property: Property,
}

/// A table as text. Merged cells repeat their text in every place they cover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Empty if the table has no header cells.
    pub headers: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// What to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// At least one match can be seen.
    Visible,
    /// No match can be seen; there may be none at all.
    Hidden,
    /// There is a match, seen or not.
    Attached,
    /// There is no match.
    Detached,
    /// The one match can be used.
    Enabled,
    /// A match shows this text: `"whole"`, `/regex/` or a part of it.
    Text(String),
}

impl Page {
    /// Waits until the elements that match are as expected.
    ///
    /// # Errors
    ///
    /// `NotActionable` with how they are instead.
    pub async fn wait_for(
        &self,
        locator: &Locator,
        expect: &Expect,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        if locator.is_sighted() {
            return self.watch_for(locator, expect, deadline).await;
        }
        let state = match expect {
            Expect::Visible => "visible",
            Expect::Hidden => "hidden",
            Expect::Attached => "attached",
            Expect::Detached => "detached",
            Expect::Enabled => "enabled",
            Expect::Text(_) => "text",
        };
        let mut program = Program::new("wait-for", locator)
            .with("state", state)
            .repeatable();
        if let Expect::Text(text) = expect {
            let pattern = serde_json::to_value(text_pattern(text)?).unwrap_or_default();
            program = program.with("pattern", pattern);
        }
        self.run::<u64>(&program, deadline).await.map(drop)
    }

    /// Reads one property of the one element that matches.
    pub async fn read(
        &self,
        locator: &Locator,
        property: &Property,
        deadline: Instant,
    ) -> Result<Value, BrowserError> {
        let program = Program::new("read", locator)
            .with("what", property.to_json())
            .repeatable();
        Ok(self.run(&program, deadline).await?.value)
    }

    /// Its text; see [`Property::Text`].
    pub async fn text(&self, locator: &Locator, deadline: Instant) -> Result<String, BrowserError> {
        let text = self.read(locator, &Property::Text, deadline).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Reads one property of every element that matches, as soon as there is one.
    pub async fn read_all(
        &self,
        locator: &Locator,
        property: &Property,
        deadline: Instant,
    ) -> Result<Vec<Value>, BrowserError> {
        let program = Program::new("read-all", locator)
            .with("what", property.to_json())
            .repeatable();
        Ok(self.run(&program, deadline).await?.value)
    }

    /// Reads a table: the one that matches, or the first inside what matches.
    pub async fn table(&self, locator: &Locator, deadline: Instant) -> Result<Table, BrowserError> {
        let program = Program::new("table", locator).repeatable();
        Ok(self.run(&program, deadline).await?.value)
    }

    /// Reads every element that matches as a record, in one call into the page. A field that an item
    /// does not have is null.
    pub async fn records(
        &self,
        items: &Locator,
        fields: &[RecordField],
        deadline: Instant,
    ) -> Result<Vec<Map<String, Value>>, BrowserError> {
        let field = |field: &RecordField| {
            json!({
                "name": field.name,
                "steps": field.locator.as_ref().map(steps_of),
                "what": field.property.to_json(),
            })
        };
        let program = Program::new("records", items)
            .with("fields", fields.iter().map(field).collect::<Vec<_>>())
            .repeatable();
        Ok(self.run(&program, deadline).await?.value)
    }

    /// How many elements match now, without waiting for any.
    pub async fn count(&self, locator: &Locator, deadline: Instant) -> Result<usize, BrowserError> {
        let program = Program::new("count", locator).repeatable();
        Ok(self.run(&program, deadline).await?.value)
    }
}

/// The text of an expectation, written as in `text=`.
fn text_pattern(text: &str) -> Result<Pattern, BrowserError> {
    let locator: Locator = format!("text={text}").parse()?;
    match <[Step; 1]>::try_from(locator.steps) {
        Ok(
            [
                Step::Text {
                    pattern: Pattern::Loose { value },
                },
            ],
        ) => Ok(Pattern::Part { value }),
        Ok([Step::Text { pattern }]) => Ok(pattern),
        // A ` >> ` in the text reads as a chain.
        _ => Ok(Pattern::Part {
            value: text.to_owned(),
        }),
    }
}
