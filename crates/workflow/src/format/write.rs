//! A workflow as a document, to be written.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::{
    bytes,
    read::INPUT_KINDS,
    steps::{ON_ERROR, ON_RESUME},
};
use crate::{
    Block, Document, Input, Limits, Retry, Step, Workflow,
    document::{Child, Content, Entry, List, Map, Node, SourceRange, block_map, entry},
};

type Entries = IndexMap<Box<str>, Entry>;

/// `workflow` in canonical YAML.
pub fn write(workflow: &Workflow) -> String {
    to_document(workflow).write()
}

/// `workflow` as a document: what [`write()`] writes.
pub fn to_document(workflow: &Workflow) -> Document {
    let mut entries = Fields::default();
    entries.add("casare", 1.into());
    entries.add("name", workflow.name.as_str().into());
    if let Some(description) = &workflow.description {
        entries.add("description", description.as_str().into());
    }
    if !workflow.inputs.is_empty() {
        let inputs = workflow.inputs.iter();
        entries.node(
            "inputs",
            block_map(
                inputs
                    .map(|(name, input)| entry(name, &input_json(input)))
                    .collect(),
            ),
        );
    }
    entries.values("variables", &workflow.variables);
    if !workflow.env.is_empty() {
        entries.add("env", workflow.env.as_slice().into());
    }
    if workflow.limits != Limits::default() {
        entries.node("limits", limits(&workflow.limits));
    }
    entries.node("steps", all_steps(&workflow.steps));
    entries.values("outputs", &workflow.outputs);
    Document::of(block_map(entries.0))
}

#[derive(Default)]
struct Fields(Entries);

impl Fields {
    fn add(&mut self, key: &str, value: Json) {
        let (key, entry) = entry(key, &value);
        self.0.insert(key, entry);
    }

    fn node(&mut self, key: &str, node: Node) {
        let entry = Entry {
            key_range: SourceRange::default(),
            child: Child::new(node),
        };
        self.0.insert(key.into(), entry);
    }

    fn values(&mut self, key: &str, values: &IndexMap<String, Json>) {
        if !values.is_empty() {
            self.node(
                key,
                block_map(
                    values
                        .iter()
                        .map(|(name, value)| entry(name, value))
                        .collect(),
                ),
            );
        }
    }
}

fn input_json(input: &Input) -> Json {
    let mut map = serde_json::Map::new();
    let kind = INPUT_KINDS.iter().find(|(_, kind)| *kind == input.kind);
    map.insert(
        "type".to_owned(),
        kind.map_or("any", |(name, _)| name).into(),
    );
    if let Some(default) = &input.default {
        map.insert("default".to_owned(), default.clone());
    }
    if input.required {
        map.insert("required".to_owned(), true.into());
    }
    if let Some(description) = &input.description {
        map.insert("description".to_owned(), description.as_str().into());
    }
    if !input.options.is_empty() {
        map.insert("options".to_owned(), input.options.as_slice().into());
    }
    map.into()
}

fn limits(limits: &Limits) -> Node {
    let mut fields = Fields::default();
    if let Some(passes) = limits.passes {
        fields.add("passes", passes.into());
    }
    if let Some(amount) = limits.inline_output {
        fields.add(
            "inline_output",
            bytes::write(amount).map_or_else(|| amount.into(), Json::from),
        );
    }
    if let Some(time) = limits.run_time {
        fields.add("run_time", time.to_string().into());
    }
    if let Some(grace) = limits.grace {
        fields.add("grace", grace.to_string().into());
    }
    block_map(fields.0)
}

/// Writes steps with a list of what is to do: deep nesting costs no stack.
///
/// Steps are numbered so that children come after their parents; nodes are then put together from
/// the last to the first.
fn all_steps(steps: &[Step]) -> Node {
    let mut order: Vec<(&Step, Vec<BlockOf<'_>>)> = Vec::new();
    let top = number(steps, &mut order);
    let mut next = 0;
    while next < order.len() {
        let step = order[next].0;
        let blocks = step.blocks.iter().map(|(name, block)| match block {
            Block::Steps(steps) => BlockOf::Steps(name, number(steps, &mut order)),
            Block::Named(lists) => {
                let lists = lists.iter();
                BlockOf::Named(
                    name,
                    lists
                        .map(|(list, steps)| (list.as_str(), number(steps, &mut order)))
                        .collect(),
                )
            }
        });
        let blocks = blocks.collect();
        order[next].1 = blocks;
        next += 1;
    }
    let mut done: Vec<Option<Node>> = Vec::new();
    done.resize_with(order.len(), || None);
    for (number, (step, blocks)) in order.into_iter().enumerate().rev() {
        let mut fields = fixed_fields(step);
        for block in blocks {
            match block {
                BlockOf::Steps(name, numbers) => fields.node(name, list(&mut done, numbers)),
                BlockOf::Named(name, lists) => {
                    let mut inner = Fields::default();
                    for (list_name, numbers) in lists {
                        inner.node(list_name, list(&mut done, numbers));
                    }
                    fields.node(name, block_map(inner.0));
                }
            }
        }
        done[number] = Some(block_map(fields.0));
    }
    list(&mut done, top)
}

enum BlockOf<'a> {
    Steps(&'a str, Vec<usize>),
    Named(&'a str, Vec<(&'a str, Vec<usize>)>),
}

fn number<'a>(steps: &'a [Step], order: &mut Vec<(&'a Step, Vec<BlockOf<'a>>)>) -> Vec<usize> {
    let first = order.len();
    order.extend(steps.iter().map(|step| (step, Vec::new())));
    (first..order.len()).collect()
}

fn list(done: &mut [Option<Node>], numbers: Vec<usize>) -> Node {
    let items = numbers
        .into_iter()
        .filter_map(|number| done.get_mut(number)?.take());
    let list = List {
        items: items.map(Child::new).collect(),
        ..List::default()
    };
    Node::new(Content::List(list), SourceRange::default())
}

/// Everything but the blocks.
fn fixed_fields(step: &Step) -> Fields {
    let mut fields = Fields::default();
    let text = |text: &String| Json::from(text.as_str());
    if let Some(id) = &step.id {
        fields.add("id", text(id));
    }
    if let Some(name) = &step.name {
        fields.add("name", text(name));
    }
    fields.add("use", text(&step.uses));
    if !step.with.is_empty() {
        fields.node("with", settings(&step.with));
    }
    if let Some(when) = &step.when {
        fields.add("when", when.clone());
    }
    if let Some(retry) = &step.retry {
        fields.add("retry", retry_json(retry));
    }
    if let Some(timeout) = step.timeout {
        fields.add("timeout", timeout.to_string().into());
    }
    if let Some((name, _)) = ON_ERROR
        .iter()
        .skip(1)
        .find(|(_, choice)| *choice == step.on_error)
    {
        fields.add("on_error", (*name).into());
    }
    if let Some((name, _)) = ON_RESUME
        .iter()
        .skip(1)
        .find(|(_, choice)| *choice == step.on_resume)
    {
        fields.add("on_resume", (*name).into());
    }
    if step.disabled {
        fields.add("disabled", true.into());
    }
    if let Some(note) = &step.note {
        fields.add("note", text(note));
    }
    fields
}

/// Settings stand in one line if they are few and simple.
fn settings(with: &IndexMap<String, Json>) -> Node {
    let is_simple = |value: &Json| match value {
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        Json::String(text) => !text.contains('\n'),
        _ => true,
    };
    let map = Map {
        flow: with.values().all(is_simple),
        entries: with
            .iter()
            .map(|(name, value)| entry(name, value))
            .collect(),
        ..Map::default()
    };
    Node::new(Content::Map(map), SourceRange::default())
}

fn retry_json(retry: &Retry) -> Json {
    let usual = Retry::default();
    let mut map = serde_json::Map::new();
    map.insert("attempts".to_owned(), retry.attempts.into());
    if retry.delay != usual.delay {
        map.insert("delay".to_owned(), retry.delay.to_string().into());
    }
    if retry.backoff != usual.backoff {
        map.insert("backoff".to_owned(), retry.backoff.into());
    }
    if retry.max_delay != usual.max_delay {
        map.insert("max_delay".to_owned(), retry.max_delay.to_string().into());
    }
    if retry.jitter != usual.jitter {
        map.insert("jitter".to_owned(), retry.jitter.into());
    }
    if !retry.on.is_empty() {
        map.insert("on".to_owned(), retry.on.as_slice().into());
    }
    map.into()
}
