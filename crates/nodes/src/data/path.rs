//! The way to a value inside another: `customer.email`, `items[0].name`, `['First Name']`.

use casare_engine::NodeError;
use casare_workflow::{
    Value,
    value::{kind_name, pairs},
};
use minijinja::value::ValueKind;

/// More parts are a mistake.
const DEEPEST: usize = 100;

/// A key or a place on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Key(String),
    /// Counted from 0, or with a minus from the end.
    Place(i64),
}

/// The way to a value.
#[derive(Debug, Clone)]
pub(crate) struct KeyPath {
    written: String,
    parts: Vec<Part>,
}

impl KeyPath {
    /// Reads the way that is written in `setting`.
    pub(crate) fn new(setting: &str, written: &str) -> Result<Self, NodeError> {
        let parts = parts(written).ok_or_else(|| {
            NodeError::invalid(format!("setting `{setting}`: `{written}` is no path"))
                .with_help("write it like `customer.email`, `items[0].name` or `['First Name']`")
        })?;
        Ok(Self {
            written: written.to_owned(),
            parts,
        })
    }

    /// As it was written.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// What stands there; `None` if nothing does. A key that is written exactly so comes first.
    pub(crate) fn get(&self, value: &Value) -> Option<Value> {
        if self.parts.len() > 1
            && let Some(direct) = key(value, &self.written)
        {
            return Some(direct);
        }
        self.parts
            .iter()
            .try_fold(value.clone(), |inner, part| match part {
                Part::Key(name) => key(&inner, name),
                Part::Place(place) => {
                    let index = index(&inner, *place)?;
                    defined(inner.get_item_by_index(index).ok()?)
                }
            })
    }

    /// A copy of `value` with `new` there; maps on the way are made where there are none.
    pub(crate) fn set(&self, value: &Value, new: Value) -> Result<Value, NodeError> {
        if key(value, &self.written).is_some() {
            return Ok(with_key(value, &self.written, Some(new)));
        }
        self.set_in(value, &self.parts, new)
    }

    fn set_in(&self, value: &Value, parts: &[Part], new: Value) -> Result<Value, NodeError> {
        let Some((part, rest)) = parts.split_first() else {
            return Ok(new);
        };
        match part {
            Part::Key(name) => {
                if !(value.kind() == ValueKind::Map || value.is_none() || value.is_undefined()) {
                    return Err(self.unfit(name, value));
                }
                let inner = key(value, name).unwrap_or_default();
                let inner = self.set_in(&inner, rest, new)?;
                Ok(with_key(value, name, Some(inner)))
            }
            Part::Place(place) => {
                let mut items = self.items(value, *place)?;
                let length = items.len();
                // One past the end adds an item.
                let index = match usize::try_from(*place) {
                    Ok(at) if at <= length => at,
                    _ => index(value, *place).ok_or_else(|| self.outside(*place, length))?,
                };
                let inner = items.get(index).cloned().unwrap_or_default();
                let inner = self.set_in(&inner, rest, new)?;
                if index == length {
                    items.push(inner);
                } else {
                    items[index] = inner;
                }
                Ok(Value::from(items))
            }
        }
    }

    /// A copy of `value` without what stands there, and what stood there.
    pub(crate) fn remove(&self, value: &Value) -> Result<(Value, Option<Value>), NodeError> {
        if let Some(direct) = key(value, &self.written) {
            return Ok((with_key(value, &self.written, None), Some(direct)));
        }
        match self.get(value) {
            Some(found) => Ok((self.remove_in(value, &self.parts)?, Some(found))),
            None => Ok((value.clone(), None)),
        }
    }

    fn remove_in(&self, value: &Value, parts: &[Part]) -> Result<Value, NodeError> {
        let Some((part, rest)) = parts.split_first() else {
            return Ok(value.clone());
        };
        match part {
            Part::Key(name) => {
                let inner = match (rest, key(value, name)) {
                    ([], _) | (_, None) => None,
                    (rest, Some(inner)) => Some(self.remove_in(&inner, rest)?),
                };
                Ok(with_key(value, name, inner))
            }
            Part::Place(place) => {
                let mut items = self.items(value, *place)?;
                let length = items.len();
                let index = index(value, *place).ok_or_else(|| self.outside(*place, length))?;
                if rest.is_empty() {
                    items.remove(index);
                } else {
                    items[index] = self.remove_in(&items[index], rest)?;
                }
                Ok(Value::from(items))
            }
        }
    }

    fn items(&self, value: &Value, place: i64) -> Result<Vec<Value>, NodeError> {
        match value.kind() {
            ValueKind::Undefined | ValueKind::None => Ok(Vec::new()),
            ValueKind::Seq | ValueKind::Iterable => value
                .try_iter()
                .map(Iterator::collect)
                .map_err(|error| NodeError::invalid(error.to_string())),
            _ => Err(self.unfit(&format!("[{place}]"), value)),
        }
    }

    fn unfit(&self, part: &str, value: &Value) -> NodeError {
        NodeError::invalid(format!(
            "`{}`: there is no `{part}` in a {}",
            self.written,
            kind_name(value)
        ))
    }

    fn outside(&self, place: i64, length: usize) -> NodeError {
        NodeError::not_found(format!(
            "`{}`: there is no item {place} in a list of {length}",
            self.written
        ))
    }
}

fn defined(value: Value) -> Option<Value> {
    (!value.is_undefined()).then_some(value)
}

/// The value of a key; `None` for what is no map.
pub(crate) fn key(map: &Value, name: &str) -> Option<Value> {
    if map.kind() != ValueKind::Map {
        return None;
    }
    defined(map.get_attr(name).ok()?)
}

/// The place of an item counted from 0, or with a minus from the end; `None` if there is none.
pub(crate) fn index(list: &Value, place: i64) -> Option<usize> {
    let length = list.len()?;
    let index = if place < 0 {
        length.checked_sub(usize::try_from(place.unsigned_abs()).ok()?)?
    } else {
        usize::try_from(place).ok()?
    };
    (index < length).then_some(index)
}

/// A copy of `map` with `name` set, or removed. Order stays; a new key is the last.
pub(crate) fn with_key(map: &Value, name: &str, new: Option<Value>) -> Value {
    let mut new = new;
    let mut copy: Vec<(Value, Value)> = Vec::new();
    for (key, value) in pairs(map) {
        if key.as_str() != Some(name) {
            copy.push((key, value));
        } else if let Some(new) = new.take() {
            copy.push((key, new));
        }
    }
    if let Some(new) = new {
        copy.push((Value::from(name), new));
    }
    Value::from_pairs(copy)
}

fn parts(written: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = written.trim();
    while !rest.is_empty() {
        if parts.len() >= DEEPEST {
            return None;
        }
        if let Some(inside) = rest.strip_prefix('[') {
            let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'));
            let (part, after) = if let Some(quote) = quote {
                let (name, after) = inside[1..].split_once(quote)?;
                (Part::Key(name.to_owned()), after.strip_prefix(']')?)
            } else {
                let (place, after) = inside.split_once(']')?;
                (Part::Place(place.trim().parse().ok()?), after)
            };
            parts.push(part);
            rest = after.strip_prefix('.').unwrap_or(after);
            if after.starts_with('.') && rest.is_empty() {
                return None;
            }
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            return None;
        }
        // `items.0.name` is understood as well.
        parts.push(match name.parse::<i64>() {
            Ok(place) if !parts.is_empty() => Part::Place(place),
            _ => Part::Key(name.to_owned()),
        });
        rest = match after.strip_prefix('.') {
            Some("") => return None,
            Some(after) => after,
            None => after,
        };
    }
    (!parts.is_empty()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use casare_workflow::value::{from_json, to_json};
    use serde_json::json;

    use super::*;

    fn path(written: &str) -> KeyPath {
        KeyPath::new("path", written).unwrap()
    }

    #[test]
    fn a_path_leads_through_maps_and_lists() {
        let order = from_json(&json!({
            "First Name": "Ada", "a.b": 1, "a": { "b": 2 }, "items": [{ "sku": "x" }, { "sku": "y" }]
        }));
        let get = |written| path(written).get(&order).map(|value| to_json(&value));

        assert_eq!(get("['First Name']"), Some(json!("Ada")));
        assert_eq!(get("First Name"), Some(json!("Ada")));
        assert_eq!(get("a.b"), Some(json!(1)));
        assert_eq!(get("items[-1].sku"), Some(json!("y")));
        assert_eq!(get("items.0.sku"), Some(json!("x")));
        assert_eq!(get("items[2].sku"), None);
        assert!(KeyPath::new("path", "a..b").is_err());
        assert!(KeyPath::new("path", "a[x]").is_err());
    }

    #[test]
    fn what_is_set_can_be_read_back_and_removed() {
        let empty = from_json(&json!({}));

        let set = path("a.items[0].b").set(&empty, Value::from(7)).unwrap();
        let (left, removed) = path("a.items[0].b").remove(&set).unwrap();

        assert_eq!(to_json(&set), json!({ "a": { "items": [{ "b": 7 }] } }));
        assert_eq!(to_json(&left), json!({ "a": { "items": [{}] } }));
        assert_eq!(removed, Some(Value::from(7)));
        assert!(
            path("a.b.c")
                .set(&from_json(&json!({ "a": { "b": 1 } })), Value::from(1))
                .is_err()
        );
    }
}
