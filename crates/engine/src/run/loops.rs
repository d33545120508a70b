//! Loops whose passes follow each other.

use casare_workflow::{
    Template, Value,
    value::{from_json, kind_name, pairs, to_json},
};
use minijinja::value::ValueKind;
use serde_json::{Value as Json, json};

use super::{
    frame::{At, Done, Frame, Halt, Next},
    interpret::Interpreter,
    position::{Instances, Position},
};
use crate::{
    EventKind, NodeError,
    plan::{ForEach, List},
    scope::Pass,
};

impl Interpreter {
    pub(super) fn most_passes(&self, at: At<'_>, set: Option<&Template>) -> Result<u64, Halt> {
        set.map_or(Ok(self.limits.passes), |set| at.number("max_passes", set))
    }

    pub(super) fn too_many_passes(at: At<'_>, most: u64) -> Halt {
        at.fail(
            &NodeError::invalid(format!("the loop went on for more than {most} passes"))
                .with_help(
                    "if that is meant, raise `limits.passes` of the workflow or `max_passes` of \
                     the loop; otherwise look for the condition that never ends it",
                )
                .permanent(),
        )
    }

    /// One pass of a loop. `Break` and `Continue` end here.
    ///
    /// No `async fn`: a future around that of the list would be one more to move in each pass.
    #[inline]
    fn pass<'a>(
        &'a self,
        at: At<'_>,
        body: &'a List,
        frame: &'a Frame,
        pass: u64,
        instances: Option<Instances>,
    ) -> impl Future<Output = Result<Next, Halt>> + use<'a> {
        let path = at.path.list(&body.block, Some(pass));
        self.list(body, frame, Some(path), instances)
    }

    pub(super) async fn while_(
        &self,
        at: At<'_>,
        condition: &Template,
        max_passes: Option<&Template>,
        body: &List,
        mut known: Option<Position>,
    ) -> Result<Done, Halt> {
        let most = self.most_passes(at, max_passes)?;
        let mut pass = known.as_ref().and_then(Position::newest_pass).unwrap_or(0);
        loop {
            let instances = known
                .as_mut()
                .and_then(|known| known.take(&body.block, Some(pass)));
            let scope = at.frame.scope.bind_pass(Pass {
                index0: pass,
                length: None,
            });
            if instances.is_none() && !at.holds(condition, &at.frame.scope)? {
                break;
            }
            if pass >= most {
                return Err(Self::too_many_passes(at, most));
            }
            let frame = Frame {
                scope,
                ..at.frame.clone()
            };
            match self.pass(at, body, &frame, pass, instances).await? {
                Next::Break => {
                    pass += 1;
                    break;
                }
                Next::Return => return Ok(Done::default().after(Next::Return)),
                Next::On | Next::Continue => pass += 1,
            }
            self.empty_turn(at, body).await?;
        }
        Ok(Done::outputs([("passes", Value::from(pass))]))
    }

    pub(super) async fn repeat(
        &self,
        at: At<'_>,
        times: &Template,
        body: &List,
        mut known: Option<Position>,
    ) -> Result<Done, Halt> {
        let recorded = known
            .as_ref()
            .and_then(|known| known.entered.first()?.state.as_ref()?["times"].as_u64());
        let times = if let Some(times) = recorded {
            times
        } else {
            let times = at.number("times", times)?;
            self.entered(at, body, None, Some(json!({ "times": times })));
            times
        };
        if times > self.limits.passes {
            return Err(Self::too_many_passes(at, self.limits.passes));
        }
        let mut pass = known.as_ref().and_then(Position::newest_pass).unwrap_or(0);
        while pass < times {
            let instances = known
                .as_mut()
                .and_then(|known| known.take(&body.block, Some(pass)));
            let frame = Frame {
                scope: at.frame.scope.bind_pass(Pass {
                    index0: pass,
                    length: Some(times),
                }),
                ..at.frame.clone()
            };
            pass += 1;
            match self.pass(at, body, &frame, pass - 1, instances).await? {
                Next::Break => break,
                Next::Return => return Ok(Done::default().after(Next::Return)),
                Next::On | Next::Continue => {}
            }
            self.empty_turn(at, body).await?;
        }
        Ok(Done::outputs([("passes", Value::from(pass))]))
    }

    /// A body without steps never lets anything else have its turn.
    async fn empty_turn(&self, at: At<'_>, body: &List) -> Result<(), Halt> {
        if body.steps.is_empty() {
            tokio::task::consume_budget().await;
            if at.frame.cancel.is_cancelled() {
                return Err(Halt::Cancelled);
            }
        }
        Ok(())
    }

    pub(super) async fn for_each(
        &self,
        at: At<'_>,
        each: &ForEach,
        known: Option<Position>,
    ) -> Result<Done, Halt> {
        let at_once = match &each.parallel {
            Some(parallel) => at.number("parallel", parallel)?.max(1),
            None => 1,
        };
        let items = self.items(at, each, known.as_ref(), at_once > 1)?;
        let most = self.most_passes(at, each.max_passes.as_ref())?;
        if at_once > 1 {
            return self
                .for_each_side_by_side(at, each, &items, at_once as usize, most, known)
                .await;
        }
        self.for_each_in_turn(at, each, &items, most, known).await
    }

    /// The items: those of the first attempt, where they could differ now.
    fn items(
        &self,
        at: At<'_>,
        each: &ForEach,
        known: Option<&Position>,
        side_by_side: bool,
    ) -> Result<Value, Halt> {
        let entered = known.and_then(|known| known.entered.first());
        let recorded = entered.and_then(|entered| entered.state.as_ref()?.get("items").cloned());
        let items = match recorded {
            Some(items) => Self::recorded_json(items),
            None => at.evaluate(&each.items)?,
        };
        let items = match items.kind() {
            ValueKind::Seq | ValueKind::Iterable => items,
            ValueKind::Map => pairs(&items)
                .map(|(key, value)| Value::from_pairs([("key", key), ("value", value)]))
                .collect(),
            ValueKind::None => {
                return Err(at.fail(
                    &NodeError::invalid("`items` is none, not a list")
                        .with_help("use `… | default([])` if there may be nothing to do"),
                ));
            }
            _ => {
                return Err(at.invalid(format!(
                    "`items` has to be a list or a map; it is {} `{items}`",
                    kind_name(&items)
                )));
            }
        };
        if entered.is_none() && self.around.events.journal().is_some() {
            let mut state = if side_by_side {
                super::control::side_by_side()
            } else {
                json!({})
            };
            if each.record_items {
                state["items"] = self.recordable_json(at.path, &items);
            }
            // A loop in turn whose items stay the same is found again by its passes.
            if state.as_object().is_some_and(|state| !state.is_empty()) {
                self.entered(at, &each.body, None, Some(state));
            }
        }
        Ok(items)
    }

    async fn for_each_in_turn(
        &self,
        at: At<'_>,
        each: &ForEach,
        items: &Value,
        most: u64,
        mut known: Option<Position>,
    ) -> Result<Done, Halt> {
        let length = items.len().map(|length| length as u64);
        let mut results = Vec::new();
        let first = known.as_ref().and_then(Position::newest_pass).unwrap_or(0);
        if let Some(known) = &mut known {
            results = recorded_results(known);
        }
        let mut pass = first;
        for item in Self::iterate(at, items)?.skip(first as usize) {
            let item = item.map_err(|error| at.fail(&unreadable(&error)))?;
            if pass >= most {
                return Err(Self::too_many_passes(at, most));
            }
            let instances = known
                .as_mut()
                .and_then(|known| known.take(&each.body.block, Some(pass)));
            let frame = Frame {
                scope: at.frame.scope.bind_item(
                    &each.item,
                    item,
                    Pass {
                        index0: pass,
                        length,
                    },
                ),
                ..at.frame.clone()
            };
            pass += 1;
            match self
                .pass(at, &each.body, &frame, pass - 1, instances)
                .await?
            {
                Next::Break => break,
                Next::Return => return Ok(Done::default().after(Next::Return)),
                Next::On | Next::Continue => {}
            }
            if let Some(result) = self.pass_result(at, each, &frame, pass - 1)? {
                results.push(result);
            }
            self.empty_turn(at, &each.body).await?;
        }
        Ok(looped(pass, results))
    }

    /// The items, one by one.
    pub(super) fn iterate(
        at: At<'_>,
        items: &Value,
    ) -> Result<impl Iterator<Item = Result<Value, minijinja::Error>> + Send + Sync + use<>, Halt>
    {
        items
            .try_iter()
            .map(minijinja::value::ValueIter::checked)
            .map_err(|error| at.fail(&unreadable(&error)))
    }

    /// What `collect` gives at the end of a pass.
    pub(super) fn pass_result(
        &self,
        at: At<'_>,
        each: &ForEach,
        frame: &Frame,
        pass: u64,
    ) -> Result<Option<Value>, Halt> {
        let Some(collect) = &each.collect else {
            return Ok(None);
        };
        let result = at.evaluate_in(collect, &frame.scope)?;
        self.around.events.emit(EventKind::PassFinished {
            path: at.path.clone(),
            block: each.body.block.clone(),
            pass,
            result: Some(to_json(&result)),
        });
        Ok(Some(result))
    }
}

/// Results of the passes that had ended before.
pub(super) fn recorded_results(known: &mut Position) -> Vec<Value> {
    std::mem::take(&mut known.passes)
        .into_values()
        .flatten()
        .map(|result: Json| from_json(&result))
        .collect()
}

pub(super) fn looped(passes: u64, results: Vec<Value>) -> Done {
    Done::outputs([
        ("passes", Value::from(passes)),
        ("results", Value::from(results)),
    ])
}

pub(super) fn unreadable(error: &minijinja::Error) -> NodeError {
    NodeError::invalid(format!(
        "an item can't be read: {}",
        error
            .detail()
            .map_or_else(|| error.to_string(), str::to_owned)
    ))
}
