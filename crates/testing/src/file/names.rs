//! Whether the workflow has what the test names.

use std::collections::BTreeSet;

use casare_engine::{Plan, path::named_block};
use casare_workflow::{Block, Catalogue, DocPath, Problem, Severity, Step};
use serde_json::Value as Json;

use super::{Case, Replies, Reply, Selector, TestFile, closest};

/// A step of a workflow and where a run's paths have it: `1.do.0`.
pub(crate) struct Named<'w> {
    pub(crate) step: &'w Step,
    pub(crate) path: String,
}

/// Every step of a workflow, without those of workflows that it calls.
pub(crate) fn steps(steps: &[Step]) -> Vec<Named<'_>> {
    let mut found = Vec::new();
    let mut open: Vec<(&[Step], String)> = vec![(steps, String::new())];
    while let Some((list, above)) = open.pop() {
        for (index, step) in list.iter().enumerate() {
            let path = format!("{above}{index}");
            for (name, block) in &step.blocks {
                match block {
                    Block::Steps(steps) => open.push((steps, format!("{path}.{name}."))),
                    Block::Named(lists) => {
                        for (list, steps) in lists {
                            let block = named_block(name, list);
                            open.push((steps, format!("{path}.{block}.")));
                        }
                    }
                }
            }
            found.push(Named { step, path });
        }
    }
    found
}

impl Selector {
    /// Whether a step is meant.
    pub(crate) fn selects(&self, node: &str, id: Option<&str>, title: &str, path: &str) -> bool {
        match self {
            Self::Step(name) => id == Some(name) || title == name || path == name,
            Self::Node(pattern) => match pattern.strip_suffix('*') {
                Some(start) => node.starts_with(start),
                None => node == pattern,
            },
        }
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Step(name) => write!(f, "step `{name}`"),
            Self::Node(name) => write!(f, "node `{name}`"),
        }
    }
}

/// What the cases name and the workflow does not have.
pub(crate) fn check_names(file: &TestFile, plan: &Plan, catalogue: &dyn Catalogue) -> Vec<Problem> {
    let mut check = Check {
        file,
        plan,
        catalogue,
        steps: steps(&plan.workflow().steps),
        // What is called may hold the step that is meant.
        calls_others: !plan.called().is_empty(),
        problems: Vec::new(),
        seen: BTreeSet::new(),
    };
    for case in &file.cases {
        check.case(case);
    }
    check.problems
}

struct Check<'a> {
    file: &'a TestFile,
    plan: &'a Plan,
    catalogue: &'a dyn Catalogue,
    steps: Vec<Named<'a>>,
    calls_others: bool,
    problems: Vec<Problem>,
    /// What all cases share is checked once.
    seen: BTreeSet<String>,
}

impl Check<'_> {
    fn case(&mut self, case: &Case) {
        let workflow = self.plan.workflow();
        let inputs: Vec<&str> = workflow.inputs.keys().map(String::as_str).collect();
        let env: Vec<&str> = workflow.env.iter().map(String::as_str).collect();
        let mut variables: Vec<&str> = workflow.variables.keys().map(String::as_str).collect();
        for key in case.setup.inputs.keys() {
            self.known(case, "inputs", key, "input", &inputs);
        }
        for key in case.setup.env.keys() {
            self.known(case, "env", key, "environment variable", &env);
        }
        for key in case.setup.variables.keys() {
            self.known(case, "variables", key, "variable", &variables);
        }
        let set = self.variables_set();
        variables.extend(set.iter().flatten().map(String::as_str));
        if set.is_some() {
            for expected in &case.expect.variables {
                self.name(&expected.at, &expected.name, "variable", &variables);
            }
        }
        let outputs: Vec<&str> = workflow.outputs.keys().map(String::as_str).collect();
        for expected in &case.expect.outputs {
            self.name(&expected.at, &expected.name, "output", &outputs);
        }
        let ids: Vec<&str> = self.ids();
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        for expected in &case.expect.steps {
            self.name(&expected.at, &expected.name, "step with the id", &ids);
        }
        for stub in &case.setup.stubs {
            self.selector(&stub.at, &stub.steps);
            self.stub_outputs(&stub.at, &stub.steps, &stub.replies);
        }
        for calls in &case.expect.calls {
            self.selector(&calls.at, &calls.steps);
        }
        for (name, at) in &case.expect.order {
            self.selector(at, &Selector::Step(name.clone()));
        }
        if let Some(error) = &case.expect.error
            && let Some(step) = &error.step
        {
            self.selector(&error.at.key("step"), &Selector::Step(step.clone()));
        }
    }

    /// A key of one of the maps that a case or the file gives.
    fn known(&mut self, case: &Case, part: &str, key: &str, what: &str, known: &[&str]) {
        let own = case.at.key(part).key(key);
        let at = if self.file.document.get(&own).is_some() {
            own
        } else {
            DocPath::default().key(part).key(key)
        };
        self.name(&at, key, what, known);
    }

    fn name(&mut self, at: &DocPath, name: &str, what: &str, known: &[&str]) {
        if known.contains(&name) || !self.seen.insert(at.to_string()) {
            return;
        }
        let message = format!("the workflow has no {what} `{name}`");
        let help = match closest(name, known.iter().copied()) {
            Some(meant) => Some(format!("did you mean `{meant}`?")),
            None if known.is_empty() => None,
            None => Some(format!("there are: {}", known.join(", "))),
        };
        self.problem(at, "unknown-name", message, help);
    }

    /// The variables that steps set; `None` if some are computed.
    fn variables_set(&self) -> Option<Vec<String>> {
        let mut names = Vec::new();
        for named in &self.steps {
            if !named.step.uses.starts_with("data.") {
                continue;
            }
            let with = &named.step.with;
            if let Some(Json::String(name)) = with.get("name") {
                names.push(name.clone());
            }
            if let Some(Json::Object(values)) = with.get("values") {
                names.extend(values.keys().cloned());
            }
        }
        let computed = names.iter().any(|name| name.contains("{{"));
        (!computed).then_some(names)
    }

    fn ids(&self) -> Vec<&str> {
        let steps = self.steps.iter();
        steps.filter_map(|named| named.step.id.as_deref()).collect()
    }

    fn selected<'s>(&'s self, selector: &'s Selector) -> impl Iterator<Item = &'s Named<'s>> {
        self.steps.iter().filter(move |named| {
            let step = named.step;
            selector.selects(&step.uses, step.id.as_deref(), step.title(), &named.path)
        })
    }

    fn selector(&mut self, at: &DocPath, selector: &Selector) {
        if self.calls_others || self.selected(selector).next().is_some() {
            return;
        }
        let key = match selector {
            Selector::Step(_) => "step",
            Selector::Node(_) => "node",
        };
        let keyed = at.key(key);
        let at = match self.file.document.get(&keyed) {
            Some(_) => &keyed,
            None => at,
        };
        if !self.seen.insert(at.to_string()) {
            return;
        }
        let (message, help) = match selector {
            Selector::Step(name) => {
                let steps = self.steps.iter();
                let names = steps.flat_map(|named| {
                    let id = named.step.id.as_deref();
                    id.into_iter().chain([named.step.title()])
                });
                let meant = closest(name, names).map(|meant| format!("did you mean `{meant}`?"));
                let help = "steps are meant by id, by name, or by path such as `1.do.0`";
                (
                    format!("the workflow has no step `{name}`"),
                    meant.unwrap_or_else(|| help.to_owned()),
                )
            }
            Selector::Node(name) => {
                let uses: BTreeSet<&str> = self
                    .steps
                    .iter()
                    .map(|named| named.step.uses.as_str())
                    .collect();
                let uses: Vec<&str> = uses.into_iter().collect();
                (
                    format!("no step of the workflow uses `{name}`"),
                    format!("it uses: {}", uses.join(", ")),
                )
            }
        };
        self.problem(at, "unknown-step", message, Some(help));
    }

    /// Outputs that the node does not have.
    fn stub_outputs(&mut self, at: &DocPath, selector: &Selector, replies: &Replies) {
        let nodes: BTreeSet<&str> = self
            .selected(selector)
            .map(|named| named.step.uses.as_str())
            .collect();
        let mut found = Vec::new();
        for node in nodes {
            let Some(spec) = self.catalogue.node(node) else {
                continue;
            };
            let open = spec.outputs.get("additionalProperties");
            let Some(known) = spec.outputs["properties"].as_object() else {
                continue;
            };
            if open.is_some_and(|open| *open != Json::Bool(false)) {
                continue;
            }
            for (index, reply) in replies.all().iter().enumerate() {
                let Reply::Outputs(Json::Object(outputs)) = reply else {
                    continue;
                };
                let at = match replies {
                    Replies::Always(_) => at.key("outputs"),
                    Replies::InTurn(_) => at.key("sequence").index(index).key("outputs"),
                };
                for key in outputs.keys().filter(|key| !known.contains_key(*key)) {
                    let names: Vec<&str> = known.keys().map(String::as_str).collect();
                    let help = match closest(key, names.iter().copied()) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("it has: {}", names.join(", ")),
                    };
                    found.push((at.key(key), format!("`{node}` has no output `{key}`"), help));
                }
            }
        }
        for (at, message, help) in found {
            if self.seen.insert(at.to_string()) {
                self.problem(&at, "unknown-output", message, Some(help));
            }
        }
    }

    fn problem(&mut self, at: &DocPath, code: &'static str, message: String, help: Option<String>) {
        let document = &self.file.document;
        let range = match code {
            "unknown-step" => document.get(at).map(|node| node.range),
            _ => document.key_range(at),
        };
        let range = range.or_else(|| document.get(at).map(|node| node.range));
        self.problems.push(Problem {
            code,
            severity: Severity::Error,
            message,
            label: None,
            help,
            path: at.clone(),
            range: range.unwrap_or_default(),
        });
    }
}
