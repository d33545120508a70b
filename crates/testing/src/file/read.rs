//! Values of the right kind, with a problem and its place where they are not.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use casare_workflow::{
    DocPath, Document, Problem, Severity, SourceRange, Span,
    document::{Content, Map, Node, Scalar, ScalarValue},
};
use serde_json::Value as Json;

use super::{CASE_KEYS, Case, FILE_KEYS, Setup, Times, closest};
use crate::pattern::{Pattern, PatternError};

/// Reads a test file and collects what is wrong with it.
pub(super) struct Reader<'d> {
    document: &'d Document,
    /// The test's folder.
    pub(super) folder: &'d Path,
    pub(super) problems: Vec<Problem>,
}

/// A value and its place.
#[derive(Clone)]
pub(super) struct At<'d> {
    pub(super) node: &'d Node,
    pub(super) path: DocPath,
}

impl<'d> At<'d> {
    /// The entries of a map, each with its place.
    pub(super) fn entries(&self) -> Vec<(&'d str, At<'d>)> {
        let entries = self.node.as_map().into_iter().flat_map(|map| &map.entries);
        entries
            .map(|(key, entry)| {
                let at = At {
                    node: &entry.child.node,
                    path: self.path.key(key),
                };
                (&**key, at)
            })
            .collect()
    }

    pub(super) fn get(&self, key: &str) -> Option<At<'d>> {
        let entry = self.node.as_map()?.entries.get(key)?;
        Some(At {
            node: &entry.child.node,
            path: self.path.key(key),
        })
    }

    pub(super) fn items(&self) -> Vec<At<'d>> {
        let items = self.node.as_list().into_iter().flat_map(|list| &list.items);
        items
            .enumerate()
            .map(|(index, item)| At {
                node: &item.node,
                path: self.path.index(index),
            })
            .collect()
    }
}

impl<'d> Reader<'d> {
    pub(super) fn new(document: &'d Document, folder: &'d Path) -> Self {
        Self {
            document,
            folder,
            problems: Vec::new(),
        }
    }

    /// The workflow and the cases.
    pub(super) fn file(&mut self) -> Option<(PathBuf, Vec<Case>)> {
        let root = At {
            node: self.document.root(),
            path: DocPath::default(),
        };
        if root.node.is_null() {
            let problem = self.problem(&root, "empty", "the file is empty");
            problem.help = Some("begin with `test: 1` and `workflow: FILE`".to_owned());
            return None;
        }
        let map = self.map(&root, "a map with `test` and `workflow`")?;
        let has_cases = map.entries.contains_key("cases");
        let keys: Vec<&str> = FILE_KEYS.into_iter().chain(CASE_KEYS).collect();
        self.known_keys(&root, &keys);
        self.version(&root);
        let workflow = self.workflow(&root);
        let base = self.setup(&root);
        let mut cases = Vec::new();
        if has_cases {
            for key in ["expect", "skip"] {
                if let Some(at) = root.get(key) {
                    let message = format!("`{key}` belongs to a case");
                    let problem = self.problem(&at, "misplaced-key", message);
                    problem.help = Some("write it below one of the `cases`".to_owned());
                }
            }
            if let Some(list) = root.get("cases") {
                self.cases(&list, &base, &mut cases);
            }
        } else {
            let name = workflow.as_deref().map_or("the workflow", stem);
            let expect = self.expect(&root);
            cases.push(Case {
                name: name.to_owned(),
                line: 1,
                at: root.path.clone(),
                skip: self.skip(&root),
                setup: base,
                expect,
            });
        }
        Some((workflow?, cases))
    }

    fn version(&mut self, root: &At<'d>) {
        let Some(at) = root.get("test") else {
            let problem = self.problem(root, "version", "the file does not say its version");
            problem.help = Some("write `test: 1` in its first line".to_owned());
            return;
        };
        if at.node.to_json() != 1 {
            let problem = self.problem(&at, "version", "this version of test files is not known");
            problem.help = Some("write `test: 1`".to_owned());
        }
    }

    fn workflow(&mut self, root: &At<'d>) -> Option<PathBuf> {
        let Some(at) = root.get("workflow") else {
            let problem = self.problem(root, "missing-key", "the file does not say what it tests");
            problem.help = Some("add `workflow: FILE`, relative to the test's folder".to_owned());
            return None;
        };
        let name = self.text(&at)?;
        let path = self.folder.join(&name);
        if !path.is_file() {
            let message = format!("there is no workflow `{name}`");
            let problem = self.problem(&at, "no-workflow", message);
            problem.help = Some("the path starts at the test's folder".to_owned());
            return None;
        }
        Some(path)
    }

    fn cases(&mut self, list: &At<'d>, base: &Setup, cases: &mut Vec<Case>) {
        if self.list(list, "a list of cases").is_none() {
            return;
        }
        for at in list.items() {
            if self.map(&at, "a map with `name`").is_none() {
                continue;
            }
            let keys: Vec<&str> = ["name"].into_iter().chain(CASE_KEYS).collect();
            self.known_keys(&at, &keys);
            let name = if let Some(at) = at.get("name") {
                self.text(&at)
            } else {
                let problem = self.problem(&at, "missing-key", "the case has no name");
                problem.help = Some("add `name: what is true of it`".to_owned());
                None
            };
            let name = name.unwrap_or_default();
            if !name.is_empty() && cases.iter().any(|case| case.name == name) {
                let named = at.get("name").unwrap_or_else(|| at.clone());
                let message = format!("there are two cases called `{name}`");
                self.problem(&named, "duplicate-case", message);
            }
            let own = self.setup(&at);
            cases.push(Case {
                name,
                line: 0,
                at: at.path.clone(),
                skip: self.skip(&at),
                setup: own.over(base),
                expect: self.expect(&at),
            });
        }
    }

    fn skip(&mut self, at: &At<'d>) -> Option<String> {
        let at = at.get("skip")?;
        match self.text(&at) {
            Some(reason) if !reason.trim().is_empty() => Some(reason),
            _ => {
                let problem = self.problem(&at, "wrong-value", "a skipped case says why");
                problem.help = Some("write `skip: \"waits for …\"`".to_owned());
                None
            }
        }
    }

    pub(super) fn problem(
        &mut self,
        at: &At<'_>,
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut Problem {
        let range = match &at.node.content {
            Content::Scalar(_) => at.node.range,
            _ => self.document.key_range(&at.path).unwrap_or(at.node.range),
        };
        self.problem_at(range, &at.path, code, message)
    }

    pub(super) fn problem_at(
        &mut self,
        range: SourceRange,
        path: &DocPath,
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut Problem {
        let index = self.problems.len();
        self.problems.push(Problem {
            code,
            severity: Severity::Error,
            message: message.into(),
            label: None,
            help: None,
            path: path.clone(),
            range,
        });
        &mut self.problems[index]
    }

    fn wrong_type(&mut self, at: &At<'_>, wanted: &str) {
        let key = at.path.0.last();
        let name = match key {
            Some(casare_workflow::Segment::Key(key)) => format!("`{key}`"),
            _ => "this".to_owned(),
        };
        let message = format!("{name} has to be {wanted}, but is {}", kind_of(at.node));
        self.problem(at, "wrong-type", message);
    }

    pub(super) fn known_keys(&mut self, at: &At<'d>, known: &[&str]) {
        let Some(map) = at.node.as_map() else {
            return;
        };
        for (key, entry) in &map.entries {
            if known.contains(&&**key) {
                continue;
            }
            let message = format!("there is no key `{key}` here");
            let path = at.path.key(key);
            let problem = self.problem_at(entry.key_range, &path, "unknown-key", message);
            problem.help = Some(match closest(key, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("keys: {}", known.join(", ")),
            });
        }
    }

    pub(super) fn map(&mut self, at: &At<'d>, wanted: &str) -> Option<&'d Map> {
        let map = at.node.as_map();
        if map.is_none() {
            self.wrong_type(at, wanted);
        }
        map
    }

    pub(super) fn list(&mut self, at: &At<'d>, wanted: &str) -> Option<()> {
        if at.node.as_list().is_none() {
            self.wrong_type(at, wanted);
            return None;
        }
        Some(())
    }

    /// A text, or a number or boolean as it is written.
    pub(super) fn text(&mut self, at: &At<'d>) -> Option<String> {
        match at.node.to_json() {
            Json::String(text) => Some(text),
            single @ (Json::Number(_) | Json::Bool(_)) => Some(single.to_string()),
            _ => {
                self.wrong_type(at, "a text");
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, at: &At<'d>) -> Option<bool> {
        let flag = at.node.to_json().as_bool();
        if flag.is_none() {
            self.wrong_type(at, "`true` or `false`");
        }
        flag
    }

    pub(super) fn count(&mut self, at: &At<'d>) -> Option<u64> {
        let count = at.node.to_json().as_u64();
        if count.is_none() {
            self.wrong_type(at, "a whole number");
        }
        count
    }

    pub(super) fn span(&mut self, at: &At<'d>) -> Option<Duration> {
        let text = self.text(at)?;
        self.parsed::<Span>(at, &text).map(Span::get)
    }

    /// What a text says, if it is of that form.
    pub(super) fn parsed<T: FromStr<Err: std::fmt::Display>>(
        &mut self,
        at: &At<'d>,
        text: &str,
    ) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(at, "wrong-value", error.to_string());
                None
            }
        }
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(&mut self, at: &At<'d>, known: &[(&str, T)]) -> Option<T> {
        let word = self.text(at)?;
        let found = known.iter().find(|(name, _)| *name == word);
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let message = format!("`{word}` is not one of {}", names.join(", "));
            let meant = closest(&word, names);
            let help = meant.map(|meant| format!("did you mean `{meant}`?"));
            self.problem(at, "wrong-value", message).help = help;
        }
        found.map(|(_, value)| *value)
    }

    pub(super) fn pattern(&mut self, at: &At<'d>) -> Option<Pattern> {
        self.read_pattern(at, Pattern::read)
    }

    /// A text that is to be found somewhere, or a matcher.
    pub(super) fn part(&mut self, at: &At<'d>) -> Option<Pattern> {
        self.read_pattern(at, Pattern::part)
    }

    fn read_pattern(
        &mut self,
        at: &At<'d>,
        read: impl FnOnce(&Json) -> Result<Pattern, PatternError>,
    ) -> Option<Pattern> {
        let error = match read(&at.node.to_json()) {
            Ok(pattern) => return Some(pattern),
            Err(error) => error,
        };
        let mut place = at.clone();
        for key in &error.path {
            let inner = match &place.node.content {
                Content::List(_) => key
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| place.items().into_iter().nth(index)),
                _ => place.get(key),
            };
            let Some(inner) = inner else { break };
            place = inner;
        }
        let range = self.document.key_range(&place.path);
        let range = range.unwrap_or(place.node.range);
        let problem = self.problem_at(range, &place.path, "matcher", error.message);
        problem.help = error.help;
        None
    }

    /// A number, or `{ at_least: …, at_most: … }`.
    pub(super) fn times(&mut self, at: Option<At<'d>>) -> Times {
        let mut times = Times {
            least: 1,
            most: u64::MAX,
        };
        let Some(at) = at else {
            return times;
        };
        if at.node.as_map().is_none() {
            if let Some(count) = self.count(&at) {
                times = Times {
                    least: count,
                    most: count,
                };
            }
            return times;
        }
        self.known_keys(&at, &["at_least", "at_most"]);
        times.least = 0;
        if let Some(least) = at.get("at_least") {
            times.least = self.count(&least).unwrap_or_default();
        }
        if let Some(most) = at.get("at_most") {
            times.most = self.count(&most).unwrap_or(u64::MAX);
        }
        times
    }
}

fn kind_of(node: &Node) -> &'static str {
    match &node.content {
        Content::List(_) => "a list",
        Content::Map(_) => "a map",
        Content::Broken => "unreadable",
        Content::Scalar(Scalar { value, .. }) => match value {
            ScalarValue::Null => "empty",
            ScalarValue::Bool(_) => "a boolean",
            ScalarValue::Number(_) => "a number",
            ScalarValue::Text(_) => "text",
        },
    }
}

/// `folder/orders.workflow.yaml` → `orders`.
fn stem(path: &Path) -> &str {
    let file = path.file_name().and_then(|name| name.to_str());
    file.and_then(|name| name.split('.').next())
        .unwrap_or("the workflow")
}
