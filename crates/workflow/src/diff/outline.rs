//! The steps of a document with their places, and what makes two of them alike.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use crate::{
    DocPath, Document,
    document::{Child, Content, List, Map, Node, Scalar, ScalarValue, SourceRange},
    format::STEP_KEYS,
};

/// A step, by its place in [`Outline::places`]. 0 is the workflow itself.
pub(crate) type StepNo = usize;

/// A list of steps of a step: `do`, or `cases` and the name of a list in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ListKey {
    pub(crate) block: Arc<str>,
    pub(crate) name: Option<Arc<str>>,
}

impl std::fmt::Display for ListKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.block)?;
        match &self.name {
            Some(name) => write!(f, ".{name}"),
            None => Ok(()),
        }
    }
}

/// The workflow (number 0) and all its steps, each before the steps inside it.
#[derive(Debug)]
pub(crate) struct Outline<'d> {
    pub(crate) places: Vec<Place<'d>>,
}

/// A step in its place.
#[derive(Debug)]
pub(crate) struct Place<'d> {
    pub(crate) child: &'d Child,
    pub(crate) map: &'d Map,
    pub(crate) at: DocPath,
    /// The step whose block it stands in, the list, and its place there.
    pub(crate) home: Option<(StepNo, ListKey)>,
    /// The steps inside, list by list.
    pub(crate) lists: Vec<(ListKey, Vec<StepNo>)>,
    /// Of all that is its own: everything but the steps inside.
    pub(crate) own: u64,
    /// Of it and the steps inside.
    pub(crate) whole: u64,
}

impl<'d> Outline<'d> {
    /// The outline of `document`; without steps where it is no workflow.
    pub(crate) fn of(document: &'d Document) -> Self {
        Self::of_child(&document.root)
    }

    fn of_child(root: &'d Child) -> Self {
        let mut outline = Self { places: Vec::new() };
        // The last is taken first; blocks are pushed in reverse, so that numbers follow the text.
        let mut open = vec![(root, DocPath::default(), None::<(StepNo, ListKey)>)];
        while let Some((child, at, home)) = open.pop() {
            let Some(map) = child.node.as_map().or(EMPTY.as_map()) else {
                continue;
            };
            let number = outline.places.len();
            if let Some((parent, key)) = &home {
                let lists = &mut outline.places[*parent].lists;
                if let Some((_, list)) = lists.iter_mut().find(|(known, _)| known == key) {
                    list.push(number);
                }
            }
            let (mut lists, mut inside) = (Vec::new(), Vec::new());
            for (block, name, path, list) in blocks(map, &at, number == 0) {
                let key = ListKey { block, name };
                lists.push((key.clone(), Vec::new()));
                for (index, item) in list.items.iter().enumerate() {
                    inside.push((item, path.index(index), Some((number, key.clone()))));
                }
            }
            outline.places.push(Place {
                own: own_hash(&child.node, map, number == 0),
                whole: 0,
                child,
                map,
                at,
                home,
                lists,
            });
            open.extend(inside.into_iter().rev());
        }
        outline.hash_whole();
        outline
    }

    /// From the last to the first: what is inside a step has a larger number.
    fn hash_whole(&mut self) {
        for number in (0..self.places.len()).rev() {
            let place = &self.places[number];
            let mut hasher = DefaultHasher::new();
            place.own.hash(&mut hasher);
            for (key, list) in &place.lists {
                key.hash(&mut hasher);
                for step in list {
                    self.places[*step].whole.hash(&mut hasher);
                }
                list.len().hash(&mut hasher);
            }
            self.places[number].whole = hasher.finish();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The steps that have an id of their own, by id.
    pub(crate) fn ids(&self) -> HashMap<&'d str, StepNo> {
        let mut ids = HashMap::new();
        let mut twice = Vec::new();
        for (number, place) in self.places.iter().enumerate().skip(1) {
            if let Some(id) = place.text("id")
                && ids.insert(id, number).is_some()
            {
                twice.push(id);
            }
        }
        for id in twice {
            ids.remove(id);
        }
        ids
    }
}

impl<'d> Place<'d> {
    /// The text under `key`.
    pub(crate) fn text(&self, key: &str) -> Option<&'d str> {
        self.map
            .entries
            .get(key)
            .and_then(|entry| entry.child.node.as_text())
    }

    /// The node that the step uses.
    pub(crate) fn uses(&self) -> &'d str {
        self.text("use").unwrap_or_default()
    }

    /// What people read: name, id or node.
    pub(crate) fn title(&self) -> &'d str {
        self.text("name")
            .or_else(|| self.text("id"))
            .unwrap_or_else(|| self.uses())
    }

    pub(crate) fn list(&self, key: &ListKey) -> &[StepNo] {
        self.lists
            .iter()
            .find(|(known, _)| known == key)
            .map_or(&[], |(_, list)| list)
    }

    /// Whether steps stand under `key`.
    pub(crate) fn has_block(&self, key: &str) -> bool {
        self.lists.iter().any(|(list, _)| &*list.block == key)
    }

    /// The settings.
    pub(crate) fn settings(&self) -> Option<&'d Map> {
        self.map
            .entries
            .get("with")
            .and_then(|entry| entry.child.node.as_map())
    }
}

static EMPTY: std::sync::LazyLock<Node> =
    std::sync::LazyLock::new(|| Node::new(Content::Map(Map::default()), SourceRange::default()));

/// A block's key, its name among several (a case, a branch), where it is, and its steps.
type FoundBlock<'d> = (Arc<str>, Option<Arc<str>>, DocPath, &'d List);

/// Every list of steps under the keys of `map`.
fn blocks<'d>(map: &'d Map, at: &DocPath, is_root: bool) -> Vec<FoundBlock<'d>> {
    let mut found = Vec::new();
    for (key, entry) in &map.entries {
        let node = &entry.child.node;
        if !is_block(key, node, is_root) {
            continue;
        }
        let (block, path): (Arc<str>, _) = ((&**key).into(), at.key(key));
        if let Some(list) = node.as_list() {
            found.push((block, None, path, list));
            continue;
        }
        for (name, entry) in node.as_map().iter().flat_map(|map| &map.entries) {
            if let Some(list) = entry.child.node.as_list() {
                let name: Arc<str> = (&**name).into();
                let path = path.key(&name);
                found.push((block.clone(), Some(name), path, list));
            }
        }
    }
    found
}

/// Whether steps stand under this key of a step or, at the root, of a workflow.
pub(crate) fn is_block(key: &str, node: &Node, is_root: bool) -> bool {
    let may_hold_steps = if is_root {
        key == "steps"
    } else {
        !STEP_KEYS.contains(&key)
    };
    may_hold_steps
        && match &node.content {
            Content::List(list) => is_steps(list),
            Content::Map(map) => {
                !is_root
                    && !map.entries.is_empty()
                    && map
                        .entries
                        .values()
                        .all(|entry| entry.child.node.as_list().is_some_and(is_steps))
            }
            _ => false,
        }
}

fn is_steps(list: &List) -> bool {
    list.items
        .iter()
        .all(|item| matches!(item.node.content, Content::Map(_)))
}

fn own_hash(node: &Node, map: &Map, is_root: bool) -> u64 {
    let mut sum = 0u64;
    for (key, entry) in &map.entries {
        if !is_block(key, &entry.child.node, is_root) {
            sum = sum.wrapping_add(entry_hash(key, &entry.child.node));
        }
    }
    if node.as_map().is_none() {
        sum = hash(node);
    }
    sum
}

/// A hash of the data: neither comments nor the order of keys count.
pub(crate) fn hash(node: &Node) -> u64 {
    let mut hasher = DefaultHasher::new();
    match &node.content {
        Content::Broken => 0u8.hash(&mut hasher),
        Content::Scalar(Scalar { value, .. }) => match value {
            ScalarValue::Null => 1u8.hash(&mut hasher),
            ScalarValue::Bool(flag) => (2u8, flag).hash(&mut hasher),
            ScalarValue::Number(number) => (3u8, number.to_string()).hash(&mut hasher),
            ScalarValue::Text(text) => (4u8, text).hash(&mut hasher),
        },
        Content::List(list) => {
            5u8.hash(&mut hasher);
            for item in &list.items {
                hash(&item.node).hash(&mut hasher);
            }
        }
        Content::Map(map) => {
            let entries = map.entries.iter();
            let sum = entries.fold(0u64, |sum, (key, entry)| {
                sum.wrapping_add(entry_hash(key, &entry.child.node))
            });
            (6u8, map.entries.len(), sum).hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn entry_hash(key: &str, node: &Node) -> u64 {
    let mut hasher = DefaultHasher::new();
    (key, hash(node)).hash(&mut hasher);
    hasher.finish()
}
