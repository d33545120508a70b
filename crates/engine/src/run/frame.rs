//! What surrounds an execution of a step, and what can come of it.

// What every step does is `#[inline]`: called across modules it costs a tenth of a cheap step.

use std::{sync::Arc, time::Instant};

use casare_workflow::{Effect, Template, Value, expression::ExpressionError};

use crate::{
    Cancel, ErrorReport, NodeError, StepPath, StepView,
    context::OpenResource,
    event::Signal,
    plan::{PlanStep, Settings},
    scope::Scope,
};

/// What surrounds a step. Cheap to clone: each pass of a loop has its own.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) scope: Scope,
    pub(super) cancel: Cancel,
    pub(super) deadline: Option<Instant>,
    /// The innermost resource that is open.
    pub(super) session: Option<Arc<Opening>>,
    /// The step around, for an attendant; `None` without one.
    pub(super) around: Option<Arc<StepView>>,
}

/// An open resource and the step that opened it.
pub(super) struct Opening {
    pub(super) resource: Arc<OpenResource>,
    pub(super) path: StepPath,
}

impl Frame {
    #[inline]
    pub(super) fn resource(&self) -> Option<Arc<OpenResource>> {
        self.session
            .as_ref()
            .map(|session| session.resource.clone())
    }
}

/// What comes after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    On,
    Break,
    Continue,
    Return,
}

/// Why the normal course of steps ends.
#[derive(Debug)]
pub(super) enum Halt {
    Failed(Box<ErrorReport>),
    Cancelled,
}

/// What a step did.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) outputs: Option<Value>,
    pub(super) variables: Option<Value>,
    pub(super) signal: Option<Signal>,
    /// The effect of an action whose settings decide it.
    pub(super) effect: Option<Effect>,
}

impl Done {
    pub(super) fn outputs<const N: usize>(outputs: [(&'static str, Value); N]) -> Self {
        Self {
            outputs: Some(Value::from_pairs(outputs)),
            ..Self::default()
        }
    }

    #[inline]
    pub(super) fn after(mut self, next: Next) -> Self {
        self.signal = next.signal();
        self
    }
}

impl Next {
    #[inline]
    pub(super) fn signal(self) -> Option<Signal> {
        match self {
            Self::On => None,
            Self::Break => Some(Signal::Break),
            Self::Continue => Some(Signal::Continue),
            Self::Return => Some(Signal::Return),
        }
    }
}

impl From<Option<Signal>> for Next {
    #[inline]
    fn from(signal: Option<Signal>) -> Self {
        match signal {
            None => Self::On,
            Some(Signal::Break) => Self::Break,
            Some(Signal::Continue) => Self::Continue,
            Some(Signal::Return) => Self::Return,
        }
    }
}

/// One execution of a step.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) step: &'a Arc<PlanStep>,
    pub(super) path: &'a StepPath,
    pub(super) frame: &'a Frame,
    pub(super) attempt: u32,
    /// Settings that an attendant gave in place of the step's own.
    pub(super) given: Option<&'a Value>,
}

impl At<'_> {
    /// A failure of this step.
    pub(super) fn fail(&self, error: &NodeError) -> Halt {
        Halt::Failed(Box::new(ErrorReport::of_step(
            error,
            self.path,
            &self.step.info,
        )))
    }

    pub(super) fn invalid(&self, message: impl Into<String>) -> Halt {
        self.fail(&NodeError::invalid(message))
    }

    #[inline]
    pub(super) fn evaluate(&self, template: &Template) -> Result<Value, Halt> {
        self.evaluate_in(template, &self.frame.scope)
    }

    #[inline]
    pub(super) fn evaluate_in(&self, template: &Template, scope: &Scope) -> Result<Value, Halt> {
        template
            .evaluate(scope)
            .map_err(|error| self.fail(&expression_error(&error)))
    }

    pub(super) fn settings(&self, settings: &Settings) -> Result<Value, Halt> {
        if let Some(given) = self.given {
            return Ok(given.clone());
        }
        let mut pairs = Vec::with_capacity(settings.len());
        for (name, template) in settings {
            pairs.push((Value::from(name.clone()), self.evaluate(template)?));
        }
        Ok(Value::from_pairs(pairs))
    }

    /// A whole number that a setting gives.
    pub(super) fn number(&self, name: &str, template: &Template) -> Result<u64, Halt> {
        let value = self.evaluate(template)?;
        let number = match value.as_str() {
            Some(text) => text.trim().parse().ok(),
            None => u64::try_from(value.clone()).ok(),
        };
        number.ok_or_else(|| {
            self.invalid(format!(
                "`{name}` has to be a whole number, zero or more; it is {} `{value}`",
                casare_workflow::value::kind_name(&value),
            ))
        })
    }

    /// Whether a condition holds.
    #[inline]
    pub(super) fn holds(&self, condition: &Template, scope: &Scope) -> Result<bool, Halt> {
        let value = self.evaluate_in(condition, scope)?;
        match value.as_str() {
            None => Ok(value.is_true()),
            Some("true" | "True") => Ok(true),
            Some("false" | "False") => Ok(false),
            Some(text) => Err(self.invalid(format!(
                "the condition gives the text `{text}`, not true or false; compare it, as in \
                 `… == \"{text}\"`"
            ))),
        }
    }
}

fn expression_error(error: &ExpressionError) -> NodeError {
    let failed = NodeError::invalid(format!(
        "{} (in `{}`)",
        error.message,
        error.expression.trim()
    ));
    match &error.help {
        Some(help) => failed.with_help(help.clone()),
        None => failed,
    }
}
