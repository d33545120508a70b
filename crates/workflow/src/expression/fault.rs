//! What can go wrong, said plainly.

use minijinja::ErrorKind;

use super::{
    functions,
    tree::{At, Call, CompareOp, Expr, MathOp},
};
use crate::{
    Value,
    value::{kind_name, pairs},
};

/// What is wrong, before it is known in which setting. One pointer: results stay small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Details {
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) at: At,
    is_missing: bool,
}

impl Fault {
    pub(super) fn new(at: At, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            message: message.into(),
            help: None,
            at,
            is_missing: false,
        }))
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    fn missing(mut self) -> Self {
        self.0.is_missing = true;
        self
    }

    /// A name, attribute or item is missing: `default` and `is defined` forgive it.
    pub(super) fn is_missing(&self) -> bool {
        self.0.is_missing
    }

    pub(super) fn message(&self) -> &str {
        &self.0.message
    }

    pub(super) fn into_details(self) -> Details {
        *self.0
    }

    /// `name` is not a name of the scope.
    pub(super) fn unknown_name(at: At, name: &str, known: &[String]) -> Self {
        let did_you_mean = match closest(name, known.iter().map(String::as_str)) {
            Some(known) => format!("; did you mean `{known}`?"),
            None => String::new(),
        };
        let fault = Self::new(at, format!("`{name}` is not defined{did_you_mean}")).missing();
        if did_you_mean.is_empty() {
            fault.help(offered("Defined here", known))
        } else {
            fault
        }
    }

    /// `base` (whose value is `value`) has no attribute or item `key`.
    pub(super) fn no_attribute(at: At, base: &Expr, value: &Value, key: &Value) -> Self {
        let base_name = base.written();
        let Some(here) = base_name.as_deref() else {
            return Self::no_attribute_of_unnamed(at, value, key);
        };
        let written = |key: &str| format!("{here}{}", super::tree::attribute(key));
        let fault = match (key.as_str(), value.is_none(), is_map(value)) {
            (_, true, _) => {
                let name = base_name.map_or_else(|| "the value".into(), |name| format!("`{name}`"));
                Self::new(at, format!("{name} is none, so it has no `{key}`"))
                    .help("Check it first, as in `{{ x.y if x else '' }}`, or see why it is empty")
            }
            (Some(key), _, true) => return Self::no_key(at, &written(key), key, value, &written),
            (None, _, true) => Self::new(at, format!("`{here}` has no key {key}")),
            (None, ..) if key.is_integer() && value.len().is_some() => {
                let count = value.len().unwrap_or_default();
                let what = match count {
                    0 => "it is empty".to_owned(),
                    1 => "it has 1 item, number 0".to_owned(),
                    _ => format!("it has {count} items, numbered from 0 to {}", count - 1),
                };
                Self::new(at, format!("`{here}` has no item {key}: {what}"))
            }
            (Some(key), ..) if value.as_object().is_some() => Self::new(
                at,
                format!("`{here}` is {}, so it has no `{key}`", an(value)),
            )
            .help(format!(
                "Take one item first, as in `{here}[0]{}`, or loop over the list",
                super::tree::attribute(key)
            )),
            _ => Self::new(
                at,
                format!("`{here}` is {}, so it has no `{key}`", an(value)),
            ),
        };
        fault.missing()
    }

    fn no_attribute_of_unnamed(at: At, value: &Value, key: &Value) -> Self {
        let fault = Self::new(at, format!("{} has no `{key}`", an(value))).missing();
        if is_map(value) {
            let known = pairs(value).take(1000).map(|(key, _)| key.to_string());
            fault.help(offered("Defined there", &known.collect::<Vec<_>>()))
        } else {
            fault
        }
    }

    fn no_key(
        at: At,
        whole: &str,
        key: &str,
        map: &Value,
        written: &dyn Fn(&str) -> String,
    ) -> Self {
        let known: Vec<String> = pairs(map)
            .take(1000)
            .filter_map(|(key, _)| key.as_str().map(str::to_owned))
            .collect();
        match closest(key, known.iter().map(String::as_str)) {
            Some(near) => Self::new(
                at,
                format!(
                    "`{whole}` is not defined; did you mean `{}`?",
                    written(near)
                ),
            ),
            None => Self::new(at, format!("`{whole}` is not defined"))
                .help(offered("Defined there", &known)),
        }
        .missing()
    }

    /// The operands do not go together.
    pub(super) fn math(op: MathOp, at: At, sides: (&Expr, &Value), other: (&Expr, &Value)) -> Self {
        let (left, right) = (sides.1, other.1);
        let divides = matches!(op, MathOp::Div | MathOp::FloorDiv | MathOp::Rem);
        if left.is_number() && right.is_number() {
            return if divides && !right.is_true() {
                let by = other.0.written().map(|name| format!(": `{name}` is 0"));
                Self::new(at, format!("division by zero{}", by.unwrap_or_default()))
                    .help("Guard it, as in `{{ a / b if b else 0 }}`")
            } else if op == MathOp::Pow && !left.is_true() {
                Self::new(at, "zero can't be raised to a negative power")
            } else {
                Self::new(at, format!("the result of `{}` is too large", op.symbol()))
            };
        }
        let message = format!(
            "can't {} {} and {}",
            op.verb(),
            described(sides.0, left),
            described(other.0, right)
        );
        let fault = Self::new(at, message);
        match (left, right) {
            (side, _) | (_, side) if side.is_none() => {
                fault.help("Give the empty one a value, as in `(x or 0)`")
            }
            _ if op == MathOp::Add && (is_text(left) || is_text(right)) => fault.help(
                "To add numbers, convert the text: `x | int` or `x | float`. To join texts, write `~` instead of `+`",
            ),
            _ if is_text(left) || is_text(right) => {
                fault.help("Convert the text to a number: `x | int` or `x | float`")
            }
            _ => fault,
        }
    }

    /// `-` before something that is no number.
    pub(super) fn negative(at: At, expr: &Expr, value: &Value) -> Self {
        let fault = Self::new(at, format!("can't negate {}", described(expr, value)));
        if is_text(value) {
            fault.help("Convert the text to a number: `x | int` or `x | float`")
        } else {
            fault
        }
    }

    /// The values can't be ordered.
    pub(super) fn compare(
        op: CompareOp,
        at: At,
        left: (&Expr, &Value),
        right: (&Expr, &Value),
    ) -> Self {
        let message = if matches!(op, CompareOp::In | CompareOp::NotIn) {
            format!(
                "can't look for {} in {}",
                described(left.0, left.1),
                described(right.0, right.1)
            )
        } else {
            format!(
                "can't compare {} with {}",
                described(left.0, left.1),
                described(right.0, right.1)
            )
        };
        let fault = Self::new(at, message);
        if is_text(left.1) != is_text(right.1) && (left.1.is_number() || right.1.is_number()) {
            fault.help("Convert the text to a number: `x | int` or `x | float`")
        } else {
            fault
        }
    }

    /// A filter, test or function failed.
    pub(super) fn call(call: &Call, sort: functions::Sort, error: &minijinja::Error) -> Self {
        let shown = sort.shown(&call.name);
        let detail = error.detail().map(plain);
        let message = match (error.kind(), detail) {
            (ErrorKind::OutOfFuel, _) => return Self::too_long(call.at),
            (ErrorKind::MissingArgument, None) => format!("{shown} needs more values"),
            (ErrorKind::TooManyArguments, None) => format!("{shown} takes fewer values"),
            (ErrorKind::TooManyArguments, Some(detail)) => {
                format!("{shown}: {}", detail.replace("keyword argument", "option"))
            }
            (ErrorKind::UnknownFilter, _) => format!("{shown}: there is no such filter"),
            (ErrorKind::UnknownTest, _) => format!("{shown}: there is no such test"),
            (ErrorKind::UndefinedError, None) => format!("{shown}: a value is missing"),
            (_, Some(detail)) => format!("{shown}: {detail}"),
            (kind, None) => format!("{shown}: {kind}"),
        };
        let fault = Self::new(call.at, message);
        match sort.usage(&call.name) {
            Some(usage) => fault.help(format!("Usage: {usage}")),
            None => fault,
        }
    }

    /// none, piped into a filter of texts, numbers or dates.
    pub(super) fn nothing_to_work_on(call: &Call) -> Self {
        let name = call.value.as_ref().and_then(Expr::written);
        let what = name.map_or_else(|| "the value".into(), |name| format!("`{name}`"));
        Self::new(
            call.at,
            format!("`| {}` has nothing to work on: {what} is none", call.name),
        )
        .help(format!(
            "Give it a value, as in `x | default('', true) | {}`",
            call.name
        ))
    }

    /// A list or map, piped into a filter of texts.
    pub(super) fn wants_text(call: &Call, value: &Value) -> Self {
        let name = call.value.as_ref().and_then(Expr::written);
        let what = name.map_or_else(|| "the value".into(), |name| format!("`{name}`"));
        let (filter, is) = (&call.name, an(value));
        Self::new(call.at, format!("`| {filter}` works on text, and {what} is {is}")).help(format!(
            "For each item of a list, write `… | map('{filter}')`; for all as one text, `… | join(', ')`"
        ))
    }

    pub(super) fn option_is_none(call: &Call) -> Self {
        let name = &call.name;
        Self::new(
            call.at,
            format!("`| {name}`: one of the values in the brackets is none"),
        )
    }

    /// A filter has no result: the first item of an empty list.
    pub(super) fn nothing_found(call: &Call, sort: functions::Sort) -> Self {
        let from = match call.value.as_ref().and_then(Expr::written) {
            Some(name) => format!(" in `{name}`"),
            None => String::new(),
        };
        let shown = sort.shown(&call.name);
        Self::new(call.at, format!("{shown} found nothing{from}"))
            .help(format!(
                "Give a default, as in `| {} | default('')`",
                call.name
            ))
            .missing()
    }

    pub(super) fn too_long(at: At) -> Self {
        Self::new(at, "this expression takes too much work and was stopped")
            .help("Loop over the items with `flow.for_each`, or do the work in a script step")
    }

    pub(super) fn too_large(at: At) -> Self {
        Self::new(at, "this makes a text of more than 64 MiB")
            .help("Write large data to a file piece by piece")
    }

    pub(super) fn too_deep(at: At) -> Self {
        Self::new(
            at,
            "this nests lists or maps in each other more than 100 levels deep",
        )
        .help("To add to a list, write `list + [item]` rather than `[list, item]`")
    }

    /// An item of a lazy list could not be read.
    pub(super) fn unreadable(at: At, error: &minijinja::Error) -> Self {
        if error.kind() == ErrorKind::OutOfFuel {
            return Self::too_long(at);
        }
        let what = error.detail().map_or_else(|| error.to_string(), plain);
        Self::new(at, what)
    }
}

/// minijinja's words in ours.
fn plain(detail: &str) -> String {
    let mut text = detail.to_owned();
    for (theirs, ours) in [
        (
            "tried to use + operator on unsupported types ",
            "can't add ",
        ),
        ("unsigned integer", "whole number"),
        ("value of type ", ""),
        ("sequence", "list"),
        ("iterator", "list"),
        ("string", "text"),
        (" to i64", " to a whole number"),
        (" to i32", " to a whole number"),
        (" to usize", " to a whole number from 0"),
        (" to f64", " to a number"),
        (" to bool", " to true or false"),
    ] {
        if text.contains(theirs) {
            text = text.replace(theirs, ours);
        }
    }
    text
}

fn is_text(value: &Value) -> bool {
    value.kind() == minijinja::value::ValueKind::String
}

fn is_map(value: &Value) -> bool {
    value.kind() == minijinja::value::ValueKind::Map
}

/// `a list`, `text`, `none`: what `value` is.
pub(super) fn an(value: &Value) -> String {
    match kind_name(value) {
        name @ ("text" | "none" | "undefined" | "bytes") => name.to_owned(),
        name => format!("a {name}"),
    }
}

fn described(expr: &Expr, value: &Value) -> String {
    match expr.written() {
        Some(name) => format!("`{name}` ({})", kind_name(value)),
        None => an(value),
    }
}

fn offered(lead: &str, names: &[String]) -> String {
    match names {
        [] => format!("{lead}: nothing"),
        names if names.len() > 12 => format!(
            "{lead}: `{}` and {} more",
            names[..10].join("`, `"),
            names.len() - 10
        ),
        names => format!("{lead}: `{}`", names.join("`, `")),
    }
}

/// The one of `known` that `name` was probably meant to be.
pub(super) fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    known
        .filter(|other| *other != name && other.len() <= 100)
        .map(|other| {
            let likeness = strsim::normalized_damerau_levenshtein(&wanted, &other.to_lowercase());
            (likeness, other)
        })
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}
