//! Making results fit to be kept.

use minijinja::value::{ObjectRepr, ValueKind};

use super::{
    eval::{Evaluation, Outcome},
    fault::Fault,
    functions::Range,
    ops::MAX_TEXT,
    tree::At,
};
use crate::{Value, value::Stream};

/// Lists and maps in each other: what JSON readers (and the journal's) take.
pub(super) const MAX_NESTING: usize = 100;

/// Steps that going over a text or list is worth.
pub(super) fn weight(value: &Value) -> usize {
    if let Some(text) = value.as_str() {
        return text.len() / 16;
    }
    match value.as_object() {
        // A range is as long as it says only if someone goes over it, and that is charged then. To
        // ask a stream for its length opens it.
        Some(object)
            if object.downcast_ref::<Range>().is_none()
                && object.downcast_ref::<Stream>().is_none() =>
        {
            object.enumerator_len().unwrap_or_default()
        }
        _ => 0,
    }
}

/// How long a range is; 0 for anything else.
pub(super) fn range_length(value: &Value) -> usize {
    match value.downcast_object_ref::<Range>() {
        Some(_) => value.len().unwrap_or(usize::MAX),
        None => 0,
    }
}

/// A value that carries an error is that error.
pub(super) fn valid(value: Value, at: At) -> Outcome {
    if value.kind() == ValueKind::Invalid {
        let what = value.to_string();
        let what = what
            .trim_start_matches("<invalid value: ")
            .trim_end_matches('>');
        return Err(Fault::new(at, what));
    }
    Ok(value)
}

/// A result that may be kept: lists that minijinja would compute anew at each use become plain
/// lists, or else `queue[1:]` in a loop would pile up slices of slices. Streams and ranges stay
/// lazy.
pub(super) fn settled(run: &mut Evaluation<'_>, value: Value, at: At) -> Outcome {
    let Some(object) = value.as_object() else {
        return match value.as_str() {
            Some(text) if text.len() > MAX_TEXT => Err(Fault::too_large(at)),
            Some(_) => Ok(value),
            None if value.is_undefined() => Ok(Value::from(())),
            None => valid(value, at),
        };
    };
    let lazy = object.repr() == ObjectRepr::Iterable
        && object.downcast_ref::<Stream>().is_none()
        && object.downcast_ref::<Range>().is_none();
    if lazy {
        return run.each(&value, at).map(Value::from);
    }
    Ok(value)
}

/// Whether lists and maps stand in each other deeper than `limit`; looks at some hundred items,
/// which finds any nesting that loops build up.
pub(super) fn nesting_exceeds(value: &Value, limit: usize) -> bool {
    let mut seen = 0;
    let mut left = vec![(value.clone(), 1)];
    while let Some((value, depth)) = left.pop() {
        if depth > limit {
            return true;
        }
        seen += 1;
        if seen > 400 || left.len() > 400 {
            return false;
        }
        let Some(object) = value.as_object() else {
            continue;
        };
        match object.repr() {
            ObjectRepr::Seq => {
                for index in 0..object.enumerator_len().unwrap_or_default().min(4) {
                    if let Some(item) = object.get_value(&Value::from(index))
                        && item.as_object().is_some()
                    {
                        left.push((item, depth + 1));
                    }
                }
            }
            ObjectRepr::Map => {
                if let Some(pairs) = object.try_iter_pairs() {
                    let nested = pairs
                        .take(16)
                        .filter(|(_, item)| item.as_object().is_some());
                    left.extend(nested.map(|(_, item)| (item, depth + 1)));
                }
            }
            _ => {}
        }
    }
    false
}
