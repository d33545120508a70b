//! Evaluating expressions.

use minijinja::{
    State,
    value::{Kwargs, Tuple, ValueKind},
};

use super::{
    Scope,
    fault::Fault,
    functions::{ENVIRONMENT, Sort},
    ops::{self, MAX_ITEMS, Refused},
    render,
    settle::{MAX_NESTING, nesting_exceeds, range_length, settled, valid, weight},
    tree::{Arg, At, Call, CompareOp, Expr, MathOp, Slice, Takes},
};
use crate::Value;

pub(super) type Outcome<T = Value> = Result<T, Fault>;

/// Steps of one evaluation, each some ten to a hundred nanoseconds: enough for a handful of filters
/// over a list of a million items, and runaway loops end within about a second.
const FUEL: u64 = 10_000_000;

/// One evaluation.
pub(super) struct Evaluation<'a> {
    pub(super) scope: &'a dyn Scope,
    /// Names that the text has bound, the last first.
    pub(super) locals: Vec<(&'a str, Value)>,
    /// Made when a filter first needs it.
    state: Option<Box<State<'static, 'static>>>,
    fuel: u64,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(scope: &'a dyn Scope) -> Self {
        Self {
            scope,
            locals: Vec::new(),
            state: None,
            fuel: FUEL,
        }
    }

    pub(super) fn charge(&mut self, at: At, steps: usize) -> Outcome<()> {
        match self.fuel.checked_sub(steps as u64) {
            Some(left) => {
                self.fuel = left;
                Ok(())
            }
            None => Err(Fault::too_long(at)),
        }
    }

    #[inline]
    pub(super) fn value(&mut self, expr: &'a Expr) -> Outcome {
        match expr {
            Expr::Const(value) => Ok(value.clone()),
            Expr::Name(name, at) => match self.scope.get(name) {
                Some(value) if !value.is_undefined() => Ok(value),
                _ => Err(self.unknown_name(name, *at)),
            },
            Expr::NameAttr(both, at) => match self.scope.get_attr(&both.0, &both.1) {
                Some(value) if !value.is_undefined() => Ok(value),
                _ => self.name_attr_slowly(both, *at),
            },
            Expr::Math(op, sides, at) => self.math(*op, sides, *at),
            Expr::Compare(op, sides, at) => {
                let left = self.value(&sides.0)?;
                if !left.is_number() {
                    self.charge(*at, weight(&left) + range_length(&left))?;
                }
                let computed;
                let right = if let Expr::Const(value) = &sides.1 {
                    value
                } else {
                    computed = self.value(&sides.1)?;
                    &computed
                };
                if matches!(op, CompareOp::In | CompareOp::NotIn) {
                    self.charge(*at, weight(right))?;
                }
                compare(*op, (&sides.0, &left), (&sides.1, right), *at).map(Value::from)
            }
            Expr::And(sides) => {
                let left = self.value(&sides.0)?;
                if left.is_true() {
                    self.value(&sides.1)
                } else {
                    Ok(left)
                }
            }
            Expr::Or(sides) => {
                let left = self.value(&sides.0)?;
                if left.is_true() {
                    Ok(left)
                } else {
                    self.value(&sides.1)
                }
            }
            Expr::Not(inner) => Ok(Value::from(!self.value(inner)?.is_true())),
            Expr::Attr(base, name, at) => self.attr(base, name, *at),
            Expr::Item(sides, at) => self.item(&sides.0, &sides.1, *at),
            Expr::If(parts) => {
                if self.value(&parts.0)?.is_true() {
                    self.value(&parts.1)
                } else {
                    parts
                        .2
                        .as_ref()
                        .map_or_else(|| Ok(Value::from(())), |other| self.value(other))
                }
            }
            other => self.rare(other),
        }
    }

    /// What is not worth a place in the hot code.
    #[inline(never)]
    fn rare(&mut self, expr: &'a Expr) -> Outcome {
        match expr {
            Expr::Local(name, at) => self.local(name, *at),
            Expr::Slice(slice) => self.slice(slice),
            Expr::Neg(inner, at) => {
                let value = self.value(inner)?;
                ops::negate(&value).ok_or_else(|| Fault::negative(*at, inner, &value))
            }
            Expr::Join(sides, at) => self.join(sides, *at),
            Expr::CompareChain(parts, at) => self.compare_chain(&parts.0, &parts.1, *at),
            Expr::Default(call) => self.default(call),
            Expr::Defined(inner, wanted) => {
                let found = self.forgiving(inner)?.is_some();
                Ok(Value::from(found == *wanted))
            }
            Expr::Filter(call) => self.call(call, Sort::Filter),
            Expr::Test(call) => self.call(call, Sort::Test),
            Expr::Function(call) => self.call(call, Sort::Function),
            Expr::List(items, at) => {
                let values = self.items(items, *at)?;
                Ok(Value::from(values))
            }
            Expr::Tuple(items, at) => {
                let values = self.items(items, *at)?;
                Ok(Value::from(Tuple::from(values)))
            }
            Expr::Map(entries, at) => self.map(entries, *at),
            hot => self.value(hot),
        }
    }

    #[cold]
    fn unknown_name(&self, name: &str, at: At) -> Fault {
        Fault::unknown_name(at, name, &self.scope.names())
    }

    /// The scope has no `name.attr`: says what is missing, or finds it the long way.
    #[cold]
    fn name_attr_slowly(&mut self, both: &(Box<str>, Box<str>, At), at: At) -> Outcome {
        let (name, attr, name_at) = both;
        let base = match self.scope.get(name) {
            Some(value) if !value.is_undefined() => value,
            _ => return Err(self.unknown_name(name, *name_at)),
        };
        match base.get_attr(attr) {
            Ok(value) if !value.is_undefined() => Ok(value),
            _ => Err(Fault::no_attribute(
                at,
                &Expr::Name(name.clone(), *name_at),
                &base,
                &Value::from(&**attr),
            )),
        }
    }

    fn local(&self, name: &str, at: At) -> Outcome {
        if let Some((_, value)) = self.locals.iter().rev().find(|(bound, _)| *bound == name) {
            return Ok(value.clone());
        }
        match self.scope.get(name) {
            Some(value) if !value.is_undefined() => Ok(value),
            _ => {
                let mut known = self.scope.names();
                known.extend(self.locals.iter().map(|(bound, _)| (*bound).to_owned()));
                Err(Fault::unknown_name(at, name, &known))
            }
        }
    }

    fn attr(&mut self, base: &'a Expr, name: &str, at: At) -> Outcome {
        let value = self.value(base)?;
        match value.get_attr(name) {
            Ok(found) if !found.is_undefined() => Ok(found),
            _ => Err(Fault::no_attribute(at, base, &value, &Value::from(name))),
        }
    }

    fn item(&mut self, base: &'a Expr, key: &'a Expr, at: At) -> Outcome {
        let value = self.value(base)?;
        let key = self.value(key)?;
        match value.get_item(&key) {
            Ok(found) if !found.is_undefined() => valid(found, at),
            _ => Err(Fault::no_attribute(at, base, &value, &key)),
        }
    }

    fn math(&mut self, op: MathOp, sides: &'a (Expr, Expr), at: At) -> Outcome {
        let left = self.value(&sides.0)?;
        let computed;
        let right = if let Expr::Const(value) = &sides.1 {
            value
        } else {
            computed = self.value(&sides.1)?;
            &computed
        };
        match ops::math(op, &left, right) {
            Ok(result) if result.is_number() => Ok(result),
            Ok(result) => {
                self.charge(at, weight(&result))?;
                Ok(result)
            }
            Err(Refused::Operands) => {
                Err(Fault::math(op, at, (&sides.0, &left), (&sides.1, right)))
            }
            Err(Refused::TooLarge) => Err(Fault::too_large(at)),
        }
    }

    fn compare_chain(&mut self, first: &'a Expr, rest: &'a [(CompareOp, Expr)], at: At) -> Outcome {
        let mut left_expr = first;
        let mut left = self.value(first)?;
        for (op, right_expr) in rest {
            let right = self.value(right_expr)?;
            self.charge(at, weight(&right))?;
            if !compare(*op, (left_expr, &left), (right_expr, &right), at)? {
                return Ok(Value::from(false));
            }
            (left_expr, left) = (right_expr, right);
        }
        Ok(Value::from(true))
    }

    fn join(&mut self, sides: &'a (Expr, Expr), at: At) -> Outcome {
        let left = self.value(&sides.0)?;
        let right = self.value(&sides.1)?;
        let mut text = String::new();
        render::write(self, &left, &mut text, at)?;
        render::write(self, &right, &mut text, at)?;
        Ok(Value::from(text))
    }

    fn slice(&mut self, slice: &'a Slice) -> Outcome {
        let value = self.value(&slice.value)?;
        let mut bounds = [const { None }; 3];
        for (bound, expr) in bounds.iter_mut().zip(&slice.bounds) {
            *bound = expr.as_ref().map(|expr| self.value(expr)).transpose()?;
        }
        let bounds = bounds.map(Option::unwrap_or_default).map(|bound| {
            if bound.is_undefined() {
                Value::from(())
            } else {
                bound
            }
        });
        if value.is_none() || value.is_number() || value.kind() == ValueKind::Map {
            let what = super::fault::an(&value);
            return Err(Fault::new(slice.at, format!("can't take a part of {what}")));
        }
        self.charge(slice.at, weight(&value))?;
        ops::slice(&value, bounds).map_err(|error| Fault::unreadable(slice.at, &error))
    }

    /// The value, or `None` where a name, attribute or item is missing.
    fn forgiving(&mut self, expr: &'a Expr) -> Outcome<Option<Value>> {
        match self.value(expr) {
            Ok(value) => Ok(Some(value)),
            Err(fault) if fault.is_missing() => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    fn default(&mut self, call: &'a Call) -> Outcome {
        let value = match &call.value {
            Some(expr) => self.forgiving(expr)?,
            None => None,
        };
        let mut other = None;
        let mut for_empty = false;
        for (place, arg) in call.args.iter().enumerate() {
            match (place, arg) {
                (0, Arg::One(expr)) => other = Some(expr),
                (1, Arg::One(expr)) => for_empty = self.value(expr)?.is_true(),
                (_, Arg::Named(name, expr)) if **name == *"default_value" => other = Some(expr),
                (_, Arg::Named(name, expr)) if **name == *"boolean" => {
                    for_empty = self.value(expr)?.is_true();
                }
                _ => {
                    return Err(Fault::new(call.at, "`| default` takes fewer values")
                        .help("Usage: default(other, true) – `true`: also for empty values"));
                }
            }
        }
        match value {
            Some(value) if !for_empty || value.is_true() => Ok(value),
            _ => other.map_or_else(|| Ok(Value::from("")), |other| self.value(other)),
        }
    }

    fn call(&mut self, call: &'a Call, sort: Sort) -> Outcome {
        self.charge(call.at, 20)?;
        let mut args = Vec::with_capacity(call.args.len() + 2);
        if let Some(expr) = &call.value {
            args.push(self.value(expr)?);
        }
        let is_container = |value: &Value| value.as_object().is_some();
        match (call.takes, args.first()) {
            (Takes::Something | Takes::Text, Some(value)) if value.is_none() => {
                return Err(Fault::nothing_to_work_on(call));
            }
            (Takes::Text, Some(value)) if is_container(value) => {
                return Err(Fault::wants_text(call, value));
            }
            _ => {}
        }
        self.args(call, &mut args)?;
        let work: usize = args.iter().map(weight).sum();
        self.charge(call.at, work)?;
        if call.takes == Takes::Text && args.iter().any(Value::is_none) {
            return Err(Fault::option_is_none(call));
        }
        if !matches!(&*call.name, "length" | "count" | "first" | "slice") {
            // What reads every item would be stopped only after it has filled the memory.
            let longest = args.iter().map(range_length).max().unwrap_or_default();
            if longest > MAX_ITEMS {
                return Err(Fault::too_long(call.at));
            }
            self.charge(call.at, longest / 2)?;
        }
        let state = self
            .state
            .get_or_insert_with(|| Box::new(ENVIRONMENT.empty_state()));
        let result = match sort {
            Sort::Filter => state.apply_filter(&call.name, &args),
            Sort::Test => state.perform_test(&call.name, &args).map(Value::from),
            Sort::Function => match ENVIRONMENT.globals().find(|one| one.0 == &*call.name) {
                Some((_, function)) => function.call(state, &args),
                None => Err(minijinja::ErrorKind::UnknownFunction.into()),
            },
        };
        let value = result.map_err(|error| Fault::call(call, sort, &error))?;
        if value.is_undefined() {
            return Err(Fault::nothing_found(call, sort));
        }
        let value = settled(self, value, call.at)?;
        self.charge(call.at, weight(&value))?;
        if sort == Sort::Filter && nesting_exceeds(&value, MAX_NESTING + 1) {
            return Err(Fault::too_deep(call.at));
        }
        Ok(value)
    }

    fn args(&mut self, call: &'a Call, args: &mut Vec<Value>) -> Outcome<()> {
        let mut named: Vec<(String, Value)> = Vec::new();
        for arg in &call.args {
            match arg {
                Arg::One(expr) => args.push(self.value(expr)?),
                Arg::Named(name, expr) => named.push((name.to_string(), self.value(expr)?)),
                Arg::Spread(expr) => {
                    let list = self.value(expr)?;
                    args.extend(self.each(&list, call.at)?);
                }
                Arg::SpreadNamed(expr) => {
                    let map = self.value(expr)?;
                    named.extend(
                        crate::value::pairs(&map).map(|(key, value)| (key.to_string(), value)),
                    );
                }
            }
        }
        if !named.is_empty() {
            args.push(Value::from(Kwargs::from_iter(named)));
        }
        Ok(())
    }

    fn items(&mut self, items: &'a [Expr], at: At) -> Outcome<Vec<Value>> {
        self.charge(at, items.len())?;
        items
            .iter()
            .map(|item| {
                let value = self.value(item)?;
                self.nested(value, at)
            })
            .collect()
    }

    fn map(&mut self, entries: &'a [(Expr, Expr)], at: At) -> Outcome {
        self.charge(at, entries.len() * 2)?;
        let mut pairs = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let key = self.value(key)?;
            let value = self.value(value)?;
            pairs.push((key, self.nested(value, at)?));
        }
        Ok(Value::from_pairs(pairs))
    }

    /// `value` as a part of a new list or map.
    fn nested(&mut self, value: Value, at: At) -> Outcome {
        let value = settled(self, value, at)?;
        if nesting_exceeds(&value, MAX_NESTING) {
            return Err(Fault::too_deep(at));
        }
        Ok(value)
    }

    /// The items of a list, all of them.
    pub(super) fn each(&mut self, list: &Value, at: At) -> Outcome<Vec<Value>> {
        if let Some(count) = list.len()
            && count > MAX_ITEMS
        {
            return Err(Fault::too_long(at));
        }
        let items = match list.try_iter() {
            Ok(items) if !list.is_none() => items,
            _ => {
                let what = super::fault::an(list);
                return Err(Fault::new(at, format!("can't go over the items of {what}")));
            }
        };
        let mut all = Vec::new();
        for item in items.checked() {
            self.charge(at, 1)?;
            all.push(item.map_err(|error| Fault::unreadable(at, &error))?);
        }
        Ok(all)
    }
}

fn compare(op: CompareOp, left: (&Expr, &Value), right: (&Expr, &Value), at: At) -> Outcome<bool> {
    ops::compare(op, left.1, right.1).map_err(|refused| match refused {
        Refused::Operands => Fault::compare(op, at, left, right),
        Refused::TooLarge => Fault::too_long(at),
    })
}
