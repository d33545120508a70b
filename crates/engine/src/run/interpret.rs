//! Walks the tree of steps.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use casare_store::Durability;
use casare_workflow::{Effect, OnError, Template, Value, value::Stream};
use futures::{FutureExt, future::BoxFuture};

use super::{
    frame::{At, Done, Frame, Halt, Next},
    perform::journal_error,
    position::{End, Instances, Position},
};
use crate::{
    CancelReason, ErrorReport, EventKind, NodeError, SkipReason, StepPath,
    context::Surroundings,
    event::Outputs,
    path::ListPath,
    plan::{Kind, List, PlanStep},
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
        step: &'a Arc<PlanStep>,
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

    async fn step(
        &self,
        step: &Arc<PlanStep>,
        frame: &Frame,
        path: StepPath,
    ) -> Result<Next, Halt> {
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
                given: None,
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
            && self.around.attendant.is_none()
        {
            return self.set(step, frame, path, assignments);
        }
        self.execute(step, frame, path, None).await
    }

    fn set(
        &self,
        step: &Arc<PlanStep>,
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
            given: None,
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
        let recorded = self.is_recorded();
        if let [(name, template)] = assignments
            && at.given.is_none()
        {
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

    /// Whether what a step did is kept by someone who may want to go on from there.
    pub(super) fn is_recorded(&self) -> bool {
        self.around.events.journal().is_some() || self.around.attendant.is_some()
    }

    /// Executes a step, again where its `retry` says so, and tells how it ended.
    fn execute<'a>(
        &'a self,
        step: &'a Arc<PlanStep>,
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
                    given: None,
                };
                let view = self.view(at, known.is_some());
                let ended = match &view {
                    None => self.attempt(at, known.take()).await,
                    Some(view) => self.attended(view, at, known.take()).await,
                };
                let error = match ended {
                    Ok(done) => {
                        let next = done.signal.into();
                        let kept = self.settles(step).then(|| path.clone());
                        let told = view.map(|view| (view, done.told()));
                        self.finished(step, frame, path, done, began);
                        if let Some(path) = kept {
                            let path = &path;
                            let at = At {
                                step,
                                path,
                                frame,
                                attempt,
                                given: None,
                            };
                            self.settle(at).await?;
                        }
                        if let Some((view, told)) = told {
                            self.tell_done(&view, &told).await?;
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
                if let Some(view) = &view {
                    self.tell_failed(view, &error, delay.is_some()).await?;
                }
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
    pub(super) async fn attempt(&self, at: At<'_>, known: Option<Position>) -> Result<Done, Halt> {
        let limit = at.step.timeout.filter(|_| !self.is_unhurried(at.step));
        let Some(limit) = limit else {
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
            () = self.pass_time(time) => Ok(()),
        }
    }
    async fn pass_time(&self, time: Duration) {
        match &self.around.clock {
            Some(clock) => clock.sleep(time).await,
            None => tokio::time::sleep(time).await,
        }
    }
}
