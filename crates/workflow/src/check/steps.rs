//! One step: its node, blocks, settings and the rest.

use serde_json::Value as Json;

use super::{
    Check, control,
    control::{ERROR_KINDS, RESERVED},
    is_computed, is_identifier,
    names::Text,
    report::Finding,
    settings::Settings,
    suggest::listed,
    trail::Trail,
    tree::{Place, Site, StepNo},
};
use crate::{Block, BlockShape, BlockSpec, NodeSpec, Step, catalogue::Bind, model::OnError};

impl Check<'_> {
    pub(super) fn step(&self, number: StepNo) {
        let Place {
            step,
            spec,
            disabled,
            ..
        } = self.tree.places[number];
        match spec {
            Some(spec) => {
                self.blocks(step, spec, disabled);
                self.settings(step, spec, disabled);
                self.loop_variables(number, spec, disabled);
                self.states(step, disabled);
                self.assignment(step, disabled);
            }
            None => self.unknown_node(step, disabled),
        }
        self.setting_expressions(number);
        self.condition(number);
        self.retry(step, disabled);
        if control::needs_loop(&step.uses) {
            self.jump(number);
        }
    }

    fn add(&self, finding: Finding, disabled: bool) {
        self.report.add(finding.softened(disabled));
    }

    fn unknown_node(&self, step: &Step, disabled: bool) {
        let name = &step.uses;
        let nodes = self.node_names();
        let (category, action) = name.split_once('.').unwrap_or((name, name));
        let in_category = |node: &&&str| {
            node.split_once('.')
                .is_some_and(|(first, _)| first == category)
        };
        let same_action =
            |node: &&&str| node.split_once('.').is_some_and(|(_, last)| last == action);
        let beside: Vec<&str> = nodes.iter().filter(in_category).copied().collect();
        let alike: Vec<&str> = nodes.iter().filter(same_action).copied().collect();
        let meant = self.report.suggest.closest(name, nodes.iter().copied());
        let help = if let Some(meant) = meant {
            format!("did you mean `{meant}`?")
        } else if !beside.is_empty() {
            format!("nodes in `{category}`: {}", listed(beside))
        } else if !alike.is_empty() {
            format!("did you mean one of {}?", listed(alike))
        } else {
            "`casare nodes` lists all nodes".to_owned()
        };
        let finding = Finding::error(
            "unknown-node",
            step.at.key("use"),
            format!("there is no node `{name}`"),
        );
        self.add(finding.label("not known").help(help), disabled);
    }

    fn blocks(&self, step: &Step, spec: &NodeSpec, disabled: bool) {
        let names = || spec.blocks.iter().map(|block| block.name);
        let mut meant = Vec::new();
        for (name, block) in &step.blocks {
            let path = step.at.key(name);
            let Some(block_spec) = spec.block(name) else {
                let closest = self.report.suggest.closest(name, names());
                meant.extend(closest);
                let is_setting = spec
                    .settings
                    .get("properties")
                    .is_some_and(|all| all.get(name).is_some());
                let help = match closest {
                    _ if is_setting => format!("`{name}` is a setting: write it under `with`"),
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None if spec.blocks.is_empty() => {
                        format!("`{}` takes no steps inside", spec.name)
                    }
                    None => format!("`{}` takes {}", spec.name, listed(names())),
                };
                let message = format!("`{}` has no block `{name}`", spec.name);
                let finding = Finding::error("unknown-block", path, message).at_key();
                self.add(finding.label("not known").help(help), disabled);
                continue;
            };
            self.shape(step, block, block_spec, disabled);
        }
        for block in spec.blocks.iter().filter(|block| block.required) {
            if !step.blocks.contains_key(block.name) && !meant.contains(&block.name) {
                let message = format!("`{}` needs the block `{}`", spec.name, block.name);
                let finding = Finding::error("missing-block", step.at.key("use"), message)
                    .label(format!("`{}` is missing", block.name))
                    .help(format!("`{}:` beside `use`: {}", block.name, block.summary));
                self.add(finding, disabled);
            }
        }
    }

    fn shape(&self, step: &Step, block: &Block, spec: &BlockSpec, disabled: bool) {
        let wrong = match (block, &spec.shape) {
            (Block::Named(_), BlockShape::List) => Some("a list of steps, not lists with names"),
            (Block::Steps(_), BlockShape::Named) => Some("lists of steps with names, not one list"),
            _ => None,
        };
        let path = step.at.key(spec.name);
        if let Some(wanted) = wrong {
            let message = format!("`{}` takes {wanted}", spec.name);
            let example = match spec.shape {
                BlockShape::Named => format!("write `{}: {{ one: [...], two: [...] }}`", spec.name),
                _ => format!(
                    "write `{}: [...]`, or each step on a line of its own after `- `",
                    spec.name
                ),
            };
            let finding = Finding::error("block-shape", path, message).at_key();
            self.add(finding.label("of the wrong form").help(example), disabled);
            return;
        }
        if let (Block::Named(lists), BlockShape::ListOrNamed(allowed)) = (block, &spec.shape) {
            for name in lists
                .keys()
                .filter(|name| !allowed.contains(&name.as_str()))
            {
                let names = || allowed.iter().copied();
                let meant = self.report.suggest.did_you_mean(name, names());
                let help = meant.unwrap_or_else(|| format!("it is one of {}", listed(names())));
                let message = format!("`{}` has no `{name}`", spec.name);
                let finding =
                    Finding::error("unknown-block-name", path.key(name), message).at_key();
                self.add(finding.label("not known").help(help), disabled);
            }
        }
    }

    fn settings(&self, step: &Step, spec: &NodeSpec, disabled: bool) {
        let settings = Settings {
            node: &spec.name,
            root: &spec.settings,
            suggest: &self.report.suggest,
            patterns: &self.patterns,
            catalogue: self.catalogue,
        };
        let at = Trail::Part(&step.at);
        // Without `with`, what is missing is shown at the node.
        let place = if step.with.is_empty() { "use" } else { "with" };
        for finding in settings.check(&step.with, &Trail::Key(&at, place)) {
            let finding = if step.with.is_empty() {
                finding.at_value()
            } else {
                finding
            };
            self.add(finding, disabled);
        }
    }

    fn setting_expressions(&self, number: StepNo) {
        let Place { step, disabled, .. } = self.tree.places[number];
        let at = Trail::Part(&step.at);
        let with = Trail::Key(&at, "with");
        for (name, value) in &step.with {
            let role = control::role(&step.uses, name);
            let trail = Trail::Key(&with, name);
            if role.literal && value.as_str().is_some_and(is_computed) {
                let message =
                    format!("`{name}` is read before the run, so it can't hold an expression");
                let finding = Finding::error("literal-setting", trail.path(), message);
                self.add(finding.label("has to be fixed"), disabled);
                continue;
            }
            let site = match role.end_of {
                Some(block) => Site::EndOf(number, block),
                None => Site::Step(number),
            };
            self.expressions(value, &trail, (site, disabled), role.condition);
        }
    }

    fn condition(&self, number: StepNo) {
        let Place { step, disabled, .. } = self.tree.places[number];
        let Some(when) = &step.when else {
            return;
        };
        let at = Trail::Part(&step.at);
        let trail = Trail::Key(&at, "when");
        let never = match when {
            Json::String(text) => {
                let text = Text {
                    written: text,
                    trail: &trail,
                    site: Site::Step(number),
                    soft: disabled,
                };
                let template = self.expression(when, text, true);
                template.is_some_and(|template| {
                    template.as_literal().is_some_and(|value| !value.is_true())
                })
            }
            other => other == &Json::Bool(false),
        };
        if never && !disabled {
            let message = format!(
                "`{}` never runs: its condition is always false",
                step.title()
            );
            let finding = Finding::warning("never-runs", trail.path(), message);
            let help = "to switch a step off, write `disabled: true`".to_owned();
            self.report.add(finding.label("always false").help(help));
        }
    }

    fn retry(&self, step: &Step, disabled: bool) {
        let Some(retry) = &step.retry else {
            return;
        };
        let path = step.at.key("retry");
        if retry.attempts == 0 {
            let message = "`attempts` counts the first attempt too, so it is at least 1";
            let finding = Finding::error("setting-range", path.key("attempts"), message);
            self.add(finding.label("out of range"), disabled);
        }
        for (index, kind) in retry.on.iter().enumerate() {
            if ERROR_KINDS.contains(&&**kind) {
                continue;
            }
            let kinds = || ERROR_KINDS.iter().copied();
            let meant = self.report.suggest.did_you_mean(kind, kinds());
            let help = meant.unwrap_or_else(|| format!("kinds: {}", listed(kinds())));
            let message = format!("`{kind}` is no kind of error");
            let finding =
                Finding::error("unknown-error-kind", path.key("on").index(index), message);
            self.add(finding.label("not known").help(help), disabled);
        }
    }

    /// `flow.break` and `flow.continue` need a loop that they can reach.
    fn jump(&self, number: StepNo) {
        let Place { step, disabled, .. } = self.tree.places[number];
        let mut held = None;
        for list in self.tree.lists_around(Site::Step(number)) {
            let Some(owner) = list.owner else { break };
            let owner = &self.tree.places[owner];
            if owner.spec.is_none() || (control::is_loop(&owner.step.uses) && held.is_none()) {
                return;
            }
            if control::is_loop(&owner.step.uses) {
                break;
            }
            if control::holds_jumps(&owner.step.uses) {
                held = held.or(Some(&*owner.step.uses));
            }
        }
        let (message, help) = match held {
            Some(node) => (
                format!("`{}` can't leave a branch of `{node}`", step.uses),
                "its branches run side by side; put the loop inside the branch".to_owned(),
            ),
            None => (
                format!("`{}` is not inside a loop", step.uses),
                "to end the workflow, use `flow.return`; to skip a step, give it a `when`"
                    .to_owned(),
            ),
        };
        let finding = Finding::error("outside-loop", step.at.key("use"), message);
        self.add(finding.label("no loop to leave").help(help), disabled);
    }

    /// Names that the blocks of a step bind by its settings.
    fn loop_variables(&self, number: StepNo, spec: &NodeSpec, disabled: bool) {
        let step = self.tree.places[number].step;
        for block in spec
            .blocks
            .iter()
            .filter(|block| step.blocks.contains_key(block.name))
        {
            for bind in &block.binds {
                if let Bind::FromSetting { setting, .. } = bind {
                    let name = self.bound(number, bind);
                    self.loop_variable(number, name, setting, disabled);
                }
            }
        }
    }

    fn loop_variable(&self, number: StepNo, name: &str, setting: &str, disabled: bool) {
        let step = self.tree.places[number].step;
        let path = if step.with.contains_key(setting) {
            step.at.key("with").key(setting)
        } else {
            step.at.key("use")
        };
        if is_computed(name) {
            return;
        }
        if RESERVED.contains(&name) {
            let message = format!(
                "`{name}` has a meaning of its own, so it can't be the name in `{setting}`"
            );
            let finding = Finding::error("reserved-name", path, message);
            self.add(
                finding.label("taken").help(format!(
                    "choose another name, such as `my_{}`",
                    name.to_lowercase()
                )),
                disabled,
            );
            return;
        }
        if !is_identifier(name) {
            let message = format!("`{name}` can't be used as a name in expressions");
            let finding = Finding::error("invalid-name", path, message);
            let help = "a name has letters, digits and `_`, and begins with no digit".to_owned();
            self.add(finding.label("not a name").help(help), disabled);
            return;
        }
        let outer = self.tree.lists_around(Site::Step(number)).find_map(|list| {
            let (spec, owner) = (list.spec?, list.owner?);
            spec.binds
                .iter()
                .any(|bind| self.bound(owner, bind) == name)
                .then_some(owner)
        });
        if let Some(outer) = outer {
            let line = self.report.line(&self.tree.places[outer].step.at);
            let message =
                format!("`{name}` hides the `{name}` of the block around it (line {line})");
            let finding = Finding::warning("shadowed-name", path, message);
            let help = format!("give it a name of its own with `{setting}`");
            self.report.add(
                finding
                    .label("the outer one can't be read inside")
                    .help(help),
            );
        }
    }

    /// `data.set` sets one variable or several, which its schema can't say.
    fn assignment(&self, step: &Step, disabled: bool) {
        let (name, values) = (step.with.get("name"), step.with.get("values"));
        if step.uses != "data.set" || name.is_some() != values.is_some() {
            return;
        }
        let message = "`data.set` takes either `name` and `value`, or `values`";
        let finding = Finding::error("missing-setting", step.at.key("use"), message);
        let label = if name.is_some() {
            "has both"
        } else {
            "has neither"
        };
        let help = "`values` is a map from variables to their new values".to_owned();
        self.add(finding.label(label).help(help), disabled);
    }

    /// The states that a state machine names.
    fn states(&self, step: &Step, disabled: bool) {
        let Some(states) = control::states(step) else {
            return;
        };
        if states.is_empty() {
            let path = step.at.key("states");
            let finding =
                Finding::error("missing-block", path, "`flow.state_machine` needs a state");
            self.add(finding.at_key().label("empty"), disabled);
            return;
        }
        let with = step.at.key("with");
        let check = |value: Option<&Json>, path: &dyn Fn() -> crate::DocPath| {
            let Some(Json::String(name)) = value else {
                return;
            };
            if states.contains(&&**name) || is_computed(name) {
                return;
            }
            let meant = self
                .report
                .suggest
                .did_you_mean(name, states.iter().copied());
            let help =
                meant.unwrap_or_else(|| format!("states: {}", listed(states.iter().copied())));
            let finding = Finding::error(
                "unknown-state",
                path(),
                format!("there is no state `{name}`"),
            );
            self.add(finding.label("not known").help(help), disabled);
        };
        check(step.with.get("start"), &|| with.key("start"));
        let transitions = step.with.get("transitions").and_then(Json::as_array);
        for (index, transition) in transitions.into_iter().flatten().enumerate() {
            for end in ["from", "to"] {
                check(transition.get(end), &|| {
                    with.key("transitions").index(index).key(end)
                });
            }
        }
    }

    /// Steps after one that leaves their list.
    pub(super) fn unreachable(&self, list: usize) {
        let list = &self.tree.lists[list];
        let leaves = |step: &Step| {
            control::ends_the_list(&step.uses)
                && !step.disabled
                && matches!(step.when, None | Some(Json::Bool(true)))
                && step.on_error == OnError::Fail
        };
        let Some(last) = list.steps.iter().position(leaves) else {
            return;
        };
        let mut after = list.steps[last + 1..].iter().filter(|step| !step.disabled);
        if let Some(step) = after.next() {
            let line = self.report.line(&list.steps[last].at);
            let jump = &list.steps[last].uses;
            let message = format!(
                "`{}` never runs: `{jump}` in line {line} comes before it",
                step.title()
            );
            let finding =
                Finding::warning("unreachable", step.at.key("use"), message).label("never runs");
            let help = format!("remove it, or give `{jump}` a `when`");
            self.report.add(finding.help(help));
        }
    }
}
