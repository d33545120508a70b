//! Branches, attempts, calls and what else decides the way through a workflow.

use std::{sync::Arc, time::Duration};

use casare_workflow::{
    Retry, Span, Template, Value,
    value::{from_json, kind_name, read_settings, to_json},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{
    inputs,
    interpret::{At, Done, Frame, Halt, Interpreter, Next},
    position::Position,
    retry,
};
use crate::{
    Cancel, CancelReason, ErrorKind, ErrorReport, EventKind, NodeError,
    plan::{Kind, List, Plan, Settings, StateMachine},
    scope::Scope,
};

impl Interpreter {
    /// The engine's own nodes.
    pub(super) async fn control(&self, at: At<'_>, known: Option<Position>) -> Result<Done, Halt> {
        match &at.step.kind {
            Kind::If {
                condition,
                then,
                otherwise,
            } => {
                let chosen = Self::chosen(
                    known.as_ref(),
                    [Some(then), otherwise.as_ref()].into_iter().flatten(),
                );
                let chosen = match chosen {
                    Some(list) => Some(list),
                    None if at.holds(condition, &at.frame.scope)? => Some(then),
                    None => otherwise.as_ref(),
                };
                Box::pin(self.only(at, chosen, known)).await
            }
            Kind::Switch {
                value,
                cases,
                default,
            } => {
                let chosen = match Self::chosen(known.as_ref(), cases.iter().chain(default)) {
                    Some(list) => list,
                    None => Self::matching(at, value, cases, default.as_ref())?,
                };
                Box::pin(self.only(at, Some(chosen), known)).await
            }
            Kind::ForEach(each) => Box::pin(self.for_each(at, each, known)).await,
            Kind::While {
                condition,
                max_passes,
                body,
            } => Box::pin(self.while_(at, condition, max_passes.as_ref(), body, known)).await,
            Kind::Repeat { times, body } => Box::pin(self.repeat(at, times, body, known)).await,
            Kind::Parallel { at_once, branches } => {
                Box::pin(self.parallel(at, at_once.as_ref(), branches, known)).await
            }
            Kind::Race { branches } => Box::pin(self.race(at, branches, known)).await,
            Kind::Try {
                body,
                catch,
                finally,
            } => Box::pin(self.try_(at, body, catch, finally.as_ref(), known)).await,
            Kind::Retry { settings, body } => Box::pin(self.retry(at, settings, body, known)).await,
            Kind::Signal(signal) => Ok(Done {
                signal: Some(*signal),
                ..Done::default()
            }),
            Kind::Fail(settings) => Err(Self::fail(at, settings)?),
            Kind::Assert {
                condition,
                settings,
            } => Self::assert(at, condition, settings),
            Kind::Call { plan, inputs } => Box::pin(self.call(at, plan, inputs, known)).await,
            Kind::Wait(duration) => Box::pin(self.wait(at, duration, known)).await,
            Kind::StateMachine(machine) => Box::pin(self.state_machine(at, machine, known)).await,
            Kind::Increment { name, by } => Self::increment(at, name, by.as_ref()),
            Kind::Set(assignments) => self.assign(at, assignments),
            Kind::Nothing => Ok(Done::default()),
            Kind::Action { .. } | Kind::Session { .. } => {
                Err(at.fail(&NodeError::bug("an action reached the control flow")))
            }
        }
    }

    /// The list that was entered before the run was interrupted.
    fn chosen<'l>(
        known: Option<&Position>,
        lists: impl Iterator<Item = &'l List>,
    ) -> Option<&'l List> {
        let entered = known?.entered.last()?;
        let mut lists = lists;
        lists.find(|list| list.block == entered.block)
    }

    /// Runs one list of those a step has.
    async fn only(
        &self,
        at: At<'_>,
        chosen: Option<&List>,
        mut known: Option<Position>,
    ) -> Result<Done, Halt> {
        let Some(list) = chosen else {
            return Ok(Done::default());
        };
        let instances = known
            .as_mut()
            .and_then(|known| known.take(&list.block, None));
        if known.is_none_or(|known| known.entered.is_empty()) {
            self.entered(at, list, None, None);
        }
        let path = at.path.list(&list.block, None);
        let next = self.list(list, at.frame, Some(path), instances).await?;
        Ok(Done::default().after(next))
    }

    pub(super) fn entered(&self, at: At<'_>, list: &List, pass: Option<u64>, state: Option<Json>) {
        self.around.events.emit(EventKind::BlockStarted {
            path: at.path.clone(),
            block: list.block.clone(),
            pass,
            state,
        });
    }

    fn matching<'l>(
        at: At<'_>,
        value: &Template,
        cases: &'l [List],
        default: Option<&'l List>,
    ) -> Result<&'l List, Halt> {
        let value = at.evaluate(value)?;
        let text = value.to_string();
        cases
            .iter()
            .find(|case| case.name == text)
            .or(default)
            .ok_or_else(|| {
                let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
                at.fail(
                    &NodeError::invalid(format!(
                        "no case matches `{text}`; cases: {}",
                        names.join(", ")
                    ))
                    .with_help("add the case, or a `default` block"),
                )
            })
    }

    async fn try_(
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

    async fn retry(
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

    fn fail(at: At<'_>, settings: &Settings) -> Result<Halt, Halt> {
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

    fn assert(at: At<'_>, condition: &Template, settings: &Settings) -> Result<Done, Halt> {
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

    fn increment(at: At<'_>, name: &Arc<str>, by: Option<&Template>) -> Result<Done, Halt> {
        let by = by.map_or_else(|| Ok(Value::from(1)), |by| at.evaluate(by))?;
        let old = at
            .frame
            .scope
            .variable(name)
            .unwrap_or_else(|| Value::from(0));
        let sum = add(&old, &by).ok_or_else(|| {
            at.invalid(format!(
                "`{name}` can't be incremented: {} `{old}` plus {} `{by}` is no number",
                kind_name(&old),
                kind_name(&by),
            ))
        })?;
        at.frame.scope.set_variable(name, sum.clone());
        Ok(Done {
            variables: Some(Value::from_pairs([(
                Value::from(name.clone()),
                sum.clone(),
            )])),
            ..Done::outputs([("value", sum)])
        })
    }

    async fn wait(
        &self,
        at: At<'_>,
        duration: &Template,
        known: Option<Position>,
    ) -> Result<Done, Halt> {
        let recorded = known.and_then(|known| known.entered.last()?.state.as_ref()?.as_i64());
        let left = if let Some(until) = recorded {
            Duration::from_micros(
                until
                    .saturating_sub(Timestamp::now().as_microsecond())
                    .max(0) as u64,
            )
        } else {
            let value = at.evaluate(duration)?;
            let span: Span = value
                .to_string()
                .parse()
                .map_err(|error| at.invalid(format!("`duration`: {error}")))?;
            let until = Timestamp::now().as_microsecond() + span.get().as_micros() as i64;
            self.around.events.emit(EventKind::BlockStarted {
                path: at.path.clone(),
                block: "until".into(),
                pass: None,
                state: Some(until.into()),
            });
            span.get()
        };
        self.sleep(at.frame, left).await?;
        Ok(Done::default())
    }

    async fn call(
        &self,
        at: At<'_>,
        plan: &Plan,
        given: &Settings,
        mut known: Option<Position>,
    ) -> Result<Done, Halt> {
        let given = at.settings(given)?;
        let Json::Object(given) = to_json(&given) else {
            return Err(at.invalid("the inputs have to be a map"));
        };
        let inputs = inputs::resolve(plan.workflow(), given).map_err(|error| at.invalid(error))?;
        let (env, run) = at.frame.scope.env_and_run();
        let scope = Scope::new(from_json(&Json::Object(inputs)), env, run);
        for (name, template) in &plan.variables {
            let value = at.evaluate_in(template, &scope)?;
            scope.set_variable(name, value);
        }
        let block: Arc<str> = "call".into();
        let mut instances = None;
        if let Some(known) = &mut known {
            instances = known.take(&block, None);
            for (name, value) in std::mem::take(&mut known.variables) {
                scope.set_variable(&name.into(), value);
            }
        }
        let frame = Frame {
            scope: scope.clone(),
            ..at.frame.clone()
        };
        let list = at.path.list(&block, None);
        self.list(&plan.root, &frame, Some(list), instances).await?;
        let mut outputs = Vec::new();
        for (name, template) in &plan.outputs {
            outputs.push((Value::from(name.clone()), at.evaluate_in(template, &scope)?));
        }
        Ok(Done {
            outputs: Some(Value::from_pairs(outputs)),
            ..Done::default()
        })
    }

    async fn state_machine(
        &self,
        at: At<'_>,
        machine: &StateMachine,
        mut known: Option<Position>,
    ) -> Result<Done, Halt> {
        let most = self.most_passes(at, machine.max_passes.as_ref())?;
        let entered = known.as_ref().and_then(|known| {
            let entered = known.entered.last()?;
            let state = machine
                .states
                .iter()
                .position(|state| state.block == entered.block)?;
            Some((state, entered.pass?))
        });
        let (mut state, mut pass) = entered.unwrap_or((machine.start, 0));
        let mut going_on = entered.is_some();
        loop {
            if pass >= most {
                return Err(Self::too_many_passes(at, most));
            }
            let list = &machine.states[state];
            let instances = known
                .as_mut()
                .and_then(|known| known.take(&list.block, Some(pass)));
            if !std::mem::take(&mut going_on) {
                self.entered(at, list, Some(pass), None);
            }
            let path = at.path.list(&list.block, Some(pass));
            let next = self.list(list, at.frame, Some(path), instances).await?;
            pass += 1;
            let mut following = None;
            for transition in machine.transitions.iter().filter(|way| way.from == state) {
                let holds = match &transition.when {
                    Some(when) => at.holds(when, &at.frame.scope)?,
                    None => true,
                };
                if holds {
                    following = Some(transition.to);
                    break;
                }
            }
            match following {
                Some(to) if next == Next::On => state = to,
                _ => {
                    let name = Value::from(machine.states[state].name.as_str());
                    return Ok(
                        Done::outputs([("state", name), ("passes", Value::from(pass))]).after(next),
                    );
                }
            }
            tokio::task::consume_budget().await;
        }
    }
}

/// The list that handles errors of this kind.
fn handler(catch: &[List], kind: ErrorKind) -> Option<&List> {
    let named = |name: &str| catch.iter().find(|list| list.name == name);
    named(kind.name())
        .or_else(|| named("any"))
        .or_else(|| named(""))
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

fn add(a: &Value, b: &Value) -> Option<Value> {
    if a.is_integer() && b.is_integer() {
        return a.as_i64()?.checked_add(b.as_i64()?).map(Value::from);
    }
    let number = |value: &Value| match value.as_str() {
        Some(text) => text.trim().parse().ok(),
        None => f64::try_from(value.clone()).ok(),
    };
    Some(Value::from(number(a)? + number(b)?))
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

/// What a loop over side-by-side passes writes when it begins.
pub(super) fn side_by_side() -> Json {
    json!({ "parallel": true })
}
