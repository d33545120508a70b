//! Giving names of a run other values.

use casare_engine::StepView;
use casare_workflow::{
    Value,
    value::{kind_name, pairs},
};

/// One step down into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Name(String),
    Index(usize),
}

/// Sets what `target` names: `vars.total`, `total` for the same, `vars.customer.name`,
/// `steps.people.rows[0].Name`.
///
/// # Errors
///
/// When there is no such thing, or it can't be changed.
pub fn assign(step: &StepView, target: &str, value: Value) -> Result<(), String> {
    let (root, mut keys) = parse(target)?;
    match root.as_str() {
        "vars" => {
            let Some(name) = take_name(&mut keys) else {
                return Err("name the variable, as in `vars.total`".to_owned());
            };
            set_variable(step, &name, &keys, value)
        }
        "steps" => {
            let Some(id) = take_name(&mut keys) else {
                return Err("name the step, as in `steps.people`".to_owned());
            };
            let outputs = step.outputs().into_iter().find(|(known, _)| **known == *id);
            let Some((_, outputs)) = outputs else {
                return Err(format!("no step `{id}` has run here"));
            };
            step.set_outputs(&id, changed(&outputs, &keys, value)?);
            Ok(())
        }
        name if step.get(name).is_some() => Err(format!(
            "`{name}` can't be changed; variables and outputs of steps can"
        )),
        name => set_variable(step, name, &keys, value),
    }
}

fn set_variable(step: &StepView, name: &str, keys: &[Key], value: Value) -> Result<(), String> {
    let old = step
        .variables()
        .into_iter()
        .find(|(known, _)| **known == *name);
    let new = match old {
        Some((_, old)) => changed(&old, keys, value)?,
        None => value,
    };
    match step.set_variable(name, new) {
        Ok(_) => Ok(()),
        Err(error) => Err(match error.help() {
            Some(help) => format!("{}; {help}", error.message()),
            None => error.message().to_owned(),
        }),
    }
}

fn take_name(keys: &mut Vec<Key>) -> Option<String> {
    match keys.first()? {
        Key::Name(name) => {
            let name = name.clone();
            keys.remove(0);
            Some(name)
        }
        Key::Index(_) => None,
    }
}

/// `old` with `new` at the place that `keys` lead to.
fn changed(old: &Value, keys: &[Key], new: Value) -> Result<Value, String> {
    let Some((key, rest)) = keys.split_first() else {
        return Ok(new);
    };
    match (key, kind_name(old)) {
        (Key::Name(name), "map") => {
            let mut found = false;
            let mut entries = Vec::new();
            for (known, value) in pairs(old) {
                if known.as_str() == Some(name) {
                    found = true;
                    entries.push((known, changed(&value, rest, new.clone())?));
                } else {
                    entries.push((known, value));
                }
            }
            if !found && rest.is_empty() {
                entries.push((Value::from(name.as_str()), new));
            } else if !found {
                return Err(format!("there is no `{name}`"));
            }
            Ok(Value::from_pairs(entries))
        }
        (Key::Index(place), "list") => {
            let items = old.try_iter().map_err(|error| error.to_string())?;
            let mut items: Vec<Value> = items.collect();
            let count = items.len();
            let item = items
                .get_mut(*place)
                .ok_or_else(|| format!("there is no item {place}; the list has {count}"))?;
            *item = changed(item, rest, new)?;
            Ok(Value::from(items))
        }
        (Key::Name(name), kind) => Err(format!("a {kind} has no `{name}`")),
        (Key::Index(place), kind) => Err(format!("a {kind} has no item {place}")),
    }
}

/// `vars.a["b c"][0]` as its first name and the keys behind it.
fn parse(target: &str) -> Result<(String, Vec<Key>), String> {
    let target = target.trim();
    let wrong = || {
        format!(
            "`{target}` names nothing that can be set; write it like `vars.total` or `vars.rows[0].Name`"
        )
    };
    let end = target.find(['.', '[']).unwrap_or(target.len());
    let (root, mut rest) = target.split_at(end);
    if root.is_empty() || root.contains(char::is_whitespace) {
        return Err(wrong());
    }
    let mut keys = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            if name.is_empty() || name.contains(char::is_whitespace) {
                return Err(wrong());
            }
            keys.push(Key::Name(name.to_owned()));
            rest = after;
        } else {
            let after = rest.strip_prefix('[').ok_or_else(wrong)?;
            let (key, after) = bracketed(after).ok_or_else(wrong)?;
            keys.push(key);
            rest = after;
        }
    }
    Ok((root.to_owned(), keys))
}

/// What stands between brackets: a number, or a text in quotes.
fn bracketed(text: &str) -> Option<(Key, &str)> {
    let text = text.trim_start();
    let quote = text.chars().next()?;
    if quote != '"' && quote != '\'' {
        let (number, rest) = text.split_once(']')?;
        return Some((Key::Index(number.trim().parse().ok()?), rest));
    }
    let mut name = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => name.push(letters.next()?.1),
            letter if letter == quote => {
                let rest = text[at + 1..].trim_start().strip_prefix(']')?;
                return Some((Key::Name(name), rest));
            }
            letter => name.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use casare_workflow::value::{from_json, to_json};
    use serde_json::json;

    #[test]
    fn one_place_deep_in_a_value_is_changed() {
        let (root, keys) = parse(r#"vars.rows[1]["First Name"]"#).unwrap_or_else(|e| panic!("{e}"));
        let old = from_json(&json!({ "rows": [{ "First Name": "Ada" }, { "First Name": "Bob" }] }));

        let new = changed(&old, &keys, Value::from("Eve")).unwrap_or_else(|e| panic!("{e}"));

        assert_eq!(root, "vars");
        assert_eq!(
            to_json(&new),
            json!({ "rows": [{ "First Name": "Ada" }, { "First Name": "Eve" }] })
        );
        let beyond = changed(
            &old,
            &[Key::Name("rows".into()), Key::Index(2)],
            Value::from(1),
        );
        assert_eq!(beyond.unwrap_err(), "there is no item 2; the list has 2");
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for target in ["", "vars.", "a b", "vars[", "vars[x]", "vars['x", "1 + 1"] {
            assert!(parse(target).is_err(), "{target}");
        }
    }
}
