//! What a setting of another tool becomes: a literal, an expression, or a text with expressions.

use serde_json::Value as Json;

/// What kind of value an expression is known to yield.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Text,
    Boolean,
    List,
    Map,
    #[default]
    Any,
}

impl Kind {
    /// The kind of a literal.
    pub(crate) fn of(value: &Json) -> Self {
        match value {
            Json::Number(_) => Self::Number,
            Json::String(_) => Self::Text,
            Json::Bool(_) => Self::Boolean,
            Json::Array(_) => Self::List,
            Json::Object(_) => Self::Map,
            Json::Null => Self::Any,
        }
    }
}

/// How tightly the outermost operator of an expression binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Binding {
    Choice,
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Sign,
    Filter,
    Atom,
}

/// An expression of Casare.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Code {
    pub(crate) text: String,
    pub(crate) kind: Kind,
    pub(crate) binding: Binding,
}

impl Code {
    pub(crate) fn atom(text: impl Into<String>, kind: Kind) -> Self {
        Self {
            text: text.into(),
            kind,
            binding: Binding::Atom,
        }
    }

    pub(crate) fn new(text: impl Into<String>, kind: Kind, binding: Binding) -> Self {
        Self {
            text: text.into(),
            kind,
            binding,
        }
    }

    /// Its text as an operand of something that binds as tightly as `binding`.
    pub(crate) fn operand(&self, binding: Binding) -> String {
        if self.binding >= binding {
            self.text.clone()
        } else {
            format!("({})", self.text)
        }
    }

    /// This value through a filter, such as `round(2)`.
    pub(crate) fn filter(&self, filter: &str, kind: Kind) -> Self {
        Self::new(
            format!("{} | {filter}", self.operand(Binding::Filter)),
            kind,
            Binding::Filter,
        )
    }
}

/// A setting.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Val {
    Literal(Json),
    Code(Code),
    Text(Vec<Segment>),
    List(Vec<Val>),
    Map(Vec<(String, Val)>),
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Segment {
    Plain(String),
    Code(Code),
}

impl Val {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Literal(Json::String(text.into()))
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Literal(value) => Kind::of(value),
            Self::Code(code) => code.kind,
            Self::Text(_) => Kind::Text,
            Self::List(_) => Kind::List,
            Self::Map(_) => Kind::Map,
        }
    }

    /// As it stands in a workflow file.
    pub(crate) fn setting(&self) -> Json {
        match self {
            Self::Literal(value) => escaped(value),
            Self::Code(code) => Json::String(format!("{{{{ {} }}}}", code.text)),
            Self::Text(segments) => {
                let mut text = String::new();
                for segment in segments {
                    match segment {
                        Segment::Plain(plain) => text.push_str(&escaped_text(plain)),
                        Segment::Code(code) => {
                            text.push_str("{{ ");
                            text.push_str(&code.text);
                            text.push_str(" }}");
                        }
                    }
                }
                Json::String(text)
            }
            Self::List(items) => items.iter().map(Self::setting).collect(),
            Self::Map(entries) => entries
                .iter()
                .map(|(key, value)| (key.clone(), value.setting()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// As an expression.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Literal(value) => literal(value),
            Self::Code(code) => code.clone(),
            Self::Text(segments) => {
                let parts: Vec<String> = segments
                    .iter()
                    .map(|segment| match segment {
                        Segment::Plain(plain) => quoted(plain),
                        Segment::Code(code) => code.operand(Binding::Filter),
                    })
                    .collect();
                Code::new(parts.join(" ~ "), Kind::Text, Binding::Comparison)
            }
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(|item| item.code().text).collect();
                Code::atom(format!("[{}]", items.join(", ")), Kind::List)
            }
            Self::Map(entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{}: {}", quoted(key), value.code().text))
                    .collect();
                Code::atom(format!("{{{}}}", entries.join(", ")), Kind::Map)
            }
        }
    }

    /// The text, where it is one without expressions.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Literal(Json::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Literal(Json::Null) => true,
            Self::Literal(Json::String(text)) => text.is_empty(),
            _ => false,
        }
    }
}

/// A literal, so that nothing in it is taken for an expression.
fn escaped(value: &Json) -> Json {
    match value {
        Json::String(text) => Json::String(escaped_text(text)),
        Json::Array(items) => items.iter().map(escaped).collect(),
        Json::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), escaped(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// Plain text with `{{`, `{%` and `{#` written so that they stay text.
pub(crate) fn escaped_text(text: &str) -> String {
    if !text.contains("{{") && !text.contains("{%") && !text.contains("{#") {
        return text.to_owned();
    }
    let mut written = String::new();
    let mut rest = text;
    while let Some(at) = rest
        .find("{{")
        .into_iter()
        .chain(rest.find("{%"))
        .chain(rest.find("{#"))
        .min()
    {
        written.push_str(&rest[..at]);
        // The whole placeholder, so that it reads well.
        let end = rest[at..].find("}}").map_or(2, |end| {
            let length = end + 2;
            if length <= 80 && !rest[at..at + end].contains('\n') {
                length
            } else {
                2
            }
        });
        written.push_str("{{ ");
        written.push_str(&quoted(&rest[at..at + end]));
        written.push_str(" }}");
        rest = &rest[at + end..];
    }
    written.push_str(rest);
    written
}

/// A text as expressions write it.
pub(crate) fn quoted(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push('\'');
    for letter in text.chars() {
        match letter {
            '\'' => written.push_str("\\'"),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            other => written.push(other),
        }
    }
    written.push('\'');
    written
}

/// A value as expressions write it.
pub(crate) fn literal(value: &Json) -> Code {
    let kind = Kind::of(value);
    match value {
        Json::Null => Code::atom("none", kind),
        Json::Bool(value) => Code::atom(value.to_string(), kind),
        Json::Number(number) => {
            let text = number.to_string();
            let binding = if text.starts_with('-') {
                Binding::Sign
            } else {
                Binding::Atom
            };
            Code::new(text, kind, binding)
        }
        Json::String(text) => Code::atom(quoted(text), kind),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| literal(item).text).collect();
            Code::atom(format!("[{}]", items.join(", ")), kind)
        }
        Json::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", quoted(key), literal(value).text))
                .collect();
            Code::atom(format!("{{{}}}", entries.join(", ")), kind)
        }
    }
}

/// Whether expressions can write `name` after a dot or alone.
pub(crate) fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// `base.name`, or `base['name']` where a dot would not do.
pub(crate) fn member(base: &str, name: &str) -> String {
    if is_identifier(name) {
        format!("{base}.{name}")
    } else {
        format!("{base}[{}]", quoted(name))
    }
}
