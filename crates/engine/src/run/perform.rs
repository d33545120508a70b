//! Actions and sessions: where a step leaves the engine for its node.

use std::sync::{Arc, atomic::AtomicU64};

use casare_store::Durability;
use casare_workflow::{Effect, OnResume};

use super::{
    frame::{At, Done, Frame, Halt, Opening},
    interpret::Interpreter,
    position::Position,
};
use crate::{
    BlockEnd, EventKind, NodeError, StepContext,
    context::OpenResource,
    node::{Action, Session},
    plan::{Kind, List, PlanStep, Settings},
};

impl Interpreter {
    /// Does what the step is for.
    pub(super) async fn perform(&self, at: At<'_>, known: Option<Position>) -> Result<Done, Halt> {
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

    pub(super) fn started(&self, at: At<'_>, effect: Effect) {
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
            self.witnessed(at).await?;
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
            drawn: AtomicU64::new(0),
        }
    }

    /// Whether something has to be done after the step has finished.
    pub(super) fn settles(&self, step: &PlanStep) -> bool {
        matches!(step.kind, Kind::Action { .. }) && self.around.events.journal().is_some()
    }

    /// After a step with consequences: its end is safe before anything else happens, and the
    /// session around it says where it stands.
    pub(super) async fn settle(&self, at: At<'_>) -> Result<(), Halt> {
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

    /// What somebody elsewhere has to know before it happens, is known there.
    async fn witnessed(&self, at: At<'_>) -> Result<(), Halt> {
        let Some(witness) = &self.around.witness else {
            return Ok(());
        };
        tokio::select! {
            biased;
            () = at.frame.cancel.cancelled() => Err(Halt::Cancelled),
            known = witness.knows() => known.map_err(|error| at.fail(&error)),
        }
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
}

pub(super) fn journal_error(error: &casare_store::StoreError) -> NodeError {
    NodeError::unavailable(format!(
        "the run's journal can't be written, so the run stops here: {}",
        crate::chain(error)
    ))
    .with_help("free some space or mend the disk, then `casare resume` the run")
    .permanent()
}
