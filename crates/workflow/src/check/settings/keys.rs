//! Which keys a map may have.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::{
    super::wanted::{DEEPEST, alternatives, target},
    Settings,
};

/// The entries of a map, or the settings of a step, which are kept in another type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entries<'v> {
    Map(&'v Map<String, Json>),
    With(&'v IndexMap<String, Json>),
}

impl<'v> Entries<'v> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Map(map) => map.len(),
            Self::With(with) => with.len(),
        }
    }

    pub(super) fn get(self, key: &str) -> Option<&'v Json> {
        match self {
            Self::Map(map) => map.get(key),
            Self::With(with) => with.get(key),
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = (&'v str, &'v Json)> {
        let (map, with) = match self {
            Self::Map(map) => (Some(map), None),
            Self::With(with) => (None, Some(with)),
        };
        let map = map.into_iter().flatten();
        let with = with.into_iter().flatten();
        map.chain(with).map(|(key, value)| (key.as_str(), value))
    }

    pub(super) fn to_json(self) -> Json {
        self.iter()
            .map(|(key, value)| (key.to_owned(), value.clone()))
            .collect()
    }
}

/// What a schema says of the keys of a map.
pub(super) struct Keys<'s> {
    schema: &'s Json,
    properties: Option<&'s Map<String, Json>>,
    patterns: Option<&'s Map<String, Json>>,
    /// The schema of keys that are not named.
    others: Option<&'s Json>,
    /// Names in other parts of the schema, where `unevaluatedProperties` asks for them.
    elsewhere: Vec<&'s str>,
    /// Whether other keys are refused.
    pub(super) closed: bool,
}

impl<'s> Keys<'s> {
    pub(super) fn of(settings: &Settings<'s>, schema: &'s Json) -> Self {
        let map = |name: &str| schema.get(name).and_then(Json::as_object);
        let refused = |name: &str| schema.get(name) == Some(&Json::Bool(false));
        let unevaluated = refused("unevaluatedProperties");
        let mut elsewhere = Vec::new();
        if unevaluated {
            names_in(settings.root, schema, 0, &mut elsewhere);
        }
        Self {
            schema,
            properties: map("properties"),
            patterns: map("patternProperties"),
            others: schema
                .get("additionalProperties")
                .filter(|others| others.as_bool() != Some(false)),
            elsewhere,
            closed: refused("additionalProperties") || unevaluated,
        }
    }

    /// What the value of `key` has to be; `None` for an unknown key.
    pub(super) fn schema_of(&self, settings: &Settings<'_>, key: &str) -> Option<&'s Json> {
        if let Some(schema) = self.properties.and_then(|all| all.get(key)) {
            return Some(schema);
        }
        let by_pattern = self.patterns.into_iter().flatten();
        for (pattern, schema) in by_pattern {
            if settings.matches(pattern, key) {
                return Some(schema);
            }
        }
        if self.elsewhere.contains(&key) {
            return Some(&Json::Bool(true));
        }
        self.others
    }

    /// The names that are known.
    pub(super) fn known(&self) -> impl Iterator<Item = &'s str> {
        let own = self.properties.into_iter().flat_map(Map::keys);
        let mut known: Vec<&'s str> = own.map(String::as_str).collect();
        known.extend(
            self.elsewhere
                .iter()
                .filter(|name| !known.contains(name))
                .copied()
                .collect::<Vec<_>>(),
        );
        known.into_iter()
    }

    /// The names that have to be there.
    pub(super) fn required(&self) -> impl Iterator<Item = &'s str> {
        let names = self.schema.get("required").and_then(Json::as_array);
        names.into_iter().flatten().filter_map(Json::as_str)
    }

    /// Whether keys may come from other parts of the schema, or are the author's own.
    pub(super) fn is_open(&self, settings: &Settings<'_>) -> bool {
        self.properties.is_none()
            || target(settings.root, self.schema).is_some()
            || self.schema.get("allOf").is_some()
            || alternatives(self.schema).is_some()
    }
}

/// Every property that any part of `schema` names.
fn names_in<'s>(root: &'s Json, schema: &'s Json, depth: usize, names: &mut Vec<&'s str>) {
    if depth > DEEPEST {
        return;
    }
    if let Some(properties) = schema.get("properties").and_then(Json::as_object) {
        names.extend(properties.keys().map(String::as_str));
    }
    let lists = ["allOf", "oneOf", "anyOf"].into_iter();
    let parts = lists
        .filter_map(|key| schema.get(key)?.as_array())
        .flatten();
    for part in parts.chain(target(root, schema)) {
        names_in(root, part, depth + 1, names);
    }
}
