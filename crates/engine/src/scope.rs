//! What expressions see: inputs, variables, outputs of steps, names that blocks bind.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use casare_workflow::{Value, expression::Scope as Names};
use indexmap::IndexMap;
use minijinja::value::{Enumerator, Object};
use parking_lot::RwLock;
use rustc_hash::FxBuildHasher;

/// The names in scope at one place of a run. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    root: Arc<Root>,
    outputs: Arc<StepOutputs>,
    local: Option<Arc<Local>>,
}

/// What all steps of one workflow share.
#[derive(Debug)]
struct Root {
    inputs: Value,
    env: Value,
    run: Value,
    variables: Arc<Variables>,
}

/// The variables of one workflow.
///
/// A run is one task: its branches take turns at points where they wait. Evaluating an expression
/// and setting a variable has no such point, so `vars.n + 1` never loses an update.
#[derive(Debug, Default)]
pub(crate) struct Variables(RwLock<IndexMap<Arc<str>, Value, FxBuildHasher>>);

/// Outputs of steps by id; a parallel pass has its own above those of the run.
#[derive(Debug, Default)]
struct StepOutputs {
    own: RwLock<HashMap<Arc<str>, Value>>,
    outer: Option<Arc<StepOutputs>>,
}

/// Names that a block binds: one value, and `loop` where the block is a loop's.
#[derive(Debug)]
struct Local {
    named: Option<(Arc<str>, Value)>,
    pass: Option<Pass>,
    outer: Option<Arc<Local>>,
}

/// Which pass of a loop it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pass {
    pub(crate) index0: u64,
    pub(crate) length: Option<u64>,
}

enum Bound<'a> {
    Value(&'a Value),
    Loop(Pass),
}

impl Scope {
    pub(crate) fn new(inputs: Value, env: Value, run: Value) -> Self {
        Self {
            root: Arc::new(Root {
                inputs,
                env,
                run,
                variables: Arc::default(),
            }),
            outputs: Arc::default(),
            local: None,
        }
    }

    pub(crate) fn env_and_run(&self) -> (Value, Value) {
        (self.root.env.clone(), self.root.run.clone())
    }

    pub(crate) fn variable(&self, name: &str) -> Option<Value> {
        self.root.variables.0.read().get(name).cloned()
    }

    pub(crate) fn set_variable(&self, name: &Arc<str>, value: Value) {
        let mut variables = self.root.variables.0.write();
        match variables.get_mut(name) {
            Some(known) => *known = value,
            None => {
                variables.insert(name.clone(), value);
            }
        }
    }

    pub(crate) fn set_outputs(&self, id: &Arc<str>, outputs: Value) {
        self.outputs.own.write().insert(id.clone(), outputs);
    }

    /// The variables, in the order of their first assignment.
    pub(crate) fn variables(&self) -> Vec<(Arc<str>, Value)> {
        let variables = self.root.variables.0.read();
        variables
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Outputs of steps by id, sorted.
    pub(crate) fn outputs(&self) -> Vec<(Arc<str>, Value)> {
        let mut found = BTreeMap::new();
        let mut level = Some(&self.outputs);
        while let Some(outputs) = level {
            for (id, value) in outputs.own.read().iter() {
                found.entry(id.clone()).or_insert_with(|| value.clone());
            }
            level = outputs.outer.as_ref();
        }
        found.into_iter().collect()
    }

    /// What blocks bind, innermost first; of a name that is bound twice the inner one.
    pub(crate) fn bound(&self) -> Vec<(Arc<str>, Value)> {
        let mut bound: Vec<(Arc<str>, Value)> = Vec::new();
        let mut add = |name: &Arc<str>, value: Bound<'_>| {
            if !bound.iter().any(|(known, _)| known == name) {
                bound.push((name.clone(), value.value()));
            }
        };
        let mut local = self.local.as_deref();
        while let Some(frame) = local {
            if let Some((name, value)) = &frame.named {
                add(name, Bound::Value(value));
            }
            if let Some(pass) = frame.pass {
                add(&"loop".into(), Bound::Loop(pass));
            }
            local = frame.outer.as_deref();
        }
        bound
    }

    /// A scope whose steps' outputs are not seen outside.
    pub(crate) fn isolated(&self) -> Self {
        Self {
            outputs: Arc::new(StepOutputs {
                own: RwLock::default(),
                outer: Some(self.outputs.clone()),
            }),
            ..self.clone()
        }
    }

    /// This scope and one more name.
    pub(crate) fn bind(&self, name: &Arc<str>, value: Value) -> Self {
        self.with(Some((name.clone(), value)), None)
    }

    /// This scope and `loop`.
    pub(crate) fn bind_pass(&self, pass: Pass) -> Self {
        self.with(None, Some(pass))
    }

    /// This scope, `loop` and the item.
    pub(crate) fn bind_item(&self, name: &Arc<str>, item: Value, pass: Pass) -> Self {
        self.with(Some((name.clone(), item)), Some(pass))
    }

    fn with(&self, named: Option<(Arc<str>, Value)>, pass: Option<Pass>) -> Self {
        Self {
            root: self.root.clone(),
            outputs: self.outputs.clone(),
            local: Some(Arc::new(Local {
                named,
                pass,
                outer: self.local.clone(),
            })),
        }
    }

    fn local(&self, name: &str) -> Option<Bound<'_>> {
        let mut local = self.local.as_deref();
        while let Some(frame) = local {
            match (&frame.named, frame.pass) {
                (Some((bound, value)), _) if **bound == *name => return Some(Bound::Value(value)),
                (_, Some(pass)) if name == "loop" => return Some(Bound::Loop(pass)),
                _ => {}
            }
            local = frame.outer.as_deref();
        }
        None
    }
}

impl Bound<'_> {
    fn value(self) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Loop(pass) => Value::from_pairs(
                ["index", "index0", "first", "last", "length"]
                    .iter()
                    .filter_map(|name| Some((*name, loop_attr(pass, name)?))),
            ),
        }
    }
}

fn loop_attr(Pass { index0, length }: Pass, name: &str) -> Option<Value> {
    match name {
        "index" => Some(Value::from(index0 + 1)),
        "index0" => Some(Value::from(index0)),
        "first" => Some(Value::from(index0 == 0)),
        "last" => length.map(|length| Value::from(index0 + 1 == length)),
        "length" => length.map(Value::from),
        _ => None,
    }
}

impl Names for Scope {
    fn get(&self, name: &str) -> Option<Value> {
        match name {
            "vars" => Some(Value::from_dyn_object(self.root.variables.clone())),
            "steps" => Some(Value::from_dyn_object(self.outputs.clone())),
            "inputs" => Some(self.root.inputs.clone()),
            "env" => Some(self.root.env.clone()),
            "run" => Some(self.root.run.clone()),
            "assets" => Some(Value::from_pairs::<[(Value, Value); 0], _, _>([])),
            _ => self.local(name).map(Bound::value),
        }
    }

    fn get_attr(&self, name: &str, attr: &str) -> Option<Value> {
        match name {
            "vars" => self.variable(attr),
            "steps" => self.outputs.find(attr),
            _ => match self.local(name) {
                Some(Bound::Loop(pass)) => loop_attr(pass, attr),
                Some(Bound::Value(value)) => defined(value.get_attr(attr).ok()?),
                None => defined(self.get(name)?.get_attr(attr).ok()?),
            },
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = ["inputs", "vars", "steps", "run", "env", "assets"]
            .map(str::to_owned)
            .into();
        let mut local = self.local.as_deref();
        while let Some(frame) = local {
            names.extend(frame.named.iter().map(|(name, _)| name.to_string()));
            names.extend(frame.pass.map(|_| "loop".to_owned()));
            local = frame.outer.as_deref();
        }
        names
    }
}

fn defined(value: Value) -> Option<Value> {
    (!value.is_undefined()).then_some(value)
}

impl Object for Variables {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.read().get(key.as_str()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(
            self.0
                .read()
                .keys()
                .map(|name| Value::from(&**name))
                .collect(),
        )
    }
}

impl StepOutputs {
    fn find(&self, id: &str) -> Option<Value> {
        if let Some(found) = self.own.read().get(id) {
            return Some(found.clone());
        }
        self.outer.as_ref()?.find(id)
    }
}

impl Object for StepOutputs {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.find(key.as_str()?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let mut names: Vec<Value> = self
            .own
            .read()
            .keys()
            .map(|id| Value::from(&**id))
            .collect();
        let mut outer = self.outer.as_ref();
        while let Some(outputs) = outer {
            names.extend(outputs.own.read().keys().map(|id| Value::from(&**id)));
            outer = outputs.outer.as_ref();
        }
        names.sort();
        names.dedup();
        Enumerator::Values(names)
    }
}
