//! The merged document.

use std::collections::HashMap;

use super::{
    Conflict, Side, Three,
    order::merge_order,
    pieces::{Home, PieceNo, Pieces},
    values::{Values, comments, entry, keys, pick},
};
use crate::{
    DocPath, Document,
    diff::outline::{ListKey, Outline, Place},
    document::{Child, Content, List, Map, Node},
};

/// Puts the pieces together, deciding conflicts for one side.
pub(super) struct Assembly<'d> {
    documents: &'d Three<Document>,
    pieces: Pieces<'d>,
    prefer: Side,
    lists: HashMap<Home, Vec<PieceNo>>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) notes: Vec<String>,
}

impl<'d> Assembly<'d> {
    pub(super) fn new(documents: &'d Three<Document>, prefer: Side) -> Self {
        let mut conflicts = Vec::new();
        let outlines = Three {
            base: Outline::of(&documents.base),
            ours: Outline::of(&documents.ours),
            theirs: Outline::of(&documents.theirs),
        };
        let pieces = Pieces::new(outlines, prefer, &mut conflicts);
        let mut assembly = Self {
            documents,
            pieces,
            prefer,
            lists: HashMap::new(),
            conflicts,
            notes: Vec::new(),
        };
        assembly.order_lists();
        assembly
    }

    pub(super) fn document(&mut self) -> Document {
        let tails = Three {
            base: Some(&self.documents.base.tail),
            ours: Some(&self.documents.ours.tail),
            theirs: Some(&self.documents.theirs.tail),
        };
        let tail = comments(tails);
        let roots = self
            .documents
            .map(|document| document.root.node.as_map().is_some());
        let root = if roots.base && roots.ours && roots.theirs {
            self.step(0)
        } else {
            // Not even a map: as a whole, then.
            let three = Three {
                base: Some(&self.documents.base.root),
                ours: Some(&self.documents.ours.root),
                theirs: Some(&self.documents.theirs.root),
            };
            self.values(None, |values| values.child(three, &DocPath::default()))
        };
        let root = root.unwrap_or_else(|| self.documents.ours.root.clone());
        Document { root, tail }
    }

    fn values<T>(&mut self, step: Option<&str>, work: impl FnOnce(&mut Values<'_>) -> T) -> T {
        work(&mut Values {
            prefer: self.prefer,
            step,
            conflicts: &mut self.conflicts,
        })
    }

    /// The order of the steps in each list. Both sides' steps are in the order of their text, in
    /// whatever list they stand there: a step that was moved here with its neighbours stays
    /// beside them.
    fn order_lists(&mut self) {
        let mut members: HashMap<Home, Vec<PieceNo>> = HashMap::new();
        for (piece, found) in self.pieces.all.iter().enumerate() {
            if let Some(home) = found.home.clone().filter(|_| found.kept) {
                members.entry(home).or_default().push(piece);
            }
        }
        let mut homes: Vec<_> = members.into_iter().collect();
        // The order of conflicts and notes is that of the text.
        homes.sort_by(|((one, one_key), _), ((other, other_key), _)| {
            (one, &one_key.block).cmp(&(other, &other_key.block))
        });
        for (home, members) in homes {
            let all = &self.pieces.all;
            let sorted = Three::<Vec<PieceNo>> {
                base: by(&members, |piece| all[piece].steps.base),
                ours: by(&members, |piece| all[piece].steps.ours),
                theirs: by(&members, |piece| all[piece].steps.theirs),
            };
            let merged = merge_order(&sorted.base, &sorted.ours, &sorted.theirs, self.prefer);
            let place = if home.0 == 0 {
                format!("`{}`", home.1)
            } else {
                format!("`{}` of `{}`", home.1, self.pieces.title(home.0))
            };
            if merged.clash {
                self.conflicts.push(Conflict {
                    step: (home.0 != 0).then(|| self.pieces.title(home.0)),
                    setting: home.1.to_string(),
                    reason: "was put in another order by both".to_owned(),
                    values: [None, None, None],
                });
            }
            for (our, their) in merged.neighbours {
                self.notes.push(format!(
                    "both added a step in the same place of {place}: `{}` of ours stands before `{}` of theirs now",
                    self.pieces.title(our),
                    self.pieces.title(their),
                ));
            }
            self.lists.insert(home, merged.order);
        }
    }

    /// A step with all that is in it.
    fn step(&mut self, piece: PieceNo) -> Option<Child> {
        let places = Three {
            base: self.pieces.base_place(piece),
            ours: self.pieces.place(Side::Ours, piece),
            theirs: self.pieces.place(Side::Theirs, piece),
        };
        let children = places.map(|place| place.map(|place| place.child));
        let maps = places.map(|place| place.map(|place| place.map));
        let blocks: Vec<(&'d str, bool)> = {
            let is_block = |key: &str| {
                let has =
                    |place: Option<&Place<'_>>| place.is_some_and(|place| place.has_block(key));
                has(places.ours) || has(places.theirs)
            };
            // With one side alone nothing is to be merged.
            let both = Three {
                base: maps.base,
                ours: maps.ours.or(maps.theirs),
                theirs: maps.theirs.or(maps.ours),
            };
            keys(both)
                .into_iter()
                .map(|key| (key, is_block(key)))
                .collect()
        };
        let only = match (children.ours, children.theirs) {
            (Some(ours), Some(_)) => (ours.clone(), false),
            (Some(one), None) | (None, Some(one)) => (one.clone(), true),
            (None, None) => return None,
        };
        let (mut merged, is_only) = only;
        let title = (piece != 0).then(|| self.pieces.title(piece));
        let mut map = Map::default();
        if !is_only {
            merged.lead = comments(children.map(|child| child.map(|child| &child.lead)));
            merged.blank = pick(children.map(|child| child.is_some_and(|child| child.blank)));
            merged.node.header =
                pick(children.map(|child| child.and_then(|child| child.node.header.clone())));
            merged.node.trailing =
                pick(children.map(|child| child.and_then(|child| child.node.trailing.clone())));
        }
        let side_maps = if is_only {
            let one = maps.ours.or(maps.theirs);
            Three {
                base: one,
                ours: one,
                theirs: one,
            }
        } else {
            maps
        };
        map.flow = pick(side_maps.map(|map| map.is_some_and(|map| map.flow)));
        map.tail = comments(side_maps.map(|map| map.map(|map| &map.tail)));
        for (key, is_block) in blocks {
            let entries = side_maps.map(|map| map.and_then(|map| map.entries.get(key)));
            let values = entries.map(|entry| entry.map(|entry| &entry.child));
            let at = DocPath::default().key(key);
            let child = if is_block {
                self.block(piece, key, values)
            } else {
                self.values(title.as_deref(), |merge| merge.child(values, &at))
            };
            if let Some(child) = child {
                map.entries.insert(key.into(), entry(child));
            }
        }
        merged.node.content = Content::Map(map);
        Some(merged)
    }

    /// A block of a step: its steps come from the pieces, its comments from all three.
    fn block(
        &mut self,
        piece: PieceNo,
        key: &str,
        values: Three<Option<&'d Child>>,
    ) -> Option<Child> {
        let named = values.map(|child| child.is_some_and(|child| child.node.as_map().is_some()));
        let shape = match (values.ours, values.theirs) {
            (Some(_), Some(_)) if named.ours != named.theirs => {
                return self.reshaped(piece, key, values);
            }
            (Some(ours), _) => ours,
            (None, Some(theirs)) => theirs,
            (None, None) => return None,
        };
        let removed = values.base.is_some() && (values.ours.is_none() || values.theirs.is_none());
        let mut merged = self.frame(shape, values);
        let content = if shape.node.as_map().is_some() {
            let maps = values.map(|child| child.and_then(|child| child.node.as_map()));
            let mut map = Map {
                tail: comments(maps.map(|map| map.map(|map| &map.tail))),
                ..Map::default()
            };
            for name in keys(maps) {
                let lists = maps.map(|map| {
                    let entry = map.and_then(|map| map.entries.get(name))?;
                    Some(&entry.child)
                });
                let list = ListKey {
                    block: key.into(),
                    name: Some(name.into()),
                };
                if let Some(child) = self.named_list(piece, list, lists) {
                    map.entries.insert(name.into(), entry(child));
                }
            }
            if removed && map.entries.is_empty() {
                return None;
            }
            Content::Map(map)
        } else {
            let list = ListKey {
                block: key.into(),
                name: None,
            };
            let list = self.list(piece, list, values);
            if removed && list.items.is_empty() {
                return None;
            }
            Content::List(list)
        };
        merged.node.content = content;
        Some(merged)
    }

    fn named_list(
        &mut self,
        piece: PieceNo,
        key: ListKey,
        values: Three<Option<&'d Child>>,
    ) -> Option<Child> {
        let shape = values.ours.or(values.theirs)?;
        let removed = values.base.is_some() && (values.ours.is_none() || values.theirs.is_none());
        let mut merged = self.frame(shape, values);
        let list = self.list(piece, key, values);
        if removed && list.items.is_empty() {
            return None;
        }
        merged.node.content = Content::List(list);
        Some(merged)
    }

    /// What is written around a block.
    #[expect(clippy::unused_self, reason = "reads like its siblings")]
    fn frame(&self, shape: &Child, values: Three<Option<&Child>>) -> Child {
        let mut node = Node::new(Content::Broken, shape.node.range);
        node.header = pick(values.map(|child| child.and_then(|child| child.node.header.clone())));
        node.trailing =
            pick(values.map(|child| child.and_then(|child| child.node.trailing.clone())));
        let mut merged = Child::new(node);
        merged.lead = comments(values.map(|child| child.map(|child| &child.lead)));
        merged.blank = pick(values.map(|child| child.is_some_and(|child| child.blank)));
        merged
    }

    fn list(&mut self, piece: PieceNo, key: ListKey, values: Three<Option<&Child>>) -> List {
        let lists = values.map(|child| child.and_then(|child| child.node.as_list()));
        let members = self.lists.get(&(piece, key)).cloned().unwrap_or_default();
        List {
            items: members
                .into_iter()
                .filter_map(|member| self.step(member))
                .collect(),
            flow: false,
            tail: comments(lists.map(|list| list.map(|list| &list.tail))),
        }
    }

    /// One side made named lists of a block that is a plain list on the other.
    fn reshaped(
        &mut self,
        piece: PieceNo,
        key: &str,
        values: Three<Option<&'d Child>>,
    ) -> Option<Child> {
        let title = (piece != 0).then(|| self.pieces.title(piece));
        let at = DocPath::default().key(key);
        self.values(title.as_deref(), |merge| merge.child(values, &at))
    }
}

/// Those of `members` that a document has, in its order.
fn by(members: &[PieceNo], step: impl Fn(PieceNo) -> Option<usize>) -> Vec<PieceNo> {
    let mut list: Vec<(usize, PieceNo)> = members
        .iter()
        .filter_map(|piece| Some((step(*piece)?, *piece)))
        .collect();
    list.sort_unstable();
    list.into_iter().map(|(_, piece)| piece).collect()
}
