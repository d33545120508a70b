//! What a person did.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// One thing that a person did, or that came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Milliseconds since the recording began.
    pub at: u64,
    /// Which page, by the order in which pages were opened, from 0.
    pub page: usize,
    #[serde(flatten)]
    pub action: Action,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum Action {
    /// An address was typed, or a bookmark opened; not what a click led to.
    Goto { url: String },
    /// `back`, `forward` or `reload`.
    History { action: String },
    Click {
        element: Element,
        #[serde(default)]
        button: String,
        #[serde(default = "once")]
        count: u32,
        #[serde(default)]
        modifiers: Vec<String>,
    },
    /// A field has a new value: text, true or false, an option's label, or several. None for a
    /// secret, which is not recorded.
    Fill { element: Element, value: Json },
    /// A key that means something by itself: `Enter`, `Escape`, `Control+S`.
    Press {
        element: Option<Element>,
        key: String,
    },
    /// The pointer rested on an element, and something appeared.
    Hover { element: Element },
    /// One element was dragged onto another one; onto itself, as on a drawing, from one place to another.
    Drag {
        element: Element,
        to: Element,
        #[serde(default)]
        from: Option<Place>,
        #[serde(default)]
        onto: Option<Place>,
    },
    Upload {
        element: Element,
        files: Vec<String>,
    },
    /// A file was downloaded; what was done before began it.
    Downloaded { name: String },
    /// The page `by` opened another one, which is `page`.
    Opened { by: usize },
    /// The person opened a tab, which is `page`.
    NewTab,
    /// The page was closed; by `itself` if something was done on it just before.
    Closed {
        #[serde(default)]
        itself: bool,
    },
    /// What was done before has led to this address.
    Arrived { url: String },
    /// What was done before has made this element appear.
    Appeared { element: Element },
    /// The page's own dialog, and what the person answered.
    Dialog {
        kind: String,
        accepted: bool,
        #[serde(default)]
        text: Option<String>,
    },
    /// The person says what has to be so.
    Assert {
        element: Element,
        expected: Expected,
    },
}

fn once() -> u32 {
    1
}

/// What an element has to be like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    Visible,
    Enabled,
    Text(String),
    Value(Json),
}

/// An element, as it was found on the page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Element {
    /// What finds it: a selector, or a bundle of them.
    pub target: Json,
    /// What a person would call it: its label or name.
    pub name: String,
    pub kind: FieldKind,
    /// Of a secret, which field of a credential it is: `password`, `card_number`, …
    pub secret: Option<String>,
    /// Whether it listens to keys, as a field with suggestions does.
    pub typed: bool,
    /// Whether it was not there, or not ready, when the first field of its form was filled.
    pub late: bool,
    /// The form that it is in, by a number of the page.
    pub form: Option<u64>,
    /// Whether a click on it sends the form.
    pub submits: bool,
    /// The list item or table row that it is in.
    pub row: Option<Row>,
}

impl Element {
    /// Whether both are the same element.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.target == other.target
    }

    /// Its first selector.
    pub(crate) fn selector(&self) -> Option<&str> {
        match &self.target {
            Json::String(selector) => Some(selector),
            target => target["selector"].as_str(),
        }
    }

    /// Which field of a credential it takes.
    pub(crate) fn credential_field(&self) -> &str {
        match (&self.secret, self.kind) {
            (Some(field), _) => field,
            (None, FieldKind::User) => "username",
            (None, FieldKind::OneTimeCode) => "totp",
            (None, _) => "password",
        }
    }
}

/// A place on an element, in pixels from its top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub x: f64,
    pub y: f64,
}

/// One of several alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What finds all of them.
    pub rows: String,
    /// Which one, from 0.
    pub index: usize,
    /// What finds the element inside of it.
    pub inside: String,
}

/// What kind of field an element is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// No field.
    #[default]
    None,
    Text,
    /// What is typed there is never recorded.
    Password,
    /// A code that is valid once.
    OneTimeCode,
    /// Another secret, such as the number of a card.
    Secret,
    /// The name or address of an account.
    User,
    Check,
    Choice,
    File,
}

impl FieldKind {
    /// Whether its value is a secret.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Password | Self::OneTimeCode | Self::Secret)
    }
}
