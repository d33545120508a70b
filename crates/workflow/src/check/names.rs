//! Expressions, and the names they read.

use std::{collections::HashMap, ops::Range};

use serde_json::Value as Json;

use super::{
    Check,
    control::{Condition, ROOTS, RUN_FIELDS, binders},
    is_computed,
    report::Finding,
    suggest::listed,
    trail::Trail,
    tree::{Site, StepNo},
};
use crate::{ExpressionError, NameUse, Template, catalogue::Bind};

mod outputs;

/// An expression in its place.
#[derive(Clone, Copy)]
pub(super) struct Text<'t> {
    pub(super) written: &'t str,
    pub(super) trail: &'t Trail<'t>,
    pub(super) site: Site,
    /// Whether problems are only warnings.
    pub(super) soft: bool,
}

impl Text<'_> {
    /// An error about the first `count` names of `used`.
    fn about(self, code: &'static str, used: &NameUse, count: usize, message: String) -> Finding {
        Finding::error(code, self.trail.path(), message)
            .at_part(self.written, extent(self.written, used, count))
            .softened(self.soft)
    }
}

impl<'a> Check<'a> {
    /// Checks every expression in `value`.
    pub(super) fn expressions(
        &self,
        value: &Json,
        trail: &Trail<'_>,
        (site, soft): (Site, bool),
        condition: Condition,
    ) {
        match value {
            Json::String(text) => {
                let text = Text {
                    written: text,
                    trail,
                    site,
                    soft,
                };
                self.expression(value, text, condition == Condition::Here);
            }
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.expressions(item, &Trail::Index(trail, index), (site, soft), condition);
                }
            }
            Json::Object(map) => {
                for (key, item) in map {
                    let below = match condition {
                        Condition::Under(wanted) if wanted == key => Condition::Here,
                        other => other,
                    };
                    self.expressions(item, &Trail::Key(trail, key), (site, soft), below);
                }
            }
            _ => {}
        }
    }

    /// Checks the text `setting`; `None` where it is a plain text or can't be compiled.
    pub(super) fn expression(
        &self,
        setting: &Json,
        text: Text<'_>,
        is_condition: bool,
    ) -> Option<Template> {
        let compiled = if is_condition {
            Template::compile_condition(setting)
        } else if is_computed(text.written) {
            Template::compile(setting)
        } else {
            return None;
        };
        match compiled {
            Ok(template) => {
                for used in &template.names() {
                    self.name(used, text);
                }
                Some(template)
            }
            Err(error) => {
                self.report.add(not_compiled(error, text));
                // What it would have read is not known.
                self.uses.borrow_mut().all_inputs = true;
                self.uses.borrow_mut().all_variables = true;
                None
            }
        }
    }

    fn name(&self, used: &NameUse, text: Text<'_>) {
        let mut path = used.path.iter().map(String::as_str);
        let (Some(root), attr) = (path.next(), path.next()) else {
            return;
        };
        if matches!(text.site, Site::Start) && matches!(root, "vars" | "steps" | "assets") {
            let message = format!("`{root}` can't be used in `variables`");
            let help = "variables get their first values before anything runs: they can use `inputs`, `env` and `run`";
            let finding = text.about("name-not-here", used, 1, message);
            self.report
                .add(finding.label("not there yet").help(help.to_owned()));
            return;
        }
        match (root, attr) {
            ("inputs", attr) => self.input(attr, used, text),
            ("vars", attr) => self.variable(attr, used, text),
            ("steps", Some(id)) => self.step_outputs(id, used, text),
            ("env", Some(name)) => self.env(name, used, text),
            ("run", Some(field)) if !RUN_FIELDS.contains(&field) && !used.optional => {
                let help = self
                    .report
                    .suggest
                    .did_you_mean(field, RUN_FIELDS.iter().copied());
                let all = || format!("`run` has {}", listed(RUN_FIELDS.iter().copied()));
                let finding =
                    text.about("unknown-name", used, 2, format!("`run` has no `{field}`"));
                self.report
                    .add(finding.label("not known").help(help.unwrap_or_else(all)));
            }
            (root, _) if ROOTS.contains(&root) => {}
            (name, _) => self.bound_name(name, used, text),
        }
    }

    fn input(&self, name: Option<&str>, used: &NameUse, text: Text<'_>) {
        let Some(name) = name else {
            self.uses.borrow_mut().all_inputs = true;
            return;
        };
        let inputs = &self.workflow.inputs;
        if let Some((known, _)) = inputs.get_key_value(name) {
            self.uses.borrow_mut().inputs.insert(known);
            return;
        }
        if used.optional {
            return;
        }
        let meant = self
            .report
            .suggest
            .closest(name, inputs.keys().map(String::as_str));
        let help = match meant {
            Some(meant) => format!("did you mean `{}`?", member("inputs", meant)),
            None if inputs.is_empty() => "declare it under `inputs`; there are none yet".to_owned(),
            None => format!("inputs: {}", listed(inputs.keys().map(String::as_str))),
        };
        let finding = text.about(
            "unknown-input",
            used,
            2,
            format!("there is no input `{name}`"),
        );
        self.report.add(finding.label("not declared").help(help));
    }

    fn variable(&self, name: Option<&str>, used: &NameUse, text: Text<'_>) {
        let Some(name) = name else {
            self.uses.borrow_mut().all_variables = true;
            return;
        };
        self.uses.borrow_mut().read(name);
        let known = self.workflow.variables.contains_key(name) || self.variables.is_set(name);
        if known || used.optional {
            return;
        }
        let meant = self.report.suggest.closest(name, self.variable_names());
        let help = match meant {
            Some(meant) => format!("did you mean `{}`?", member("vars", meant)),
            None if self.workflow.inputs.contains_key(name) => {
                format!("`{name}` is an input: `{}`", member("inputs", name))
            }
            None => "declare it under `variables`, or set it with `data.set`".to_owned(),
        };
        let finding = text.about(
            "unknown-variable",
            used,
            2,
            format!("there is no variable `{name}`"),
        );
        self.report.add(finding.label("never set").help(help));
    }

    fn env(&self, name: &str, used: &NameUse, text: Text<'_>) {
        let listed_names = &self.workflow.env;
        if used.optional || listed_names.iter().any(|listed| listed == name) {
            return;
        }
        let meant = self
            .report
            .suggest
            .closest(name, listed_names.iter().map(String::as_str));
        let help = match meant {
            Some(meant) => format!("did you mean `{}`?", member("env", meant)),
            None => format!(
                "a workflow sees only the variables it lists: add `env: [{name}]` at its top"
            ),
        };
        let message = format!("the environment variable `{name}` is not listed under `env`");
        let finding = text.about("unknown-env", used, 2, message);
        self.report.add(finding.label("not listed").help(help));
    }

    /// A name that only a block can bind.
    fn bound_name(&self, name: &str, used: &NameUse, text: Text<'_>) {
        let mut visible: Vec<&str> = Vec::new();
        for list in self.tree.lists_around(text.site) {
            match (list.spec, list.owner) {
                (Some(spec), Some(owner)) => {
                    visible.extend(spec.binds.iter().map(|bind| self.bound(owner, bind)));
                }
                // An unknown block may bind anything.
                (None, Some(_)) => return,
                _ => {}
            }
        }
        if used.optional || visible.contains(&name) {
            return;
        }
        let help = self.help_with_name(name, &visible);
        let finding = text.about(
            "unknown-name",
            used,
            1,
            format!("`{name}` is not defined here"),
        );
        self.report
            .add(finding.label("not defined here").help(help));
    }

    fn help_with_name(&self, name: &str, visible: &[&str]) -> String {
        if self.workflow.inputs.contains_key(name) {
            return format!("did you mean the input, `{}`?", member("inputs", name));
        }
        if self.workflow.variables.contains_key(name) || self.variables.is_named(name) {
            return format!("did you mean the variable, `{}`?", member("vars", name));
        }
        if self.tree.ids.contains_key(name) {
            return format!("did you mean the step, `{}`?", member("steps", name));
        }
        if let Some(owner) = self.named_by_settings().get(name) {
            let step = self.tree.places[*owner].step;
            let line = self.report.line(&step.at);
            return format!(
                "it is only defined inside the `{}` in line {line}",
                step.uses
            );
        }
        if let Some(places) = binders(self.catalogue.nodes().into_iter(), name) {
            return format!("it is only defined inside {places}");
        }
        let names = || ROOTS.iter().chain(visible).copied();
        if let Some(help) = self.report.suggest.did_you_mean(name, names()) {
            return help;
        }
        let closest = |base, names: &mut dyn Iterator<Item = &'a str>| {
            let meant = self.report.suggest.closest(name, names)?;
            Some(format!("did you mean `{}`?", member(base, meant)))
        };
        let inputs = &mut self.workflow.inputs.keys().map(String::as_str);
        closest("inputs", inputs)
            .or_else(|| closest("vars", &mut self.variable_names()))
            .or_else(|| closest("steps", &mut self.step_ids()))
            .unwrap_or_else(|| format!("defined here: {}", listed(names())))
    }

    /// The first step that binds a name by a setting, such as `as`, for each name.
    fn named_by_settings(&self) -> &HashMap<&'a str, StepNo> {
        self.named_by_settings.get_or_init(|| {
            let mut names = HashMap::new();
            for list in &self.tree.lists {
                let (Some(spec), Some(owner)) = (list.spec, list.owner) else {
                    continue;
                };
                for bind in &spec.binds {
                    if matches!(bind, Bind::FromSetting { .. }) {
                        names.entry(self.bound(owner, bind)).or_insert(owner);
                    }
                }
            }
            names
        })
    }

    /// The name that a block of `owner` binds.
    pub(super) fn bound(&self, owner: StepNo, bind: &Bind) -> &'a str {
        match bind {
            Bind::Fixed(name) => name,
            Bind::FromSetting { setting, default } => {
                let written = self.tree.places[owner].step.with.get(*setting);
                written.and_then(Json::as_str).unwrap_or(default)
            }
        }
    }
}

/// `base.name`, or `base['name']` where a dot would not do.
fn member(base: &str, name: &str) -> String {
    if super::is_identifier(name) {
        format!("{base}.{name}")
    } else {
        format!("{base}['{name}']")
    }
}

/// The part of `text` that writes the first `count` names of `used`.
fn extent(text: &str, used: &NameUse, count: usize) -> Range<usize> {
    let start = used.offset;
    let mut end = start;
    for (place, name) in used.path.iter().take(count).enumerate() {
        let rest = text.get(end..).unwrap_or_default();
        let forms = match place {
            0 => vec![name.clone()],
            _ => vec![
                format!(".{name}"),
                format!("['{name}']"),
                format!("[\"{name}\"]"),
            ],
        };
        match forms.iter().find(|form| rest.starts_with(form.as_str())) {
            Some(form) => end += form.len(),
            None => break,
        }
    }
    start..end.max(start + 1)
}

fn not_compiled(error: ExpressionError, text: Text<'_>) -> Finding {
    let finding = Finding::error("expression", text.trail.path(), error.message)
        .help(error.help)
        .softened(text.soft);
    match error.offset {
        Some(start) if start < text.written.len() => {
            let rest = text.written.get(start..).unwrap_or_default();
            let word = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let end = start + word.unwrap_or(rest.len()).max(1);
            finding.at_part(text.written, start..end).label("here")
        }
        _ => finding,
    }
}
