//! A workflow's text as a tree with places and comments, and the canonical writer.
//!
//! | file | what it does |
//! |---|---|
//! | `parse` | text → tree, all mistakes in one go |
//! | `lines` | where lines begin |
//! | `scalar` | what plain text means, and how a text is quoted |
//! | `syntax` | what the parser says, in words that help |
//! | `write` | tree → canonical text |
//! | `edit` | changes that leave the rest as it is |
//!
//! The tree is plain YAML 1.2 without its dark corners: no anchors, aliases, tags, several documents
//! or keys that are not text. Depth and size are bounded, so that no text can exhaust the stack.

use std::{fmt, sync::Arc};

use indexmap::IndexMap;
use serde_json::{Number, Value as Json};

use crate::{Problem, ProblemList};

mod edit;
mod lines;
mod parse;
mod scalar;
mod syntax;
mod write;

pub use edit::EditError;
pub(crate) use edit::{block_map, entry};
pub(crate) use lines::Lines;
pub(crate) use parse::parse;

/// How deep lists and maps may be nested. 200 steps inside each other are at most 603 levels.
pub const MAX_DEPTH: usize = 700;
/// How long a text may be, in bytes.
pub const MAX_BYTES: usize = 64 << 20;
/// How many values a text may hold.
pub const MAX_NODES: usize = 2_000_000;

/// One step down a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// The value under a key of a map.
    Key(Arc<str>),
    /// An item of a list, from 0.
    Index(usize),
}

/// Where something stands in a document: `steps[2].with.path`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct DocPath(pub Vec<Segment>);

impl DocPath {
    /// This path and a key below it.
    pub fn key(&self, key: &str) -> Self {
        let mut path = self.0.clone();
        path.push(Segment::Key(key.into()));
        Self(path)
    }

    /// This path and an item below it.
    pub fn index(&self, index: usize) -> Self {
        let mut path = self.0.clone();
        path.push(Segment::Index(index));
        Self(path)
    }
}

impl fmt::Display for DocPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if place == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A stretch of a source text, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SourceRange {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A YAML or JSON text as a tree.
///
/// Places are those of the text it was parsed from; after an edit they are of no use any more.
#[derive(Debug, Clone)]
pub struct Document {
    pub(crate) root: Child,
    /// Comments after everything else.
    pub(crate) tail: Vec<Comment>,
}

/// A value, its place in the text and what is written around it.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub content: Content,
    /// Where it stands.
    pub range: SourceRange,
    /// A comment on the line where a block begins: `do: # this one`.
    pub(crate) header: Option<String>,
    /// A comment on the line where it ends.
    pub(crate) trailing: Option<String>,
}

/// The three kinds of node.
#[derive(Debug, Clone)]
pub enum Content {
    /// A single value.
    Scalar(Scalar),
    /// Items in order.
    List(List),
    /// Values under keys, in the order of the text.
    Map(Map),
    /// Something that was already reported and is none of these.
    Broken,
}

/// A single value.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// What it means.
    pub value: ScalarValue,
    /// How it was written, where that is kept.
    pub(crate) written: Written,
}

/// What a scalar means, by YAML's core schema.
#[derive(Debug, Clone, PartialEq)]
pub enum ScalarValue {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(Box<str>),
}

/// What the writer keeps of how a scalar was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Written {
    /// The canonical form will do.
    #[default]
    Canonical,
    /// A number in the author's spelling, such as `0x1F` or `1.50`.
    Number(Box<str>),
    /// The lines of a folded text (`>`), without their indentation.
    Folded(Box<str>),
}

/// The items of a list.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// In order.
    pub items: Vec<Child>,
    /// Written as `[a, b]`.
    pub(crate) flow: bool,
    /// Comments after the last item.
    pub(crate) tail: Vec<Comment>,
}

/// The entries of a map.
#[derive(Debug, Clone, Default)]
pub struct Map {
    /// In the order of the text.
    pub entries: IndexMap<Box<str>, Entry>,
    /// Written as `{ a: 1 }`.
    pub(crate) flow: bool,
    /// Comments after the last entry.
    pub(crate) tail: Vec<Comment>,
}

/// A value under a key.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where the key stands.
    pub key_range: SourceRange,
    /// The value.
    pub child: Child,
}

/// A node in its place in a list or map.
#[derive(Debug, Clone)]
pub struct Child {
    /// The value.
    pub node: Node,
    /// Comments on lines of their own before it.
    pub(crate) lead: Vec<Comment>,
    /// Whether an empty line is before it (after the comments).
    pub(crate) blank: bool,
}

/// A comment on a line of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comment {
    /// What follows the `#`.
    pub(crate) text: String,
    /// Whether an empty line is before it.
    pub(crate) blank: bool,
}

impl Document {
    /// Reads YAML or JSON.
    ///
    /// # Errors
    ///
    /// Every mistake found. The parser stops at the first mistake in the syntax; duplicate keys,
    /// aliases and the like are all found.
    pub fn parse(name: &str, text: &str) -> Result<Self, ProblemList> {
        let (document, problems) = parse(text);
        match document {
            Some(document) if problems.is_empty() => Ok(document),
            _ => Err(ProblemList::new(name, text, problems)),
        }
    }

    /// The tree.
    pub fn root(&self) -> &Node {
        &self.root.node
    }

    /// The value at `path`.
    pub fn get(&self, path: &DocPath) -> Option<&Node> {
        self.find(path).map(|(node, _)| node)
    }

    /// Where the key at the end of `path` stands.
    pub fn key_range(&self, path: &DocPath) -> Option<SourceRange> {
        self.find(path).and_then(|(_, key)| key)
    }

    fn find(&self, path: &DocPath) -> Option<(&Node, Option<SourceRange>)> {
        let mut found = (self.root(), None);
        for segment in &path.0 {
            found = match (segment, &found.0.content) {
                (Segment::Key(key), Content::Map(map)) => {
                    let entry = map.entries.get(&**key)?;
                    (&entry.child.node, Some(entry.key_range))
                }
                (Segment::Index(index), Content::List(list)) => {
                    (&list.items.get(*index)?.node, None)
                }
                _ => return None,
            };
        }
        Some(found)
    }

    /// The data alone.
    pub fn to_json(&self) -> Json {
        self.root().to_json()
    }

    /// The canonical text.
    pub fn write(&self) -> String {
        write::write(self)
    }
}

impl Node {
    pub(crate) fn new(content: Content, range: SourceRange) -> Self {
        Self {
            content,
            range,
            header: None,
            trailing: None,
        }
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.content {
            Content::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&List> {
        match &self.content {
            Content::List(list) => Some(list),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Scalar {
                value: ScalarValue::Text(text),
                ..
            }) => Some(text),
            _ => None,
        }
    }

    /// Whether it is `null` or nothing.
    pub fn is_null(&self) -> bool {
        matches!(
            &self.content,
            Content::Scalar(Scalar {
                value: ScalarValue::Null,
                ..
            })
        )
    }

    /// The data alone.
    pub fn to_json(&self) -> Json {
        match &self.content {
            Content::Broken => Json::Null,
            Content::Scalar(scalar) => match &scalar.value {
                ScalarValue::Null => Json::Null,
                ScalarValue::Bool(flag) => Json::Bool(*flag),
                ScalarValue::Number(number) => Json::Number(number.clone()),
                ScalarValue::Text(text) => Json::String(text.to_string()),
            },
            Content::List(list) => {
                let items = list.items.iter().map(|item| item.node.to_json());
                Json::Array(items.collect())
            }
            Content::Map(map) => {
                let entries = map.entries.iter();
                let pairs =
                    entries.map(|(key, entry)| (key.to_string(), entry.child.node.to_json()));
                Json::Object(pairs.collect())
            }
        }
    }

    /// What people call it: `text`, `a list`, …
    pub(crate) fn kind(&self) -> &'static str {
        match &self.content {
            Content::Broken => "something unreadable",
            Content::Scalar(scalar) => match &scalar.value {
                ScalarValue::Null => "empty",
                ScalarValue::Bool(_) => "a boolean",
                ScalarValue::Number(_) => "a number",
                ScalarValue::Text(_) => "text",
            },
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }
}

impl Child {
    pub(crate) fn new(node: Node) -> Self {
        Self {
            node,
            lead: Vec::new(),
            blank: false,
        }
    }
}

/// A problem found while parsing: its place in the tree is not known yet.
pub(crate) fn problem(
    code: &'static str,
    range: SourceRange,
    message: impl Into<String>,
) -> Problem {
    Problem {
        code,
        severity: crate::Severity::Error,
        message: message.into(),
        label: None,
        help: None,
        path: DocPath::default(),
        range,
    }
}
