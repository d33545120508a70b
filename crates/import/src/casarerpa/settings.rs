//! A node's settings → those of its successor, by the successor's patterns.
//!
//! | pattern | meaning |
//! |---|---|
//! | `$name` | the setting, left out where there is none |
//! | `$name!` | the setting, or the original's default, even when empty |
//! | `$name:cast` | the setting, as a number, a duration, a list, … |
//! | `"{{ $a + $b }}"` | an expression over settings |
//! | `{ from: [a, b], as: cast, map: {…}, default: … }` | the first of these settings |
//! | `{ pick: mode, left: …, right: … }` | a pattern chosen by the value of a setting |
//! | `{ handle: ExcelOpenNode, from: workbook, give: file_path }` | a setting (or `@output`) of the node that opened something |
//! | `{ regex: pattern, flags: […] }` | a regular expression with its flags inside |
//!
//! Lists and maps hold patterns; anything else stands for itself.

pub(crate) mod cast;
mod special;

use serde_json::{Map, Value as Json};

use self::special::flagged;
use super::{
    graph::NodeNo,
    names::{Context, Reader},
};
use crate::{
    expression::{Binding, Code, Kind, Segment, Val, truth},
    library::{self, Form, Successor},
    report::Weight,
};

/// Older names of settings.
pub(crate) type Also = indexmap::IndexMap<String, String>;

impl Context<'_> {
    /// The successor of a node, its action looked up, and the names its settings had there.
    pub(crate) fn form_of(
        &self,
        node: NodeNo,
    ) -> Option<(&'static Successor, Option<&'static Also>)> {
        let found = library::successor(self.graph.kind(node))?;
        let Form::By(setting, cases) = &found.form else {
            return Some((found, None));
        };
        let config = &self.graph.nodes[node].config;
        let original = library::original(self.graph.kind(node));
        let default = original.and_then(|original| original.settings.get(&**setting));
        let value = config.get(&**setting).or(default)?.as_str()?;
        let plain = |text: &str| -> String {
            text.chars()
                .filter(|letter| letter.is_alphanumeric())
                .collect::<String>()
                .to_lowercase()
        };
        let (kind, also) = cases.get(value).or_else(|| {
            let wanted = plain(value);
            let like = |key: &&String| plain(key) == wanted;
            let begins = |key: &&String| !wanted.is_empty() && plain(key).starts_with(&wanted);
            let key = cases
                .keys()
                .find(like)
                .or_else(|| cases.keys().find(begins))?;
            cases.get(key)
        })?;
        Some((library::successor(kind)?, Some(also)))
    }

    /// The type that does what a node does: the one its action stands for.
    pub(crate) fn acting_kind(&self, node: NodeNo) -> &str {
        let kind = self.graph.kind(node);
        let Some(Form::By(..)) = library::successor(kind).map(|successor| &successor.form) else {
            return kind;
        };
        let Some((form, _)) = self.form_of(node) else {
            return kind;
        };
        let same = |(_, other): &(&String, &Successor)| std::ptr::eq(*other, form);
        library::successors()
            .iter()
            .find(same)
            .map_or(kind, |(kind, _)| kind)
    }

    /// A setting or port of a node: wired, given by a caller, or in its configuration.
    pub(crate) fn setting(
        &self,
        node: NodeNo,
        name: &str,
        form: &Successor,
        also: Option<&Also>,
        reader: Reader,
    ) -> Option<Val> {
        let mut names = vec![name];
        if let Some(also) = also {
            names.extend(
                also.iter()
                    .filter(|(_, new)| *new == name)
                    .map(|(old, _)| &**old),
            );
        }
        names.extend(
            form.also
                .iter()
                .filter(|(_, new)| *new == name)
                .map(|(old, _)| &**old),
        );
        let config = &self.graph.nodes[node].config;
        for name in &names {
            let wire = self
                .graph
                .wires
                .iter()
                .find(|wire| !wire.is_flow && wire.to == node && wire.into == *name);
            if let Some(code) = wire.and_then(|wire| self.output(wire.from, &wire.out, reader)) {
                return Some(Val::Code(code));
            }
            if let Some(given) = self.given.get(&(node, (*name).to_owned())) {
                return Some(given.clone());
            }
        }
        let found = names
            .iter()
            .find_map(|name| config.get(*name).filter(|value| !value.is_null()));
        found.map(|value| self.value(value, reader))
    }

    /// A setting, or what the original takes when there is none.
    fn setting_or_default(
        &self,
        node: NodeNo,
        name: &str,
        form: &Successor,
        also: Option<&Also>,
        reader: Reader,
    ) -> Option<Val> {
        self.setting(node, name, form, also, reader).or_else(|| {
            let by_type = |kind: &str| {
                library::original(kind)?
                    .settings
                    .get(name)
                    .filter(|value| !value.is_null())
            };
            let default = form
                .defaults
                .get(name)
                .or_else(|| by_type(self.graph.kind(node)))
                .or_else(|| by_type(self.acting_kind(node)));
            default.map(|value| Val::Literal(value.clone()))
        })
    }

    /// The settings of a successor.
    pub(crate) fn with(
        &self,
        node: NodeNo,
        patterns: &indexmap::IndexMap<String, Json>,
        form: &Successor,
        also: Option<&Also>,
        reader: Reader,
    ) -> Map<String, Json> {
        let mut with = Map::new();
        for (name, pattern) in patterns {
            if let Some(value) = self.pattern(pattern, node, form, also, reader) {
                with.insert(name.clone(), value.setting());
            }
        }
        with
    }

    /// The value of a pattern.
    pub(crate) fn pattern(
        &self,
        pattern: &Json,
        node: NodeNo,
        form: &Successor,
        also: Option<&Also>,
        reader: Reader,
    ) -> Option<Val> {
        let one = |name: &str| self.setting(node, name, form, also, reader);
        let or_default = |name: &str| self.setting_or_default(node, name, form, also, reader);
        match pattern {
            Json::String(text) if is_setting(text) => {
                let name = text.trim_start_matches('$');
                let (name, always) = name
                    .strip_suffix('!')
                    .map_or((name, false), |name| (name, true));
                let (name, cast) = name.split_once(':').unwrap_or((name, ""));
                if cast == "condition" {
                    return self.condition(&[name], node, form, also, reader);
                }
                let value = if always {
                    or_default(name).unwrap_or_else(|| Val::text(""))
                } else {
                    one(name).filter(|value| !value.is_empty())?
                };
                self.cast(value, cast, node, name)
            }
            Json::String(text) if text.contains("{{") => {
                Some(self.expression_pattern(text, node, form, also, reader))
            }
            Json::Object(fields) if fields.contains_key("pick") => {
                let name = fields["pick"].as_str().unwrap_or_default();
                let value = or_default(name)?;
                let key = match &value {
                    Val::Literal(Json::String(text)) => text.trim().to_lowercase(),
                    Val::Literal(other) => other.to_string(),
                    _ => {
                        self.remark(
                            Weight::Lost,
                            node,
                            format!("`{name}` is computed; which it is has to be known beforehand"),
                        );
                        return None;
                    }
                };
                let chosen = fields
                    .iter()
                    .find(|(choice, _)| {
                        choice
                            .split('|')
                            .any(|one| one.trim().to_lowercase() == key)
                    })
                    .map(|(_, chosen)| chosen)
                    .or_else(|| fields.get("otherwise"));
                match chosen {
                    Some(Json::Null) => None,
                    Some(chosen) => self.pattern(chosen, node, form, also, reader),
                    None => {
                        self.remark(
                            Weight::Lost,
                            node,
                            format!("`{name}: {key}` has no equivalent"),
                        );
                        None
                    }
                }
            }
            Json::Object(fields) if fields.contains_key("handle") => {
                self.handle(fields, node, form, also, reader)
            }
            Json::Object(fields) if fields.contains_key("from") => {
                let names: Vec<&str> = match &fields["from"] {
                    Json::String(name) => vec![name],
                    Json::Array(names) => names.iter().filter_map(Json::as_str).collect(),
                    _ => Vec::new(),
                };
                let found = names
                    .iter()
                    .find_map(|name| Some((*name, one(name).filter(|value| !value.is_empty())?)));
                let cast = fields.get("as").and_then(Json::as_str).unwrap_or_default();
                let Some((name, value)) = found else {
                    let default = fields.get("default").filter(|value| !value.is_null())?;
                    return self.pattern(default, node, form, also, reader);
                };
                if let Some(Json::Object(map)) = fields.get("map") {
                    let key = match &value {
                        Val::Literal(Json::String(text)) => text.clone(),
                        Val::Literal(other) => other.to_string(),
                        _ => return self.cast(value, cast, node, name),
                    };
                    let same = |(from, _): &(&String, &Json)| from.eq_ignore_ascii_case(&key);
                    return match map.iter().find(same) {
                        Some((_, Json::Null)) => None,
                        Some((_, to)) => Some(Val::Literal(to.clone())),
                        None => Some(value),
                    };
                }
                self.cast(value, cast, node, name)
            }
            Json::Object(fields) if special(fields).is_some() => {
                let (kind, of) = special(fields)?;
                self.special((kind, of), fields, node, form, also, reader)
            }
            Json::Object(fields) if fields.contains_key("regex") => {
                let name = fields["regex"].as_str().unwrap_or_default();
                let value = one(name).filter(|value| !value.is_empty())?;
                let flags = fields
                    .get("flags")
                    .and_then(Json::as_array)
                    .into_iter()
                    .flatten();
                let is_on = |flag: &str| {
                    or_default(flag)
                        .is_some_and(|value| matches!(value, Val::Literal(Json::Bool(true))))
                };
                let letters: String = flags
                    .filter_map(Json::as_str)
                    .filter(|flag| is_on(flag))
                    .filter_map(|flag| match flag {
                        "ignore_case" => Some('i'),
                        "multiline" => Some('m'),
                        "dotall" => Some('s'),
                        _ => None,
                    })
                    .collect();
                Some(flagged(value, &letters))
            }
            Json::Object(fields) => {
                let entries: Vec<(String, Val)> = fields
                    .iter()
                    .filter_map(|(key, pattern)| {
                        Some((
                            key.clone(),
                            self.pattern(pattern, node, form, also, reader)?,
                        ))
                    })
                    .collect();
                (!entries.is_empty()).then_some(Val::Map(entries))
            }
            Json::Array(items) => Some(Val::List(
                items
                    .iter()
                    .filter_map(|item| self.pattern(item, node, form, also, reader))
                    .collect(),
            )),
            other => Some(Val::Literal(other.clone())),
        }
    }

    /// A setting of the node that opened what `node` works on: the one it names, else the last one before it.
    fn handle(
        &self,
        fields: &Map<String, Json>,
        node: NodeNo,
        form: &Successor,
        also: Option<&Also>,
        reader: Reader,
    ) -> Option<Val> {
        let text = |key: &str| fields.get(key).and_then(Json::as_str).unwrap_or_default();
        let (opener, port, give) = (text("handle"), text("from"), text("give"));
        if let Some(value) = self
            .setting(node, port, form, also, reader)
            .filter(|value| !value.is_empty())
        {
            return Some(value);
        }
        let order = self.places.order();
        let here = order
            .iter()
            .position(|other| *other == node)
            .unwrap_or(order.len());
        let found = order[..here]
            .iter()
            .rev()
            .find(|other| self.graph.kind(**other) == opener)?;
        self.remark(
            Weight::Look,
            node,
            format!(
                "it names no `{port}`; it was taken to work on `{}`",
                self.graph.nodes[*found].id
            ),
        );
        if let Some(output) = give.strip_prefix('@') {
            return self.output(*found, output, reader).map(Val::Code);
        }
        let (opener_form, opener_also) = self.form_of(*found)?;
        self.setting(*found, give, opener_form, opener_also, reader)
    }

    /// `{{ $a + $b }}` with the settings in their places.
    fn expression_pattern(
        &self,
        text: &str,
        node: NodeNo,
        form: &Successor,
        also: Option<&Also>,
        reader: Reader,
    ) -> Val {
        let whole = text
            .strip_prefix("{{")
            .and_then(|rest| rest.strip_suffix("}}"));
        if let Some(inner) = whole.filter(|inner| !inner.contains("{{")) {
            let inner = self.with_settings(inner.trim(), node, form, also, reader);
            return Val::Code(Code::new(inner, Kind::Any, Binding::Choice));
        }
        let mut segments = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            if !before.is_empty() {
                segments.push(Segment::Plain(before.to_owned()));
            }
            let (inner, next) = after.split_once("}}").unwrap_or((after, ""));
            let inner = self.with_settings(inner.trim(), node, form, also, reader);
            segments.push(Segment::Code(Code::new(inner, Kind::Any, Binding::Choice)));
            rest = next;
        }
        if !rest.is_empty() {
            segments.push(Segment::Plain(rest.to_owned()));
        }
        Val::Text(segments)
    }

    /// An expression with every `$name:cast` replaced by the setting.
    pub(crate) fn with_settings(
        &self,
        text: &str,
        node: NodeNo,
        form: &Successor,
        also: Option<&Also>,
        reader: Reader,
    ) -> String {
        let mut written = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            written.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            let end = after.find(|letter| !is_part(letter)).unwrap_or(after.len());
            if end == 0 || after.starts_with(|first: char| first.is_ascii_digit()) {
                written.push('$');
                rest = after;
                continue;
            }
            let (name, mut next) = after.split_at(end);
            let mut cast = "";
            if let Some(tail) = next.strip_prefix(':')
                && tail.starts_with(|first: char| first.is_ascii_alphabetic())
            {
                let end = tail.find(|letter| !is_part(letter)).unwrap_or(tail.len());
                (cast, next) = tail.split_at(end);
            }
            let value = self
                .setting_or_default(node, name, form, also, reader)
                .unwrap_or(Val::Literal(Json::Null));
            let value = self
                .cast(value, cast, node, name)
                .unwrap_or(Val::Literal(Json::Null));
            let code = if cast == "place" && value == Val::Literal(Json::Null) {
                // An end of a slice that is not given.
                Code::atom("", Kind::Any)
            } else {
                value.code()
            };
            let alone = written.trim().is_empty() && next.trim().is_empty();
            // A comma or bracket on both sides needs no more brackets.
            written.push_str(&if alone {
                code.text
            } else {
                code.operand(Binding::Atom)
            });
            rest = next;
        }
        written.push_str(rest);
        written
    }

    /// A condition: wired, a value, or a Python-like expression. One that can't be evaluated is
    /// false, as in the original.
    pub(crate) fn condition(
        &self,
        names: &[&str],
        node: NodeNo,
        form: &Successor,
        also: Option<&Also>,
        reader: Reader,
    ) -> Option<Val> {
        let config = &self.graph.nodes[node].config;
        for name in names {
            let is_wired = self
                .graph
                .wires
                .iter()
                .any(|wire| !wire.is_flow && wire.to == node && wire.into == **name);
            let written = match config.get(*name) {
                Some(Json::String(text)) if !is_wired => Some(text.trim()),
                _ => None,
            };
            match written {
                Some("") => {}
                Some(text) => return Some(self.condition_text(text, name, node, reader)),
                None => {
                    if let Some(value) = self.setting(node, name, form, also, reader) {
                        return Some(match value {
                            Val::Literal(Json::Bool(_)) => value,
                            other => Val::Code(truth(&other.code())),
                        });
                    }
                }
            }
        }
        None
    }

    fn condition_text(&self, text: &str, name: &str, node: NodeNo, reader: Reader) -> Val {
        match self.expression(text, reader) {
            Ok(code) if code.text == "true" || code.text == "false" => {
                Val::Literal((code.text == "true").into())
            }
            Ok(code) => Val::Code(truth(&code)),
            Err(fault @ crate::expression::Fault::UnknownName(_)) => {
                self.remark(
                    Weight::Look,
                    node,
                    format!("`{name}: {text}`: {fault}, so it counts as false, as in the original"),
                );
                Val::Literal(false.into())
            }
            Err(fault) => {
                self.remark(
                    Weight::Lost,
                    node,
                    format!("`{name}: {text}` can't be translated: {fault}; it is false now"),
                );
                Val::Literal(false.into())
            }
        }
    }

    /// A node reading its own settings.
    pub(crate) fn reader(&self, node: NodeNo) -> Reader {
        let place = self
            .places
            .of(node)
            .unwrap_or(super::places::Place { list: 0, index: 0 });
        Reader { node, place }
    }
}

fn literal_or_code(value: &Val, code: Code) -> Val {
    match value {
        Val::Literal(Json::Number(_)) => value.clone(),
        Val::Literal(_) => serde_json::from_str(&code.text).map_or(Val::Code(code), Val::Literal),
        _ => Val::Code(code),
    }
}

/// Whether a pattern is one setting: `$name`, `$name:cast`, `$name!`.
fn is_setting(text: &str) -> bool {
    text.strip_prefix('$').is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':' | '!'))
    })
}

/// The patterns that are told by their first key.
fn special(fields: &Map<String, Json>) -> Option<(&str, &Json)> {
    const KINDS: [&str; 10] = [
        "items", "pairs", "format", "lost", "rows", "fields", "database", "batch", "entry", "form",
    ];
    let (kind, of) = fields.iter().next()?;
    let fits = KINDS.contains(&&**kind)
        && match &**kind {
            "items" | "pairs" | "database" => of.is_array(),
            _ => of
                .as_str()
                .is_some_and(|text| !text.starts_with('$') && !text.contains("{{")),
        };
    let few = fields.len() == 1 || matches!(&**kind, "format" | "entry");
    (fits && few).then_some((kind, of))
}
