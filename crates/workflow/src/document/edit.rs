//! Changes that leave the rest as it is: comments, order and what was in brackets.

use indexmap::IndexMap;
use serde_json::Value as Json;
use thiserror::Error;

use super::{
    Child, Content, DocPath, Document, Entry, List, Map, Node, Scalar, ScalarValue, Segment,
    SourceRange, Written,
};

/// Why an edit could not be made. The document is unchanged then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// The list or map to change is not there.
    #[error("there is nothing at `{0}`")]
    Missing(DocPath),
    /// The part above is no list or map, or the other of the two.
    #[error(
        "`{0}` has no place there: what holds it is neither a map with keys nor a list with numbers"
    )]
    Misplaced(DocPath),
    /// An insertion under a key that is there already.
    #[error("`{0}` is there already")]
    Exists(DocPath),
    /// The whole document can't be inserted or removed.
    #[error("the whole document can only be set")]
    Whole,
}

impl Document {
    /// A document of `data` alone.
    pub fn from_json(data: &Json) -> Self {
        Self::of(Node::from_json(data))
    }

    pub(crate) fn of(root: Node) -> Self {
        Self {
            root: Child::new(root),
            tail: Vec::new(),
        }
    }

    /// Makes the value at `path` equal to `data`; a key that is not there is added at the end.
    ///
    /// Parts that are equal already keep their comments.
    ///
    /// # Errors
    ///
    /// What is to hold the value is not there.
    pub fn set(&mut self, path: &DocPath, data: &Json) -> Result<(), EditError> {
        let Some((last, _)) = path.0.split_last() else {
            self.root.node.become_json(data);
            return Ok(());
        };
        let holder = self.holder(path)?;
        match (last, &mut holder.content) {
            (Segment::Key(key), Content::Map(map)) => {
                map.set(key, data);
                Ok(())
            }
            (Segment::Index(index), Content::List(list)) => {
                let item = list
                    .items
                    .get_mut(*index)
                    .ok_or_else(|| EditError::Missing(path.clone()))?;
                item.node.become_json(data);
                Ok(())
            }
            _ => Err(EditError::Misplaced(path.clone())),
        }
    }

    /// Puts `data` before the item at `path` (or at the end), or under a new key at the end.
    ///
    /// # Errors
    ///
    /// What is to hold the value is not there, or the key is there already.
    pub fn insert(&mut self, path: &DocPath, data: &Json) -> Result<(), EditError> {
        let last = path.0.last().ok_or(EditError::Whole)?;
        let holder = self.holder(path)?;
        match (last, &mut holder.content) {
            (Segment::Key(key), Content::Map(map)) => {
                if map.entries.contains_key(&**key) {
                    return Err(EditError::Exists(path.clone()));
                }
                map.set(key, data);
                Ok(())
            }
            (Segment::Index(index), Content::List(list)) => {
                if *index > list.items.len() {
                    return Err(EditError::Missing(path.clone()));
                }
                list.items.insert(*index, Child::new(Node::from_json(data)));
                Ok(())
            }
            _ => Err(EditError::Misplaced(path.clone())),
        }
    }

    /// Takes the value at `path` away, with the comments that describe it.
    ///
    /// # Errors
    ///
    /// It is not there.
    pub fn remove(&mut self, path: &DocPath) -> Result<Json, EditError> {
        let last = path.0.last().ok_or(EditError::Whole)?;
        let holder = self.holder(path)?;
        let removed = match (last, &mut holder.content) {
            (Segment::Key(key), Content::Map(map)) => {
                let entry = map.entries.shift_remove(&**key);
                entry.map(|entry| entry.child)
            }
            (Segment::Index(index), Content::List(list)) => {
                (*index < list.items.len()).then(|| list.items.remove(*index))
            }
            _ => return Err(EditError::Misplaced(path.clone())),
        };
        removed
            .map(|child| child.node.to_json())
            .ok_or_else(|| EditError::Missing(path.clone()))
    }

    /// The list or map that holds what is at `path`.
    fn holder(&mut self, path: &DocPath) -> Result<&mut Node, EditError> {
        let above = path.0.split_last().map_or(&[][..], |(_, above)| above);
        let mut node = &mut self.root.node;
        for segment in above {
            let next = match (segment, &mut node.content) {
                (Segment::Key(key), Content::Map(map)) => map
                    .entries
                    .get_mut(&**key)
                    .map(|entry| &mut entry.child.node),
                (Segment::Index(index), Content::List(list)) => {
                    list.items.get_mut(*index).map(|item| &mut item.node)
                }
                _ => None,
            };
            node = next.ok_or_else(|| EditError::Missing(path.clone()))?;
        }
        Ok(node)
    }
}

impl Map {
    fn set(&mut self, key: &str, data: &Json) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.child.node.become_json(data);
        } else {
            let entry = Entry {
                key_range: SourceRange::default(),
                child: Child::new(Node::from_json(data)),
            };
            self.entries.insert(key.into(), entry);
        }
    }
}

impl Node {
    /// A node of `data`; lists and maps of single values are written in brackets if they fit.
    pub(crate) fn from_json(data: &Json) -> Self {
        let content = match data {
            Json::Array(items) => Content::List(List {
                flow: items.iter().all(is_single_line),
                items: items
                    .iter()
                    .map(|item| Child::new(Self::from_json(item)))
                    .collect(),
                ..List::default()
            }),
            Json::Object(entries) => Content::Map(Map {
                // A step is written in lines, however short.
                flow: entries.values().all(is_single_line) && !entries.contains_key("use"),
                entries: entries
                    .iter()
                    .map(|(key, value)| entry(key, value))
                    .collect(),
                ..Map::default()
            }),
            Json::Null => Content::from(ScalarValue::Null),
            Json::Bool(flag) => Content::from(ScalarValue::Bool(*flag)),
            Json::Number(number) => Content::from(ScalarValue::Number(number.clone())),
            Json::String(text) => Content::from(ScalarValue::Text(text.as_str().into())),
        };
        Self::new(content, SourceRange::default())
    }

    /// Changes only what differs from `data`.
    fn become_json(&mut self, data: &Json) {
        match (&mut self.content, data) {
            (Content::Map(map), Json::Object(wanted)) => {
                map.entries.retain(|key, _| wanted.contains_key(&**key));
                for (key, value) in wanted {
                    map.set(key, value);
                }
            }
            (Content::List(list), Json::Array(wanted)) => list.become_items(wanted),
            _ => {
                if self.to_json() != *data {
                    self.content = Self::from_json(data).content;
                }
            }
        }
    }
}

impl List {
    /// What is equal at both ends stays; in between, items are changed one by one.
    fn become_items(&mut self, wanted: &[Json]) {
        let is_same = |item: &Child, wanted: &Json| item.node.to_json() == *wanted;
        let pairs = self.items.iter().zip(wanted);
        let before = pairs
            .take_while(|(item, wanted)| is_same(item, wanted))
            .count();
        let most = self.items.len().min(wanted.len()) - before;
        let pairs = self.items.iter().rev().zip(wanted.iter().rev()).take(most);
        let after = pairs
            .take_while(|(item, wanted)| is_same(item, wanted))
            .count();

        let middle = &wanted[before..wanted.len() - after];
        let mut old = self
            .items
            .splice(before..self.items.len() - after, [])
            .collect::<Vec<_>>()
            .into_iter();
        let changed: Vec<Child> = middle
            .iter()
            .map(|wanted| match old.next() {
                Some(mut item) => {
                    item.node.become_json(wanted);
                    item
                }
                None => Child::new(Node::from_json(wanted)),
            })
            .collect();
        self.items.splice(before..before, changed);
    }
}

impl From<ScalarValue> for Content {
    fn from(value: ScalarValue) -> Self {
        Self::Scalar(Scalar {
            value,
            written: Written::Canonical,
        })
    }
}

pub(crate) fn entry(key: &str, value: &Json) -> (Box<str>, Entry) {
    let child = Child::new(Node::from_json(value));
    let key_range = SourceRange::default();
    (key.into(), Entry { key_range, child })
}

/// A block map of `entries`.
pub(crate) fn block_map(entries: IndexMap<Box<str>, Entry>) -> Node {
    let map = Map {
        entries,
        ..Map::default()
    };
    Node::new(Content::Map(map), SourceRange::default())
}

fn is_single_line(data: &Json) -> bool {
    match data {
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        Json::String(text) => !text.contains('\n'),
        _ => true,
    }
}
