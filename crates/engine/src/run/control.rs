//! Branches, states and what else decides the way through a workflow.

use std::{sync::Arc, time::Duration};

use casare_workflow::{Span, Template, Value, value::kind_name};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{
    frame::{At, Done, Halt, Next},
    interpret::Interpreter,
    position::Position,
};
use crate::{
    EventKind, NodeError,
    plan::{Kind, List, StateMachine},
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

/// What a loop over side-by-side passes writes when it begins.
pub(super) fn side_by_side() -> Json {
    json!({ "parallel": true })
}
