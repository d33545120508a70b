//! Steps, read with a list of what is still to do: deep nesting costs no stack.

use super::{
    fields::{At, Reader},
    meant,
};
use crate::{
    Block, DocPath, OnError, OnResume, Retry, SourceRange, Step,
    document::{Content, Entry, List, Map, Node, Scalar, ScalarValue},
};

/// The keys that every step may have, in the order in which they are written.
pub(crate) const STEP_KEYS: [&str; 11] = [
    "id",
    "name",
    "use",
    "with",
    "when",
    "retry",
    "timeout",
    "on_error",
    "on_resume",
    "disabled",
    "note",
];
pub(crate) const RETRY_KEYS: [&str; 6] =
    ["attempts", "delay", "backoff", "max_delay", "jitter", "on"];

pub(crate) const ON_ERROR: [(&str, OnError); 2] =
    [("fail", OnError::Fail), ("continue", OnError::Continue)];
pub(crate) const ON_RESUME: [(&str, OnResume); 2] =
    [("ask", OnResume::Ask), ("repeat", OnResume::Repeat)];

/// Blocks of the engine's own nodes: under such a key a list of steps is meant, whatever is there.
const WELL_KNOWN_BLOCKS: [&str; 9] = [
    "do", "then", "else", "catch", "finally", "cases", "default", "branches", "states",
];

/// A step whose blocks are still numbers.
struct Draft {
    step: Step,
    blocks: Vec<(String, DraftBlock)>,
}

enum DraftBlock {
    Steps(Vec<usize>),
    Named(Vec<(String, Vec<usize>)>),
}

/// A step that is to be read.
struct Task<'n> {
    node: &'n Node,
    at: DocPath,
    number: usize,
}

/// The steps in `node`, which stands at `at`.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node, at: DocPath) -> Vec<Step> {
    let Some(list) = node.as_list() else {
        if let Some(problem) = reader.wrong_type(node, &At::Path(&at), "a list of steps") {
            problem.help = Some("begin each step with `- use: …`".to_owned());
        }
        return Vec::new();
    };
    let mut work = Work {
        reader,
        tasks: Vec::new(),
        count: 0,
    };
    let top = work.add(list, &at);
    let mut drafts: Vec<Option<Draft>> = Vec::new();
    while let Some(task) = work.tasks.pop() {
        let draft = work.step(&task);
        if drafts.len() <= task.number {
            drafts.resize_with(task.number + 1, || None);
        }
        drafts[task.number] = Some(draft);
    }
    assemble(drafts, &top)
}

/// Puts the children into their parents, from the last to the first: a parent has a smaller number
/// than its children.
fn assemble(drafts: Vec<Option<Draft>>, top: &[usize]) -> Vec<Step> {
    let count = drafts.len();
    let mut done: Vec<Option<Step>> = Vec::new();
    done.resize_with(count, || None);
    for (number, draft) in drafts.into_iter().enumerate().rev() {
        let Some(Draft { mut step, blocks }) = draft else {
            continue;
        };
        let mut take = |numbers: Vec<usize>| -> Vec<Step> {
            let steps = numbers.into_iter();
            steps
                .filter_map(|number| done.get_mut(number)?.take())
                .collect()
        };
        for (name, block) in blocks {
            let block = match block {
                DraftBlock::Steps(numbers) => Block::Steps(take(numbers)),
                DraftBlock::Named(lists) => {
                    let lists = lists.into_iter();
                    Block::Named(lists.map(|(name, numbers)| (name, take(numbers))).collect())
                }
            };
            step.blocks.insert(name, block);
        }
        done[number] = Some(step);
    }
    top.iter()
        .filter_map(|number| done.get_mut(*number)?.take())
        .collect()
}

struct Work<'r, 'p, 'n> {
    reader: &'r mut Reader<'p>,
    tasks: Vec<Task<'n>>,
    count: usize,
}

impl<'n> Work<'_, '_, 'n> {
    fn add(&mut self, list: &'n List, at: &DocPath) -> Vec<usize> {
        let first = self.count;
        self.count += list.items.len();
        for (index, item) in list.items.iter().enumerate() {
            self.tasks.push(Task {
                node: &item.node,
                at: at.index(index),
                number: first + index,
            });
        }
        (first..self.count).collect()
    }

    fn step(&mut self, task: &Task<'n>) -> Draft {
        let mut step = Step {
            at: task.at.clone(),
            ..Step::default()
        };
        let mut blocks = Vec::new();
        let Some(map) = task.node.as_map() else {
            self.not_a_step(task);
            return Draft { step, blocks };
        };
        for (key, entry) in &map.entries {
            if !self.field(&mut step, key, &entry.child.node, &task.at)
                && let Some(block) = self.block(key, entry, &task.at)
            {
                blocks.push((key.to_string(), block));
            }
        }
        self.check_use(map, task.node, &task.at);
        Draft { step, blocks }
    }

    fn not_a_step(&mut self, task: &Task<'n>) {
        let at = At::Path(&task.at);
        let node = task.node;
        if matches!(node.content, Content::Broken) {
            return;
        }
        let message = format!(
            "a step has to be a map with `use`, but this is {}",
            node.kind()
        );
        let problem = self.reader.report("wrong-type", &at, node.range, message);
        problem.help = Some(match node.as_text() {
            Some(text) if text.contains('.') && !text.contains(' ') => {
                format!("write `- use: {text}`")
            }
            Some("use") => "write the name of a node behind it: `- use: log.write`".to_owned(),
            _ => "begin it with `- use: …`".to_owned(),
        });
    }

    fn check_use(&mut self, map: &Map, node: &Node, path: &DocPath) {
        let at = At::Path(path);
        if map.entries.contains_key("use") {
            return;
        }
        let first = map.entries.first();
        let range = first.map_or(node.range, |(_, entry)| entry.key_range);
        let message = "the step does not say which node it uses".to_owned();
        let problem = self.reader.report("missing-use", &at, range, message);
        problem.label = Some("this step".to_owned());
        problem.help =
            Some("add `use: ` and the name of a node, such as `use: log.write`".to_owned());
    }

    /// Reads one of the fixed keys; `false` if `key` is none of them.
    fn field(&mut self, step: &mut Step, key: &str, node: &Node, path: &DocPath) -> bool {
        let up = At::Path(path);
        let at = At::Key(&up, key);
        let reader = &mut *self.reader;
        match key {
            "use" => step.uses = reader.node_name(node, &at).unwrap_or_default(),
            "id" => {
                step.id = reader.text(node, &at);
                if let Some(id) = &step.id {
                    reader.identifier("an id", id, node.range, &at);
                }
            }
            "name" => step.name = reader.text(node, &at),
            "with" => step.with = reader.values(node, &at, "a map of settings"),
            "when" => step.when = reader.condition(node, &at),
            "retry" => step.retry = Some(reader.retry(node, &at)),
            "timeout" => step.timeout = reader.span(node, &at),
            "on_error" => step.on_error = reader.choice(node, &at, &ON_ERROR).unwrap_or_default(),
            "on_resume" => {
                step.on_resume = reader.choice(node, &at, &ON_RESUME).unwrap_or_default();
            }
            "disabled" => step.disabled = reader.boolean(node, &at).unwrap_or_default(),
            "note" => step.note = reader.text(node, &at),
            _ => return false,
        }
        true
    }

    /// What stands under a key that is none of the fixed ones: a block, or a mistake.
    fn block(&mut self, key: &str, entry: &'n Entry, path: &DocPath) -> Option<DraftBlock> {
        let node = &entry.child.node;
        let at = path.key(key);
        let is_known = WELL_KNOWN_BLOCKS.contains(&key);
        match &node.content {
            Content::Broken => None,
            Content::List(list) if is_known || is_steps(list) => {
                Some(DraftBlock::Steps(self.add(list, &at)))
            }
            Content::Map(map) if map.entries.get("use").is_some_and(is_node_name) => {
                let message = format!("`{key}` holds one step where a list of steps belongs");
                let problem = self
                    .reader
                    .report("block", &At::Path(&at), entry.key_range, message);
                problem.help = Some("begin the step with a dash: `- use: …`".to_owned());
                None
            }
            Content::Map(map) if is_named_lists(map, is_known) => {
                let lists = map.entries.iter().filter_map(|(name, entry)| {
                    let list = entry.child.node.as_list()?;
                    Some((name.to_string(), self.add(list, &at.key(name))))
                });
                Some(DraftBlock::Named(lists.collect()))
            }
            _ => {
                self.unknown_key(key, entry.key_range, node, path);
                None
            }
        }
    }

    fn unknown_key(&mut self, key: &str, range: SourceRange, node: &Node, path: &DocPath) {
        let at = At::Path(path);
        if WELL_KNOWN_BLOCKS.contains(&key) {
            let wanted = "a list of steps";
            if let Some(problem) = self.reader.wrong_type(node, &At::Key(&at, key), wanted) {
                problem.range = range;
                problem.help = Some("begin each step with `- use: …`".to_owned());
            }
            return;
        }
        let path = At::Key(&at, key);
        let message = format!("a step has no key `{key}`");
        let problem = self.reader.report("unknown-key", &path, range, message);
        problem.help = Some(match meant::closest(key, STEP_KEYS) {
            Some(meant) => {
                format!("did you mean `{meant}`? Settings of the node stand under `with`")
            }
            None => {
                "settings of the node stand under `with`; a block holds a list of steps".to_owned()
            }
        });
    }
}

/// Whether a list under an unknown key holds steps.
fn is_steps(list: &List) -> bool {
    list.items.is_empty()
        || list
            .items
            .iter()
            .any(|item| item.node.as_map().is_some_and(is_step))
}

/// Whether this is the `use` of a step, not a list of steps that is called so.
fn is_node_name(entry: &Entry) -> bool {
    matches!(entry.child.node.content, Content::Scalar(_))
}

/// Something that only a step has.
fn is_step(map: &Map) -> bool {
    STEP_KEYS
        .into_iter()
        .filter(|key| !matches!(*key, "id" | "name" | "note"))
        .any(|key| map.entries.contains_key(key))
}

fn is_named_lists(map: &Map, is_known: bool) -> bool {
    let mut lists = map.entries.values().map(|entry| entry.child.node.as_list());
    (is_known || !map.entries.is_empty())
        && lists.all(|list| list.is_some_and(|list| is_known || is_steps(list)))
}

impl Reader<'_> {
    fn node_name(&mut self, node: &Node, at: &At<'_>) -> Option<String> {
        if node.is_null() {
            let message = "`use` is empty".to_owned();
            let problem = self.report("missing-use", at, node.range, message);
            problem.help =
                Some("write the name of a node behind it, such as `log.write`".to_owned());
            return None;
        }
        let name = self.text(node, at)?;
        if name.contains("{{") {
            let message = "the name of a node can't be an expression".to_owned();
            self.wrong_value(node, at, message);
        } else if name.trim().is_empty() {
            self.wrong_value(node, at, "`use` is empty".to_owned());
        }
        Some(name)
    }

    fn condition(&mut self, node: &Node, at: &At<'_>) -> Option<serde_json::Value> {
        if let Content::Scalar(Scalar {
            value: ScalarValue::Bool(_) | ScalarValue::Text(_),
            ..
        }) = &node.content
        {
            return Some(node.to_json());
        }
        let wanted = "`true`, `false` or an expression";
        if let Some(problem) = self.wrong_type(node, at, wanted) {
            problem.help = Some("write it like `when: \"{{ vars.total > 0 }}\"`".to_owned());
        }
        None
    }

    fn retry(&mut self, node: &Node, at: &At<'_>) -> Retry {
        let mut retry = Retry::default();
        let Some(map) = node.as_map() else {
            if let Some(problem) = self.wrong_type(node, at, "a map") {
                let number = matches!(&node.content, Content::Scalar(_)) && !node.is_null();
                let attempts = if number {
                    node.to_json().to_string()
                } else {
                    "3".to_owned()
                };
                problem.help = Some(format!("write `retry: {{ attempts: {attempts} }}`"));
            }
            return retry;
        };
        for (key, entry) in &map.entries {
            let node = &entry.child.node;
            let at_key = At::Key(at, key);
            match &**key {
                "attempts" => {
                    if let Some(attempts) = self.count(node, &at_key, u64::from(u32::MAX)) {
                        retry.attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
                    }
                }
                "delay" => retry.delay = self.span(node, &at_key).unwrap_or(retry.delay),
                "backoff" => retry.backoff = self.backoff(node, &at_key).unwrap_or(retry.backoff),
                "max_delay" => {
                    retry.max_delay = self.span(node, &at_key).unwrap_or(retry.max_delay);
                }
                "jitter" => retry.jitter = self.boolean(node, &at_key).unwrap_or(retry.jitter),
                "on" => retry.on = self.texts(node, &at_key).unwrap_or_default(),
                _ => {
                    self.unknown_key(key, entry.key_range, at, &RETRY_KEYS);
                }
            }
        }
        retry
    }

    fn backoff(&mut self, node: &Node, at: &At<'_>) -> Option<f64> {
        let number = self.number(node, at, "a number")?;
        let factor = number.as_f64().filter(|factor| *factor >= 1.0);
        if factor.is_none() {
            let message = format!("`backoff` has to be 1 or more, but is {number}");
            let problem = self.wrong_value(node, at, message);
            problem.help = Some(
                "the wait is multiplied by it after each attempt; 1 keeps it as it is".to_owned(),
            );
        }
        factor
    }
}
