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

use serde_json::{Map, Value as Json};

use super::{
    graph::NodeNo,
    names::{Context, Reader},
};
use crate::{
    expression::{Binding, Code, Kind, Segment, Val, number, truth},
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

    /// `value` as the successor takes it; `None` to leave the setting out.
    fn cast(&self, value: Val, cast: &str, node: NodeNo, name: &str) -> Option<Val> {
        Some(match cast {
            "num" => self.as_number(value, node),
            "int" => as_whole(value),
            "place" => match value {
                Val::Literal(Json::Null) => value,
                other => as_whole(other),
            },
            "count" => match as_whole(value) {
                Val::Literal(Json::Number(number))
                    if number.as_i64().is_none_or(|count| count < 1) =>
                {
                    return None;
                }
                other => other,
            },
            "splits" => match as_whole(value) {
                Val::Literal(Json::Number(number)) => match number.as_i64() {
                    Some(splits) if splits >= 0 => Val::Literal((splits + 1).into()),
                    _ => return None,
                },
                other => other,
            },
            "text" => as_text(value),
            "bool" => as_bool(value),
            "truth" => Val::Code(truth(&value.code())),
            "list" => self.as_list(value, node),
            "json" => as_json(value),
            "ms" => duration(value, 1.0),
            "s" => duration(value, 1000.0),
            "wait" => duration(
                value,
                if matches!(name, "duration_ms" | "timeout") {
                    1.0
                } else {
                    1000.0
                },
            ),
            "body_json" => match as_json(value) {
                Val::Literal(Json::String(_)) | Val::Text(_) => return None,
                Val::Code(code) if code.kind == Kind::Text => return None,
                other => other,
            },
            "body_text" => match as_json(value) {
                value @ (Val::Literal(Json::String(_)) | Val::Text(_)) => value,
                Val::Code(code) if code.kind == Kind::Text => Val::Code(code),
                _ => return None,
            },
            "encoding" => match value
                .as_text()
                .map(|text| text.to_lowercase().replace('_', "-"))
            {
                Some(text) if matches!(&*text, "utf-8" | "utf8" | "auto") => return None,
                Some(text) => Val::text(text),
                None => value,
            },
            "selector" => selector(value),
            "key" => key(value),
            "file_name" => match value.as_text() {
                Some(text) => {
                    let name = text.rsplit(['/', '\\']).next().unwrap_or_default();
                    Val::text(name.rsplit_once('.').map_or(name, |(stem, _)| stem))
                }
                None => value,
            },
            "script" => script(value),
            _ => value,
        })
    }

    /// A number; a text may also be the name of a variable that holds one.
    fn as_number(&self, value: Val, node: NodeNo) -> Val {
        if let Some(code) = self.variable_named(&value, node) {
            return Val::Code(if code.kind == Kind::Number {
                code
            } else {
                code.filter("float", Kind::Number)
            });
        }
        match number(&value) {
            code if code.binding == Binding::Filter => Val::Code(code),
            code => literal_or_code(&value, code),
        }
    }

    /// A list: written as one, as JSON, as texts between commas, or the name of a variable.
    fn as_list(&self, value: Val, node: NodeNo) -> Val {
        if let Some(code) = self.variable_named(&value, node) {
            return Val::Code(code);
        }
        let Val::Literal(Json::String(text)) = &value else {
            return value;
        };
        if let Ok(list @ Json::Array(_)) = serde_json::from_str(text) {
            return Val::Literal(list);
        }
        let items = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        Val::Literal(items.map(|item| Json::String(item.to_owned())).collect())
    }

    fn variable_named(&self, value: &Val, node: NodeNo) -> Option<Code> {
        let name = value.as_text()?.trim();
        if !self.variables.contains_key(name) {
            return None;
        }
        self.resolve(name, self.reader(node))
    }

    /// Patterns that need more than a setting's value.
    fn special(
        &self,
        (kind, of): (&str, &Json),
        fields: &Map<String, Json>,
        node: NodeNo,
        form: &Successor,
        also: Option<&Also>,
        reader: Reader,
    ) -> Option<Val> {
        let one = |name: &str| self.setting(node, name, form, also, reader);
        let text = of.as_str().unwrap_or_default();
        let names = || of.as_array().into_iter().flatten().filter_map(Json::as_str);
        match kind {
            // The settings that are there, as a list.
            "items" => {
                let items: Vec<Val> = names()
                    .filter_map(one)
                    .filter(|value| !matches!(value, Val::Literal(Json::Null)))
                    .collect();
                if items.is_empty() && text.is_empty() && fields.len() == 1 && names().count() == 1
                {
                    return None;
                }
                Some(Val::List(items))
            }
            // `key_1`, `value_1`, … as a map.
            "pairs" => {
                let count = of.as_array().map_or(0, Vec::len);
                let mut entries = Vec::new();
                for number in 1..=count {
                    let Some(key) = one(&format!("key_{number}")).filter(|key| !key.is_empty())
                    else {
                        continue;
                    };
                    let value = one(&format!("value_{number}")).unwrap_or(Val::Literal(Json::Null));
                    if let Some(key) = key.as_text() {
                        entries.push((key.to_owned(), value));
                    } else {
                        return Some(computed_pairs(count, one));
                    }
                }
                Some(Val::Map(entries))
            }
            "format" => {
                let variables = fields.get("variables").and_then(Json::as_str).and_then(one);
                Some(formatted(one(text)?, variables.as_ref()))
            }
            "lost" => {
                self.remark(
                    Weight::Lost,
                    node,
                    format!("{text} has no equivalent; its result is none"),
                );
                None
            }
            // One row as a list of rows.
            "rows" => match as_json(one(text)?) {
                Val::Literal(Json::Array(rows)) if rows.iter().all(Json::is_array) => {
                    Some(Val::Literal(Json::Array(rows)))
                }
                Val::List(rows) if rows.iter().all(|row| row.kind() == Kind::List) => {
                    Some(Val::List(rows))
                }
                row => Some(Val::List(vec![row])),
            },
            // Selectors and values of a form.
            "fields" => match as_json(one(text)?) {
                Val::Literal(Json::Object(map)) => Some(Val::Map(
                    map.into_iter()
                        .map(|(name, value)| (css(&name), Val::Literal(value)))
                        .collect(),
                )),
                Val::Map(entries) => Some(Val::Map(
                    entries
                        .into_iter()
                        .map(|(name, value)| (css(&name), value))
                        .collect(),
                )),
                other => Some(other),
            },
            "database" => {
                let [address, kind, name] = ["connection_string", "db_type", "database"].map(one);
                if let Some(address) = address.filter(|address| !address.is_empty()) {
                    return Some(address);
                }
                let kind = kind
                    .as_ref()
                    .and_then(Val::as_text)
                    .unwrap_or("sqlite")
                    .to_owned();
                let name = name.filter(|name| !name.is_empty())?;
                if kind == "sqlite" {
                    return Some(name);
                }
                let part = |name: &str, default: &str| {
                    one(name).map_or_else(
                        || default.to_owned(),
                        |value| match as_text(value) {
                            Val::Literal(Json::String(text)) if !text.is_empty() => text,
                            _ => default.to_owned(),
                        },
                    )
                };
                let port = if kind == "mysql" { "3306" } else { "5432" };
                let address = format!(
                    "{kind}://{}:{}/",
                    part("host", "localhost"),
                    part("port", port)
                );
                Some(match name {
                    Val::Literal(Json::String(name)) => Val::text(format!("{address}{name}")),
                    other => Val::Text(vec![Segment::Plain(address), Segment::Code(other.code())]),
                })
            }
            // A map of one entry.
            "entry" => {
                let value = fields.get("value").and_then(Json::as_str).and_then(one);
                let (key, value) = (one(text)?, value.unwrap_or_else(|| Val::text("")));
                Some(if let Some(key) = key.as_text() {
                    Val::Map(vec![(key.to_owned(), value)])
                } else {
                    let text = format!("{{{}: {}}}", key.code().text, value.code().text);
                    Val::Code(Code::atom(text, Kind::Map))
                })
            }
            // The fields of a dialog, a list of maps, by their names.
            "form" => match as_json(one(text)?) {
                Val::Literal(Json::Array(list)) => {
                    let fields = list.iter().enumerate().map(|(place, field)| {
                        let name = ["name", "id", "key"]
                            .iter()
                            .find_map(|key| field[*key].as_str());
                        let name = name.map_or_else(
                            || format!("field_{}", place + 1),
                            super::names::sanitized,
                        );
                        let label = ["label", "title"]
                            .iter()
                            .find_map(|key| field[*key].as_str());
                        let mut question = Map::new();
                        if let Some(label) = label {
                            question.insert("label".to_owned(), label.into());
                        }
                        if let Some(default) = field.get("default").filter(|value| !value.is_null())
                        {
                            question.insert("default".to_owned(), default.clone());
                        }
                        (name, Val::Literal(question.into()))
                    });
                    Some(Val::Map(fields.collect()))
                }
                _ => None,
            },
            // Statements as one text.
            "batch" => match as_json(one(text)?) {
                Val::Literal(Json::Array(statements)) => {
                    let statements: Vec<&str> =
                        statements.iter().filter_map(Json::as_str).collect();
                    Some(Val::text(statements.join(
                        ";
",
                    )))
                }
                other => Some(other),
            },
            _ => None,
        }
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

fn as_whole(value: Val) -> Val {
    match &value {
        Val::Literal(Json::String(text)) => match text.trim().parse::<i64>() {
            Ok(number) => Val::Literal(number.into()),
            Err(_) => value,
        },
        Val::Literal(Json::Number(number)) if number.as_i64().is_none() => {
            let whole = number.as_f64().unwrap_or_default() as i64;
            Val::Literal(whole.into())
        }
        Val::Literal(_) => value,
        _ => Val::Code(value.code().filter("int", Kind::Number)),
    }
}

fn as_text(value: Val) -> Val {
    match &value {
        Val::Literal(Json::String(_)) | Val::Text(_) => value,
        Val::Literal(Json::Null) => Val::text(""),
        Val::Literal(other @ (Json::Number(_) | Json::Bool(_))) => Val::text(other.to_string()),
        _ if value.kind() == Kind::Text => value,
        _ => Val::Code(value.code().filter("string", Kind::Text)),
    }
}

fn as_bool(value: Val) -> Val {
    match &value {
        Val::Literal(Json::String(text)) => {
            let on = matches!(&*text.trim().to_lowercase(), "true" | "1" | "yes" | "on");
            Val::Literal(on.into())
        }
        Val::Literal(Json::Number(number)) => Val::Literal((number.as_f64() != Some(0.0)).into()),
        Val::Literal(_) => value,
        _ if value.kind() == Kind::Boolean => value,
        _ => Val::Code(value.code().filter("bool", Kind::Boolean)),
    }
}

/// `{name}` of a Python template, filled in.
fn formatted(template: Val, variables: Option<&Val>) -> Val {
    let Some(variables) = variables else {
        return template;
    };
    let segments = match template {
        Val::Literal(Json::String(text)) => vec![Segment::Plain(text)],
        Val::Text(segments) => segments,
        other => return other,
    };
    let value_of = |name: &str| -> Option<Val> {
        match variables {
            Val::Literal(Json::Object(map)) => Some(Val::Literal(map.get(name)?.clone())),
            Val::Map(entries) => entries
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone()),
            Val::Literal(_) => None,
            other => {
                let base = other.code().operand(Binding::Atom);
                Some(Val::Code(Code::atom(
                    crate::expression::member(&base, name),
                    Kind::Any,
                )))
            }
        }
    };
    let mut filled = Vec::new();
    for segment in segments {
        let Segment::Plain(text) = segment else {
            filled.push(segment);
            continue;
        };
        let mut rest = text.as_str();
        let mut plain = String::new();
        while let Some((before, after)) = rest.split_once('{') {
            plain.push_str(before);
            let found = after
                .split_once('}')
                .and_then(|(name, next)| Some((value_of(name)?, next)));
            if let Some(next) = after.strip_prefix('{') {
                plain.push('{');
                rest = next;
            } else if let Some((value, next)) = found {
                match value {
                    Val::Literal(Json::String(value)) => plain.push_str(&value),
                    value => {
                        filled.push(Segment::Plain(std::mem::take(&mut plain)));
                        filled.push(Segment::Code(value.code()));
                    }
                }
                rest = next;
            } else {
                plain.push('{');
                rest = after;
            }
        }
        plain.push_str(&rest.replace("}}", "}"));
        filled.push(Segment::Plain(plain));
    }
    filled.retain(|segment| !matches!(segment, Segment::Plain(text) if text.is_empty()));
    match filled.as_slice() {
        [] => Val::text(""),
        [Segment::Plain(text)] => Val::text(text.clone()),
        _ => Val::Text(filled),
    }
}

/// A selector: the original's are CSS or XPath, as told by their beginning.
fn selector(value: Val) -> Val {
    match &value {
        Val::Literal(Json::String(text)) => Val::text(css(text)),
        _ => value,
    }
}

fn css(text: &str) -> String {
    let text = text.trim();
    if text.starts_with("//") || text.starts_with("(//") || text.starts_with("xpath=") {
        let path = text.strip_prefix("xpath=").unwrap_or(text);
        return format!("xpath={path}");
    }
    let known = [
        "css=",
        "text=",
        "role=",
        "label=",
        "id=",
        "placeholder=",
        "testid=",
        "title=",
        "alt=",
    ];
    if known.iter().any(|prefix| text.starts_with(prefix)) {
        return text.to_owned();
    }
    format!("css={text}")
}

/// A key by the name that browsers know it by.
fn key(value: Val) -> Val {
    let Some(text) = value.as_text() else {
        return value;
    };
    let known = [
        "Enter",
        "Tab",
        "Escape",
        "Backspace",
        "Delete",
        "ArrowUp",
        "ArrowDown",
        "ArrowLeft",
        "ArrowRight",
        "Home",
        "End",
        "PageUp",
        "PageDown",
        "Space",
    ];
    let same = known.iter().find(|name| name.eq_ignore_ascii_case(text));
    same.map_or(value.clone(), |name| Val::text(*name))
}

/// The body of a function as a function.
fn script(value: Val) -> Val {
    match value {
        Val::Literal(Json::String(text)) if text.contains("return") && !text.contains("=>") => {
            Val::text(format!("() => {{ {} }}", text.replace("\\n", "\n")))
        }
        Val::Text(mut segments)
            if segments.iter().any(
                |segment| matches!(segment, Segment::Plain(text) if text.contains("return")),
            ) =>
        {
            for segment in &mut segments {
                if let Segment::Plain(text) = segment {
                    *text = text.replace("\\n", "\n");
                }
            }
            segments.insert(0, Segment::Plain("() => { ".to_owned()));
            segments.push(Segment::Plain(" }".to_owned()));
            Val::Text(segments)
        }
        other => other,
    }
}

fn as_json(value: Val) -> Val {
    match &value {
        Val::Literal(Json::String(text)) => serde_json::from_str(text).map_or(value, Val::Literal),
        _ => value,
    }
}

/// A duration, from a number of units of so many milliseconds.
fn duration(value: Val, unit: f64) -> Val {
    let number = match &value {
        Val::Literal(Json::Number(number)) => number.as_f64(),
        Val::Literal(Json::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    if let Some(number) = number {
        return Val::text(span(number * unit));
    }
    if matches!(value, Val::Literal(_)) {
        return value;
    }
    let code = value.code();
    let unit_name = if unit > 1.0 { "s" } else { "ms" };
    Val::Text(vec![
        Segment::Code(code),
        Segment::Plain(unit_name.to_owned()),
    ])
}

/// `ms` milliseconds as a duration.
pub(crate) fn span(ms: f64) -> String {
    let ms = ms.clamp(0.0, 1e15).round() as u64;
    if ms.is_multiple_of(1000) {
        format!("{}s", ms / 1000)
    } else {
        format!("{ms}ms")
    }
}

/// A pattern with flags, which stand inside it here.
fn flagged(value: Val, flags: &str) -> Val {
    if flags.is_empty() {
        return value;
    }
    let flags = format!("(?{flags})");
    match value {
        Val::Literal(Json::String(text)) => Val::text(format!("{flags}{text}")),
        Val::Text(mut segments) => {
            segments.insert(0, Segment::Plain(flags));
            Val::Text(segments)
        }
        other => Val::Text(vec![Segment::Plain(flags), Segment::Code(other.code())]),
    }
}

/// A map whose keys are computed.
fn computed_pairs(count: usize, one: impl Fn(&str) -> Option<Val>) -> Val {
    let mut entries = Vec::new();
    for number in 1..=count {
        if let Some(key) = one(&format!("key_{number}")).filter(|key| !key.is_empty()) {
            let value = one(&format!("value_{number}")).unwrap_or(Val::Literal(Json::Null));
            entries.push(format!("{}: {}", key.code().text, value.code().text));
        }
    }
    Val::Code(Code::atom(format!("{{{}}}", entries.join(", ")), Kind::Map))
}
