//! Filters, tests and functions: what there is, and where it is implemented.
//!
//! Each has a [`Function`] with an example that is also its test.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, LazyLock},
};

use minijinja::{
    Environment, Error, ErrorKind, UndefinedBehavior,
    value::{Enumerator, Object, ObjectRepr},
};

use super::{
    fault::{Fault, closest},
    tree::{At, Takes},
};
use crate::Value;

mod dates;
mod encodings;
mod lists;
mod maps;
mod numbers;
mod regexes;
mod tests;
mod text;

/// Work that filters may do in one evaluation, in minijinja's units: sorting a million items takes
/// two thirds of it.
const FUEL: u64 = 32_000_000;

/// How something is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sort {
    /// `value | name(…)`
    Filter,
    /// `value is name`
    Test,
    /// `name(…)`
    Function,
}

/// What a filter, test or function says about itself, for manuals and completion.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// How it is called.
    pub sort: Sort,
    /// Its name.
    pub name: &'static str,
    /// Its group: `text`, `numbers`, `dates`, `lists`, `maps`, `formats`, `tests`.
    pub group: &'static str,
    /// How to write it, with its parameters.
    pub usage: &'static str,
    /// What it yields, in one sentence.
    pub says: &'static str,
    /// An expression that needs no names.
    pub example: &'static str,
    /// What the example yields, as JSON.
    pub yields: &'static str,
}

/// Every filter, test and function, by group.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    GROUPS.iter().flat_map(|group| group.iter())
}

const GROUPS: [&[Function]; 8] = [
    text::FUNCTIONS,
    regexes::FUNCTIONS,
    numbers::FUNCTIONS,
    dates::FUNCTIONS,
    lists::FUNCTIONS,
    maps::FUNCTIONS,
    encodings::FUNCTIONS,
    tests::FUNCTIONS,
];

static BY_NAME: LazyLock<HashMap<(Sort, &'static str), &'static Function>> = LazyLock::new(|| {
    functions()
        .map(|function| ((function.sort, function.name), function))
        .collect()
});

/// minijinja's built-ins and ours. Templates can't load others, and values can't be changed in
/// place: there is no `namespace`.
pub(super) static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_debug(false);
    for name in ["namespace", "debug"] {
        environment.remove_global(name);
    }
    environment.add_function("range", range);
    text::register(&mut environment);
    regexes::register(&mut environment);
    numbers::register(&mut environment);
    dates::register(&mut environment);
    lists::register(&mut environment);
    maps::register(&mut environment);
    encodings::register(&mut environment);
    tests::register(&mut environment);
    environment
});

impl Sort {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Test => "test",
            Self::Function => "function",
        }
    }

    pub(super) fn shown(self, name: &str) -> String {
        match self {
            Self::Filter => format!("`| {name}`"),
            Self::Test => format!("`is {name}`"),
            Self::Function => format!("`{name}()`"),
        }
    }

    pub(super) fn find(self, name: &str) -> Option<&'static Function> {
        // The map's keys are static, the name is not: look it up through a shorter borrow.
        let by_name: &HashMap<(Self, &str), &'static Function> = &BY_NAME;
        by_name.get(&(self, name)).copied()
    }

    pub(super) fn has(self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// That there is one, or which was probably meant.
    pub(super) fn require(self, name: &str, at: At) -> Result<(), Fault> {
        if self.has(name) {
            return Ok(());
        }
        let what = self.word();
        let message = format!("there is no {what} `{name}`");
        Err(match closest(name, self.names()) {
            _ if self == Self::Function && matches!(name, "now" | "today") => {
                Fault::new(at, message)
                    .help("Expressions don't look at the clock; the run began at `run.started_at`")
            }
            _ if self == Self::Function && Self::Filter.has(name) => Fault::new(at, message)
                .help(format!("`{name}` is a filter: write `value | {name}`")),
            Some(near) => Fault::new(at, format!("{message}; did you mean `{near}`?")),
            None => Fault::new(at, message),
        })
    }

    pub(super) fn usage(self, name: &str) -> Option<&'static str> {
        self.find(name).map(|function| function.usage)
    }

    pub(super) fn takes(self, name: &str) -> Takes {
        let group = match self {
            Self::Filter => self.find(name).map(|function| function.group),
            _ => None,
        };
        let takes_none = matches!(
            name,
            "default" | "d" | "string" | "bool" | "int" | "float" | "get" | "to_json" | "tojson"
        );
        match (name, group) {
            _ if takes_none || group.is_none() => Takes::Anything,
            ("contains", _) => Takes::Something,
            (_, Some("text" | "dates")) | ("from_json" | "base64_decode" | "urldecode", _) => {
                Takes::Text
            }
            _ => Takes::Something,
        }
    }

    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        functions()
            .filter(move |function| function.sort == self)
            .map(|function| function.name)
    }
}

/// An error that says `message`.
fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// A text in a message: not too long.
fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}

/// Whole numbers, computed as they are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    start: i64,
    step: i64,
    count: u64,
}

/// `range(5)`, `range(1, 6)`, `range(10, 0, -1)`: the last bound is not in it.
fn range(first: i64, stop: Option<i64>, step: Option<i64>) -> Result<Value, Error> {
    let (start, stop) = stop.map_or((0, first), |stop| (first, stop));
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(wrong("the step can't be 0"));
    }
    let distance = (i128::from(stop) - i128::from(start)) * i128::from(step.signum());
    let stride = i128::from(step).abs();
    let count = u64::try_from((distance + stride - 1).max(0) / stride).unwrap_or(0);
    if usize::try_from(count).is_err() || i64::try_from(count).is_err() {
        return Err(wrong("the range is too long"));
    }
    Ok(Value::from_object(Range { start, step, count }))
}

impl Range {
    pub(super) fn contains(self, number: i64) -> bool {
        let offset = i128::from(number) - i128::from(self.start);
        let step = i128::from(self.step);
        offset % step == 0 && (0..i128::from(self.count)).contains(&(offset / step))
    }

    fn at(self, index: u64) -> Option<Value> {
        if index >= self.count {
            return None;
        }
        let offset = i64::try_from(index).ok()?.checked_mul(self.step)?;
        self.start.checked_add(offset).map(Value::from)
    }
}

impl Object for Range {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let index = key.as_i64()?;
        let index = if index < 0 {
            self.count.checked_sub(index.unsigned_abs())?
        } else {
            index.unsigned_abs()
        };
        self.at(index)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let range = **self;
        let count = usize::try_from(range.count).unwrap_or(usize::MAX);
        Enumerator::Iter(Box::new(
            (0..count).map(move |index| range.at(index as u64).unwrap_or_default()),
        ))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        usize::try_from(self.count).ok()
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} numbers from {}>", self.count, self.start)
    }
}

/// Writes a [`Function`] in one line of a table.
macro_rules! table {
    ($group:literal, $sort:ident: $($usage:literal, $says:literal, $example:literal => $yields:literal;)*) => {
        &[$($crate::expression::functions::Function {
            sort: $crate::expression::functions::Sort::$sort,
            name: $crate::expression::functions::name_in($usage),
            group: $group,
            usage: $usage,
            says: $says,
            example: $example,
            yields: $yields,
        },)*]
    };
}
use table;

/// `pad_left(width)` is `pad_left`.
const fn name_in(usage: &'static str) -> &'static str {
    let bytes = usage.as_bytes();
    let mut end = 0;
    while end < bytes.len() && bytes[end] != b'(' && bytes[end] != b' ' {
        end += 1;
    }
    usage.split_at(end).0
}
