//! A tree as a workflow: the whole and everything but its steps.

use indexmap::IndexMap;

use super::{
    fields::{At, Reader},
    meant, steps,
};
use crate::{
    DocPath, Document, Input, InputKind, Limits, Problem, SourceRange, Workflow,
    document::{Content, Map, Node, Scalar, ScalarValue},
};

/// The keys of a workflow, in the order in which they are written.
pub(crate) const WORKFLOW_KEYS: [&str; 9] = [
    "casare",
    "name",
    "description",
    "inputs",
    "variables",
    "env",
    "limits",
    "steps",
    "outputs",
];
pub(crate) const INPUT_KEYS: [&str; 5] = ["type", "default", "required", "description", "options"];
pub(crate) const LIMIT_KEYS: [&str; 4] = ["passes", "inline_output", "run_time", "grace"];

pub(crate) const INPUT_KINDS: [(&str, InputKind); 11] = [
    ("string", InputKind::String),
    ("integer", InputKind::Integer),
    ("number", InputKind::Number),
    ("boolean", InputKind::Boolean),
    ("list", InputKind::List),
    ("map", InputKind::Map),
    ("file", InputKind::File),
    ("folder", InputKind::Folder),
    ("date", InputKind::Date),
    ("credential", InputKind::Credential),
    ("any", InputKind::Any),
];

/// The workflow in `document`; whole only if no problem was added to `problems`.
pub(super) fn workflow(document: &Document, name: &str, problems: &mut Vec<Problem>) -> Workflow {
    let mut reader = Reader { problems };
    let root = document.root();
    let top = DocPath::default();
    let at = At::Path(&top);
    let mut workflow = Workflow {
        name: name.to_owned(),
        ..Workflow::default()
    };
    if root.is_null() {
        let problem = reader.report("empty", &at, root.range, "the file is empty".to_owned());
        problem.help = Some("begin with `casare: 1`, `name: …` and `steps:`".to_owned());
        return workflow;
    }
    let Some(map) = reader.map(root, &at, "a map with `casare`, `name` and `steps`") else {
        return workflow;
    };
    if !reader.version(map, &at) {
        // What another version means by the rest is not known.
        return workflow;
    }
    for (key, entry) in &map.entries {
        let node = &entry.child.node;
        let at = At::Key(&At::Path(&top), key);
        match &**key {
            "casare" => {}
            "name" => {
                if let Some(name) = reader.text(node, &at) {
                    if name.trim().is_empty() {
                        reader.wrong_value(node, &at, "`name` can't be empty".to_owned());
                    }
                    workflow.name = name;
                }
            }
            "description" => workflow.description = reader.text(node, &at),
            "inputs" => workflow.inputs = reader.inputs(node, &at),
            "variables" => {
                workflow.variables = reader.values(node, &at, "a map of names and first values");
                reader.identifiers("a variable", node, &at);
            }
            "env" => workflow.env = reader.env(node, &at),
            "limits" => workflow.limits = reader.limits(node, &at),
            "steps" => workflow.steps = steps::read(&mut reader, node, top.key("steps")),
            "outputs" => workflow.outputs = reader.values(node, &at, "a map of names and values"),
            _ => {
                reader.unknown_key(key, entry.key_range, &At::Path(&top), &WORKFLOW_KEYS);
            }
        }
    }
    if !map.entries.contains_key("steps") {
        let message = "the workflow has no `steps`".to_owned();
        let problem = reader.report("missing-key", &at, first_key(map), message);
        problem.help =
            Some("add `steps:` and below it a list; each step begins with `- use:`".to_owned());
    }
    workflow
}

fn first_key(map: &Map) -> SourceRange {
    map.entries
        .first()
        .map_or_else(SourceRange::default, |(_, entry)| entry.key_range)
}

impl Reader<'_> {
    /// Whether the file is of a version that can be read.
    fn version(&mut self, map: &Map, top: &At<'_>) -> bool {
        let Some(entry) = map.entries.get("casare") else {
            let message = "the file does not say its version".to_owned();
            let problem = self.report("version", top, first_key(map), message);
            let near = map
                .entries
                .keys()
                .find(|key| meant::closest(key, ["casare"]).is_some());
            problem.help = Some(match near {
                Some(key) => format!("write `casare: 1` instead of `{key}`"),
                None => "write `casare: 1` in its first line".to_owned(),
            });
            return true;
        };
        let node = &entry.child.node;
        let at = At::Key(top, "casare");
        match &node.content {
            Content::Broken => true,
            Content::Scalar(Scalar {
                value: ScalarValue::Number(number),
                ..
            }) if number.as_u64() == Some(1) => true,
            Content::Scalar(Scalar {
                value: ScalarValue::Number(number),
                ..
            }) => {
                let message = format!("version {number} of the file format is not known here");
                let problem = self.report("version", &at, node.range, message);
                problem.help =
                    Some("this Casare reads version 1; a newer one may read this file".to_owned());
                false
            }
            _ => {
                if let Some(problem) = self.wrong_type(node, &at, "the number 1") {
                    problem.code = "version";
                    problem.help = Some("write `casare: 1`".to_owned());
                }
                true
            }
        }
    }

    fn identifiers(&mut self, what: &str, node: &Node, at: &At<'_>) {
        for (name, entry) in node.as_map().iter().flat_map(|map| &map.entries) {
            self.identifier(what, name, entry.key_range, &At::Key(at, name));
        }
    }

    fn inputs(&mut self, node: &Node, at: &At<'_>) -> IndexMap<String, Input> {
        let Some(map) = self.map(node, at, "a map of inputs") else {
            return IndexMap::new();
        };
        self.identifiers("an input", node, at);
        let entries = map.entries.iter();
        let inputs = entries.map(|(name, entry)| {
            let input = self.input(&entry.child.node, &At::Key(at, name));
            (name.to_string(), input)
        });
        inputs.collect()
    }

    /// `{ type: file, … }`, or `file` alone.
    fn input(&mut self, node: &Node, at: &At<'_>) -> Input {
        let mut input = Input::default();
        if node.as_text().is_some() {
            input.kind = self.choice(node, at, &INPUT_KINDS).unwrap_or_default();
            return input;
        }
        let Some(map) = self.map(node, at, "a type or a map with `type`") else {
            return input;
        };
        for (key, entry) in &map.entries {
            let node = &entry.child.node;
            let key_at = At::Key(at, key);
            match &**key {
                "type" => input.kind = self.choice(node, &key_at, &INPUT_KINDS).unwrap_or_default(),
                "default" => input.default = self.json(node, &key_at),
                "required" => input.required = self.boolean(node, &key_at).unwrap_or_default(),
                "description" => input.description = self.text(node, &key_at),
                "options" => {
                    let Some(list) = node.as_list() else {
                        self.wrong_type(node, &key_at, "a list of values");
                        continue;
                    };
                    let items = list.items.iter();
                    let options = items.filter_map(|item| self.json(&item.node, &key_at));
                    input.options = options.collect();
                }
                _ => {
                    self.unknown_key(key, entry.key_range, at, &INPUT_KEYS);
                }
            }
        }
        input
    }

    fn env(&mut self, node: &Node, at: &At<'_>) -> Vec<String> {
        let names = self.texts(node, at).unwrap_or_default();
        for (index, name) in names.iter().enumerate() {
            let item = node.as_list().and_then(|list| list.items.get(index));
            let range = item.map_or(node.range, |item| item.node.range);
            self.identifier(
                "the name of an environment variable",
                name,
                range,
                &At::Index(at, index),
            );
        }
        names
    }

    fn limits(&mut self, node: &Node, at: &At<'_>) -> Limits {
        let mut limits = Limits::default();
        let Some(map) = self.map(node, at, "a map of limits") else {
            return limits;
        };
        for (key, entry) in &map.entries {
            let node = &entry.child.node;
            let key_at = At::Key(at, key);
            match &**key {
                "passes" => limits.passes = self.count(node, &key_at, u64::MAX),
                "inline_output" => limits.inline_output = self.bytes(node, &key_at),
                "run_time" => limits.run_time = self.span(node, &key_at),
                "grace" => limits.grace = self.span(node, &key_at),
                _ => {
                    self.unknown_key(key, entry.key_range, at, &LIMIT_KEYS);
                }
            }
        }
        limits
    }
}
