//! Reads single values of a workflow and says what is wrong with them.

use std::str::FromStr;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::{bytes, meant};
use crate::{
    DocPath, Problem, Severity, SourceRange, Span,
    document::{Content, Map, Node, Scalar, ScalarValue},
};

/// How deep lists and maps may be nested in a setting. Data, unlike steps, is read by recursion.
const MAX_DATA_DEPTH: usize = 100;

/// The way to what is looked at; costs nothing until it is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum At<'a> {
    Path(&'a DocPath),
    Key(&'a At<'a>, &'a str),
    Index(&'a At<'a>, usize),
}

impl At<'_> {
    pub(super) fn path(&self) -> DocPath {
        match self {
            At::Path(path) => (*path).clone(),
            At::Key(up, key) => up.path().key(key),
            At::Index(up, index) => up.path().index(*index),
        }
    }

    /// What people call it: its key.
    fn name(&self) -> String {
        match self {
            At::Key(_, key) => format!("`{key}`"),
            At::Index(up, _) => format!("an item of {}", up.name()),
            At::Path(path) if path.0.is_empty() => "a workflow".to_owned(),
            At::Path(path) => format!("`{path}`"),
        }
    }
}

/// Collects what is wrong.
pub(super) struct Reader<'p> {
    pub(super) problems: &'p mut Vec<Problem>,
}

impl Reader<'_> {
    pub(super) fn report(
        &mut self,
        code: &'static str,
        at: &At<'_>,
        range: SourceRange,
        message: String,
    ) -> &mut Problem {
        let problem = Problem {
            code,
            severity: Severity::Error,
            message,
            label: None,
            help: None,
            path: at.path(),
            range,
        };
        self.problems.push(problem);
        let last = self.problems.len() - 1;
        &mut self.problems[last]
    }

    /// `node` is not what it has to be. Silent about what was reported while parsing.
    pub(super) fn wrong_type(
        &mut self,
        node: &Node,
        at: &At<'_>,
        wanted: &str,
    ) -> Option<&mut Problem> {
        if matches!(node.content, Content::Broken) {
            return None;
        }
        let message = format!("{} has to be {wanted}, but is {}", at.name(), node.kind());
        Some(self.report("wrong-type", at, node.range, message))
    }

    /// A value that is there, but none that is possible.
    pub(super) fn wrong_value(
        &mut self,
        node: &Node,
        at: &At<'_>,
        message: String,
    ) -> &mut Problem {
        self.report("wrong-value", at, node.range, message)
    }

    pub(super) fn map<'n>(&mut self, node: &'n Node, at: &At<'_>, wanted: &str) -> Option<&'n Map> {
        let map = node.as_map();
        if map.is_none() {
            self.wrong_type(node, at, wanted);
        }
        map
    }

    pub(super) fn text(&mut self, node: &Node, at: &At<'_>) -> Option<String> {
        if let Some(text) = node.as_text() {
            return Some(text.to_owned());
        }
        let is_single = matches!(&node.content, Content::Scalar(_)) && !node.is_null();
        if let Some(problem) = self.wrong_type(node, at, "text")
            && is_single
        {
            problem.help = Some("quote it".to_owned());
        }
        None
    }

    pub(super) fn boolean(&mut self, node: &Node, at: &At<'_>) -> Option<bool> {
        if let Content::Scalar(Scalar {
            value: ScalarValue::Bool(flag),
            ..
        }) = &node.content
        {
            return Some(*flag);
        }
        if let Some(problem) = self.wrong_type(node, at, "`true` or `false`") {
            problem.help = match node.as_text() {
                Some("yes" | "Yes" | "on" | "On") => Some("write `true`".to_owned()),
                Some("no" | "No" | "off" | "Off") => Some("write `false`".to_owned()),
                Some(text) if text.contains("{{") => {
                    Some("an expression can't be used here".to_owned())
                }
                _ => None,
            };
        }
        None
    }

    pub(super) fn number<'n>(
        &mut self,
        node: &'n Node,
        at: &At<'_>,
        wanted: &str,
    ) -> Option<&'n serde_json::Number> {
        if let Content::Scalar(Scalar {
            value: ScalarValue::Number(number),
            ..
        }) = &node.content
        {
            return Some(number);
        }
        self.wrong_type(node, at, wanted);
        None
    }

    /// A whole number of at least 1 and at most `most`.
    pub(super) fn count(&mut self, node: &Node, at: &At<'_>, most: u64) -> Option<u64> {
        let number = self.number(node, at, "a whole number")?;
        let count = number.as_u64().filter(|count| (1..=most).contains(count));
        if count.is_none() {
            let message = format!(
                "{} has to be a whole number from 1, but is {number}",
                at.name()
            );
            self.wrong_value(node, at, message);
        }
        count
    }

    pub(super) fn span(&mut self, node: &Node, at: &At<'_>) -> Option<Span> {
        let written = match &node.content {
            Content::Scalar(Scalar {
                value: ScalarValue::Text(text),
                ..
            }) => text.to_string(),
            Content::Scalar(Scalar {
                value: ScalarValue::Number(number),
                ..
            }) => number.to_string(),
            _ => {
                self.wrong_type(node, at, "a duration such as `30s`");
                return None;
            }
        };
        match Span::from_str(&written) {
            Ok(span) => Some(span),
            Err(error) => {
                let message = format!("{}: {error}", at.name());
                let problem = self.report("duration", at, node.range, message);
                if written.contains("{{") {
                    problem.help = Some("an expression can't be used here".to_owned());
                }
                None
            }
        }
    }

    pub(super) fn bytes(&mut self, node: &Node, at: &At<'_>) -> Option<u64> {
        let found = match &node.content {
            Content::Scalar(Scalar {
                value: ScalarValue::Number(number),
                ..
            }) => number.as_u64(),
            Content::Scalar(Scalar {
                value: ScalarValue::Text(text),
                ..
            }) => bytes::parse(text),
            _ => {
                self.wrong_type(node, at, "an amount of bytes such as `16MiB`");
                return None;
            }
        };
        if found.is_none() {
            let message = format!("{} is no amount of bytes", at.name());
            let problem = self.wrong_value(node, at, message);
            problem.help =
                Some("write it like `16MiB`, `500kB`, or as a number of bytes".to_owned());
        }
        found
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        node: &Node,
        at: &At<'_>,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let names = || choices.iter().map(|(name, _)| *name);
        let Some(text) = node.as_text() else {
            let wanted = format!("one of {}", meant::listed(names()));
            self.wrong_type(node, at, &wanted);
            return None;
        };
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*choice);
        }
        let message = format!("{} can't be `{text}`", at.name());
        let problem = self.wrong_value(node, at, message);
        problem.help = Some(match meant::closest(text, names()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("write one of {}", meant::listed(names())),
        });
        None
    }

    /// A list of texts; one alone may stand without brackets.
    pub(super) fn texts(&mut self, node: &Node, at: &At<'_>) -> Option<Vec<String>> {
        if let Some(text) = node.as_text() {
            return Some(vec![text.to_owned()]);
        }
        let Some(list) = node.as_list() else {
            self.wrong_type(node, at, "a list of names");
            return None;
        };
        let items = list.items.iter().enumerate();
        let texts = items.map(|(index, item)| self.text(&item.node, &At::Index(at, index)));
        let texts: Vec<Option<String>> = texts.collect();
        texts.into_iter().collect()
    }

    /// Any value, as it is written.
    pub(super) fn json(&mut self, node: &Node, at: &At<'_>) -> Option<Json> {
        if let Some(deep) = too_deep(node, MAX_DATA_DEPTH) {
            let message = format!("a value is nested more than {MAX_DATA_DEPTH} levels deep");
            self.report("too-deep", at, deep, message);
            return None;
        }
        Some(node.to_json())
    }

    /// Values under names, of a map.
    pub(super) fn values(
        &mut self,
        node: &Node,
        at: &At<'_>,
        wanted: &str,
    ) -> IndexMap<String, Json> {
        let Some(map) = self.map(node, at, wanted) else {
            return IndexMap::new();
        };
        let entries = map.entries.iter();
        let values = entries.filter_map(|(key, entry)| {
            let value = self.json(&entry.child.node, &At::Key(at, key))?;
            Some((key.to_string(), value))
        });
        values.collect()
    }

    /// A name that expressions can write behind a dot.
    pub(super) fn identifier(&mut self, what: &str, name: &str, range: SourceRange, at: &At<'_>) {
        if is_identifier(name) {
            return;
        }
        let message = if name.is_empty() {
            format!("{what} can't be empty")
        } else {
            format!("`{name}` can't be {what}: expressions could not name it")
        };
        let better = to_identifier(name);
        let problem = self.report("name", at, range, message);
        problem.help = Some(format!(
            "use letters of a to z, digits and `_`, and no digit first: `{better}`"
        ));
    }

    pub(super) fn unknown_key(
        &mut self,
        key: &str,
        range: SourceRange,
        at: &At<'_>,
        known: &[&str],
    ) -> &mut Problem {
        let message = format!("{} has no key `{key}`", at.name());
        let help = match meant::closest(key, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are {}", meant::listed(known.iter().copied())),
        };
        let problem = self.report("unknown-key", &At::Key(at, key), range, message);
        problem.help = Some(help);
        problem
    }
}

/// Where `node` is nested deeper than `left` levels.
fn too_deep(node: &Node, left: usize) -> Option<SourceRange> {
    let below = |node| match left.checked_sub(1) {
        Some(left) => too_deep(node, left),
        None => Some(node.range),
    };
    match &node.content {
        Content::List(list) => list.items.iter().find_map(|item| below(&item.node)),
        Content::Map(map) => map
            .entries
            .values()
            .find_map(|entry| below(&entry.child.node)),
        _ => None,
    }
}

fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn to_identifier(name: &str) -> String {
    let valid = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '_'
        }
    };
    let mut better: String = name.chars().map(valid).collect();
    if !better.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        better.insert(0, '_');
    }
    better
}
