//! Tree → canonical text.
//!
//! Two spaces a level; lists stand below their key; short lists and maps stay in brackets if they
//! were; texts are quoted only where they have to be. The order of keys is the author's.
//!
//! Comments stay with what they describe. What stands between a dash and the first key of its item
//! is written above the item, and a list in brackets that holds a comment becomes a block.

use std::slice;

use indexmap::map;

use super::{
    Child, Comment, Content, Document, Entry, Node, Scalar, ScalarValue, Written,
    scalar::{Place, literal, write_text},
};

/// How wide a line with a list or map in brackets may be, in characters.
const WIDTH: usize = 100;

pub(super) fn write(document: &Document) -> String {
    let mut writer = Writer { out: String::new() };
    writer.document(document);
    writer.out
}

struct Writer {
    out: String,
}

/// A block that is being written.
struct Level<'a> {
    children: Children<'a>,
    indent: usize,
    /// The next child follows a dash in the same line.
    behind_dash: bool,
    /// Nothing was written in it yet.
    first: bool,
    spacing: Spacing,
    /// Whether the child before was a section of the top level.
    after_section: bool,
    tail: &'a [Comment],
    trailing: Option<&'a str>,
}

enum Children<'a> {
    Items(slice::Iter<'a, Child>),
    Entries(map::Iter<'a, Box<str>, Entry>),
}

/// Where empty lines are put on their own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spacing {
    /// As the author did.
    Kept,
    /// Around each block, at the top level.
    Sections,
    /// Between all, in the list of steps of the top level.
    All,
}

impl<'a> Level<'a> {
    fn of(node: &'a Node, indent: usize, spacing: Spacing) -> Option<Self> {
        let (children, tail) = match &node.content {
            Content::List(list) => (Children::Items(list.items.iter()), &list.tail),
            Content::Map(map) => (Children::Entries(map.entries.iter()), &map.tail),
            _ => return None,
        };
        Some(Self {
            children,
            indent,
            behind_dash: false,
            first: true,
            spacing,
            after_section: false,
            tail,
            trailing: node.trailing.as_deref(),
        })
    }

    fn next(&mut self) -> Option<(Option<&'a str>, &'a Child)> {
        match &mut self.children {
            Children::Items(items) => items.next().map(|item| (None, item)),
            Children::Entries(entries) => entries
                .next()
                .map(|(key, entry)| (Some(&**key), &entry.child)),
        }
    }
}

impl Writer {
    fn document(&mut self, document: &Document) {
        let root = &document.root;
        self.comments(&root.lead, 0, false);
        let mut wrote = !root.lead.is_empty() || self.comments_inside(&root.node, 0);
        if let Some(header) = root.node.header.as_ref().filter(|_| !is_empty(&root.node)) {
            self.comment(header, 0);
            wrote = true;
        }
        if wrote && root.blank {
            self.blank();
        }
        match Level::of(&root.node, 0, Spacing::Sections) {
            Some(level) if !is_empty(&root.node) => self.blocks(level),
            Some(_) => {
                self.out.push_str(empty(&root.node));
                self.end_line(root.node.trailing.as_deref());
            }
            None => self.scalar(&root.node, 2),
        }
        self.comments(&document.tail, 0, true);
    }

    /// Writes a block and all that is in it, keeping its own list of what is open.
    fn blocks(&mut self, level: Level<'_>) {
        let mut levels = vec![level];
        while let Some(level) = levels.last_mut() {
            if let Some((key, child)) = level.next() {
                if let Some(inner) = self.child(level, key, child) {
                    levels.push(inner);
                }
            } else {
                let (tail, indent, first) = (level.tail, level.indent, level.first);
                let trailing = level.trailing;
                self.comments(tail, indent, !first);
                if let Some(trailing) = trailing {
                    self.comment(trailing, indent);
                }
                levels.pop();
            }
        }
    }

    /// Writes a child up to where its own block begins, if it has one.
    fn child<'a>(
        &mut self,
        level: &mut Level<'a>,
        key: Option<&'a str>,
        child: &'a Child,
    ) -> Option<Level<'a>> {
        let node = &child.node;
        let indent = level.indent;
        let flat = flat(node, indent, key);
        let is_block = flat.is_none() && is_collection(node);
        let is_section = is_block && level.spacing == Spacing::Sections;
        let apart = level.spacing == Spacing::All || is_section || level.after_section;
        let behind_dash = std::mem::take(&mut level.behind_dash);
        if !behind_dash {
            self.lead(child, key.is_none() && is_block, indent, level.first, apart);
            self.indent(indent);
        }
        level.first = false;
        level.after_section = is_section;
        match key {
            Some(key) => {
                write_text(&mut self.out, key, Place::Key);
                self.out.push(':');
            }
            None => self.out.push('-'),
        }
        if let Some(flat) = flat {
            self.out.push(' ');
            self.out.push_str(&flat);
            self.end_line(node.trailing.as_deref());
            return None;
        }
        if !is_block {
            self.out.push(' ');
            self.scalar(node, indent + 2);
            return None;
        }
        let spacing = match (level.spacing, key) {
            (Spacing::Sections, Some("steps")) => Spacing::All,
            _ => Spacing::Kept,
        };
        let mut inner = Level::of(node, indent + 2, spacing)?;
        if key.is_some() {
            self.end_line(node.header.as_deref());
        } else {
            self.out.push(' ');
            inner.behind_dash = true;
        }
        Some(inner)
    }

    /// The comments and the empty line before a child.
    fn lead(
        &mut self,
        child: &Child,
        is_item_block: bool,
        indent: usize,
        first: bool,
        apart: bool,
    ) {
        if apart && !first {
            self.blank();
        }
        self.comments(&child.lead, indent, !first);
        let mut blank = child.blank;
        let mut wrote = !child.lead.is_empty();
        let (mut outer, mut depth) = (child, indent);
        let mut behind_dash = is_item_block;
        while behind_dash {
            if let Some(header) = &outer.node.header {
                self.comment(header, indent);
                (blank, wrote) = (false, true);
            }
            let Some((has_key, next)) = first_child(&outer.node) else {
                break;
            };
            if !next.lead.is_empty() {
                self.comments(&next.lead, indent, wrote || !first);
                (blank, wrote) = (next.blank, true);
            }
            depth += 2;
            behind_dash =
                !has_key && is_collection(&next.node) && flat(&next.node, depth, None).is_none();
            outer = next;
        }
        wrote |= self.comments_inside(&outer.node, indent);
        if blank && (wrote || !first) {
            self.blank();
        }
    }

    /// The comments of an empty list or map, which has no lines to put them on.
    fn comments_inside(&mut self, node: &Node, indent: usize) -> bool {
        let tail = match &node.content {
            Content::List(list) if list.items.is_empty() => &list.tail,
            Content::Map(map) if map.entries.is_empty() => &map.tail,
            _ => return false,
        };
        if let Some(header) = &node.header {
            self.comment(header, indent);
        }
        self.comments(tail, indent, false);
        node.header.is_some() || !tail.is_empty()
    }

    fn comments(&mut self, comments: &[Comment], indent: usize, blank_first: bool) {
        for (place, comment) in comments.iter().enumerate() {
            if comment.blank && (place > 0 || blank_first) {
                self.blank();
            }
            self.comment(&comment.text, indent);
        }
    }

    fn comment(&mut self, text: &str, indent: usize) {
        self.indent(indent);
        self.out.push('#');
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn indent(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn end_line(&mut self, comment: Option<&str>) {
        if let Some(comment) = comment {
            self.out.push_str(" #");
            self.out.push_str(comment);
        }
        self.out.push('\n');
    }

    /// A scalar and the rest of its line or lines; `indent` is that of a block's lines.
    fn scalar(&mut self, node: &Node, indent: usize) {
        let Content::Scalar(scalar) = &node.content else {
            self.out.push_str("null\n");
            return;
        };
        if let Some(lines) = block_lines(scalar) {
            self.block_text(lines, node.trailing.as_deref(), indent);
        } else {
            single_line(&mut self.out, scalar, Place::Value);
            self.end_line(node.trailing.as_deref());
        }
    }

    fn block_text(&mut self, (mark, text): (&str, &str), comment: Option<&str>, indent: usize) {
        self.out.push_str(mark);
        self.end_line(comment);
        for line in text.split('\n') {
            if !line.is_empty() {
                self.indent(indent);
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
    }
}

/// `node` in the rest of a line, if it is a list or map that is to be written so.
fn flat(node: &Node, indent: usize, key: Option<&str>) -> Option<String> {
    if is_empty(node) {
        return Some(empty(node).to_owned());
    }
    let flow = match &node.content {
        Content::List(list) => list.flow,
        Content::Map(map) => map.flow,
        _ => false,
    };
    let before = indent + key.map_or(1, |key| key.chars().count() + 1) + 1;
    // In deep nesting a line may be wide: what is inside still gets some room.
    let room = WIDTH.saturating_sub(before).max(40);
    let mut out = String::new();
    (flow && flatten(node, room, &mut out)).then_some(out)
}

fn empty(node: &Node) -> &'static str {
    if matches!(node.content, Content::List(_)) {
        "[]"
    } else {
        "{}"
    }
}

fn is_collection(node: &Node) -> bool {
    matches!(node.content, Content::List(_) | Content::Map(_))
}

/// Writes `node` in brackets; `false` if that is too long or there is a comment in it.
fn flatten(node: &Node, room: usize, out: &mut String) -> bool {
    // Bytes are at least as many as characters: a cheap bound, so that huge lists are given up soon.
    if out.len() > room * 4 || node.header.is_some() {
        return false;
    }
    match &node.content {
        Content::Broken => out.push_str("null"),
        Content::Scalar(scalar) => {
            let is_long = matches!(&scalar.value, ScalarValue::Text(text) if text.len() > room * 4);
            if is_long || matches!(scalar.written, Written::Folded(_)) {
                return false;
            }
            single_line(out, scalar, Place::FlowValue);
        }
        Content::List(list) => {
            if !list.tail.is_empty() {
                return false;
            }
            out.push('[');
            for (place, item) in list.items.iter().enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                if !flatten_child(item, room, out) {
                    return false;
                }
            }
            out.push(']');
        }
        Content::Map(map) if map.entries.is_empty() && map.tail.is_empty() => out.push_str("{}"),
        Content::Map(map) => {
            if !map.tail.is_empty() {
                return false;
            }
            for (place, (key, entry)) in map.entries.iter().enumerate() {
                out.push_str(if place > 0 { ", " } else { "{ " });
                write_text(out, key, Place::FlowKey);
                out.push_str(": ");
                if !flatten_child(&entry.child, room, out) {
                    return false;
                }
            }
            out.push_str(" }");
        }
    }
    out.len() <= room || out.chars().count() <= room
}

fn flatten_child(child: &Child, room: usize, out: &mut String) -> bool {
    child.lead.is_empty() && child.node.trailing.is_none() && flatten(&child.node, room, out)
}

fn is_empty(node: &Node) -> bool {
    match &node.content {
        Content::List(list) => list.items.is_empty(),
        Content::Map(map) => map.entries.is_empty(),
        _ => false,
    }
}

/// The first child of a list or map, and whether it has a key.
fn first_child(node: &Node) -> Option<(bool, &Child)> {
    match &node.content {
        Content::List(list) => list.items.first().map(|item| (false, item)),
        Content::Map(map) => map.entries.first().map(|(_, entry)| (true, &entry.child)),
        _ => None,
    }
}

/// The mark and the lines of a text that is written as a block.
fn block_lines(scalar: &Scalar) -> Option<(&'static str, &str)> {
    let ScalarValue::Text(text) = &scalar.value else {
        return None;
    };
    let ends = text.ends_with('\n');
    if let Written::Folded(lines) = &scalar.written {
        return Some((if ends { ">" } else { ">-" }, lines));
    }
    literal(text).then(|| {
        let lines = text.strip_suffix('\n').unwrap_or(text);
        (if ends { "|" } else { "|-" }, lines)
    })
}

fn single_line(out: &mut String, scalar: &Scalar, place: Place) {
    match (&scalar.value, &scalar.written) {
        (ScalarValue::Null, _) => out.push_str("null"),
        (ScalarValue::Bool(flag), _) => out.push_str(if *flag { "true" } else { "false" }),
        (ScalarValue::Number(_), Written::Number(spelling)) => out.push_str(spelling),
        (ScalarValue::Number(number), _) => out.push_str(&number.to_string()),
        (ScalarValue::Text(text), _) => write_text(out, text, place),
    }
}
