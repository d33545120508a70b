//! Steps of a run that somebody watches and steers.

use std::sync::Arc;

use casare_workflow::{Effect, OnError, Value};
use futures::future::BoxFuture;

use super::{
    frame::{At, Done, Frame, Halt},
    interpret::Interpreter,
    position::Position,
};
use crate::{
    AfterFailure, ErrorReport, StepEnd, StepView, Verdict,
    plan::{Kind, List, PlanStep},
};

/// What an attendant is told of a step that is done.
pub(super) struct Told {
    outputs: Option<Value>,
    variables: Option<Value>,
}

impl Done {
    pub(super) fn told(&self) -> Told {
        Told {
            outputs: self.outputs.clone(),
            variables: self.variables.clone(),
        }
    }
}

impl Interpreter {
    /// What an attendant sees of a step; `None` without one.
    pub(super) fn view(&self, at: At<'_>, known: bool) -> Option<Arc<StepView>> {
        self.around.attendant.as_ref()?;
        Some(Arc::new(StepView {
            step: at.step.clone(),
            path: at.path.clone(),
            attempt: at.attempt,
            scope: at.frame.scope.clone(),
            cancel: at.frame.cancel.clone(),
            around: self.around.clone(),
            outer: at.frame.around.clone(),
            known,
        }))
    }

    /// One attempt, as the attendant wants it.
    ///
    /// Boxed, so that the future of an unattended step stays as small as it is.
    pub(super) fn attended<'a>(
        &'a self,
        view: &'a Arc<StepView>,
        at: At<'a>,
        known: Option<Position>,
    ) -> BoxFuture<'a, Result<Done, Halt>> {
        Box::pin(async move {
            let verdict = match &self.around.attendant {
                Some(attendant) => Self::unless_cancelled(view, attendant.before(view)).await?,
                None => Verdict::Go,
            };
            let frame = Frame {
                around: Some(view.clone()),
                ..at.frame.clone()
            };
            let at = At {
                frame: &frame,
                ..at
            };
            match (verdict, &at.step.kind) {
                (Verdict::Go, _) => self.attempt(at, known).await,
                (Verdict::Settings(settings), _) => {
                    let given = Some(&settings);
                    self.attempt(At { given, ..at }, known).await
                }
                (Verdict::Unopened(outputs), Kind::Session { body, .. }) => {
                    self.unopened(at, body, outputs, known).await
                }
                (Verdict::Outputs(outputs) | Verdict::Unopened(outputs), _) => {
                    self.started(at, Effect::Pure);
                    Ok(Done {
                        outputs: Some(outputs),
                        ..Done::default()
                    })
                }
                (Verdict::Fail(error), _) => {
                    self.started(at, Effect::Pure);
                    Err(at.fail(&error))
                }
            }
        })
    }

    /// The block of a session that is not opened.
    async fn unopened(
        &self,
        at: At<'_>,
        body: &List,
        outputs: Value,
        mut known: Option<Position>,
    ) -> Result<Done, Halt> {
        let instances = if let Some(known) = &mut known {
            known.take(&body.block, None)
        } else {
            self.started(at, Effect::Live);
            None
        };
        if let Some(id) = &at.step.id {
            at.frame.scope.set_outputs(id, outputs.clone());
        }
        let list = at.path.list(&body.block, None);
        let next = self.list(body, at.frame, Some(list), instances).await?;
        Ok(Done {
            outputs: Some(outputs),
            effect: Some(Effect::Live),
            ..Done::default()
        }
        .after(next))
    }

    pub(super) async fn tell_done(&self, view: &StepView, told: &Told) -> Result<(), Halt> {
        let end = StepEnd::Done {
            outputs: told.outputs.as_ref(),
            variables: told.variables.as_ref(),
        };
        self.tell(view, end).await
    }

    pub(super) async fn tell_failed(
        &self,
        view: &StepView,
        error: &ErrorReport,
        again: bool,
    ) -> Result<(), Halt> {
        let next = match view.step.on_error {
            _ if again => AfterFailure::Retry,
            OnError::Continue => AfterFailure::Continue,
            OnError::Fail => AfterFailure::Raise,
        };
        self.tell(view, StepEnd::Failed { error, next }).await
    }

    async fn tell(&self, view: &StepView, end: StepEnd<'_>) -> Result<(), Halt> {
        let Some(attendant) = &self.around.attendant else {
            return Ok(());
        };
        // What a cancelled run still does in `finally` is told; nobody is waited for.
        let after = attendant.after(view, end);
        tokio::select! {
            biased;
            () = after => {}
            () = view.cancel.cancelled() => {}
        }
        Ok(())
    }

    async fn unless_cancelled<T>(
        view: &StepView,
        work: impl Future<Output = T>,
    ) -> Result<T, Halt> {
        tokio::select! {
            biased;
            () = view.cancel.cancelled() => Err(Halt::Cancelled),
            ended = work => Ok(ended),
        }
    }

    /// Whether time limits that include what a person looks at are off.
    pub(super) fn takes_its_time(&self) -> bool {
        let attendant = self.around.attendant.as_ref();
        attendant.is_some_and(|attendant| attendant.takes_its_time())
    }

    /// Whether a step's `timeout` is off: an action's counts from when it is let go.
    pub(super) fn is_unhurried(&self, step: &PlanStep) -> bool {
        !matches!(step.kind, Kind::Action { .. }) && self.takes_its_time()
    }
}
