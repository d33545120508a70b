//! `{{ }}`: compiling and evaluating expressions.
//!
//! A setting is compiled once to a [`Template`] and evaluated in a [`Scope`] as often as needed.
//! The language is minijinja's (its parser, its values, its built-in filters); the evaluator is
//! our own: it is an order of magnitude faster on the short expressions of workflows, and knows
//! enough to say what is wrong.
//!
//! - A text that is one `{{ expression }}` (blanks around it do not count) keeps the type of its
//!   value. Any other text with `{{` or `{%` yields text. Lists and maps are compiled item by
//!   item; keys of maps are taken as written.
//! - In texts, none is written as nothing, true and false as `true` and `false`, numbers without a
//!   needless `.0`, lists and maps as JSON. `~`, `| string` and `| join` write the same. A
//!   statement alone on its line leaves no empty line; a last newline is kept.
//! - What is missing (a name, an attribute, an item) is an error that says what is there, except
//!   under `is defined`, `is undefined` and `| default(…)`.
//! - `<`, `<=`, `>` and `>=` compare numbers with numbers and texts with texts; anything else is an
//!   error. `==` between different types is false.
//! - Expressions are pure: no time, no chance, no files. What changes comes from the scope, such as
//!   `run.started_at`.
//! - Lists are plain or lazy ([`crate::value::Stream`], `range`). Filters that need all items read
//!   a stream to its end and keep what they yield in memory; so does `stream[a:b]`. To go over a
//!   large stream, loop over it.
//! - Endless work, texts over 64 MiB, lists over five million items and nesting over 100 levels are
//!   refused.
//! - There are no macros, includes, `namespace` or methods (`x.upper()`; write `x | upper`).
//!
//! # Filters
//!
//! | group | filters |
//! |---|---|
//! | text | `upper` `lower` `title` `capitalize` `trim` `replace` `split` `lines` `pad_left` `pad_right` `truncate` `slug` `starts_with` `ends_with` `contains` `format` `indent` `escape` `string` `regex_match` `regex_find` `regex_find_all` `regex_replace` |
//! | numbers | `int` `float` `round` `abs` `bool` `format_number` `parse_number` |
//! | dates | `parse_date` `format_date` `date_add` `date_diff` `start_of` `end_of` `weekday` `to_timezone` |
//! | lists | `length` `first` `last` `min` `max` `sum` `avg` `sort` `unique` `reverse` `join` `map` `select` `reject` `selectattr` `rejectattr` `where` `group_by` `flatten` `chunk` `zip` `chain` `slice` `compact` `index_of` `list` |
//! | maps | `default` `keys` `values` `items` `dictsort` `merge` `pick` `omit` `get` |
//! | formats | `to_json` `from_json` `base64_encode` `base64_decode` `urlencode` `urldecode` |
//!
//! Functions are `range` and `dict`. [`functions`] has them all, and the tests (`is …`), with
//! usage, meaning and an example each.

use std::{fmt, sync::Arc};

use serde_json::Value as Json;

use crate::{DocPath, Value, value::from_json};

mod eval;
mod fault;
mod functions;
mod lower;
mod ops;
mod parse;
mod render;
mod settle;
mod tree;

pub use functions::{Function, Sort, functions};

use eval::Evaluation;
use fault::Fault;
use lower::{Content, Use};
use settle::settled;
use tree::{Expr, Part};

/// What the names in an expression mean: `vars`, `steps`, `inputs`, …
///
/// A map [`Value`] is a scope; the engine answers names without building one.
pub trait Scope: Send + Sync {
    /// The value of `name`; `None` where there is no such name.
    fn get(&self, name: &str) -> Option<Value>;

    /// The value of `name.attr`, for scopes that can answer it with one look-up.
    ///
    /// `None` where either is missing: the evaluator then asks [`Scope::get`] to say which.
    fn get_attr(&self, name: &str, attr: &str) -> Option<Value> {
        let value = self.get(name)?.get_attr(attr).ok()?;
        (!value.is_undefined()).then_some(value)
    }

    /// Every name, for "did you mean".
    fn names(&self) -> Vec<String>;
}

impl Scope for Value {
    fn get(&self, name: &str) -> Option<Value> {
        self.get_attr(name)
            .ok()
            .filter(|value| !value.is_undefined())
    }

    fn names(&self) -> Vec<String> {
        crate::value::pairs(self)
            .filter_map(|(key, _)| key.as_str().map(str::to_owned))
            .collect()
    }
}

/// A setting, compiled: literals, expressions and texts with holes, in lists and maps.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct Template(Node);

#[derive(Clone)]
enum Node {
    Literal(Value),
    Expression(Arc<Compiled<Expr>>),
    Text(Arc<Compiled<Vec<Part>>>),
    List(Arc<[Node]>),
    Map(Arc<[(Value, Node)]>),
}

struct Compiled<T> {
    body: T,
    /// What is evaluated only looks values up, so that they are passed on as they are.
    is_lookup: bool,
    source: Box<str>,
    at: DocPath,
    uses: Vec<Use>,
}

impl Template {
    /// Compiles a setting as it is written in a file.
    ///
    /// # Errors
    ///
    /// Bad syntax, unknown filters, tests and functions, with the place in the setting.
    pub fn compile(setting: &Json) -> Result<Self, ExpressionError> {
        Node::compile(setting, &DocPath::default()).map(Self)
    }

    /// Compiles a condition: like [`Template::compile`], but text without `{{` is an expression too.
    pub fn compile_condition(setting: &Json) -> Result<Self, ExpressionError> {
        match setting {
            Json::String(text) if !parse::is_template(text) => {
                Node::compiled(lower::expression(text), text, &DocPath::default()).map(Self)
            }
            other => Self::compile(other),
        }
    }

    /// The value, where it needs no scope.
    pub fn as_literal(&self) -> Option<&Value> {
        match &self.0 {
            Node::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// The value in `scope`.
    ///
    /// # Errors
    ///
    /// What is missing, does not fit or takes too much work, with the place in the setting.
    #[inline]
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, ExpressionError> {
        self.0.evaluate(scope)
    }

    /// Every name that is read from the scope, with the attributes that follow it:
    /// `steps.people.rows` is `["steps", "people", "rows"]`.
    pub fn names(&self) -> Vec<NameUse> {
        let mut names = Vec::new();
        self.0.collect_names(&mut names);
        names
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Template(")?;
        self.0.fmt(f)?;
        f.write_str(")")
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(value) => value.fmt(f),
            Self::Expression(compiled) => f.write_str(&compiled.source),
            Self::Text(compiled) => f.write_str(&compiled.source),
            Self::List(items) => items.fmt(f),
            Self::Map(entries) => f
                .debug_map()
                .entries(entries.iter().map(|(key, node)| (key, node)))
                .finish(),
        }
    }
}

impl Node {
    fn compile(setting: &Json, at: &DocPath) -> Result<Self, ExpressionError> {
        match setting {
            Json::String(text) if parse::is_template(text) => {
                Self::compiled(lower::text(text), text, at)
            }
            Json::Array(items) => {
                let nodes = items
                    .iter()
                    .enumerate()
                    .map(|(place, item)| Self::compile(item, &at.index(place)))
                    .collect::<Result<Vec<_>, _>>()?;
                let literals: Option<Vec<Value>> = nodes.iter().map(Self::literal).collect();
                Ok(literals.map_or_else(
                    || Self::List(nodes.into()),
                    |items| Self::Literal(Value::from(items)),
                ))
            }
            Json::Object(entries) => {
                let nodes = entries
                    .iter()
                    .map(|(key, item)| {
                        let node = Self::compile(item, &at.key(key))?;
                        Ok((Value::from(key.as_str()), node))
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                let literals: Option<Vec<(Value, Value)>> = nodes
                    .iter()
                    .map(|(key, node)| Some((key.clone(), node.literal()?)))
                    .collect();
                Ok(literals.map_or_else(
                    || Self::Map(nodes.into()),
                    |pairs| Self::Literal(Value::from_pairs(pairs)),
                ))
            }
            scalar => Ok(Self::Literal(from_json(scalar))),
        }
    }

    fn compiled(
        lowered: Result<(Content, Vec<Use>), Fault>,
        source: &str,
        at: &DocPath,
    ) -> Result<Self, ExpressionError> {
        let (content, uses) = lowered.map_err(|fault| located(fault, source, at))?;
        Ok(match content {
            Content::Literal(value) => Self::Literal(value),
            Content::Expression(body) => Self::Expression(Arc::new(Compiled {
                is_lookup: body.is_lookup(),
                body,
                source: source.into(),
                at: at.clone(),
                uses,
            })),
            Content::Text(body) => Self::Text(Arc::new(Compiled {
                is_lookup: false,
                body,
                source: source.into(),
                at: at.clone(),
                uses,
            })),
        })
    }

    fn literal(&self) -> Option<Value> {
        match self {
            Self::Literal(value) => Some(value.clone()),
            _ => None,
        }
    }

    #[inline]
    fn evaluate(&self, scope: &dyn Scope) -> Result<Value, ExpressionError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Expression(compiled) => {
                let mut run = Evaluation::new(scope);
                match run.value(&compiled.body) {
                    Ok(value) if compiled.is_lookup => Ok(value),
                    Ok(value) => settled(&mut run, value, 0)
                        .map_err(|fault| located(fault, &compiled.source, &compiled.at)),
                    Err(fault) => Err(located(fault, &compiled.source, &compiled.at)),
                }
            }
            Self::Text(compiled) => {
                let mut run = Evaluation::new(scope);
                render::text(&mut run, &compiled.body)
                    .map(Value::from)
                    .map_err(|fault| located(fault, &compiled.source, &compiled.at))
            }
            Self::List(nodes) => {
                let items: Result<Vec<Value>, _> =
                    nodes.iter().map(|node| node.evaluate(scope)).collect();
                items.map(Value::from)
            }
            Self::Map(entries) => {
                let pairs: Result<Vec<(Value, Value)>, _> = entries
                    .iter()
                    .map(|(key, node)| Ok((key.clone(), node.evaluate(scope)?)))
                    .collect();
                pairs.map(Value::from_pairs)
            }
        }
    }

    fn collect_names(&self, into: &mut Vec<NameUse>) {
        let mut add = |uses: &[Use], at: &DocPath| {
            into.extend(uses.iter().map(|one| NameUse {
                path: one.path.clone(),
                at: at.clone(),
                offset: one.at,
                optional: one.optional,
            }));
        };
        match self {
            Self::Literal(_) => {}
            Self::Expression(compiled) => add(&compiled.uses, &compiled.at),
            Self::Text(compiled) => add(&compiled.uses, &compiled.at),
            Self::List(nodes) => nodes.iter().for_each(|node| node.collect_names(into)),
            Self::Map(entries) => entries
                .iter()
                .for_each(|(_, node)| node.collect_names(into)),
        }
    }
}

/// A name that an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameUse {
    /// The name and the constant attributes after it.
    pub path: Vec<String>,
    /// Where in the setting the text with it stands.
    pub at: DocPath,
    /// Bytes from the start of that text.
    pub offset: usize,
    /// Whether it may be missing: it is asked about with `is defined` or has a `default`.
    pub optional: bool,
}

/// Why an expression could not be compiled or evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The expression as written.
    pub expression: String,
    /// Where in the setting.
    pub at: DocPath,
    /// Bytes from the start of the text at `at`, where known.
    pub offset: Option<usize>,
}

#[cold]
fn located(fault: Fault, source: &str, at: &DocPath) -> ExpressionError {
    let details = fault.into_details();
    ExpressionError {
        message: details.message,
        help: details.help,
        expression: source.to_owned(),
        at: at.clone(),
        offset: Some(details.at),
    }
}
