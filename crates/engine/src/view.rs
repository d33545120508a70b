//! One execution of a step, as an [`Attendant`](crate::Attendant) sees it.

use std::sync::Arc;

use casare_workflow::{
    Effect, OnError, Template, Value,
    expression::{ExpressionError, Scope as _},
    value::to_json,
};
use serde_json::Value as Json;

use crate::{
    Cancel, ErrorReport, NodeError, Plan, StepPath,
    context::Surroundings,
    event::StepInfo,
    path::ListPath,
    plan::{Kind, PlanStep},
    run,
    scope::Scope,
};

/// One execution of a step: what and where it is, what it sees, what stands around it.
///
/// Cheap to clone and to keep. It shows the run as it is at the moment of asking, not as it was.
#[derive(Clone)]
pub struct StepView {
    pub(crate) step: Arc<PlanStep>,
    pub(crate) path: StepPath,
    pub(crate) attempt: u32,
    pub(crate) scope: Scope,
    pub(crate) cancel: Cancel,
    pub(crate) around: Arc<Surroundings>,
    pub(crate) outer: Option<Arc<StepView>>,
    pub(crate) known: bool,
}

impl std::fmt::Debug for StepView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.path, self.step.info.node)
    }
}

/// What it is.
impl StepView {
    /// Which execution of which step.
    pub fn path(&self) -> &StepPath {
        &self.path
    }

    /// Node, title, id and line.
    pub fn info(&self) -> &Arc<StepInfo> {
        &self.step.info
    }

    /// The attempt of its `retry`, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Whether the run only goes on inside it: an earlier attempt or run had begun it.
    pub fn is_gone_on_with(&self) -> bool {
        self.known
    }

    /// What repeating it means, as its node says; the settings may say otherwise.
    pub fn effect(&self) -> Effect {
        self.step.effect
    }

    /// Whether it is a session: opens something for the steps in its block.
    pub fn is_session(&self) -> bool {
        matches!(self.step.kind, Kind::Session { .. })
    }

    /// Whether it is control flow or sets variables: the engine itself does it.
    pub fn is_control(&self) -> bool {
        !matches!(self.step.kind, Kind::Action { .. } | Kind::Session { .. })
    }

    /// Cancelled when the step has to stop.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// The workflow that the step is written in: that of the innermost call around it.
    pub fn plan(&self) -> &Arc<Plan> {
        let mut outer = self.outer.as_deref();
        while let Some(view) = outer {
            if let Kind::Call { plan, .. } = &view.step.kind {
                return plan;
            }
            outer = view.outer.as_deref();
        }
        &self.around.plan
    }

    /// Its settings, evaluated now.
    ///
    /// # Errors
    ///
    /// The first setting that can't be evaluated.
    pub fn settings(&self) -> Result<Value, ExpressionError> {
        let mut pairs = Vec::new();
        for (name, template) in self.step.kind.settings() {
            pairs.push((Value::from(name), template.evaluate(&self.scope)?));
        }
        Ok(Value::from_pairs(pairs))
    }
}

/// What it sees.
impl StepView {
    /// The value of an expression, with or without `{{ }}`, as the step would see it.
    ///
    /// # Errors
    ///
    /// Bad syntax, unknown names, whatever an expression can do wrong.
    pub fn evaluate(&self, expression: &str) -> Result<Value, ExpressionError> {
        Template::compile_condition(&Json::String(expression.to_owned()))?.evaluate(&self.scope)
    }

    /// The value of a setting that was compiled before.
    ///
    /// # Errors
    ///
    /// As [`StepView::evaluate`].
    pub fn evaluate_compiled(&self, template: &Template) -> Result<Value, ExpressionError> {
        template.evaluate(&self.scope)
    }

    /// The value of a name such as `inputs`, `vars`, `steps`, `run` or a name that a block binds.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.scope.get(name)
    }

    /// The workflow's variables, in the order of their first assignment.
    pub fn variables(&self) -> Vec<(Arc<str>, Value)> {
        self.scope.variables()
    }

    /// Outputs of the steps that have run, by id.
    pub fn outputs(&self) -> Vec<(Arc<str>, Value)> {
        self.scope.outputs()
    }

    /// The names that the blocks around it bind, innermost first: the item of a loop and `loop`,
    /// `error`, `attempt`.
    pub fn bound(&self) -> Vec<(Arc<str>, Value)> {
        self.scope.bound()
    }

    /// Gives a variable another value; answers the old one.
    ///
    /// The change is not journaled: a resumed run does not know of it.
    ///
    /// # Errors
    ///
    /// `not_found` when there is no such variable.
    pub fn set_variable(&self, name: &str, value: Value) -> Result<Value, NodeError> {
        let Some(old) = self.scope.variable(name) else {
            let known: Vec<String> = self
                .variables()
                .into_iter()
                .map(|(name, _)| name.to_string())
                .collect();
            let help = if known.is_empty() {
                "the workflow has no variables".to_owned()
            } else {
                format!("variables: {}", known.join(", "))
            };
            return Err(
                NodeError::not_found(format!("there is no variable `{name}`")).with_help(help),
            );
        };
        self.scope.set_variable(&name.into(), value);
        Ok(old)
    }

    /// Gives a step that has run other outputs, for the steps that follow.
    pub fn set_outputs(&self, id: &str, outputs: Value) {
        self.scope.set_outputs(&id.into(), outputs);
    }

    /// `value` as JSON without the run's secrets.
    pub fn masked(&self, value: &Value) -> Json {
        let mut json = to_json(value);
        self.around.mask.json(&mut json);
        json
    }

    /// `text` without the run's secrets.
    pub fn masked_text(&self, text: &str) -> String {
        self.around.mask.text(text)
    }
}

/// What stands around it.
impl StepView {
    /// The step in whose block it is, or that called its workflow.
    pub fn outer(&self) -> Option<&Arc<StepView>> {
        self.outer.as_ref()
    }

    /// It and the steps around it, innermost first.
    pub fn stack(&self) -> impl Iterator<Item = &StepView> {
        std::iter::successors(Some(self), |view| view.outer.as_deref())
    }

    /// The branch or side-by-side pass that it belongs to; `None` on the run's main line.
    pub fn branch(&self) -> Option<&Arc<ListPath>> {
        self.stack().find_map(|view| {
            let outer = view.outer.as_deref()?;
            let side_by_side = match &outer.step.kind {
                Kind::Parallel { .. } | Kind::Race { .. } => true,
                Kind::ForEach(each) => each.parallel.is_some(),
                _ => false,
            };
            side_by_side.then_some(view.path.list.as_ref()).flatten()
        })
    }

    /// Whether something around it keeps this failure from failing the run: a `catch`, another
    /// attempt, `on_error: continue`, another branch of a race.
    pub fn is_handled(&self, error: &ErrorReport) -> bool {
        self.stack().any(|view| {
            let Some(outer) = view.outer.as_deref() else {
                return false;
            };
            let step = &outer.step;
            step.on_error == OnError::Continue
                || step.retry.as_ref().is_some_and(|retry| {
                    outer.attempt < retry.attempts && run::tried_again(&retry.on, error)
                })
                || match &step.kind {
                    Kind::Try { body, catch, .. } => {
                        view.in_block(&body.block) && run::catches(catch, error.kind)
                    }
                    Kind::Retry { .. } => {
                        let pass = view.path.list.as_ref().and_then(|list| list.pass);
                        outer
                            .settings()
                            .is_ok_and(|settings| run::retries(settings, pass, error))
                    }
                    Kind::Race { branches } => branches.len() > 1,
                    _ => false,
                }
        })
    }

    fn in_block(&self, block: &Arc<str>) -> bool {
        let list = self.path.list.as_ref();
        list.is_some_and(|list| list.block == *block)
    }
}
