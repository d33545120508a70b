//! Lists. A [`crate::value::Stream`] is read once by each; what keeps all items is in memory.

use std::borrow::Cow;

use minijinja::{
    Environment, Error, State,
    value::{Kwargs, Rest, ValueKind, ValueOrKwargs},
};

use super::{
    Function, table,
    text::{plain, too_large},
    wrong,
};
use crate::{
    Value,
    expression::{fault::closest, ops::MAX_TEXT},
    value::pairs,
};

pub(super) const FUNCTIONS: &[Function] = &FILTERS_AND_RANGE;

const FILTERS_AND_RANGE: [Function; FILTERS.len() + 1] = {
    let mut all = [RANGE[0]; FILTERS.len() + 1];
    let mut place = 0;
    while place < FILTERS.len() {
        all[place] = FILTERS[place];
        place += 1;
    }
    all
};

const RANGE: &[Function] = table! {"lists", Function:
    "range(start, stop, step)", "Whole numbers up to, not including, `stop`; lazy, of any length.", "range(3) | list" => "[0,1,2]";
};

const FILTERS: &[Function] = table! {"lists", Filter:
    "length", "How many items, keys or characters.", "[4, 5] | length" => "2";
    "count", "As `length`.", "'abc' | count" => "3";
    "first", "The first item.", "[4, 5] | first" => "4";
    "last", "The last item.", "[4, 5] | last" => "5";
    "min(attribute=)", "The smallest item.", "[3, 1, 2] | min" => "1";
    "max(attribute=)", "The largest item.", "[{'n': 1}, {'n': 3}] | max(attribute='n')" => r#"{"n":3}"#;
    "sum(attribute=, start=)", "All items together.", "[{'n': 1}, {'n': 3}] | sum(attribute='n')" => "4";
    "avg(attribute=)", "The mean of the items.", "[1, 2, 6] | avg" => "3.0";
    "sort(attribute=, reverse=, case_sensitive=)", "In order; texts regardless of capitals.", "[3, 1, 2] | sort(reverse=true)" => "[3,2,1]";
    "unique(attribute=, case_sensitive=)", "Each once; texts regardless of capitals unless told otherwise.", "[1, 2, 1] | unique" => "[1,2]";
    "reverse", "Last to first, also of texts.", "[1, 2] | reverse" => "[2,1]";
    "join(separator, attribute=)", "All items as one text.", "[1, true, 2.0] | join('; ')" => r#""1; true; 2""#;
    "map(filter, …)", "A filter applied to each item, or with `attribute=` that attribute of each.", "[{'n': 1}, {'n': 2}] | map(attribute='n')" => "[1,2]";
    "select(test, …)", "The items that pass a test (or are true).", "[1, 2, 3] | select('odd')" => "[1,3]";
    "reject(test, …)", "The items that do not.", "[1, 2, 3] | reject('odd')" => "[2]";
    "selectattr(attribute, test, …)", "The items whose attribute passes a test.", "[{'n': 1}, {'n': 2}] | selectattr('n', 'gt', 1)" => r#"[{"n":2}]"#;
    "rejectattr(attribute, test, …)", "The items whose attribute does not.", "[{'n': 1}, {'n': 2}] | rejectattr('n', 'gt', 1)" => r#"[{"n":1}]"#;
    "where(key, value)", "The maps that have this value under the key.", "[{'n': 1}, {'n': 2}] | where('n', 2)" => r#"[{"n":2}]"#;
    "group_by(key)", "Maps of `key` and `items`, one for each value of the key, in the order they first occur.", "[{'c': 'a', 'n': 1}, {'c': 'b', 'n': 2}, {'c': 'a', 'n': 3}] | group_by('c') | map(attribute='items') | map('length')" => "[2,1]";
    "groupby(attribute)", "Pairs of a value and its items, sorted by it.", "[{'c': 'a'}] | groupby('c') | length" => "1";
    "flatten(levels)", "With inner lists' items in their place.", "[1, [2, [3]]] | flatten" => "[1,2,[3]]";
    "chunk(size)", "In lists of that size; the last may be shorter.", "[1, 2, 3] | chunk(2)" => "[[1,2],[3]]";
    "batch(size, fill)", "As `chunk`, the last filled up.", "[1, 2, 3] | batch(2, 0)" => "[[1,2],[3,0]]";
    "zip(others…)", "Pairs of items at the same place.", "[1, 2] | zip(['a', 'b'])" => r#"[[1,"a"],[2,"b"]]"#;
    "chain(others…)", "One list after the other.", "[1] | chain([2])" => "[1,2]";
    "slice(start, stop)", "The part from `start` up to `stop`; as `list[start:stop]`.", "[1, 2, 3] | slice(1, 3)" => "[2,3]";
    "compact", "Without none and empty texts.", "[1, none, '', 0] | compact" => "[1,0]";
    "index_of(item)", "Where the item first stands, from 0; none if it does not.", "['a', 'b'] | index_of('b')" => "1";
    "list", "As a list: of characters, keys, or what a stream yields.", "'ab' | list" => r#"["a","b"]"#;
};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("avg", avg);
    environment.add_filter("join", join);
    environment.add_filter("map", map);
    for name in ["selectattr", "rejectattr"] {
        let keep = name == "selectattr";
        environment.add_filter(
            name,
            move |state: &mut State<'_, '_>,
                  list: Value,
                  by: Cow<'_, str>,
                  test: Rest<ValueOrKwargs>| {
                by_attribute(state, list, by, test, keep)
            },
        );
    }
    environment.add_filter(
        "sort",
        |state: &mut State<'_, '_>, list: Value, named: Kwargs| {
            minijinja::filters::sort(state, with_attribute(state, list, &named)?, named)
        },
    );
    environment.add_filter(
        "min",
        |state: &mut State<'_, '_>, list: Value, named: Kwargs| {
            minijinja::filters::min(state, with_attribute(state, list, &named)?, named)
        },
    );
    environment.add_filter(
        "max",
        |state: &mut State<'_, '_>, list: Value, named: Kwargs| {
            minijinja::filters::max(state, with_attribute(state, list, &named)?, named)
        },
    );
    environment.add_filter(
        "unique",
        |state: &mut State<'_, '_>, list: Value, named: Kwargs| {
            minijinja::filters::unique(state, with_attribute(state, list, &named)?, named)
        },
    );
    environment.add_filter("where", keep_where);
    environment.add_filter("group_by", group_by);
    environment.add_filter("flatten", flatten);
    environment.add_filter(
        "chunk",
        |state: &State<'_, '_>, list: Value, size: usize| batch(state, list, size, None),
    );
    environment.add_filter("batch", batch);
    environment.add_filter("slice", slice);
    environment.add_filter("compact", compact);
    environment.add_filter("index_of", index_of);
}

/// The items, each charged to the evaluation.
fn items<'a>(
    state: &'a State<'_, '_>,
    list: &Value,
) -> Result<impl Iterator<Item = Result<Value, Error>> + use<'a>, Error> {
    if list.is_none() || list.kind() == ValueKind::String {
        return Err(wrong(format!(
            "{} is not a list",
            crate::expression::fault::an(list)
        )));
    }
    Ok(list.try_iter()?.checked().map(|item| {
        state.consume_fuel(1)?;
        item
    }))
}

/// `path` (`a.b`) of `item`.
fn attribute(item: &Value, path: &str) -> Result<Value, Error> {
    let direct = item.get_attr(path)?;
    if !direct.is_undefined() || !path.contains('.') {
        return Ok(direct);
    }
    path.split('.')
        .try_fold(item.clone(), |value, part| match part.parse::<usize>() {
            Ok(index) if value.kind() != ValueKind::Map => value.get_item_by_index(index),
            _ => value.get_attr(part),
        })
}

fn required(item: &Value, path: &str) -> Result<Value, Error> {
    let value = attribute(item, path)?;
    if value.is_undefined() {
        return Err(wrong(format!("an item has no `{path}`")));
    }
    Ok(value)
}

fn avg(state: &State<'_, '_>, list: &Value, named: Kwargs) -> Result<f64, Error> {
    let by = named.get::<Option<&str>>("attribute")?;
    named.assert_all_used()?;
    let (mut sum, mut count) = (0.0, 0.0);
    for item in items(state, list)? {
        let item = item?;
        let item = match by {
            Some(by) => required(&item, by)?,
            None => item,
        };
        if !item.is_number() {
            let what = crate::expression::fault::an(&item);
            return Err(wrong(format!("{what} is not a number")));
        }
        sum += f64::try_from(item)?;
        count += 1.0;
    }
    if count == 0.0 {
        return Err(wrong("the list is empty, so it has no mean"));
    }
    Ok(sum / count)
}

fn join(
    state: &State<'_, '_>,
    list: &Value,
    separator: Option<Cow<'_, str>>,
    named: Kwargs,
) -> Result<String, Error> {
    let by = named.get::<Option<&str>>("attribute")?;
    let separator = match separator {
        Some(separator) => separator,
        None => Cow::from(named.get::<Option<&str>>("separator")?.unwrap_or_default()),
    };
    named.assert_all_used()?;
    let mut text = String::new();
    for (place, item) in items(state, list)?.enumerate() {
        let item = item?;
        let item = match by {
            Some(by) => required(&item, by)?,
            None => item,
        };
        if place > 0 {
            text.push_str(&separator);
        }
        match item.as_str() {
            Some(part) => text.push_str(part),
            None => text.push_str(&plain(&item)?),
        }
        if text.len() > MAX_TEXT {
            return Err(too_large());
        }
    }
    Ok(text)
}

/// As minijinja's, but an item without the attribute is an error, not a hole in the list.
fn map(
    state: &mut State<'_, '_>,
    list: Value,
    how: Rest<ValueOrKwargs>,
) -> Result<Vec<Value>, Error> {
    let mapped = minijinja::filters::map(state, list, how)?;
    match mapped.iter().position(Value::is_undefined) {
        Some(place) => Err(wrong(format!(
            "item {place} has no such attribute; give a default, as in `map(attribute='x', default='')`"
        ))),
        None => Ok(mapped),
    }
}

/// The list, read once, if some item has the attribute that is asked for. A misspelt one would
/// otherwise sort nothing and find nothing, silently.
fn listed_with(state: &State<'_, '_>, list: &Value, by: &str) -> Result<Vec<Value>, Error> {
    let all = items(state, list)?.collect::<Result<Vec<_>, Error>>()?;
    let mut found = all.is_empty();
    for item in &all {
        if found {
            break;
        }
        found = !attribute(item, by)?.is_undefined();
    }
    if found {
        return Ok(all);
    }
    let keys: Vec<String> = all
        .first()
        .map(pairs)
        .into_iter()
        .flatten()
        .filter_map(|(key, _)| key.as_str().map(str::to_owned))
        .take(100)
        .collect();
    Err(wrong(match closest(by, keys.iter().map(String::as_str)) {
        Some(near) => format!("no item has `{by}`; did you mean `{near}`?"),
        None => format!("no item has `{by}`"),
    }))
}

fn with_attribute(state: &State<'_, '_>, list: Value, named: &Kwargs) -> Result<Value, Error> {
    match named.peek::<Option<&str>>("attribute")? {
        // Only maps are looked into; `sort` takes several, with commas between.
        Some(by) => {
            let mut list = list;
            for by in by.split(',').map(str::trim).filter(|by| !by.is_empty()) {
                list = Value::from(listed_with(state, &list, by)?);
            }
            Ok(list)
        }
        None => Ok(list),
    }
}

fn by_attribute(
    state: &mut State<'_, '_>,
    list: Value,
    by: Cow<'_, str>,
    test: Rest<ValueOrKwargs>,
    keep: bool,
) -> Result<Vec<Value>, Error> {
    let mut test = test.0.into_iter();
    let name = test.next().map(Value::from);
    let asks = name.as_ref().and_then(Value::as_str);
    let list = if matches!(asks, Some("defined" | "undefined")) {
        list
    } else {
        Value::from(listed_with(state, &list, &by)?)
    };
    let name = asks.map(|name| Cow::from(name.to_owned()));
    let rest = Rest(test.collect());
    if keep {
        minijinja::filters::selectattr(state, list, by, name, rest)
    } else {
        minijinja::filters::rejectattr(state, list, by, name, rest)
    }
}

fn keep_where(
    state: &State<'_, '_>,
    list: &Value,
    key: &str,
    wanted: &Value,
) -> Result<Vec<Value>, Error> {
    let mut kept = Vec::new();
    for item in listed_with(state, list, key)? {
        if attribute(&item, key)? == *wanted {
            kept.push(item);
        }
    }
    Ok(kept)
}

fn group_by(state: &State<'_, '_>, list: &Value, key: &str) -> Result<Value, Error> {
    let mut groups: indexmap::IndexMap<Value, Vec<Value>> = indexmap::IndexMap::new();
    for item in items(state, list)? {
        let item = item?;
        groups.entry(required(&item, key)?).or_default().push(item);
    }
    Ok(groups
        .into_iter()
        .map(|(key, items)| Value::from_pairs([("key", key), ("items", Value::from(items))]))
        .collect())
}

fn flatten(
    state: &State<'_, '_>,
    list: &Value,
    levels: Option<usize>,
) -> Result<Vec<Value>, Error> {
    let levels = levels.unwrap_or(1).min(100);
    let mut flat = Vec::new();
    for item in items(state, list)? {
        let item = item?;
        let is_list = matches!(item.kind(), ValueKind::Seq | ValueKind::Iterable);
        if is_list && levels > 0 {
            flat.extend(flatten(state, &item, Some(levels - 1))?);
        } else {
            flat.push(item);
        }
    }
    Ok(flat)
}

fn batch(
    state: &State<'_, '_>,
    list: Value,
    size: usize,
    fill: Option<Value>,
) -> Result<Value, Error> {
    match size {
        0 => Err(wrong("the size can't be 0")),
        1_000_001.. => Err(wrong("the size is too large")),
        _ => minijinja::filters::batch(state, list, size, fill),
    }
}

fn slice(value: &Value, start: Option<Value>, stop: Option<Value>) -> Result<Value, Error> {
    let none = || Value::from(());
    let bounds = [
        start.unwrap_or_else(none),
        stop.unwrap_or_else(none),
        none(),
    ];
    crate::expression::ops::slice(value, bounds)
}

fn compact(state: &State<'_, '_>, list: &Value) -> Result<Vec<Value>, Error> {
    items(state, list)?
        .filter(|item| {
            item.as_ref().map_or(true, |item| {
                !item.is_none() && !item.is_undefined() && item.as_str() != Some("")
            })
        })
        .collect()
}

fn index_of(state: &State<'_, '_>, list: &Value, wanted: &Value) -> Result<Value, Error> {
    for (place, item) in items(state, list)?.enumerate() {
        if item? == *wanted {
            return Ok(Value::from(place));
        }
    }
    Ok(Value::from(()))
}
