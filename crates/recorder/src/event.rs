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
    Goto {
        url: String,
    },
    /// `back`, `forward` or `reload`.
    History {
        action: String,
    },
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
    Fill {
        element: Element,
        value: Json,
    },
    /// A key that means something by itself: `Enter`, `Escape`, `Control+S`.
    Press {
        element: Option<Element>,
        key: String,
    },
    /// The pointer rested on an element, and something appeared.
    Hover {
        element: Element,
    },
    Drag {
        element: Element,
        to: Element,
    },
    Upload {
        element: Element,
        files: Vec<String>,
    },
    /// A file was downloaded; what was done before began it.
    Downloaded {
        name: String,
    },
    /// The page opened another one, which is `page`.
    Opened {
        by: usize,
    },
    Closed,
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
    /// The name or address of an account.
    User,
    Check,
    Choice,
    File,
}

impl FieldKind {
    /// Whether its value is a secret.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Password | Self::OneTimeCode)
    }
}
