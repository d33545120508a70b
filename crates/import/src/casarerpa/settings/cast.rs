//! Values as the kinds that settings want.

use super::literal_or_code;
use serde_json::Value as Json;

use crate::{
    casarerpa::{graph::NodeNo, names::Context},
    expression::{Binding, Code, Kind, Segment, Val, number, truth},
};

impl Context<'_> {
    /// `value` as the successor takes it; `None` to leave the setting out.
    pub(super) fn cast(&self, value: Val, cast: &str, node: NodeNo, name: &str) -> Option<Val> {
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
    pub(super) fn as_number(&self, value: Val, node: NodeNo) -> Val {
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
    pub(super) fn as_list(&self, value: Val, node: NodeNo) -> Val {
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

    pub(super) fn variable_named(&self, value: &Val, node: NodeNo) -> Option<Code> {
        let name = value.as_text()?.trim();
        if !self.variables.contains_key(name) {
            return None;
        }
        self.resolve(name, self.reader(node))
    }
}

pub(super) fn as_whole(value: Val) -> Val {
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

pub(super) fn as_text(value: Val) -> Val {
    match &value {
        Val::Literal(Json::String(_)) | Val::Text(_) => value,
        Val::Literal(Json::Null) => Val::text(""),
        Val::Literal(other @ (Json::Number(_) | Json::Bool(_))) => Val::text(other.to_string()),
        _ if value.kind() == Kind::Text => value,
        _ => Val::Code(value.code().filter("string", Kind::Text)),
    }
}

pub(super) fn as_bool(value: Val) -> Val {
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

/// A selector: the original's are CSS or XPath, as told by their beginning.
pub(super) fn selector(value: Val) -> Val {
    match &value {
        Val::Literal(Json::String(text)) => Val::text(css(text)),
        _ => value,
    }
}

pub(super) fn css(text: &str) -> String {
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
pub(super) fn key(value: Val) -> Val {
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
pub(super) fn script(value: Val) -> Val {
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

pub(super) fn as_json(value: Val) -> Val {
    match &value {
        Val::Literal(Json::String(text)) => serde_json::from_str(text).map_or(value, Val::Literal),
        _ => value,
    }
}

/// A duration, from a number of units of so many milliseconds.
pub(super) fn duration(value: Val, unit: f64) -> Val {
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
