//! Text → tree, all mistakes in one go.

use std::mem;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, StructureStyle};
use indexmap::map::Entry as Slot;

use super::{
    Child, Comment, Content, Document, Entry, List, MAX_BYTES, MAX_DEPTH, MAX_NODES, Map, Node,
    Scalar, ScalarValue, SourceRange, Written, lines::Lines, problem, scalar, syntax,
};
use crate::Problem;

/// How many mistakes are reported.
const MAX_PROBLEMS: usize = 100;

/// The tree of `text`, as far as it could be read, and what is wrong with it.
pub(crate) fn parse(text: &str) -> (Option<Document>, Vec<Problem>) {
    if text.len() > MAX_BYTES {
        let message = format!("the text has {} bytes; {MAX_BYTES} is the most", text.len());
        return (
            None,
            vec![problem("too-large", SourceRange::default(), message)],
        );
    }
    let mut builder = Builder::new(text);
    for event in Parser::new_from_str_with_options(text, options()) {
        let going_on = match event {
            Ok((event, span)) => builder.event(event, &span),
            Err(error) => {
                let found = syntax::problem(text, &error, builder.opened());
                builder.report(found);
                false
            }
        };
        if !going_on {
            return (None, builder.problems);
        }
    }
    builder.finish()
}

fn options() -> Options {
    let mut options = Options::default();
    // The builder has its own limit and a better message; this one only backs it up.
    options.block_nesting_limit = MAX_DEPTH + 10;
    options.flow_nesting_limit = MAX_DEPTH + 10;
    options.max_buffered_comment_events = MAX_NODES;
    options.emit_unresolved_aliases = true;
    options
}

struct Builder<'a> {
    text: &'a str,
    lines: Lines,
    frames: Vec<Frame>,
    /// Comments that belong to whatever comes next.
    pending: Vec<Pending>,
    root: Option<Child>,
    tail: Vec<Comment>,
    /// Where the last document began; there may be one.
    documents: usize,
    nodes: usize,
    problems: Vec<Problem>,
}

#[derive(Debug)]
struct Pending {
    comment: Comment,
    column: usize,
}

/// A list or map that is not complete.
struct Frame {
    start: usize,
    line: usize,
    /// Of a block: comments left of it do not belong to it.
    column: usize,
    /// The comments before it and the empty line, where it is an item; a key has its own.
    lead: Vec<Comment>,
    blank: bool,
    header: Option<String>,
    open: Open,
    /// Where its last child stands.
    last: Option<LastChild>,
}

#[derive(Debug, Clone, Copy)]
struct LastChild {
    start: usize,
    end_line: usize,
}

enum Open {
    List(List),
    Map(Map, Key),
}

/// What a map waits for.
enum Key {
    /// A key.
    Wanted,
    /// The value of this one.
    Got {
        text: Box<str>,
        range: SourceRange,
        line: usize,
        lead: Vec<Comment>,
        blank: bool,
        header: Option<String>,
    },
    /// The value of a key that was refused.
    Refused,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            lines: Lines::of(text),
            frames: Vec::new(),
            pending: Vec::new(),
            root: None,
            tail: Vec::new(),
            documents: 0,
            nodes: 0,
            problems: Vec::new(),
        }
    }

    /// Past the first hundred, more of the same helps nobody.
    fn report(&mut self, found: Problem) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(found);
        }
    }

    /// Where the innermost `[` or `{` that is still open stands.
    fn opened(&self) -> Option<usize> {
        let frame = self.frames.last()?;
        frame.is_flow().then_some(frame.start)
    }

    /// Whether to go on.
    fn event(&mut self, event: Event<'_>, span: &Span) -> bool {
        let range = range_of(span);
        if event.is_node() {
            self.nodes += 1;
            if self.nodes > MAX_NODES {
                let message = format!("the text holds more than {MAX_NODES} values");
                self.report(problem("too-large", range, message));
                return false;
            }
            self.refuse_tag_and_anchor(&event, span, range);
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let mut found = problem(
                        "several-documents",
                        range,
                        "the text holds several documents",
                    );
                    found.label = Some("a second one begins here".to_owned());
                    found.help = Some("keep each workflow in a file of its own".to_owned());
                    self.report(found);
                    return false;
                }
            }
            Event::Comment(text, _) => self.comment(&text, span),
            Event::Scalar(text, style, ..) => self.scalar(&text, style, span),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let alias = self.text.get(range.start..range.end).unwrap_or("*");
                let mut found = problem(
                    "alias",
                    range,
                    format!("`{alias}` refers to an anchor of YAML, which workflows don't have"),
                );
                found.help = Some(format!("if it is meant as text, quote it: \"{alias}\""));
                self.report(found);
                self.place_value(Node::new(Content::Broken, range), span);
            }
            Event::SequenceStart(style, ..) => {
                let flow = style == StructureStyle::Flow;
                return self.open(
                    Open::List(List {
                        flow,
                        ..List::default()
                    }),
                    span,
                );
            }
            Event::MappingStart(style, ..) => {
                let flow = style == StructureStyle::Flow;
                let map = Map {
                    flow,
                    ..Map::default()
                };
                return self.open(Open::Map(map, Key::Wanted), span);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            _ => {}
        }
        true
    }

    fn refuse_tag_and_anchor(&mut self, event: &Event<'_>, span: &Span, range: SourceRange) {
        if event.tag().is_some() {
            let place = span.tag_span().map_or(range, |tag| range_of(&tag));
            let tag = self.text.get(place.start..place.end).unwrap_or("!");
            let mut found = problem(
                "tag",
                place,
                format!("`{tag}` is a tag of YAML, which workflows don't have"),
            );
            found.help = Some(format!(
                "leave it out; a text that begins with `!` has to be quoted: \"{tag}\""
            ));
            self.report(found);
        }
        if !event.is_alias() && event.anchor_id().is_some_and(|id| id > 0) {
            let anchor = self.text[..range.start].rfind('&').unwrap_or(range.start);
            let length = self.text[anchor..]
                .find(char::is_whitespace)
                .unwrap_or(self.text.len() - anchor);
            let place = SourceRange {
                start: anchor,
                end: anchor + length,
            };
            let name = &self.text[place.start..place.end];
            let mut found = problem(
                "anchor",
                place,
                format!("`{name}` is an anchor of YAML, which workflows don't have"),
            );
            found.help = Some(format!(
                "write the value wherever it is needed, or keep it under `variables`; \
                 if `{name}` is meant as text, quote it"
            ));
            self.report(found);
        }
    }

    fn comment(&mut self, text: &str, span: &Span) {
        let start = span.start.byte_offset().unwrap_or_default();
        let line = span.start.line();
        let text = text.trim_end().to_owned();
        let before = self.text.get(self.lines.start(line)..start);
        let own_line = before.is_none_or(|before| before.trim().is_empty());
        if !own_line && let Some(kept) = self.comment_on_line(start, line) {
            *kept = Some(text);
            return;
        }
        let blank = self.lines.is_blank_before(line);
        self.pending.push(Pending {
            comment: Comment { text, blank },
            column: span.start.col(),
        });
    }

    /// Where a comment that stands behind something is kept.
    fn comment_on_line(&mut self, start: usize, line: usize) -> Option<&mut Option<String>> {
        if !self.pending.is_empty() {
            // One that stands after others must not overtake them.
            return None;
        }
        let Some(frame) = self.frames.last_mut() else {
            let node = &mut self.root.as_mut()?.node;
            let free = node.trailing.is_none() && node.is_inline_written();
            return free.then_some(&mut node.trailing);
        };
        let follows = frame.last.is_some_and(|last| {
            // The comment of `key: | # this` comes after the text.
            last.end_line == line || start < last.start
        });
        let opens_here = frame.last.is_none() && frame.is_flow() && frame.line == line;
        match &mut frame.open {
            Open::Map(
                _,
                Key::Got {
                    line: key, header, ..
                },
            ) => (*key == line && header.is_none()).then_some(header),
            Open::Map(_, Key::Refused) => None,
            Open::Map(map, Key::Wanted) if follows => {
                let (_, entry) = map.entries.last_mut()?;
                let trailing = &mut entry.child.node.trailing;
                trailing.is_none().then_some(trailing)
            }
            Open::List(list) if follows => {
                let trailing = &mut list.items.last_mut()?.node.trailing;
                trailing.is_none().then_some(trailing)
            }
            _ if opens_here => frame.header.is_none().then_some(&mut frame.header),
            _ => None,
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: &Span) {
        let range = range_of(span);
        if self.wants_key() {
            self.key(text, style, span);
            return;
        }
        let is_empty = range.start == range.end && style == ScalarStyle::Plain;
        let (value, written) = if is_empty {
            (ScalarValue::Null, Written::Canonical)
        } else if style == ScalarStyle::Plain {
            match scalar::resolve(text) {
                Ok(ScalarValue::Number(number)) => {
                    let spelling =
                        (number.to_string() != text).then(|| Written::Number(text.into()));
                    (ScalarValue::Number(number), spelling.unwrap_or_default())
                }
                Ok(value) => (value, Written::Canonical),
                Err(refused) => {
                    self.report(syntax::refused_number(text, refused, range));
                    self.place_value(Node::new(Content::Broken, range), span);
                    return;
                }
            }
        } else {
            let written = match style {
                ScalarStyle::Folded => folded_lines(self.text, text, span),
                _ => None,
            };
            (
                ScalarValue::Text(text.into()),
                written.map(Written::Folded).unwrap_or_default(),
            )
        };
        let node = Node::new(Content::Scalar(Scalar { value, written }), range);
        self.place_value(node, span);
    }

    fn wants_key(&self) -> bool {
        matches!(
            self.frames.last(),
            Some(Frame {
                open: Open::Map(_, Key::Wanted),
                ..
            })
        )
    }

    fn key(&mut self, text: &str, style: ScalarStyle, span: &Span) {
        let range = range_of(span);
        let (lead, blank) = self.take_lead(span);
        let is_text = style != ScalarStyle::Plain
            || range.start < range.end && matches!(scalar::resolve(text), Ok(ScalarValue::Text(_)));
        if !is_text {
            let shown = self.text.get(range.start..range.end).unwrap_or_default();
            let found = if shown.is_empty() {
                problem("key", range, "a key is missing before the `:`")
            } else {
                let mut found = problem("key", range, format!("the key `{shown}` is not text"));
                found.help = Some(format!("quote it: \"{shown}\""));
                found
            };
            self.report(found);
        }
        let Some(Frame {
            open: Open::Map(map, key),
            ..
        }) = self.frames.last_mut()
        else {
            return;
        };
        let first = map.entries.get(text).map(|first| first.key_range);
        *key = if is_text && first.is_none() {
            Key::Got {
                text: text.into(),
                range,
                line: span.start.line(),
                lead,
                blank,
                header: None,
            }
        } else {
            Key::Refused
        };
        if let Some(first) = first {
            let line = self.lines.number(first.start);
            let mut found = problem(
                "duplicate-key",
                range,
                format!("the key `{text}` is there twice"),
            );
            found.label = Some(format!("already in line {line}"));
            found.help = Some("remove one of them, or give it another name".to_owned());
            self.report(found);
        }
    }

    /// The comments before something that begins here, and whether an empty line is before it.
    fn take_lead(&mut self, span: &Span) -> (Vec<Comment>, bool) {
        let lead = self.pending.drain(..).map(|pending| pending.comment);
        (
            lead.collect(),
            self.lines.is_blank_before(span.start.line()),
        )
    }

    fn open(&mut self, open: Open, span: &Span) -> bool {
        let range = range_of(span);
        if self.frames.len() >= MAX_DEPTH {
            let message = format!("nested more than {MAX_DEPTH} levels deep");
            let mut found = problem("too-deep", range, message);
            found.help =
                Some("move the inner part to a workflow of its own and use `flow.call`".to_owned());
            self.report(found);
            return false;
        }
        let flow = match &open {
            Open::List(list) => list.flow,
            Open::Map(map, _) => map.flow,
        };
        let is_key = self.wants_key();
        // A value takes its comments from its key; a block passes them on to its first child.
        let (lead, blank) = match self.frames.last() {
            _ if is_key => (Vec::new(), false),
            Some(Frame {
                open: Open::Map(..),
                ..
            }) if !flow => (Vec::new(), false),
            _ => self.take_lead(span),
        };
        self.frames.push(Frame {
            start: range.start,
            line: span.start.line(),
            column: self.column(span, flow),
            lead,
            blank,
            header: None,
            open,
            last: None,
        });
        true
    }

    /// Of the dash, where the list was found behind `- # comment`.
    fn column(&self, span: &Span, flow: bool) -> usize {
        if flow {
            return span.start.col();
        }
        let line = self.lines.start(span.start.line())..range_of(span).start;
        let line = self.text.get(line).unwrap_or_default();
        let written = line.trim_start();
        if written.starts_with("- ") && written.contains('#') {
            line.len() - written.len()
        } else {
            span.start.col()
        }
    }

    fn close(&mut self, span: &Span) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let end = range_of(span).end;
        let flow = frame.is_flow();
        let in_map_column = match self.frames.last() {
            Some(Frame {
                open: Open::Map(..),
                column,
                ..
            }) => Some(*column),
            _ => None,
        };
        let column = match &frame.open {
            // `key:` and its dashes in the same column: comments there belong to the next key.
            Open::List(_) if in_map_column == Some(frame.column) => frame.column + 1,
            _ => frame.column,
        };
        let own = self
            .pending
            .iter()
            .take_while(|comment| flow || comment.column >= column);
        let own = own.count();
        let tail: Vec<Comment> = self
            .pending
            .drain(..own)
            .map(|pending| pending.comment)
            .collect();
        let (content, last_end) = match frame.open {
            Open::List(mut list) => {
                list.tail = tail;
                let last = list.items.last().map(|item| item.node.range.end);
                (Content::List(list), last)
            }
            Open::Map(mut map, _) => {
                map.tail = tail;
                let last = map.entries.last();
                let last =
                    last.map(|(_, entry)| entry.child.node.range.end.max(entry.key_range.end));
                (Content::Map(map), last)
            }
        };
        let range = SourceRange {
            start: frame.start,
            end: if flow {
                end
            } else {
                last_end.unwrap_or(frame.start)
            },
        };
        let mut node = Node::new(content, range);
        node.header = frame.header;
        if self.wants_key() {
            self.refuse_collection_as_key(range);
            return;
        }
        let child = Child {
            node,
            lead: frame.lead,
            blank: frame.blank,
        };
        self.place(child, span);
    }

    /// `{{ x }}` without quotes is a map whose key is a map.
    fn refuse_collection_as_key(&mut self, range: SourceRange) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if let Open::Map(_, key) = &mut frame.open {
            *key = Key::Refused;
        }
        let outer = frame.start;
        let found = if self.text[outer..].starts_with("{{") {
            syntax::unquoted_expression(self.text, outer)
        } else {
            problem("key", range, "a list or map can't be a key")
        };
        self.report(found);
    }

    fn place_value(&mut self, node: Node, span: &Span) {
        if self.wants_key() {
            if let Some(Frame {
                open: Open::Map(_, key),
                ..
            }) = self.frames.last_mut()
            {
                *key = Key::Refused;
            }
            return;
        }
        let (lead, blank) = self.take_lead(span);
        self.place(Child { node, lead, blank }, span);
    }

    /// Puts a complete node where it belongs.
    fn place(&mut self, mut child: Child, span: &Span) {
        let last = LastChild {
            start: child.node.range.start,
            end_line: span.end.line(),
        };
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(child);
            return;
        };
        frame.last = Some(last);
        match &mut frame.open {
            Open::List(list) => list.items.push(child),
            Open::Map(map, key) => {
                let Key::Got {
                    text,
                    range,
                    mut lead,
                    blank,
                    header,
                    ..
                } = mem::replace(key, Key::Wanted)
                else {
                    return;
                };
                if child.node.is_block() {
                    // A block that was opened as `[ # comment` has none on its key's line.
                    child.node.header = header.or(child.node.header);
                } else if child.node.is_null() && child.lead.is_empty() {
                    child.node.trailing = header;
                } else {
                    lead.extend(header.map(|text| Comment { text, blank: false }));
                }
                lead.append(&mut child.lead);
                child.lead = lead;
                child.blank = blank;
                if let Slot::Vacant(slot) = map.entries.entry(text) {
                    slot.insert(Entry {
                        key_range: range,
                        child,
                    });
                }
            }
        }
    }

    fn finish(mut self) -> (Option<Document>, Vec<Problem>) {
        let rest = self.pending.drain(..).map(|pending| pending.comment);
        self.tail.extend(rest);
        let root = self.root.unwrap_or_else(|| {
            let nothing = Scalar {
                value: ScalarValue::Null,
                written: Written::Canonical,
            };
            Child::new(Node::new(Content::Scalar(nothing), SourceRange::default()))
        });
        let document = Document {
            root,
            tail: self.tail,
        };
        (Some(document), self.problems)
    }
}

impl Frame {
    fn is_flow(&self) -> bool {
        match &self.open {
            Open::List(list) => list.flow,
            Open::Map(map, _) => map.flow,
        }
    }
}

impl Node {
    /// Whether it stands in a block: a list or map that is not written in brackets.
    fn is_block(&self) -> bool {
        match &self.content {
            Content::List(list) => !list.flow,
            Content::Map(map) => !map.flow,
            _ => false,
        }
    }

    fn is_inline_written(&self) -> bool {
        !self.is_block()
    }
}

fn range_of(span: &Span) -> SourceRange {
    let bytes = span.byte_range().unwrap_or_default();
    SourceRange {
        start: bytes.start,
        end: bytes.end,
    }
}

/// The lines of a folded text without their indentation, if they can be written back as they are.
fn folded_lines(source: &str, value: &str, span: &Span) -> Option<Box<str>> {
    let ends = value.len() - value.trim_end_matches('\n').len();
    if value.starts_with(['\n', ' ', '\t']) || ends > 1 || value.trim().is_empty() {
        return None;
    }
    let range = range_of(span);
    let line_start = source[..range.start].rfind('\n')? + 1;
    let indent = &source[line_start..range.start];
    if !indent.bytes().all(|byte| byte == b' ') {
        return None;
    }
    let mut lines = Vec::new();
    for line in source[line_start..range.end].trim_end().lines() {
        let line = line.trim_end_matches('\r');
        let rest = match line.strip_prefix(indent) {
            Some(rest) => rest,
            None if line.trim().is_empty() => "",
            None => return None,
        };
        if !rest.is_empty() && rest.trim().is_empty() || rest.ends_with([' ', '\t']) {
            return None;
        }
        lines.push(rest);
    }
    Some(lines.join("\n").into())
}
