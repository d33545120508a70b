//! What evaluating an expression costs, beside minijinja's own evaluator and an empty call.
//!
//! `cargo run --release -p casare-workflow --example expression_speed`

#![allow(clippy::print_stdout, reason = "it is a benchmark")]

use std::{
    hint::black_box,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use casare_workflow::{Scope, Template, Value, value::from_json};
use indexmap::IndexMap;
use minijinja::value::{Enumerator, Object};
use serde_json::json;

/// Variables behind a lock, as a run keeps them.
#[derive(Debug, Default)]
struct Variables(Mutex<IndexMap<Box<str>, Value>>);

impl Variables {
    fn value_of(&self, name: &str) -> Option<Value> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.get(name).cloned()
    }
}

impl Object for Variables {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.value_of(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.value_of(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

/// A scope as the engine has it: no map is built.
struct Names {
    vars: Arc<Variables>,
    person: Value,
}

impl Scope for Names {
    fn get(&self, name: &str) -> Option<Value> {
        match name {
            "vars" => Some(Value::from_dyn_object(Arc::clone(&self.vars))),
            "person" => Some(self.person.clone()),
            _ => None,
        }
    }

    fn get_attr(&self, name: &str, attr: &str) -> Option<Value> {
        match name {
            "vars" => self.vars.value_of(attr),
            "person" => self.person.get_attr(attr).ok(),
            _ => None,
        }
    }

    fn names(&self) -> Vec<String> {
        vec!["vars".into(), "person".into()]
    }
}

/// Nanoseconds a call, the best of five rounds.
fn cost(mut call: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..5 {
        let (start, mut calls) = (Instant::now(), 0_u32);
        while start.elapsed() < Duration::from_millis(60) {
            for _ in 0..1000 {
                call();
            }
            calls += 1000;
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(calls));
    }
    best
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let vars = Arc::new(Variables::default());
    let values = json!({
        "total": 41, "rate": 0.5, "limit": 1000, "text": "abc",
        "name": "a text that is too long to be kept inside of a value",
    });
    for (name, value) in values.as_object().into_iter().flatten() {
        let mut all = vars.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(name.as_str().into(), from_json(value));
    }
    let person =
        from_json(&json!({ "First Name": "Ada", "Email": "ada@example.com", "tags": [1, 2] }));
    let names = Names {
        vars: Arc::clone(&vars),
        person: person.clone(),
    };
    let root = Value::from_pairs([("vars", Value::from_dyn_object(vars)), ("person", person)]);

    let floor = cost(|| {
        black_box(Value::from(black_box(1_i64)));
    });
    println!("floor, making a value: {floor:.1} ns");
    println!(
        "{:<44} {:>8} {:>10} {:>8}",
        "expression", "ns", "minijinja", "ratio"
    );
    let environment = minijinja::Environment::new();
    for expression in [
        "vars.total",
        "vars.total + 1",
        "vars.total * 2 + vars.rate",
        "vars.total < vars.limit and not vars.rate > 1",
        "vars.total == 41",
        "person['First Name']",
        "person.tags[1]",
        "vars.name",
        "'a' if vars.total > 1 else 'b'",
        "vars.text ~ '-' ~ vars.total",
        "vars.text | upper",
        "[1, 2, 3] | sum",
    ] {
        let template = Template::compile(&json!(format!("{{{{ {expression} }}}}")))?;
        let compiled = environment.compile_expression(expression)?;
        let ours = cost(|| {
            let _ = black_box(template.evaluate(black_box(&names)));
        });
        let theirs = cost(|| {
            let _ = black_box(compiled.eval(black_box(&root).clone()));
        });
        println!(
            "{expression:<44} {ours:>8.1} {theirs:>10.1} {:>7.1}x",
            theirs / ours
        );
    }
    let text = Template::compile(&json!("{{ vars.total }} sent to {{ person.Email }}"))?;
    let ours = cost(|| {
        let _ = black_box(text.evaluate(black_box(&names)));
    });
    println!(
        "{:<44} {ours:>8.1}",
        "{{ vars.total }} sent to {{ person.Email }}"
    );
    Ok(())
}
