//! Walks the tree of steps.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use casare_store::Durability;
use casare_workflow::{
    Effect, OnError, OnResume, Template, Value, expression::ExpressionError, value::Stream,
};
use futures::{FutureExt, future::BoxFuture};

use super::position::{End, Instances, Position};
use crate::{
    BlockEnd, Cancel, CancelReason, ErrorReport, EventKind, NodeError, SkipReason, StepContext,
    StepPath,
    context::{OpenResource, Surroundings},
    event::{Outputs, Signal},
    node::{Action, Session},
    path::ListPath,
    plan::{Kind, List, PlanStep, Settings},
    scope::Scope,
    stack::Roomy,
};

/// After how many steps a run lets others have a turn, and looks after its journal.
const BREATH: u32 = 256;
/// Bytes of the journal that may wait to be written.
const MOST_BACKLOG: usize = 8 << 20;

/// What a run does with its plan.
pub(super) struct Interpreter {
    pub(super) around: Arc<Surroundings>,
    pub(super) limits: Limits,
    pub(super) steps: AtomicU64,
    pub(super) failed_steps: AtomicU64,
    pub(super) breath: AtomicU32,
}

/// The bounds that apply, defaults filled in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) passes: u64,
    pub(super) inline_output: u64,
    pub(super) grace: Duration,
}

/// What surrounds a step. Cheap to clone: each pass of a loop has its own.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) scope: Scope,
    pub(super) cancel: Cancel,
    pub(super) deadline: Option<Instant>,
    /// The innermost resource that is open.
    pub(super) session: Option<Arc<Opening>>,
}

/// An open resource and the step that opened it.
pub(super) struct Opening {
    pub(super) resource: Arc<OpenResource>,
    pub(super) path: StepPath,
}

impl Frame {
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

    pub(super) fn after(mut self, next: Next) -> Self {
        self.signal = next.signal();
        self
    }
}

impl Next {
    fn signal(self) -> Option<Signal> {
        match self {
            Self::On => None,
            Self::Break => Some(Signal::Break),
            Self::Continue => Some(Signal::Continue),
            Self::Return => Some(Signal::Return),
        }
    }
}

impl From<Option<Signal>> for Next {
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
    pub(super) step: &'a PlanStep,
    pub(super) path: &'a StepPath,
    pub(super) frame: &'a Frame,
    pub(super) attempt: u32,
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

    pub(super) fn evaluate(&self, template: &Template) -> Result<Value, Halt> {
        self.evaluate_in(template, &self.frame.scope)
    }

    pub(super) fn evaluate_in(&self, template: &Template, scope: &Scope) -> Result<Value, Halt> {
        template
            .evaluate(scope)
            .map_err(|error| self.fail(&expression_error(&error)))
    }

    pub(super) fn settings(&self, settings: &Settings) -> Result<Value, Halt> {
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

impl Interpreter {
    /// Runs the steps of a list in order; `instances` are those a resumed run knows of.
    pub(super) async fn list(
        &self,
        list: &List,
        frame: &Frame,
        at: Option<Arc<ListPath>>,
        mut instances: Option<Instances>,
    ) -> Result<Next, Halt> {
        for (index, step) in list.steps.iter().enumerate() {
            let path = StepPath::new(at.clone(), index as u32);
            let known = instances
                .as_mut()
                .and_then(|instances| instances.remove(&path.index));
            let next = match known {
                Some(known) => self.go_on(step, frame, path, known).await?,
                None => self.step(step, frame, path).await?,
            };
            if next != Next::On {
                return Ok(next);
            }
        }
        Ok(Next::On)
    }

    /// A step that the journal knows: finished ones are not executed again.
    fn go_on<'a>(
        &'a self,
        step: &'a PlanStep,
        frame: &'a Frame,
        path: StepPath,
        mut known: Position,
    ) -> BoxFuture<'a, Result<Next, Halt>> {
        Box::pin(async move {
            for (id, outputs) in std::mem::take(&mut known.outputs) {
                frame.scope.set_outputs(&id.into(), Self::recorded(outputs));
            }
            match known.end.take() {
                Some(End::Done {
                    outputs, signal, ..
                }) => {
                    if let Some(id) = &step.id {
                        frame.scope.set_outputs(id, Self::recorded(outputs));
                    }
                    Ok(signal.into())
                }
                Some(
                    End::Skipped
                    | End::Failed {
                        continued: true, ..
                    },
                ) => Ok(Next::On),
                Some(End::Failed { error, .. }) => Err(Halt::Failed(error)),
                None => self.execute(step, frame, path, Some(known)).await,
            }
        })
    }

    async fn step(&self, step: &PlanStep, frame: &Frame, path: StepPath) -> Result<Next, Halt> {
        if self.breath.fetch_add(1, Ordering::Relaxed) % BREATH == BREATH - 1 {
            self.breathe(step, &path).await?;
        }
        if frame.cancel.is_cancelled() {
            return Err(Halt::Cancelled);
        }
        if step.disabled {
            self.skip(step, path, SkipReason::Disabled);
            return Ok(Next::On);
        }
        if let Some(when) = &step.when {
            let at = At {
                step,
                path: &path,
                frame,
                attempt: 1,
            };
            match at.holds(when, &frame.scope) {
                Ok(true) => {}
                Ok(false) => {
                    self.skip(step, path, SkipReason::When);
                    return Ok(Next::On);
                }
                Err(halt) => return self.failed(step, path, halt, self.around.events.now()),
            }
        }
        // The hottest steps have nothing to wait for: no future is made for them.
        if let Kind::Set(assignments) = &step.kind
            && step.retry.is_none()
        {
            return self.set(step, frame, path, assignments);
        }
        self.execute(step, frame, path, None).await
    }

    fn set(
        &self,
        step: &PlanStep,
        frame: &Frame,
        path: StepPath,
        assignments: &[(Arc<str>, Template)],
    ) -> Result<Next, Halt> {
        let began = self.around.events.now();
        self.around.events.emit_at(
            began,
            EventKind::StepStarted {
                path: path.clone(),
                step: step.info.clone(),
                effect: Effect::Pure,
            },
        );
        let at = At {
            step,
            path: &path,
            frame,
            attempt: 1,
        };
        match self.assign(at, assignments) {
            Ok(done) => {
                self.finished(step, frame, path, done, began);
                Ok(Next::On)
            }
            Err(halt) => self.failed(step, path, halt, began),
        }
    }

    pub(super) fn assign(
        &self,
        at: At<'_>,
        assignments: &[(Arc<str>, Template)],
    ) -> Result<Done, Halt> {
        let recorded = self.around.events.journal().is_some();
        if let [(name, template)] = assignments {
            let value = at.evaluate(template)?;
            let variables =
                recorded.then(|| Value::from_pairs([(Value::from(name.clone()), value.clone())]));
            at.frame.scope.set_variable(name, value);
            return Ok(Done {
                variables,
                ..Done::default()
            });
        }
        let values = at.settings(&assignments.to_vec())?;
        for (name, _) in assignments {
            let value = values.get_attr(name).unwrap_or_default();
            at.frame.scope.set_variable(name, value);
        }
        Ok(Done {
            variables: Some(values),
            ..Done::default()
        })
    }

    fn skip(&self, step: &PlanStep, path: StepPath, reason: SkipReason) {
        self.around.events.emit(EventKind::StepSkipped {
            path,
            step: step.info.clone(),
            reason,
        });
    }

    /// Executes a step, again where its `retry` says so, and tells how it ended.
    fn execute<'a>(
        &'a self,
        step: &'a PlanStep,
        frame: &'a Frame,
        path: StepPath,
        mut known: Option<Position>,
    ) -> BoxFuture<'a, Result<Next, Halt>> {
        let work = async move {
            let began = self.around.events.now();
            let mut delays = step.retry.as_ref().map(super::retry::delays);
            let mut attempt = 1;
            loop {
                let at = At {
                    step,
                    path: &path,
                    frame,
                    attempt,
                };
                let error = match self.attempt(at, known.take()).await {
                    Ok(done) => {
                        let next = done.signal.into();
                        let kept = self.settles(step).then(|| path.clone());
                        self.finished(step, frame, path, done, began);
                        if let Some(path) = kept {
                            let path = &path;
                            let at = At {
                                step,
                                path,
                                frame,
                                attempt,
                            };
                            self.settle(at).await?;
                        }
                        return Ok(next);
                    }
                    Err(Halt::Failed(error)) => error,
                    Err(halt) => return Err(halt),
                };
                let delay = match (&step.retry, &mut delays) {
                    (Some(retry), Some(delays)) if super::retry::again(&retry.on, &error) => {
                        delays.next()
                    }
                    _ => None,
                };
                let Some(delay) = delay else {
                    return self.failed(step, path, Halt::Failed(error), began);
                };
                self.around.events.emit(EventKind::StepRetried {
                    path: path.clone(),
                    step: step.info.clone(),
                    attempt,
                    delay_ms: delay.as_millis() as u64,
                    error: *error,
                });
                self.sleep(frame, delay).await?;
                attempt += 1;
            }
        };
        Roomy(Box::pin(work)).boxed()
    }

    /// One attempt, within the step's `timeout`.
    async fn attempt(&self, at: At<'_>, known: Option<Position>) -> Result<Done, Halt> {
        let Some(limit) = at.step.timeout else {
            return self.perform(at, known).await;
        };
        let deadline = Instant::now() + limit;
        let cancel = at.frame.cancel.child();
        let frame = Frame {
            cancel: cancel.clone(),
            deadline: Some(
                at.frame
                    .deadline
                    .map_or(deadline, |outer| outer.min(deadline)),
            ),
            ..at.frame.clone()
        };
        let inner = At {
            frame: &frame,
            ..at
        };
        let mut work = Box::pin(self.perform(inner, known));
        let ended = tokio::select! {
            ended = &mut work => ended,
            () = tokio::time::sleep_until(deadline.into()) => {
                cancel.cancel(CancelReason::StepTimeout);
                work.await
            }
        };
        match ended {
            Err(Halt::Cancelled) if !at.frame.cancel.is_cancelled() => {
                let limit = casare_workflow::Span::from_millis(limit.as_millis() as u64);
                Err(at.fail(
                    &NodeError::timeout(format!(
                        "the step took longer than its timeout of {limit}"
                    ))
                    .with_help("raise the step's `timeout`, or find out what it waits for"),
                ))
            }
            ended => ended,
        }
    }

    /// Does what the step is for.
    async fn perform(&self, at: At<'_>, known: Option<Position>) -> Result<Done, Halt> {
        match &at.step.kind {
            Kind::Action { work, settings } => self.act(at, work.as_ref(), settings).await,
            Kind::Session {
                work,
                settings,
                body,
            } => Box::pin(self.session(at, work.as_ref(), settings, body, known)).await,
            _ => {
                if known.is_none() {
                    self.started(at, Effect::Pure);
                }
                self.control(at, known).await
            }
        }
    }

    fn started(&self, at: At<'_>, effect: Effect) {
        self.around.events.emit(EventKind::StepStarted {
            path: at.path.clone(),
            step: at.step.info.clone(),
            effect,
        });
    }

    async fn act(&self, at: At<'_>, work: &dyn Action, settings: &Settings) -> Result<Done, Halt> {
        let settings = at.settings(settings)?;
        let ready = work.ready(settings).map_err(|error| at.fail(&error))?;
        let mut effect = ready.effect().unwrap_or(at.step.effect);
        if effect == Effect::Once && at.step.on_resume == OnResume::Repeat {
            effect = Effect::Pure;
        }
        self.started(at, effect);
        if effect == Effect::Once {
            self.flush(at, Durability::Power).await?;
        }
        let cx = self.context(at, None);
        let outputs = tokio::select! {
            biased;
            () = at.frame.cancel.cancelled() => return Err(Halt::Cancelled),
            outputs = ready.run(&cx) => outputs.map_err(|error| at.fail(&error))?,
        };
        Ok(Done {
            outputs: Some(outputs),
            effect: Some(effect),
            ..Done::default()
        })
    }

    async fn session(
        &self,
        at: At<'_>,
        work: &dyn Session,
        settings: &Settings,
        body: &List,
        known: Option<Position>,
    ) -> Result<Done, Halt> {
        let (checkpoint, instances) = if let Some(mut known) = known {
            (known.checkpoint.take(), known.take(&body.block, None))
        } else {
            self.started(at, Effect::Live);
            (None, None)
        };
        let settings = at.settings(settings)?;
        let cx = self.context(at, checkpoint);
        let opened = tokio::select! {
            biased;
            () = at.frame.cancel.cancelled() => return Err(Halt::Cancelled),
            opened = work.open(&cx, settings) => opened.map_err(|error| at.fail(&error))?,
        };
        if let Some(id) = &at.step.id {
            at.frame.scope.set_outputs(id, opened.outputs.clone());
        }
        let frame = Frame {
            session: Some(Arc::new(Opening {
                resource: Arc::new(OpenResource {
                    resource: opened.resource.clone(),
                    outer: at.frame.resource(),
                }),
                path: at.path.clone(),
            })),
            ..at.frame.clone()
        };
        // Where it stands before its first step: what a resumed run opens again and goes on from.
        if self.around.events.journal().is_some()
            && let Some(data) = opened.resource.checkpoint().await
        {
            let path = at.path.clone();
            self.around
                .events
                .emit(EventKind::Checkpoint { path, data });
        }
        let list = at.path.list(&body.block, None);
        let ended = self.list(body, &frame, Some(list), instances).await;
        let how = match &ended {
            Ok(_) => BlockEnd::Completed,
            Err(Halt::Failed(_)) => BlockEnd::Failed,
            Err(Halt::Cancelled) => BlockEnd::Cancelled,
        };
        let closed = tokio::time::timeout(self.limits.grace, opened.resource.close(how)).await;
        let closed = closed.unwrap_or_else(|_| {
            Err(NodeError::timeout(
                "it could not be closed within the grace time",
            ))
        });
        let next = ended?;
        closed.map_err(|error| at.fail(&error))?;
        Ok(Done {
            outputs: Some(opened.outputs),
            effect: Some(Effect::Live),
            ..Done::default()
        }
        .after(next))
    }

    fn context(&self, at: At<'_>, checkpoint: Option<serde_json::Value>) -> StepContext {
        StepContext {
            around: self.around.clone(),
            path: at.path.clone(),
            cancel: at.frame.cancel.clone(),
            deadline: at.frame.deadline,
            resources: at.frame.resource(),
            checkpoint,
            attempt: at.attempt,
        }
    }

    pub(super) fn finished(
        &self,
        step: &PlanStep,
        frame: &Frame,
        path: StepPath,
        done: Done,
        began: i64,
    ) {
        self.steps.fetch_add(1, Ordering::Relaxed);
        if let (Some(id), Some(outputs)) = (&step.id, &done.outputs) {
            frame.scope.set_outputs(id, outputs.clone());
        }
        let effect = done.effect.unwrap_or(step.effect);
        let again = effect == Effect::Pure && done.outputs.as_ref().is_some_and(Stream::is_in);
        let outputs = self.recordable(&path, done.outputs);
        let now = self.around.events.now();
        self.around.events.emit_at(
            now,
            EventKind::StepFinished {
                path,
                step: step.info.clone(),
                effect,
                outputs,
                variables: done.variables.map(|variables| Outputs(Some(variables))),
                signal: done.signal,
                again,
                took: (now - began) as u64,
            },
        );
    }

    fn failed(
        &self,
        step: &PlanStep,
        path: StepPath,
        halt: Halt,
        began: i64,
    ) -> Result<Next, Halt> {
        let Halt::Failed(error) = halt else {
            return Err(halt);
        };
        let continued = step.on_error == OnError::Continue;
        self.steps.fetch_add(1, Ordering::Relaxed);
        self.around.events.emit(EventKind::StepFailed {
            path,
            step: step.info.clone(),
            error: (*error).clone(),
            continued,
            took: (self.around.events.now() - began) as u64,
        });
        if continued {
            self.failed_steps.fetch_add(1, Ordering::Relaxed);
            return Ok(Next::On);
        }
        Err(Halt::Failed(error))
    }

    /// Whether something has to be done after the step has finished.
    fn settles(&self, step: &PlanStep) -> bool {
        matches!(step.kind, Kind::Action { .. }) && self.around.events.journal().is_some()
    }

    /// After a step with consequences: its end is safe before anything else happens, and the
    /// session around it says where it stands.
    async fn settle(&self, at: At<'_>) -> Result<(), Halt> {
        if let Some(session) = &at.frame.session
            && let Some(data) = session.resource.resource.checkpoint().await
        {
            self.around.events.emit(EventKind::Checkpoint {
                path: session.path.clone(),
                data,
            });
        }
        if at.step.effect == Effect::Once {
            self.flush(at, Durability::Process).await?;
        }
        Ok(())
    }

    async fn flush(&self, at: At<'_>, durability: Durability) -> Result<(), Halt> {
        match self.around.events.journal() {
            Some(journal) => journal
                .flush(durability)
                .await
                .map_err(|error| at.fail(&journal_error(&error))),
            None => Ok(()),
        }
    }

    #[cold]
    async fn breathe(&self, step: &PlanStep, path: &StepPath) -> Result<(), Halt> {
        if let Some(journal) = self.around.events.journal() {
            let failed = match journal.failed() {
                Some(error) => Some(error),
                None if journal.backlog() > MOST_BACKLOG => {
                    journal.flush(Durability::Process).await.err()
                }
                None => None,
            };
            if let Some(error) = failed {
                let report = ErrorReport::of_step(&journal_error(&error), path, &step.info);
                return Err(Halt::Failed(Box::new(report)));
            }
        }
        tokio::task::yield_now().await;
        Ok(())
    }

    /// Waits, unless cancelled.
    pub(super) async fn sleep(&self, frame: &Frame, time: Duration) -> Result<(), Halt> {
        tokio::select! {
            biased;
            () = frame.cancel.cancelled() => Err(Halt::Cancelled),
            () = tokio::time::sleep(time) => Ok(()),
        }
    }
}

pub(super) fn journal_error(error: &casare_store::StoreError) -> NodeError {
    NodeError::unavailable(format!(
        "the run's journal can't be written, so the run stops here: {}",
        crate::chain(error)
    ))
    .with_help("free some space or mend the disk, then `casare resume` the run")
    .permanent()
}
