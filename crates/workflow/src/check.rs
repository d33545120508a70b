//! Everything that is known to be wrong before a run.
//!
//! | code | what is wrong |
//! |---|---|
//! | `unknown-node` | no node has this name |
//! | `unknown-block` | the node takes no such block |
//! | `missing-block` | a block that the node needs is not there |
//! | `block-shape` | lists with names where one list is wanted, or the other way round |
//! | `unknown-block-name` | a list inside a block has a name that the block does not know, such as a `catch` of no kind of error |
//! | `unknown-setting` | the node has no such setting (a warning where the node would ignore it) |
//! | `missing-setting` | a setting that is needed is not there |
//! | `setting-type` | a list where text is wanted, and so on |
//! | `setting-value` | none of the values that are allowed |
//! | `setting-range` | too small, too large, too short, too long |
//! | `setting-format` | no duration, or not of the form that is wanted |
//! | `literal-setting` | an expression where the value is read before the run |
//! | `expression` | an expression that can't be compiled |
//! | `unknown-name` | an expression reads a name that is not defined there |
//! | `unknown-input` | `inputs.…` that is not declared |
//! | `unknown-variable` | `vars.…` that is neither declared nor set anywhere |
//! | `unknown-step` | `steps.…` that no step has as its id |
//! | `unknown-output` | an output that the node does not have |
//! | `unknown-env` | `env.…` that the workflow does not list |
//! | `name-not-here` | `vars`, `steps` or `assets` in the first value of a variable |
//! | `step-not-run` | outputs of a step that can't have run there, or can't be seen there |
//! | `duplicate-id` | two steps have the same id |
//! | `reserved-name` | a loop variable with a name that means something else |
//! | `invalid-name` | a loop variable that expressions can't name |
//! | `outside-loop` | `flow.break` or `flow.continue` without a loop they can leave |
//! | `unknown-error-kind` | `retry.on` with something that is no kind of error |
//! | `unknown-state` | a transition from or to a state that is not there |
//! | `input-default` | a default of the wrong kind or none of the options (a warning: of a required input) |
//! | `input-options` | an option of the wrong kind |
//!
//! Warnings, which do not keep a workflow from running:
//!
//! | code | what is doubtful |
//! |---|---|
//! | `disabled-step` | outputs of a step that is switched off |
//! | `unread-variable` | a variable that is set, but neither declared nor read |
//! | `unused-input` | an input that nothing reads |
//! | `shadowed-name` | a loop variable that hides an outer one |
//! | `unreachable` | a step after `flow.return`, `flow.fail`, `flow.break` or `flow.continue` |
//! | `never-runs` | a `when` that is always false |
//!
//! Whatever is wrong inside a disabled step is a warning too. A name that an expression asks about
//! with `is defined`, or gives a `default`, is never unknown.
//!
//! The walk keeps its own list of what is to be done, so that deep nesting costs no stack, and the
//! time grows with the size of the workflow alone.

use std::{
    cell::{OnceCell, RefCell},
    collections::{HashMap, HashSet},
};

use crate::{Catalogue, Problem, Source, Workflow};

mod control;
mod inputs;
mod names;
mod report;
mod scalar;
mod settings;
mod steps;
mod suggest;
mod trail;
mod tree;
mod wanted;

use control::{Condition, NameAt, Setter, variables_set};
use report::{Finding, Report};
use settings::Patterns;
use trail::Trail;
use tree::{Site, StepNo, Tree};

/// What is wrong with `workflow`, errors and warnings, in the order of its text.
///
/// `source` is the text it was read from.
pub fn check(workflow: &Workflow, source: &Source, catalogue: &dyn Catalogue) -> Vec<Problem> {
    let tree = Tree::new(workflow, catalogue);
    let check = Check {
        workflow,
        catalogue,
        variables: Variables::of(&tree),
        tree,
        report: Report::new(source),
        uses: RefCell::default(),
        patterns: Patterns::default(),
        node_names: OnceCell::new(),
        named_by_settings: OnceCell::new(),
    };
    check.inputs();
    check.duplicate_ids();
    check.first_values_and_outputs();
    for number in 0..check.tree.places.len() {
        check.step(number);
    }
    for list in 0..check.tree.lists.len() {
        check.unreachable(list);
    }
    check.unused_inputs();
    check.unread_variables();
    check.report.finish()
}

/// One check under way.
struct Check<'a> {
    workflow: &'a Workflow,
    catalogue: &'a dyn Catalogue,
    tree: Tree<'a>,
    variables: Variables<'a>,
    report: Report<'a>,
    uses: RefCell<Uses<'a>>,
    patterns: Patterns,
    node_names: OnceCell<Vec<&'a str>>,
    named_by_settings: OnceCell<HashMap<&'a str, StepNo>>,
}

/// What expressions read.
#[derive(Debug, Default)]
struct Uses<'a> {
    inputs: HashSet<&'a str>,
    /// Some read `inputs` as a whole, or can't be read themselves.
    all_inputs: bool,
    variables: HashSet<String>,
    all_variables: bool,
}

impl Uses<'_> {
    fn read(&mut self, variable: &str) {
        if !self.variables.contains(variable) {
            self.variables.insert(variable.to_owned());
        }
    }
}

/// The variables that steps set.
#[derive(Debug, Default)]
struct Variables<'a> {
    /// By name, the first step that sets it, and where in its settings the name stands.
    set: HashMap<&'a str, (StepNo, NameAt)>,
    /// In the order of the steps.
    names: Vec<&'a str>,
    /// Some step sets one whose name is computed.
    computed: bool,
}

impl<'a> Variables<'a> {
    fn of(tree: &Tree<'a>) -> Self {
        let mut variables = Self::default();
        for (number, place) in tree.places.iter().enumerate() {
            if place.disabled {
                continue;
            }
            variables_set(place.step, |setter| match setter {
                Setter::Computed => variables.computed = true,
                Setter::Named(name, at) => {
                    variables.set.entry(name).or_insert_with(|| {
                        variables.names.push(name);
                        (number, at)
                    });
                }
            });
        }
        variables
    }

    fn is_named(&self, name: &str) -> bool {
        self.set.contains_key(name)
    }

    /// Whether some step sets it, for all that is known.
    fn is_set(&self, name: &str) -> bool {
        self.computed || self.is_named(name)
    }
}

impl<'a> Check<'a> {
    fn node_names(&self) -> &[&'a str] {
        self.node_names.get_or_init(|| {
            let nodes = self.catalogue.nodes();
            nodes.into_iter().map(|node| &*node.name).collect()
        })
    }

    /// Variables that are declared or set.
    fn variable_names(&self) -> impl Iterator<Item = &'a str> {
        let declared = self.workflow.variables.keys().map(String::as_str);
        declared.chain(self.variables.names.iter().copied())
    }

    fn duplicate_ids(&self) {
        for (id, steps) in &self.tree.ids {
            let Some((first, others)) =
                steps.split_first().filter(|(_, others)| !others.is_empty())
            else {
                continue;
            };
            let line = self.report.line(&self.tree.places[*first].step.at);
            for other in others {
                let place = &self.tree.places[*other];
                let message = format!("the id `{id}` is used twice: first in line {line}");
                let finding = Finding::error("duplicate-id", place.step.at.key("id"), message)
                    .label("used again")
                    .help("give each step an id of its own".to_owned())
                    .softened(place.disabled);
                self.report.add(finding);
            }
        }
    }

    fn first_values_and_outputs(&self) {
        let parts = [
            ("variables", &self.workflow.variables, Site::Start),
            ("outputs", &self.workflow.outputs, Site::Outputs),
        ];
        for (part, values, site) in parts {
            let trail = Trail::Key(&Trail::Document, part);
            for (name, value) in values {
                self.expressions(
                    value,
                    &Trail::Key(&trail, name),
                    (site, false),
                    Condition::No,
                );
            }
        }
    }

    fn unread_variables(&self) {
        let uses = self.uses.borrow();
        if uses.all_variables {
            return;
        }
        for name in &self.variables.names {
            let declared = self.workflow.variables.contains_key(*name);
            let Some((step, at)) = self.variables.set.get(name).filter(|_| !declared) else {
                continue;
            };
            if uses.variables.contains(*name) {
                continue;
            }
            let step = self.tree.places[*step].step;
            let with = step.at.key("with");
            let path = match at {
                NameAt::Setting => with.key("name"),
                NameAt::Key => with.key("values").key(name),
            };
            let others = self.variable_names().filter(|other| other != name);
            let message = format!("the variable `{name}` is set, but never read");
            let help = self.report.suggest.did_you_mean(name, others);
            let finding = Finding::warning("unread-variable", path, message)
                .label("never read")
                .help(help);
            self.report.add(match at {
                NameAt::Setting => finding,
                NameAt::Key => finding.at_key(),
            });
        }
    }
}

/// Whether the value of `text` is known only at run time.
fn is_computed(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Whether expressions can write `name` after a dot or alone.
fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}
