//! Schemas in words: what is wanted, what was got.

use serde_json::Value as Json;

/// The format of durations in schemas.
pub(super) const DURATION: &str = "casare-duration";

/// How deep schemas are followed. Schemas can contain themselves.
pub(super) const DEEPEST: usize = 64;

/// The schema that a `$ref` of `root` points to.
pub(super) fn target<'s>(root: &'s Json, schema: &Json) -> Option<&'s Json> {
    let place = schema.get("$ref")?.as_str()?;
    root.pointer(place.strip_prefix('#')?)
}

/// The branches of `schema`: what it refers to and its alternatives, flattened.
///
/// A schema without alternatives is its own only branch.
pub(super) fn branches<'s>(root: &'s Json, schema: &'s Json) -> Vec<&'s Json> {
    let mut found = Vec::new();
    let mut open = vec![(schema, 0)];
    while let Some((schema, depth)) = open.pop() {
        let inner = alternatives(schema);
        if depth > DEEPEST {
            continue;
        }
        if let Some(inner) = inner {
            // Popped from the end: pushed in reverse to keep their order.
            open.extend(inner.iter().rev().map(|schema| (schema, depth + 1)));
        } else if let Some(target) = target(root, schema) {
            open.push((target, depth + 1));
        } else {
            found.push(schema);
        }
    }
    found
}

/// The list under `oneOf` or `anyOf`.
pub(super) fn alternatives(schema: &Json) -> Option<&Vec<Json>> {
    schema
        .get("oneOf")
        .or_else(|| schema.get("anyOf"))?
        .as_array()
}

/// The only values that `schema` itself allows.
pub(super) fn literals(schema: &Json) -> Option<Vec<&Json>> {
    if let Some(only) = schema.get("const") {
        return Some(vec![only]);
    }
    Some(schema.get("enum")?.as_array()?.iter().collect())
}

/// The types that `schema` itself names.
pub(super) fn types(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(name)) => vec![name],
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

/// What `schema` wants, for people: `a whole number`, `text or a list`.
pub(super) fn wanted(root: &Json, schema: &Json) -> String {
    let mut words: Vec<String> = Vec::new();
    for branch in branches(root, schema) {
        for word in words_of(branch) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    if words.len() > 1 {
        words.retain(|word| word != "nothing");
    }
    match words.split_last() {
        None => "another value".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

fn words_of(schema: &Json) -> Vec<String> {
    if let Some(values) = literals(schema) {
        return values.into_iter().map(literal).collect();
    }
    if schema.get("format").and_then(Json::as_str) == Some(DURATION) {
        return vec!["a duration such as `30s`".to_owned()];
    }
    let types = types(schema);
    let words = types.iter().map(|name| match *name {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        "array" => "a list",
        "object" => "a map",
        _ => "nothing",
    });
    words.map(str::to_owned).collect()
}

/// A literal as it would be written.
pub(super) fn literal(value: &Json) -> String {
    match value {
        Json::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

/// What was got, for people: ``the text `abc` ``.
pub(super) fn got(value: &Json) -> String {
    match value {
        Json::Null => "nothing".to_owned(),
        Json::Bool(flag) => format!("`{flag}`"),
        Json::Number(number) => format!("the number `{number}`"),
        Json::String(text) => format!("the text `{}`", shortened(text)),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "a map".to_owned(),
    }
}

/// `text`, cut where it is long.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    match first.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &first[..at]),
        None if lines.next().is_some() => format!("{first}…"),
        None => first.to_owned(),
    }
}
