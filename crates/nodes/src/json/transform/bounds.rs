//! Keeps jq filters within bounds: every call of a recursive definition and every pass of a fold
//! first asks whether the filter may go on. A filter runs on a thread of its own, whose stack is
//! measured here.

use std::{cell::RefCell, collections::HashSet, ptr};

use casare_engine::Cancel;
use jaq_core::{
    DataT, Error,
    load::{
        lex::StrPart,
        parse::{BinaryOp, Def, Pattern, Term},
    },
    native::{Fun, bome, run, v},
    ops::Math,
    path::Part,
};
use jaq_json::{Num, Val};

/// Stack of the thread that runs a filter, in bytes; the system gives only what is touched.
pub(super) const STACK: usize = 256 << 20;
/// What calls may use of it. The rest is for reading, dropping and unwinding.
const FOR_CALLS: usize = STACK / 4;
/// Calls of recursive definitions and passes of folds.
const MOST_STEPS: u64 = if cfg!(test) { 300_000 } else { 10_000_000 };
/// Bytes of a text, digits (in bits) of a number, items of a list that grows in a loop.
const LARGEST: usize = 64 << 20;
/// Levels of lists and maps in each other.
const DEEPEST: usize = 10_000;
/// Values are measured, and the cancellation is asked for, once in so many steps.
const SELDOM: u64 = 64;

const STEP: &str = "casare_step";
const STEP_VARIABLE: &str = "$casare_step";
const TIMES: &str = "casare_times";
const FACTOR: &str = "$casare_factor";

/// `range` written so that each number is a step.
pub(super) const RANGE: &str = "def range($from; $to; $by):
    def empty: {}[] as $x | .;
    def up: if . < $to then ., (. + $by | up) else empty end;
    def down: if . > $to then ., (. + $by | down) else empty end;
    $from | if $by > 0 then up elif $by < 0 then down else empty end;";

struct Bounds {
    stack_top: usize,
    steps: u64,
    cancel: Cancel,
    /// Once broken, no step goes on: a filter that catches its errors ends too.
    broken: Option<String>,
}

thread_local! {
    static BOUNDS: RefCell<Option<Bounds>> = const { RefCell::new(None) };
}

/// Sets the bounds of the filter that this thread is about to run.
pub(super) fn begin(cancel: Cancel) {
    let here = 0_u8;
    BOUNDS.set(Some(Bounds {
        stack_top: ptr::from_ref(&here).addr(),
        steps: 0,
        cancel,
        broken: None,
    }));
}

/// Why the filter was stopped, if it was.
pub(super) fn broken() -> Option<String> {
    BOUNDS.with_borrow(|bounds| bounds.as_ref()?.broken.clone())
}

fn stop(why: String) -> Error<Val> {
    BOUNDS.with_borrow_mut(|bounds| {
        if let Some(bounds) = bounds {
            bounds.broken.get_or_insert_with(|| why.clone());
        }
    });
    Error::str(why)
}

fn step(value: &Val) -> Result<Val, Error<Val>> {
    let here = 0_u8;
    let at = ptr::from_ref(&here).addr();
    let fault = BOUNDS.with_borrow_mut(|bounds| {
        let bounds = bounds.as_mut()?;
        if bounds.broken.is_some() {
            return bounds.broken.clone();
        }
        bounds.steps += 1;
        if at.abs_diff(bounds.stack_top) > FOR_CALLS {
            return Some("it calls itself too deeply".to_owned());
        }
        if bounds.steps > MOST_STEPS {
            return Some(format!("it takes more than {MOST_STEPS} steps"));
        }
        if bounds.steps % SELDOM == 0 && bounds.cancel.is_cancelled() {
            return Some("the step was stopped".to_owned());
        }
        if size(value) > LARGEST {
            return Some("a value grows too large".to_owned());
        }
        (bounds.steps % SELDOM == 0 && is_too_deep(value))
            .then(|| format!("it nests lists or maps more than {DEEPEST} deep"))
    });
    fault.map_or(Ok(Val::Null), |why| Err(stop(why)))
}

fn size(value: &Val) -> usize {
    match value {
        Val::BStr(text) | Val::TStr(text) => text.len(),
        Val::Arr(items) => items.len(),
        Val::Num(Num::BigInt(number)) => usize::try_from(number.bits()).unwrap_or(usize::MAX),
        _ => 0,
    }
}

/// Looks along the last values, where filters that nest build theirs.
fn is_too_deep(value: &Val) -> bool {
    let mut inner = Some(value);
    for _ in 0..DEEPEST {
        inner = match inner {
            Some(Val::Arr(items)) => items.last(),
            Some(Val::Obj(map)) => map.values().last(),
            _ => return false,
        };
    }
    true
}

fn times(left: Val, right: Val) -> Result<Val, Error<Val>> {
    let result = match (&left, &right) {
        (text @ (Val::BStr(_) | Val::TStr(_)), Val::Num(Num::Int(count)))
        | (Val::Num(Num::Int(count)), text @ (Val::BStr(_) | Val::TStr(_))) => {
            size(text).saturating_mul(usize::try_from(*count).unwrap_or(0))
        }
        (Val::BStr(_) | Val::TStr(_), Val::Num(Num::BigInt(_)))
        | (Val::Num(Num::BigInt(_)), Val::BStr(_) | Val::TStr(_)) => usize::MAX,
        // Their product takes time that grows faster than its size.
        (Val::Num(Num::BigInt(_)), Val::Num(Num::BigInt(_))) => {
            size(&left).saturating_add(size(&right)).saturating_mul(64)
        }
        _ => 0,
    };
    if result > LARGEST {
        return Err(stop("a value grows too large".to_owned()));
    }
    left * right
}

/// The functions that bounded filters call.
pub(super) fn functions<D: for<'a> DataT<V<'a> = Val>>() -> impl Iterator<Item = Fun<D>> {
    [
        run::<D>((STEP, v(0), |cv| bome(step(&cv.1)))),
        run::<D>((TIMES, v(2), |mut cv| {
            let right = cv.0.pop_var();
            let left = cv.0.pop_var();
            bome(times(left, right))
        })),
        run::<D>(("fromjson", v(0), |cv| {
            bome(match &cv.1 {
                Val::BStr(text) | Val::TStr(text) => {
                    super::value_of(&String::from_utf8_lossy(text)).map_err(Error::str)
                }
                other => Err(Error::str(format_args!("cannot parse {other} as JSON"))),
            })
        })),
    ]
    .into_iter()
}

/// The definition, with a step before each call if it calls itself, and so those inside it.
pub(super) fn bounded<'s, 'long: 's>(def: Def<&'long str>) -> Def<&'s str> {
    let mut calls = HashSet::new();
    definition(def, &mut calls)
}

fn definition<'s>(def: Def<&'s str>, calls: &mut HashSet<&'s str>) -> Def<&'s str> {
    let mut inner = HashSet::new();
    let mut body = term(def.body, &mut inner);
    if inner.contains(def.name) {
        body = stepping(body);
    }
    calls.extend(inner);
    Def { body, ..def }
}

fn stepping(body: Term<&str>) -> Term<&str> {
    piped(
        Term::Call(STEP, Vec::new()),
        Pattern::Var(STEP_VARIABLE),
        body,
    )
}

fn piped<'s>(left: Term<&'s str>, name: Pattern<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(Some(name)), Box::new(right))
}

fn term<'s>(of: Term<&'s str>, calls: &mut HashSet<&'s str>) -> Term<&'s str> {
    let mut go = |of: Term<&'s str>| term(of, calls);
    match of {
        Term::Str(format, parts) => Term::Str(
            format,
            parts
                .into_iter()
                .map(|part| match part {
                    StrPart::Term(of) => StrPart::Term(go(of)),
                    other => other,
                })
                .collect(),
        ),
        Term::Arr(of) => Term::Arr(of.map(|of| Box::new(go(*of)))),
        Term::Obj(pairs) => Term::Obj(
            pairs
                .into_iter()
                .map(|(key, value)| (go(key), value.map(&mut go)))
                .collect(),
        ),
        Term::Neg(of) => Term::Neg(Box::new(go(*of))),
        Term::BinOp(left, operator, right) => {
            let (left, right) = (go(*left), go(*right));
            match operator {
                BinaryOp::Math(Math::Mul) => Term::Call(TIMES, vec![left, right]),
                BinaryOp::UpdateMath(Math::Mul) => {
                    let product = Term::Call(TIMES, vec![Term::Id, Term::Var(FACTOR)]);
                    let update = Term::BinOp(Box::new(left), BinaryOp::Update, Box::new(product));
                    piped(right, Pattern::Var(FACTOR), update)
                }
                BinaryOp::Pipe(Some(name)) => piped(left, pattern(name, calls), right),
                operator => Term::BinOp(Box::new(left), operator, Box::new(right)),
            }
        }
        Term::Label(name, of) => Term::Label(name, Box::new(go(*of))),
        Term::Fold(name, over, names, terms) => {
            let over = Box::new(go(*over));
            // The first is where it starts, the second what each pass does.
            let terms = terms.into_iter().map(go).enumerate();
            let terms = terms
                .map(|(place, of)| if place == 1 { stepping(of) } else { of })
                .collect();
            Term::Fold(name, over, pattern(names, calls), terms)
        }
        Term::TryCatch(of, catch) => {
            Term::TryCatch(Box::new(go(*of)), catch.map(|of| Box::new(go(*of))))
        }
        Term::IfThenElse(cases, otherwise) => Term::IfThenElse(
            cases
                .into_iter()
                .map(|(condition, then)| (go(condition), go(then)))
                .collect(),
            otherwise.map(|of| Box::new(go(*of))),
        ),
        Term::Def(definitions, of) => {
            let of = Box::new(go(*of));
            let definitions = definitions.into_iter();
            Term::Def(definitions.map(|def| definition(def, calls)).collect(), of)
        }
        Term::Call(name, arguments) => {
            let arguments = arguments.into_iter().map(go).collect();
            calls.insert(name);
            Term::Call(name, arguments)
        }
        Term::Path(of, mut path) => {
            let of = Box::new(go(*of));
            for (part, _) in &mut path.0 {
                *part = match std::mem::replace(part, Part::Range(None, None)) {
                    Part::Index(at) => Part::Index(go(at)),
                    Part::Range(from, to) => Part::Range(from.map(&mut go), to.map(&mut go)),
                };
            }
            Term::Path(of, path)
        }
        of @ (Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_)) => of,
    }
}

fn pattern<'s>(of: Pattern<&'s str>, calls: &mut HashSet<&'s str>) -> Pattern<&'s str> {
    match of {
        Pattern::Var(name) => Pattern::Var(name),
        Pattern::Arr(inner) => {
            Pattern::Arr(inner.into_iter().map(|of| pattern(of, calls)).collect())
        }
        Pattern::Obj(pairs) => Pattern::Obj(
            pairs
                .into_iter()
                .map(|(key, of)| (term(key, calls), pattern(of, calls)))
                .collect(),
        ),
    }
}
