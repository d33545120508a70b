//! What becomes of failures: `try`, `retry`, and steps that fail on purpose.

use casare_workflow::{
    Retry, Span, Template, Value,
    value::{from_json, read_settings, to_json},
};
use serde::Deserialize;
use serde_json::Value as Json;

use super::{
    frame::{At, Done, Frame, Halt, Next},
    interpret::Interpreter,
    position::Position,
    retry,
};
use crate::{
    Cancel, CancelReason, ErrorKind, ErrorReport, NodeError,
    plan::{List, Settings},
};

impl Interpreter {
    pub(super) async fn try_(
        &self,
        at: At<'_>,
        body: &List,
        catch: &[List],
        finally: Option<&List>,
        mut known: Option<Position>,
    ) -> Result<Done, Halt> {
        let phase = known.as_ref().and_then(|known| {
            let entered = known.entered.last()?;
            Some((entered.block.clone(), entered.state.clone()))
        });
        let mut error = None;
        let mut caught = false;
        let in_finally = |list: &List| {
            phase
                .as_ref()
                .is_some_and(|(block, _)| *block == list.block)
        };
        let mut ended = match &phase {
            Some((_, state)) if finally.is_some_and(in_finally) => {
                let outcome = Outcome::read(state.as_ref());
                (error, caught) = (
                    outcome.error.clone().filter(|_| outcome.caught),
                    outcome.caught,
                );
                outcome.into_result()
            }
            Some((_, Some(state))) if catch.iter().any(in_finally) => Err(Halt::Failed(Box::new(
                read_report(state).unwrap_or_else(|| ErrorReport::from(&NodeError::bug("unknown"))),
            ))),
            _ => {
                let instances = known
                    .as_mut()
                    .and_then(|known| known.take(&body.block, None));
                if phase.is_none() {
                    self.entered(at, body, None, None);
                }
                let path = at.path.list(&body.block, None);
                self.list(body, at.frame, Some(path), instances).await
            }
        };
        if !finally.is_some_and(in_finally)
            && let Err(Halt::Failed(report)) = &ended
            && let Some(handler) = handler(catch, report.kind)
        {
            let report = report.clone();
            let instances = known
                .as_mut()
                .and_then(|known| known.take(&handler.block, None));
            if !in_finally(handler) {
                self.entered(at, handler, None, serde_json::to_value(&report).ok());
            }
            let frame = Frame {
                scope: at.frame.scope.bind(&"error".into(), error_value(&report)),
                ..at.frame.clone()
            };
            let path = at.path.list(&handler.block, None);
            ended = self.list(handler, &frame, Some(path), instances).await;
            caught = ended.is_ok();
            error = Some(report);
        }
        if let Some(finally) = finally {
            let instances = known
                .as_mut()
                .and_then(|known| known.take(&finally.block, None));
            if !in_finally(finally) {
                let outcome = Outcome::of(&ended, caught, error.as_deref());
                self.entered(at, finally, None, serde_json::to_value(outcome).ok());
            }
            let path = at.path.list(&finally.block, None);
            let cleaned = self.in_grace(at.frame, |frame| async move {
                self.list(finally, &frame, Some(path), instances).await
            });
            match cleaned.await {
                Ok(Next::On) => {}
                Ok(next) => ended = Ok(next),
                // Often it fails for the same reason; what went wrong first is what people need.
                Err(Halt::Failed(_)) if matches!(ended, Err(Halt::Failed(_))) => {}
                Err(halt) => return Err(halt),
            }
        }
        let next = ended?;
        let error = error.map_or_else(|| Value::from(()), |report| error_value(&report));
        Ok(Done::outputs([("caught", Value::from(caught)), ("error", error)]).after(next))
    }

    /// Runs clean-up: as usual, or for the grace time if all around it is cancelled.
    async fn in_grace<F: Future<Output = Result<Next, Halt>>>(
        &self,
        frame: &Frame,
        work: impl FnOnce(Frame) -> F,
    ) -> Result<Next, Halt> {
        if !frame.cancel.is_cancelled() {
            return work(frame.clone()).await;
        }
        let cancel = Cancel::default();
        let frame = Frame {
            cancel: cancel.clone(),
            ..frame.clone()
        };
        let mut work = Box::pin(work(frame));
        tokio::select! {
            ended = &mut work => ended,
            () = tokio::time::sleep(self.limits.grace) => {
                cancel.cancel(CancelReason::RunTime);
                work.await
            }
        }
    }

    pub(super) async fn retry(
        &self,
        at: At<'_>,
        settings: &Settings,
        body: &List,
        mut known: Option<Position>,
    ) -> Result<Done, Halt> {
        let settings: RetrySettings =
            read_settings(at.settings(settings)?).map_err(|error| at.fail(&error.into()))?;
        let policy = settings.policy();
        let mut pass = known.as_ref().and_then(Position::newest_pass).unwrap_or(0);
        let mut delays = retry::delays(&policy).skip(pass as usize);
        loop {
            let instances = known
                .as_mut()
                .and_then(|known| known.take(&body.block, Some(pass)));
            if instances.is_none() {
                self.entered(at, body, Some(pass), None);
            }
            let frame = Frame {
                scope: at
                    .frame
                    .scope
                    .bind(&"attempt".into(), Value::from(pass + 1)),
                ..at.frame.clone()
            };
            let path = at.path.list(&body.block, Some(pass));
            match self.list(body, &frame, Some(path), instances).await {
                Ok(next) => {
                    return Ok(Done::outputs([("attempts", Value::from(pass + 1))]).after(next));
                }
                Err(Halt::Failed(error)) if retry::again(&policy.on, &error) => {
                    let Some(delay) = delays.next() else {
                        return Err(Halt::Failed(error));
                    };
                    self.sleep(at.frame, delay).await?;
                }
                Err(halt) => return Err(halt),
            }
            pass += 1;
        }
    }

    pub(super) fn fail(at: At<'_>, settings: &Settings) -> Result<Halt, Halt> {
        let settings: FailSettings =
            read_settings(at.settings(settings)?).map_err(|error| at.fail(&error.into()))?;
        let kind = settings.kind.unwrap_or(ErrorKind::Business);
        let message = settings
            .message
            .unwrap_or_else(|| "the step failed on purpose".to_owned());
        let mut error = NodeError::new(kind, message);
        if let Some(details) = settings.details {
            error = error.with_details(to_json(&details.0));
        }
        Ok(at.fail(&error))
    }

    pub(super) fn assert(
        at: At<'_>,
        condition: &Template,
        settings: &Settings,
    ) -> Result<Done, Halt> {
        if at.holds(condition, &at.frame.scope)? {
            return Ok(Done::default());
        }
        let settings: FailSettings =
            read_settings(at.settings(settings)?).map_err(|error| at.fail(&error.into()))?;
        let kind = settings.kind.unwrap_or(ErrorKind::Business);
        let message = settings
            .message
            .unwrap_or_else(|| "the assertion does not hold".to_owned());
        Err(at.fail(&NodeError::new(kind, message)))
    }
}

/// The list that handles errors of this kind.
fn handler(catch: &[List], kind: ErrorKind) -> Option<&List> {
    let named = |name: &str| catch.iter().find(|list| list.name == name);
    named(kind.name())
        .or_else(|| named("any"))
        .or_else(|| named(""))
}

/// Whether one of the lists handles errors of this kind.
pub(crate) fn catches(catch: &[List], kind: ErrorKind) -> bool {
    handler(catch, kind).is_some()
}

/// Whether `flow.retry` with these settings tries again after `error` in the attempt `pass`.
pub(crate) fn retries(settings: Value, pass: Option<u64>, error: &ErrorReport) -> bool {
    let settings: Result<RetrySettings, _> = read_settings(settings);
    settings.is_ok_and(|settings| {
        let policy = settings.policy();
        pass.unwrap_or(0) + 1 < u64::from(policy.attempts) && retry::again(&policy.on, error)
    })
}

/// What `error` is inside `catch`.
fn error_value(report: &ErrorReport) -> Value {
    let mut json = serde_json::to_value(report).unwrap_or_default();
    if let Some(map) = json.as_object_mut() {
        for name in ["help", "details", "step", "node", "path", "line"] {
            map.entry(name).or_insert(Json::Null);
        }
    }
    from_json(&json)
}

fn read_report(state: &Json) -> Option<ErrorReport> {
    serde_json::from_value(state.clone()).ok()
}

/// How `do` and `catch` ended, kept while `finally` runs.
#[derive(serde::Serialize, Deserialize)]
struct Outcome {
    outcome: String,
    caught: bool,
    error: Option<Box<ErrorReport>>,
}

impl Outcome {
    fn of(ended: &Result<Next, Halt>, caught: bool, handled: Option<&ErrorReport>) -> Self {
        let (outcome, error) = match ended {
            Ok(Next::On) => ("on", None),
            Ok(Next::Break) => ("break", None),
            Ok(Next::Continue) => ("continue", None),
            Ok(Next::Return) => ("return", None),
            Err(Halt::Failed(error)) => ("failed", Some(error.clone())),
            Err(Halt::Cancelled) => ("cancelled", None),
        };
        Self {
            outcome: outcome.to_owned(),
            caught,
            error: error.or_else(|| handled.cloned().map(Box::new)),
        }
    }

    fn read(state: Option<&Json>) -> Self {
        state
            .and_then(|state| serde_json::from_value(state.clone()).ok())
            .unwrap_or(Self {
                outcome: "on".to_owned(),
                caught: false,
                error: None,
            })
    }

    fn into_result(self) -> Result<Next, Halt> {
        match (self.outcome.as_str(), self.error) {
            ("break", _) => Ok(Next::Break),
            ("continue", _) => Ok(Next::Continue),
            ("return", _) => Ok(Next::Return),
            ("failed", Some(error)) => Err(Halt::Failed(error)),
            ("cancelled", _) => Err(Halt::Cancelled),
            _ => Ok(Next::On),
        }
    }
}

#[derive(Deserialize)]
struct FailSettings {
    message: Option<String>,
    kind: Option<ErrorKind>,
    details: Option<casare_workflow::Any>,
}

#[derive(Deserialize)]
struct RetrySettings {
    attempts: Option<u32>,
    delay: Option<Span>,
    backoff: Option<f64>,
    max_delay: Option<Span>,
    jitter: Option<bool>,
    #[serde(default)]
    on: Vec<String>,
}

impl RetrySettings {
    fn policy(self) -> Retry {
        let default = Retry::default();
        Retry {
            attempts: self.attempts.unwrap_or(default.attempts).max(1),
            delay: self.delay.unwrap_or(default.delay),
            backoff: self.backoff.unwrap_or(default.backoff),
            max_delay: self.max_delay.unwrap_or(default.max_delay),
            jitter: self.jitter.unwrap_or(default.jitter),
            on: self.on,
        }
    }
}
