//! What names and references of the original mean here.

mod outputs;

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap, HashSet},
};

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::{
    graph::{Graph, NodeNo},
    places::{Place, Places},
};
use crate::{
    expression::{
        Code, Dialect, Fault, Kind, Names, Segment, Val, is_identifier, member,
        references::{Key, Part, parts, split_path},
        translate,
    },
    library,
    report::{Report, Weight},
};

/// Settings that name a variable which the node sets.
const VARIABLE_SETTINGS: [&str; 6] = [
    "variable_name",
    "output_var",
    "output_variable",
    "store_variable",
    "result_variable",
    "store_in",
];

/// Everything about one workflow that its settings are translated with.
pub(crate) struct Context<'g> {
    pub(crate) graph: &'g Graph,
    pub(crate) places: Places,
    pub(crate) report: RefCell<Report>,
    /// The original's variables → what expressions call them.
    pub(crate) variables: IndexMap<String, String>,
    /// What kind of value a variable holds, where all that is put into it agrees.
    kinds: HashMap<String, Kind>,
    /// Loop variables, by loop.
    pub(crate) items: HashMap<NodeNo, String>,
    /// Outputs that are read where the step's own are not seen: they go into variables.
    pub(crate) exports: RefCell<BTreeSet<(NodeNo, String)>>,
    /// Variables that steps set and that have to be declared.
    pub(crate) declared: RefCell<BTreeSet<String>>,
    /// Outputs that something reads.
    pub(crate) read: RefCell<HashSet<(NodeNo, String)>>,
    /// Settings that a subflow's callers give.
    pub(crate) given: HashMap<(NodeNo, String), Val>,
    /// Files of other workflows in this import, by id, name and path.
    pub(crate) siblings: &'g IndexMap<String, String>,
    /// The file this workflow goes to.
    pub(crate) target: &'g str,
    copied: HashSet<NodeNo>,
    by_id: HashMap<&'g str, NodeNo>,
}

/// Where a setting is read: the node and its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader {
    pub(crate) node: NodeNo,
    pub(crate) place: Place,
}

impl<'g> Context<'g> {
    pub(crate) fn new(
        graph: &'g Graph,
        places: Places,
        report: Report,
        siblings: &'g IndexMap<String, String>,
        target: &'g str,
    ) -> Self {
        let mut context = Self {
            graph,
            places,
            report: RefCell::new(report),
            variables: IndexMap::new(),
            kinds: HashMap::new(),
            items: HashMap::new(),
            exports: RefCell::default(),
            declared: RefCell::default(),
            read: RefCell::default(),
            given: HashMap::new(),
            siblings,
            target,
            copied: graph.nodes.iter().filter_map(|node| node.copy_of).collect(),
            by_id: HashMap::new(),
        };
        for (number, node) in graph.nodes.iter().enumerate() {
            context.by_id.entry(&node.id).or_insert(number);
        }
        context.name_variables();
        context.name_items();
        context.learn_kinds();
        context.give_inputs();
        context
    }

    fn name_variables(&mut self) {
        let set = self.set_names();
        let mut taken: HashSet<String> = HashSet::new();
        let mut plain_name = |name: &str| {
            let plain = sanitized(name);
            let mut unique = plain.clone();
            let mut number = 2;
            while !taken.insert(unique.clone()) {
                unique = format!("{plain}_{number}");
                number += 1;
            }
            unique
        };
        for (name, variable) in &self.graph.variables {
            let plain = plain_name(name);
            let code = if variable.asked && !set.contains(name) {
                member("inputs", &plain)
            } else {
                member("vars", &plain)
            };
            self.variables.insert(name.clone(), code);
        }
        for name in set {
            if !self.variables.contains_key(&name) {
                let code = member("vars", &plain_name(&name));
                self.variables.insert(name, code);
            }
        }
        if let Some(subflow) = &self.graph.subflow {
            for input in &subflow.inputs {
                let code = member("inputs", &sanitized(&input.name));
                self.variables.entry(input.name.clone()).or_insert(code);
            }
        }
    }

    /// Names of variables that nodes set.
    fn set_names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for node in self.graph.nodes.iter().filter(|node| !node.disabled) {
            if node.kind == "GetVariableNode" {
                continue;
            }
            let original = library::original(&node.kind);
            for setting in VARIABLE_SETTINGS {
                let default = || original.and_then(|original| original.settings.get(setting));
                let value = node.config.get(setting).or_else(default);
                if let Some(name) = value.and_then(Json::as_str)
                    && !name.trim().is_empty()
                {
                    names.insert(name.trim().to_owned());
                }
            }
        }
        names
    }

    /// Gives every loop's item a name of its own among the loops around it.
    fn name_items(&mut self) {
        const TAKEN: [&str; 8] = [
            "inputs", "vars", "steps", "run", "env", "assets", "loop", "error",
        ];
        for node in self.places.order() {
            if !super::repair::is_loop(self.graph.kind(*node)) || self.items.contains_key(node) {
                continue;
            }
            let wanted = self.item_name(*node);
            let around = self
                .places
                .of(*node)
                .map(|place| self.places.loops(place, self.graph));
            let outer: Vec<&String> = around
                .iter()
                .flatten()
                .filter_map(|outer| self.items.get(outer))
                .collect();
            let mut name = sanitized(&wanted);
            if TAKEN.contains(&&*name) {
                name.push_str("_item");
            }
            while outer.contains(&&name) {
                name.push_str("_inner");
            }
            self.items.insert(*node, name);
        }
    }

    fn item_name(&self, node: NodeNo) -> String {
        let name = self.graph.nodes[node]
            .config
            .get("item_var")
            .and_then(Json::as_str);
        name.filter(|name| !name.trim().is_empty())
            .unwrap_or("item")
            .trim()
            .to_owned()
    }

    /// Which variables only ever hold numbers, texts, …
    fn learn_kinds(&mut self) {
        for _ in 0..3 {
            let mut kinds: HashMap<String, Option<Kind>> = HashMap::new();
            for (name, variable) in &self.graph.variables {
                if !variable.value.is_null() {
                    kinds.insert(name.clone(), Some(Kind::of(&variable.value)));
                }
            }
            for (number, node) in self.graph.nodes.iter().enumerate() {
                for setting in VARIABLE_SETTINGS {
                    let Some(name) = node.config.get(setting).and_then(Json::as_str) else {
                        continue;
                    };
                    let kind = match &*node.kind {
                        "SetVariableNode" => self.kind_set(number),
                        "GetVariableNode" => continue,
                        "MathOperationNode" | "IncrementVariableNode" => Kind::Number,
                        _ => Kind::Any,
                    };
                    let known = kinds.entry(name.to_owned()).or_insert(Some(kind));
                    if *known != Some(kind) {
                        *known = None;
                    }
                }
            }
            self.kinds = kinds
                .into_iter()
                .map(|(name, kind)| (name, kind.unwrap_or_default()))
                .collect();
        }
    }

    fn kind_set(&self, node: NodeNo) -> Kind {
        let config = &self.graph.nodes[node].config;
        let value = config.get("value").or_else(|| config.get("default_value"));
        match value {
            Some(Json::String(text)) => match parts(text).as_slice() {
                [Part::Reference(path, _)] => self.kind_at(path),
                _ => match config.get("variable_type").and_then(Json::as_str) {
                    Some("Int32" | "Float") => Kind::Number,
                    Some("Boolean") => Kind::Boolean,
                    Some("List" | "Array" | "Dict" | "Object" | "DataTable") => Kind::Any,
                    _ => Kind::Text,
                },
            },
            Some(value) => Kind::of(value),
            None => Kind::Any,
        }
    }

    fn kind_at(&self, path: &str) -> Kind {
        let Some((name, keys)) = split_path(path) else {
            return Kind::Any;
        };
        match keys.as_slice() {
            [] => self.kinds.get(name).copied().unwrap_or_default(),
            [Key::Name(port)] => {
                let node = self.by_id.get(name).map(|node| self.graph.kind(*node));
                let original = node.and_then(library::original);
                original
                    .and_then(|original| original.outputs.get(*port).copied())
                    .unwrap_or_default()
            }
            _ => Kind::Any,
        }
    }

    fn give_inputs(&mut self) {
        let Some(subflow) = &self.graph.subflow else {
            return;
        };
        let input =
            |name: &str| Val::Code(Code::atom(member("inputs", &sanitized(name)), Kind::Any));
        for port in &subflow.inputs {
            if let Some(node) = self.graph.find(&port.node) {
                self.given
                    .insert((node, port.port.clone()), input(&port.name));
            }
        }
        for parameter in &subflow.parameters {
            if let Some(node) = self.graph.find(&parameter.node) {
                self.given
                    .insert((node, parameter.setting.clone()), input(&parameter.name));
            }
        }
    }

    pub(crate) fn remark(&self, weight: Weight, node: NodeNo, message: impl Into<String>) {
        let node = &self.graph.nodes[node];
        let mut report = self.report.borrow_mut();
        report.about(weight, (&node.id, &node.kind), message);
    }

    /// The variable that takes an output which is not seen everywhere.
    pub(crate) fn export_name(&self, node: NodeNo, port: &str) -> String {
        let node = self.graph.nodes[node].copy_of.unwrap_or(node);
        self.free_name(&format!(
            "{}_{}",
            self.graph.nodes[node].step,
            sanitized(port)
        ))
    }

    /// The variable in which an expression's value is kept.
    pub(crate) fn value_name(&self, node: NodeNo, port: &str, is_main: bool) -> String {
        let node = self.graph.nodes[node].copy_of.unwrap_or(node);
        let step = &self.graph.nodes[node].step;
        if is_main {
            self.free_name(step)
        } else {
            self.free_name(&format!("{step}_{}", sanitized(port)))
        }
    }

    /// `name`, unless a variable of the original has it.
    fn free_name(&self, name: &str) -> String {
        let mut name = name.to_owned();
        while self.variables.contains_key(&name) {
            name.push('_');
        }
        name
    }

    /// What `path` means to `reader`.
    pub(crate) fn resolve(&self, path: &str, reader: Reader) -> Option<Code> {
        if path.starts_with("$secret:") {
            self.remark(
                Weight::Lost,
                reader.node,
                format!("`{{{{{path}}}}}`: secrets are never in expressions; give the step a credential by name"),
            );
            return None;
        }
        if let Some((inner, filter)) = path.split_once('|') {
            let code = self.resolve(inner.trim(), reader)?;
            self.remark(
                Weight::Look,
                reader.node,
                format!(
                    "`{{{{{path}}}}}` has a filter, which the original left as text; here it works"
                ),
            );
            return Some(code.filter(filter.trim(), Kind::Any));
        }
        if let Some(code) = self.system_value(path, reader) {
            return Some(code);
        }
        let (name, keys) = split_path(path)?;
        let (base, rest) = self.base(name, &keys, reader)?;
        if rest.is_empty() {
            return Some(base);
        }
        let mut text = base.operand(crate::expression::Binding::Atom);
        for key in rest {
            match key {
                Key::Name(name) => text = member(&text, name),
                Key::Index(index) => text = format!("{text}[{index}]"),
            }
        }
        Some(Code::atom(text, Kind::Any))
    }

    fn base<'k>(
        &self,
        name: &str,
        keys: &'k [Key<'k>],
        reader: Reader,
    ) -> Option<(Code, &'k [Key<'k>])> {
        let loops = self.places.loops(reader.place, self.graph);
        for node in &loops {
            if let Some(port) = self.loop_port(*node, name) {
                return Some((self.output(*node, port, reader)?, keys));
            }
        }
        if let Some(code) = self.variables.get(name) {
            let kind = self.kinds.get(name).copied().unwrap_or_default();
            return Some((Code::atom(code.clone(), kind), keys));
        }
        if let Some(node) = self.by_id.get(name).copied() {
            let (Key::Name(port), rest) = (keys.first()?, &keys[1..]) else {
                return None;
            };
            return Some((self.output(node, port, reader)?, rest));
        }
        // After its loop, the item is still what it was in the last pass.
        let after = self
            .items
            .keys()
            .find_map(|node| Some((*node, self.loop_port(*node, name)?)))?;
        Some((self.output(after.0, after.1, reader)?, keys))
    }

    /// Which output of a loop a plain name stands for.
    fn loop_port(&self, node: NodeNo, name: &str) -> Option<&'static str> {
        let item = self.item_name(node);
        match name.strip_prefix(&*item)? {
            "" => Some("current_item"),
            "_index" => Some("current_index"),
            "_key" => Some("current_key"),
            _ => None,
        }
    }

    fn system_value(&self, path: &str, reader: Reader) -> Option<Code> {
        let started = Code::atom("run.started_at", Kind::Text);
        let code = match path {
            "$currentDate" => started.filter("format_date('%Y-%m-%d')", Kind::Text),
            "$currentTime" => started.filter("format_date('%H:%M:%S')", Kind::Text),
            "$currentDateTime" => started.filter("format_date('%Y-%m-%d %H:%M:%S')", Kind::Text),
            "$timestamp" => {
                started.filter("date_diff('1970-01-01T00:00:00Z', 'seconds')", Kind::Number)
            }
            _ => return None,
        };
        self.remark(
            Weight::Changed,
            reader.node,
            format!("`{{{{{path}}}}}` is now the time the run began, in UTC, and stays the same during it"),
        );
        Some(code)
    }

    /// A value of the file as a setting: references are resolved.
    pub(crate) fn value(&self, value: &Json, reader: Reader) -> Val {
        match value {
            Json::String(text) => self.text(text, reader),
            Json::Array(items) if has_references(value) => {
                Val::List(items.iter().map(|item| self.value(item, reader)).collect())
            }
            Json::Object(entries) if has_references(value) => Val::Map(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), self.value(value, reader)))
                    .collect(),
            ),
            other => Val::Literal(other.clone()),
        }
    }

    fn text(&self, text: &str, reader: Reader) -> Val {
        let mut segments: Vec<Segment> = Vec::new();
        let plain = |segments: &mut Vec<Segment>, text: &str| match segments.last_mut() {
            Some(Segment::Plain(before)) => before.push_str(text),
            _ => segments.push(Segment::Plain(text.to_owned())),
        };
        for part in parts(text) {
            match part {
                Part::Plain(text) => plain(&mut segments, text),
                Part::Reference(path, whole) => {
                    if let Some(code) = self.resolve(path, reader) {
                        segments.push(Segment::Code(code));
                    } else {
                        if whole.starts_with("{{") {
                            self.unknown(whole, reader);
                        }
                        plain(&mut segments, whole);
                    }
                }
                Part::Call(inside, whole) => match self.expression(inside, reader) {
                    Ok(code) => {
                        self.remark(
                            Weight::Changed,
                            reader.node,
                            format!("`{whole}` stayed text in the original; now it is computed"),
                        );
                        segments.push(Segment::Code(code));
                    }
                    Err(fault) => {
                        self.remark(
                            Weight::Look,
                            reader.node,
                            format!("`{whole}` stays text: {fault}"),
                        );
                        plain(&mut segments, whole);
                    }
                },
            }
        }
        match segments.as_slice() {
            [] => Val::text(""),
            [Segment::Plain(plain)] => Val::text(plain.clone()),
            [Segment::Code(code)] => Val::Code(code.clone()),
            _ => Val::Text(segments),
        }
    }

    fn unknown(&self, whole: &str, reader: Reader) {
        let name = whole.trim_matches(['{', '}', ' ']);
        let about = if self.graph.credentials.contains_key(name) {
            "it is a credential: give the step its name where it takes one"
        } else if name.starts_with("$secret:") {
            return;
        } else {
            "nothing sets it, so it stays text, as in the original"
        };
        self.remark(Weight::Look, reader.node, format!("`{whole}`: {about}"));
    }

    /// A Python-like expression of the original.
    pub(crate) fn expression(&self, text: &str, reader: Reader) -> Result<Code, Fault> {
        let code = translate(
            text,
            Dialect::Python,
            &Scope {
                context: self,
                reader,
            },
        )?;
        casare_workflow::Template::compile(&Json::String(format!("{{{{ {} }}}}", code.text)))
            .map_err(|error| Fault::Unreadable(error.message))?;
        Ok(code)
    }
}

struct Scope<'c> {
    context: &'c Context<'c>,
    reader: Reader,
}

impl Names for Scope<'_> {
    fn name(&self, name: &str) -> Option<Code> {
        self.context.resolve(name, self.reader)
    }

    fn reference(&self, path: &str) -> Option<Code> {
        self.context.resolve(path, self.reader)
    }
}

fn has_references(value: &Json) -> bool {
    match value {
        Json::String(text) => parts(text)
            .iter()
            .any(|part| !matches!(part, Part::Plain(_))),
        Json::Array(items) => items.iter().any(has_references),
        Json::Object(entries) => entries.values().any(has_references),
        _ => false,
    }
}

/// `name` as a name that expressions can use.
pub(crate) fn sanitized(name: &str) -> String {
    if is_identifier(name) {
        return name.to_owned();
    }
    let mut plain: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        })
        .collect();
    if !plain
        .chars()
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
    {
        plain.insert(0, '_');
    }
    plain
}
