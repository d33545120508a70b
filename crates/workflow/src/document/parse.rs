//! Text → tree, all mistakes in one go.

use std::mem;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, StructureStyle};
use indexmap::map::Entry as Slot;

use super::{
    Child, Comment, Content, DocPath, Document, Entry, List, MAX_BYTES, MAX_DEPTH, MAX_NODES, Map,
    Node, Scalar, ScalarValue, Segment, SourceRange, Written, lines::Lines, problem, scalar,
    syntax,
};
use crate::Problem;

mod comments;
mod frame;
mod refuse;

use frame::{Frame, Key, LastChild, Open, Pending};

/// YAML takes no key of more than 1,024 characters, and a quoted one may take four for a byte.
const LONGEST_KEY: usize = 250;

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
    /// How many have begun; there may be one.
    documents: usize,
    nodes: usize,
    problems: Vec<Problem>,
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
    fn report(&mut self, mut found: Problem) {
        // An expression without quotes may be found twice: as a map, and by what follows it.
        let is_known = |other: &Problem| other.code == found.code && other.range == found.range;
        if self.problems.len() < MAX_PROBLEMS && !self.problems.iter().any(is_known) {
            found.path = self.path();
            self.problems.push(found);
        }
    }

    /// Where the reading stands.
    fn path(&self) -> DocPath {
        let segments = self.frames.iter().filter_map(|frame| match &frame.open {
            Open::List(list) => Some(Segment::Index(list.items.len())),
            Open::Map(_, Key::Got { text, .. }) => Some(Segment::Key((&**text).into())),
            Open::Map(..) => None,
        });
        DocPath(segments.collect())
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
                    self.refuse_second_document(range);
                    return false;
                }
            }
            Event::Comment(text, _) => self.comment(&text, span),
            Event::Scalar(text, style, ..) => self.scalar(&text, style, span),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.refuse_alias(range);
                self.place_value(Node::new(Content::Broken, range), span.start.line(), span);
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
                    self.place_value(Node::new(Content::Broken, range), span.start.line(), span);
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
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let line = span.start.line();
        // A block begins with its mark, which is in the line above the text.
        let line = if is_block {
            self.lines.written_above(line)
        } else {
            line
        };
        self.place_value(node, line, span);
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
        let (lead, blank) = self.take_lead(span.start.line());
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
        } else if text.len() > LONGEST_KEY {
            let message = format!("the key is longer than {LONGEST_KEY} bytes");
            let mut found = problem("key", range, message);
            found.help = Some("use a shorter name, or a list of maps".to_owned());
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
            _ => self.take_lead(span.start.line()),
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

    fn place_value(&mut self, node: Node, line: usize, span: &Span) {
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
        let (lead, blank) = self.take_lead(line);
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
        // The end of a block is known only from what follows it.
        frame.last = (!child.node.is_block()).then_some(last);
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
        // A lone carriage return ends a line for YAML, though not for `lines`.
        if rest.contains(|c: char| c.is_control() && c != '\t') {
            return None;
        }
        lines.push(rest);
    }
    Some(lines.join("\n").into())
}
