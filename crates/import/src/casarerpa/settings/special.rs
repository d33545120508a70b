//! Patterns that need more than the value of a setting.

use super::{
    Also,
    cast::{as_json, as_text, css},
};
use serde_json::{Map, Value as Json};

use crate::{
    casarerpa::{
        graph::NodeNo,
        names::{Context, Reader},
    },
    expression::{Binding, Code, Kind, Segment, Val},
    library::Successor,
    report::Weight,
};

impl Context<'_> {
    /// Patterns that need more than a setting's value.
    pub(super) fn special(
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
                            crate::casarerpa::names::sanitized,
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
}

/// `{name}` of a Python template, filled in.
pub(super) fn formatted(template: Val, variables: Option<&Val>) -> Val {
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

/// A pattern with flags, which stand inside it here.
pub(super) fn flagged(value: Val, flags: &str) -> Val {
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
pub(super) fn computed_pairs(count: usize, one: impl Fn(&str) -> Option<Val>) -> Val {
    let mut entries = Vec::new();
    for number in 1..=count {
        if let Some(key) = one(&format!("key_{number}")).filter(|key| !key.is_empty()) {
            let value = one(&format!("value_{number}")).unwrap_or(Val::Literal(Json::Null));
            entries.push(format!("{}: {}", key.code().text, value.code().text));
        }
    }
    Val::Code(Code::atom(format!("{{{}}}", entries.join(", ")), Kind::Map))
}
