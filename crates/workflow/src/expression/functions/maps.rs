//! Maps.

use minijinja::{
    Environment, Error,
    value::{Rest, ValueKind},
};

use super::{Function, table, wrong};
use crate::{Value, value::pairs};

pub(super) const FUNCTIONS: &[Function] = &FILTERS_AND_DICT;

const FILTERS_AND_DICT: [Function; FILTERS.len() + 1] = {
    let mut all = [DICT[0]; FILTERS.len() + 1];
    let mut place = 0;
    while place < FILTERS.len() {
        all[place] = FILTERS[place];
        place += 1;
    }
    all
};

const DICT: &[Function] = table! {"maps", Function:
    "dict(key=value, …)", "A map; as `{'key': value}`.", "dict(a=1)" => r#"{"a":1}"#;
};

const FILTERS: &[Function] = table! {"maps", Filter:
    "default(other, for_empty)", "The value, or `other` where it is missing; with `true` also where it is empty.", "nobody.name | default('?')" => r#""?""#;
    "d(other, for_empty)", "Short for `default`.", "'' | d('?', true)" => r#""?""#;
    "keys", "The keys as a list.", "{'a': 1, 'b': 2} | keys" => r#"["a","b"]"#;
    "values", "The values as a list.", "{'a': 1, 'b': 2} | values" => "[1,2]";
    "items", "Pairs of key and value.", "{'a': 1} | items" => r#"[["a",1]]"#;
    "dictsort(by=, reverse=)", "Pairs of key and value, sorted.", "{'b': 1, 'a': 2} | dictsort" => r#"[["a",2],["b",1]]"#;
    "merge(others…)", "One map of all; later ones win.", "{'a': 1, 'b': 1} | merge({'b': 2})" => r#"{"a":1,"b":2}"#;
    "pick(keys…)", "Only these keys.", "{'a': 1, 'b': 2} | pick('b')" => r#"{"b":2}"#;
    "omit(keys…)", "All but these keys.", "{'a': 1, 'b': 2} | omit('b')" => r#"{"a":1}"#;
    "get(path, default)", "What stands at a path such as `a.b.0`; the default (none) where nothing does.", "{'a': [{'b': 7}]} | get('a.0.b')" => "7";
};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("keys", |map: &Value| {
        Ok::<_, Error>(entries(map)?.map(|(key, _)| key).collect::<Vec<_>>())
    });
    environment.add_filter("values", |map: &Value| {
        Ok::<_, Error>(entries(map)?.map(|(_, value)| value).collect::<Vec<_>>())
    });
    environment.add_filter("items", |map: &Value| {
        let pair = |(key, value)| Value::from(vec![key, value]);
        Ok::<_, Error>(entries(map)?.map(pair).collect::<Vec<_>>())
    });
    environment.add_filter("merge", merge);
    environment.add_filter("pick", |map: &Value, keys: Rest<Value>| {
        let keys = listed(&keys)?;
        Ok::<_, Error>(Value::from_pairs(
            entries(map)?.filter(|(key, _)| keys.contains(key)),
        ))
    });
    environment.add_filter("omit", |map: &Value, keys: Rest<Value>| {
        let keys = listed(&keys)?;
        Ok::<_, Error>(Value::from_pairs(
            entries(map)?.filter(|(key, _)| !keys.contains(key)),
        ))
    });
    environment.add_filter("get", get);
}

fn entries(map: &Value) -> Result<impl Iterator<Item = (Value, Value)>, Error> {
    if map.kind() != ValueKind::Map {
        return Err(wrong(format!(
            "{} is not a map",
            crate::expression::fault::an(map)
        )));
    }
    Ok(pairs(map))
}

/// Keys, given one by one or as a list.
fn listed(keys: &[Value]) -> Result<Vec<Value>, Error> {
    let mut all = Vec::with_capacity(keys.len());
    for key in keys {
        if matches!(key.kind(), ValueKind::Seq | ValueKind::Iterable) {
            for key in key.try_iter()?.checked() {
                all.push(key?);
            }
        } else {
            all.push(key.clone());
        }
    }
    Ok(all)
}

fn merge(map: &Value, others: Rest<Value>) -> Result<Value, Error> {
    let mut merged: indexmap::IndexMap<Value, Value> = entries(map)?.collect();
    for other in others.iter() {
        merged.extend(entries(other)?);
    }
    Ok(Value::from_pairs(merged))
}

fn get(value: &Value, path: &Value, default: Option<Value>) -> Value {
    let step = |value: Value, key: &Value| {
        let found = match key.as_str().and_then(|part| part.parse::<i64>().ok()) {
            Some(index) if value.kind() != ValueKind::Map => value.get_item(&Value::from(index)),
            _ => value.get_item(key),
        };
        found.ok().filter(|found| !found.is_undefined())
    };
    let found = step(value.clone(), path).or_else(|| {
        let path = path.as_str()?;
        path.split('.')
            .try_fold(value.clone(), |value, part| step(value, &Value::from(part)))
    });
    found.or(default).unwrap_or_else(|| Value::from(()))
}
