//! `steps.…`: which outputs are there.

use serde_json::Value as Json;

use super::{
    super::{
        Check, control,
        suggest::listed,
        tree::{List, NotRun, StepNo},
        wanted::{alternatives, target, types},
    },
    Text, member,
};
use crate::{NameUse, NodeSpec};

impl<'a> Check<'a> {
    pub(super) fn step_outputs(&self, id: &str, used: &NameUse, text: Text<'_>) {
        let Some(targets) = self.tree.ids.get(id) else {
            if !used.optional {
                self.unknown_step(id, used, text);
            }
            return;
        };
        let mut hidden = None;
        for target in targets {
            match self.tree.can_have_run(*target, text.site) {
                Ok(()) => return self.output(*target, id, used, text),
                Err(why) => hidden = hidden.or(Some((*target, why))),
            }
        }
        if let Some((target, why)) = hidden.filter(|_| !used.optional) {
            self.not_run(id, target, why, used, text);
        }
    }

    /// Every id, in the order of the tree.
    pub(super) fn step_ids(&self) -> impl Iterator<Item = &'a str> {
        let steps = self.tree.places.iter().map(|place| place.step);
        steps.filter_map(|step| step.id.as_deref())
    }

    fn unknown_step(&self, id: &str, used: &NameUse, text: Text<'_>) {
        let ids = || self.step_ids();
        let help = match self.report.suggest.closest(id, ids()) {
            Some(meant) => format!("did you mean `{}`?", member("steps", meant)),
            None if ids().next().is_none() => {
                "give the step an `id` to refer to its outputs".to_owned()
            }
            None => format!("steps with an id: {}", listed(ids())),
        };
        let finding = text.about("unknown-step", used, 2, format!("there is no step `{id}`"));
        self.report
            .add(finding.label("no step has this id").help(help));
    }

    fn not_run(&self, id: &str, target: StepNo, why: NotRun, used: &NameUse, text: Text<'_>) {
        let line = self.report.line(&self.tree.places[target].step.at);
        let step = format!("step `{id}` (line {line})");
        let around = |step: StepNo| &*self.tree.places[step].step.uses;
        let in_loop = || {
            let mut owners = self
                .tree
                .lists_around(text.site)
                .filter_map(|list| list.owner);
            owners.any(|owner| control::is_loop(around(owner)))
        };
        let (message, help) = match why {
            NotRun::Itself => (
                format!("step `{id}` refers to its own outputs"),
                "its settings are read before it runs".to_owned(),
            ),
            NotRun::Around => (
                format!("{step} is still running here: it contains this step"),
                "its outputs are there after it".to_owned(),
            ),
            NotRun::Inside => (
                format!("{step} runs inside this step, after its settings are read"),
                "move what needs it after this step".to_owned(),
            ),
            NotRun::Later if in_loop() => (
                format!("{step} runs only later"),
                "move it before this step; to read what the pass before left, add `| default(…)`"
                    .to_owned(),
            ),
            NotRun::Later => (
                format!("{step} runs only later"),
                "move it before this step".to_owned(),
            ),
            NotRun::OtherBranch(owner) => (
                format!(
                    "{step} is in another branch of `{}`, so it can't have run here",
                    around(owner)
                ),
                "refer to it in its own branch, or after both".to_owned(),
            ),
            NotRun::Hidden(list) => {
                let List { block, owner, .. } = self.tree.lists[list];
                let owner = owner.map_or("the workflow", around);
                let help = match owner {
                    "flow.for_each" => "gather a value of each pass with `collect`",
                    _ => "set a variable there with `data.set`, and read that",
                };
                (
                    format!(
                        "{step} can't be seen here: `{block}` of `{owner}` keeps its outputs to itself"
                    ),
                    help.to_owned(),
                )
            }
        };
        let finding = text.about("step-not-run", used, 2, message);
        self.report
            .add(finding.label("has no outputs here").help(help));
    }

    fn output(&self, target: StepNo, id: &str, used: &NameUse, text: Text<'_>) {
        let place = &self.tree.places[target];
        if used.optional {
            return;
        }
        if place.disabled && !text.soft {
            let message = format!("step `{id}` is disabled, so it has no outputs");
            let finding = text.about("disabled-step", used, 2, message);
            let help = "enable it, or add `| default(…)`".to_owned();
            self.report
                .add(finding.softened(true).label("has no outputs").help(help));
        }
        let (Some(spec), Some(output)) = (place.spec, used.path.get(2)) else {
            return;
        };
        let Some(outputs) = closed_outputs(spec).filter(|names| !names.contains(&&**output)) else {
            return;
        };
        let base = member("steps", id);
        let meant = self.report.suggest.closest(output, outputs.iter().copied());
        let help = match meant {
            Some(meant) => format!("did you mean `{}`?", member(&base, meant)),
            None if outputs.is_empty() => format!("`{}` has no outputs", spec.name),
            None => format!("`{}` has {}", spec.name, listed(outputs)),
        };
        let message = format!("step `{id}` (`{}`) has no output `{output}`", spec.name);
        let finding = text.about("unknown-output", used, 3, message);
        self.report.add(finding.label("no such output").help(help));
    }
}

/// The names of a node's outputs; `None` where they can be anything.
fn closed_outputs(spec: &NodeSpec) -> Option<Vec<&str>> {
    let mut schema = &spec.outputs;
    for _ in 0..8 {
        match target(&spec.outputs, schema) {
            Some(target) => schema = target,
            None => break,
        }
    }
    let open = |key: &str| {
        schema
            .get(key)
            .is_some_and(|others| others.as_bool() != Some(false))
    };
    if open("additionalProperties")
        || open("patternProperties")
        || schema.get("$ref").is_some()
        || schema.get("allOf").is_some()
        || alternatives(schema).is_some()
    {
        return None;
    }
    match (
        schema.get("properties").and_then(Json::as_object),
        types(schema).as_slice(),
    ) {
        (Some(names), _) => Some(names.keys().map(String::as_str).collect()),
        // A struct without fields, or nothing at all; a map would say what its values are.
        (None, ["object" | "null"]) => Some(Vec::new()),
        _ => None,
    }
}
