//! What runs side by side: branches, races, passes of a parallel loop.
//!
//! All of it takes turns on the run's one task; nothing here runs on two cores at once. Work that
//! computes or blocks is sent elsewhere by its node.

use casare_workflow::{Template, Value};
use futures::stream::{FuturesUnordered, StreamExt};

use super::{
    frame::{At, Done, Frame, Halt, Next},
    interpret::Interpreter,
    loops::{looped, unreadable},
    position::Position,
};
use crate::{
    CancelReason, EventKind, NodeError,
    plan::{ForEach, List},
    scope::Pass,
};

impl Interpreter {
    pub(super) async fn parallel(
        &self,
        at: At<'_>,
        at_once: Option<&Template>,
        branches: &[List],
        mut known: Option<Position>,
    ) -> Result<Done, Halt> {
        let at_once = match at_once {
            Some(at_once) => at.number("at_once", at_once)?.max(1) as usize,
            None => branches.len().max(1),
        };
        let cancel = at.frame.cancel.child();
        let frame = Frame {
            cancel: cancel.clone(),
            ..at.frame.clone()
        };
        let mut waiting = branches.iter();
        let mut running = FuturesUnordered::new();
        let mut begin = || {
            let branch = waiting.next()?;
            let instances = known
                .as_mut()
                .and_then(|known| known.take(&branch.block, None));
            let path = at.path.list(&branch.block, None);
            Some(self.list(branch, &frame, Some(path), instances))
        };
        running.extend(std::iter::from_fn(&mut begin).take(at_once));
        let mut ended = Ok(Next::On);
        while let Some(result) = running.next().await {
            match result {
                Ok(next) => {
                    if next != Next::On && matches!(ended, Ok(Next::On)) {
                        ended = Ok(next);
                    }
                }
                Err(halt) => {
                    if !matches!(ended, Err(Halt::Failed(_))) {
                        ended = Err(halt);
                    }
                    cancel.cancel(CancelReason::Sibling);
                }
            }
            if !cancel.is_cancelled()
                && let Some(branch) = begin()
            {
                running.push(branch);
            }
        }
        Ok(Done::default().after(ended?))
    }

    pub(super) async fn race(
        &self,
        at: At<'_>,
        branches: &[List],
        mut known: Option<Position>,
    ) -> Result<Done, Halt> {
        let cancel = at.frame.cancel.child();
        let mut running: FuturesUnordered<_> = branches
            .iter()
            .map(|branch| {
                let instances = known
                    .as_mut()
                    .and_then(|known| known.take(&branch.block, None));
                let path = at.path.list(&branch.block, None);
                let frame = Frame {
                    cancel: cancel.clone(),
                    scope: at.frame.scope.isolated(),
                    ..at.frame.clone()
                };
                async move {
                    let ended = self.list(branch, &frame, Some(path), instances).await;
                    (branch, ended)
                }
            })
            .collect();
        let mut winner = None;
        let mut failures = Vec::new();
        while let Some((branch, ended)) = running.next().await {
            match ended {
                Ok(next) if winner.is_none() => {
                    winner = Some((branch, next));
                    cancel.cancel(CancelReason::Sibling);
                }
                Err(Halt::Failed(error)) => failures.push((branch, error)),
                Ok(_) | Err(Halt::Cancelled) => {}
            }
        }
        if let Some((branch, next)) = winner {
            return Ok(Done::outputs([("winner", Value::from(branch.name.as_str()))]).after(next));
        }
        if at.frame.cancel.is_cancelled() || failures.is_empty() {
            return Err(Halt::Cancelled);
        }
        let told: Vec<String> = failures
            .iter()
            .map(|(branch, error)| format!("{}: {}", branch.name, error.message))
            .collect();
        Err(at.fail(&NodeError::new(
            failures[0].1.kind,
            format!("every branch failed; {}", told.join("; ")),
        )))
    }

    pub(super) async fn for_each_side_by_side(
        &self,
        at: At<'_>,
        each: &ForEach,
        items: &Value,
        at_once: usize,
        most: u64,
        mut known: Option<Position>,
    ) -> Result<Done, Halt> {
        let length = items.len().map(|length| length as u64);
        let cancel = at.frame.cancel.child();
        let ended_before = known
            .as_mut()
            .map(|known| std::mem::take(&mut known.passes))
            .unwrap_or_default();
        let mut results: Vec<(u64, Value)> = ended_before
            .iter()
            .filter_map(|(pass, result)| {
                Some((*pass, casare_workflow::value::from_json(result.as_ref()?)))
            })
            .collect();
        let mut waiting = Self::iterate(at, items)?.zip(0u64..);
        let mut running = FuturesUnordered::new();
        let mut ended = Ok(Next::On);
        let mut passes = 0;
        loop {
            while running.len() < at_once && !cancel.is_cancelled() && matches!(ended, Ok(Next::On))
            {
                let Some((item, pass)) = waiting.next() else {
                    break;
                };
                passes = pass + 1;
                if ended_before.contains_key(&pass) {
                    continue;
                }
                let item = match item {
                    Ok(_) if pass >= most => Err(Self::too_many_passes(at, most)),
                    Ok(item) => Ok(item),
                    Err(error) => Err(at.fail(&unreadable(&error))),
                };
                let item = match item {
                    Ok(item) => item,
                    Err(halt) => {
                        ended = Err(halt);
                        cancel.cancel(CancelReason::Sibling);
                        break;
                    }
                };
                let instances = known
                    .as_mut()
                    .and_then(|known| known.take(&each.body.block, Some(pass)));
                let frame = Frame {
                    cancel: cancel.clone(),
                    scope: at.frame.scope.isolated().bind_item(
                        &each.item,
                        item,
                        Pass {
                            index0: pass,
                            length,
                        },
                    ),
                    ..at.frame.clone()
                };
                let path = at.path.list(&each.body.block, Some(pass));
                running.push(async move {
                    let next = self.list(&each.body, &frame, Some(path), instances).await?;
                    let result = match next {
                        Next::On | Next::Continue => self.side_result(at, each, &frame, pass)?,
                        Next::Break | Next::Return => None,
                    };
                    Ok((pass, next, result))
                });
            }
            match running.next().await {
                None => break,
                Some(Ok((pass, next, result))) => {
                    results.extend(result.map(|result| (pass, result)));
                    // What has begun is not taken back: `break` only keeps more from beginning.
                    if matches!(next, Next::Break | Next::Return) && ended.is_ok() {
                        ended = Ok(next);
                    }
                }
                Some(Err(halt)) => {
                    if !matches!(ended, Err(Halt::Failed(_))) {
                        ended = Err(halt);
                    }
                    cancel.cancel(CancelReason::Sibling);
                }
            }
        }
        results.sort_by_key(|(pass, _)| *pass);
        let results = results.into_iter().map(|(_, result)| result).collect();
        match ended? {
            Next::Return => Ok(looped(passes, results).after(Next::Return)),
            _ => Ok(looped(passes, results)),
        }
    }

    /// The end of a pass is told even when it collects nothing: a resumed run has to know it.
    fn side_result(
        &self,
        at: At<'_>,
        each: &ForEach,
        frame: &Frame,
        pass: u64,
    ) -> Result<Option<Value>, Halt> {
        if each.collect.is_some() {
            return self.pass_result(at, each, frame, pass);
        }
        self.around.events.emit(EventKind::PassFinished {
            path: at.path.clone(),
            block: each.body.block.clone(),
            pass,
            result: None,
        });
        Ok(None)
    }
}
