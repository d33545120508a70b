//! What a page tells of its elements.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::target::{Anchors, Fingerprint};

/// One element as it is now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Look {
    #[serde(flatten)]
    pub print: Fingerprint,
    #[serde(flatten)]
    pub anchors: Around,
    #[serde(default)]
    pub visible: bool,
}

/// The anchors without the neighbours' names, which follow from the other elements of the page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Around {
    pub heading: String,
    pub places: Vec<String>,
    pub group: String,
    pub item: String,
    pub column: String,
    pub before: String,
    pub after: String,
}

impl Around {
    /// One of the texts, by its name.
    pub(super) fn part(&self, name: &str) -> &str {
        match name {
            "item" => &self.item,
            "group" => &self.group,
            "heading" => &self.heading,
            "column" => &self.column,
            "before" => &self.before,
            "after" => &self.after,
            _ => "",
        }
    }

    /// With the names of others, as a target remembers it.
    pub fn with(self, others: Vec<String>, taken: Vec<String>) -> Anchors {
        Anchors {
            heading: self.heading,
            places: self.places,
            group: self.group,
            item: self.item,
            column: self.column,
            before: self.before,
            after: self.after,
            others,
            taken,
        }
    }
}

/// All candidates of a page, in the order of the document.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sight {
    pub looks: Arc<Vec<Look>>,
    /// What the target's own selector finds.
    pub primary: Vec<usize>,
    /// For each alternative selector, the candidates that it finds.
    pub matches: Vec<Vec<usize>>,
    /// How many elements there were before the most likely were chosen.
    pub total: usize,
    /// For each text that the target remembers from around it, whether the page still says it.
    pub known: Vec<bool>,
}

/// What a page answers to a scan for several targets: their selectors and texts one after the other.
#[derive(Debug, Deserialize)]
pub(super) struct Scan {
    pub(super) looks: Vec<Look>,
    pub(super) matches: Vec<Vec<usize>>,
    pub(super) total: usize,
    pub(super) known: Vec<bool>,
}

/// A look at one element to remember it.
#[derive(Debug, Clone, Deserialize)]
pub struct Description {
    pub look: Look,
    pub others: Vec<String>,
    pub taken: Vec<String>,
    pub selectors: Vec<Way>,
}

/// A selector that finds one element and nothing else.
#[derive(Debug, Clone, Deserialize)]
pub struct Way {
    /// What it goes by: `testid`, `role`, `label`, `text`, `attribute`, `css`, `xpath`, …
    pub how: String,
    pub selector: String,
}
