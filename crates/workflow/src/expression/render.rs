//! Writing texts with holes.

use std::{fmt::Write as _, sync::Arc};

use minijinja::value::{Enumerator, Object, ValueKind};

use super::{
    eval::{Evaluation, Outcome},
    fault::Fault,
    ops::MAX_TEXT,
    settle::settled,
    tree::{At, CAPTURED, For, Part, Target},
};
use crate::{
    Value,
    value::{Stream, pairs},
};

/// `parts` as one text.
pub(super) fn text<'a>(run: &mut Evaluation<'a>, parts: &'a [Part]) -> Outcome<String> {
    let mut out = String::new();
    write_parts(run, parts, &mut out)?;
    Ok(out)
}

fn write_parts<'a>(run: &mut Evaluation<'a>, parts: &'a [Part], out: &mut String) -> Outcome<()> {
    for part in parts {
        match part {
            Part::Raw(raw) => {
                run.charge(0, 1 + raw.len() / 64)?;
                out.push_str(raw);
                within(out, 0)?;
            }
            Part::Hole(expr) => {
                let value = run.value(expr)?;
                write(run, &value, out, 0)?;
            }
            Part::If(both) => {
                let holds = run.value(&both.0)?.is_true();
                let chosen = if holds { &both.1 } else { &both.2 };
                write_parts(run, chosen, out)?;
            }
            Part::For(node) => write_loop(run, node, out)?,
            Part::With(assignments, body) => {
                let mark = run.locals.len();
                for (target, expr) in assignments {
                    let value = run.value(expr)?;
                    bind(run, target, value)?;
                }
                write_parts(run, body, out)?;
                run.locals.truncate(mark);
            }
            Part::Set(target, expr) => {
                let value = run.value(expr)?;
                let value = settled(run, value, 0)?;
                bind(run, target, value)?;
            }
            Part::SetText {
                target,
                filters,
                body,
            } => {
                let captured = capture(run, body)?;
                let value = match filters {
                    Some(filters) => {
                        run.locals.push((CAPTURED, captured));
                        let value = run.value(filters)?;
                        run.locals.pop();
                        value
                    }
                    None => captured,
                };
                bind(run, target, value)?;
            }
            Part::FilterText { filters, body } => {
                let captured = capture(run, body)?;
                run.locals.push((CAPTURED, captured));
                let value = run.value(filters)?;
                run.locals.pop();
                write(run, &value, out, 0)?;
            }
        }
    }
    Ok(())
}

/// Names set in `body` end with it.
fn capture<'a>(run: &mut Evaluation<'a>, body: &'a [Part]) -> Outcome {
    let mark = run.locals.len();
    let mut text = String::new();
    write_parts(run, body, &mut text)?;
    run.locals.truncate(mark);
    Ok(Value::from(text))
}

fn write_loop<'a>(run: &mut Evaluation<'a>, node: &'a For, out: &mut String) -> Outcome<()> {
    let list = run.value(&node.items)?;
    let mut items = run.each(&list, node.at)?;
    let mark = run.locals.len();
    if let Some(keep) = &node.keep {
        let mut kept = Vec::new();
        for item in items {
            bind(run, &node.target, item.clone())?;
            if run.value(keep)?.is_true() {
                kept.push(item);
            }
            run.locals.truncate(mark);
        }
        items = kept;
    }
    if items.is_empty() {
        return write_parts(run, &node.otherwise, out);
    }
    let length = items.len();
    let mut previous = None;
    let mut following = items.into_iter().peekable();
    let mut index = 0;
    while let Some(item) = following.next() {
        run.charge(node.at, 25)?;
        let pass = Pass {
            index,
            length,
            previous,
            next: following.peek().cloned(),
        };
        run.locals.push(("loop", Value::from_object(pass)));
        bind(run, &node.target, item.clone())?;
        write_parts(run, &node.body, out)?;
        run.locals.truncate(mark);
        previous = Some(item);
        index += 1;
    }
    Ok(())
}

/// What `loop` is in a pass: computed when asked.
#[derive(Debug)]
struct Pass {
    index: usize,
    length: usize,
    previous: Option<Value>,
    next: Option<Value>,
}

const PASS_KEYS: &[&str] = &[
    "index",
    "index0",
    "revindex",
    "revindex0",
    "first",
    "last",
    "length",
    "previtem",
    "nextitem",
];

impl Object for Pass {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "index" => Value::from(self.index + 1),
            "index0" => Value::from(self.index),
            "revindex" => Value::from(self.length - self.index),
            "revindex0" => Value::from(self.length - self.index - 1),
            "first" => Value::from(self.index == 0),
            "last" => Value::from(self.index + 1 == self.length),
            "length" => Value::from(self.length),
            "previtem" => return self.previous.clone(),
            "nextitem" => return self.next.clone(),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(PASS_KEYS)
    }
}

fn bind<'a>(run: &mut Evaluation<'a>, target: &'a Target, value: Value) -> Outcome<()> {
    match target {
        Target::Name(name) => run.locals.push((name, value)),
        Target::Each(targets, at) => {
            let items = run.each(&value, *at)?;
            if items.len() != targets.len() {
                let (wanted, found) = (targets.len(), items.len());
                let message = format!("there are {wanted} names for {found} items");
                return Err(Fault::new(*at, message));
            }
            for (target, item) in targets.iter().zip(items) {
                bind(run, target, item)?;
            }
        }
    }
    Ok(())
}

/// Writes a value as people read it: nothing for none, `true`, `5` for 5.0, lists and maps as JSON.
pub(super) fn write(
    run: &mut Evaluation<'_>,
    value: &Value,
    out: &mut String,
    at: At,
) -> Outcome<()> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => {}
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => number(value, out),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            if out.len().saturating_add(text.len()) > MAX_TEXT {
                return Err(Fault::too_large(at));
            }
            run.charge(at, text.len() / 64)?;
            out.push_str(text);
        }
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map
            if value.downcast_object_ref::<Stream>().is_none() =>
        {
            json(run, value, out, at, 0)?;
        }
        _ => {
            let _ = write!(out, "{value}");
        }
    }
    within(out, at)
}

fn within(out: &str, at: At) -> Outcome<()> {
    if out.len() > MAX_TEXT {
        return Err(Fault::too_large(at));
    }
    Ok(())
}

/// A number without a needless `.0`.
pub(super) fn number(value: &Value, out: &mut String) {
    let start = out.len();
    let _ = write!(out, "{value}");
    if !value.is_integer() && out[start..].ends_with(".0") {
        out.truncate(out.len() - 2);
    }
}

/// Writes compact JSON, item by item, so that endless lists end.
pub(super) fn json(
    run: &mut Evaluation<'_>,
    value: &Value,
    out: &mut String,
    at: At,
    depth: usize,
) -> Outcome<()> {
    run.charge(at, 4)?;
    within(out, at)?;
    if depth > 100 {
        return Err(Fault::too_deep(at));
    }
    let is_stream = value.downcast_object_ref::<Stream>().is_some();
    match value.kind() {
        ValueKind::Map => {
            out.push('{');
            for (place, (key, item)) in pairs(value).enumerate() {
                if place > 0 {
                    out.push(',');
                }
                let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                out.push_str(&serde_json::Value::from(key).to_string());
                out.push(':');
                json(run, &item, out, at, depth + 1)?;
            }
            out.push('}');
        }
        ValueKind::Seq | ValueKind::Iterable if !is_stream => {
            out.push('[');
            let items = value
                .try_iter()
                .map_err(|error| Fault::unreadable(at, &error))?;
            for (place, item) in items.checked().enumerate() {
                let item = item.map_err(|error| Fault::unreadable(at, &error))?;
                if place > 0 {
                    out.push(',');
                }
                json(run, &item, out, at, depth + 1)?;
            }
            out.push(']');
        }
        _ => out.push_str(&crate::value::to_json(value).to_string()),
    }
    Ok(())
}
