//! Workflows that call workflows.

use std::sync::Arc;

use casare_workflow::{
    Value,
    value::{from_json, to_json},
};
use serde_json::Value as Json;

use super::{
    frame::{At, Done, Frame, Halt},
    inputs,
    interpret::Interpreter,
    position::Position,
};
use crate::{
    plan::{Plan, Settings},
    scope::Scope,
};

impl Interpreter {
    pub(super) async fn call(
        &self,
        at: At<'_>,
        plan: &Plan,
        given: &Settings,
        mut known: Option<Position>,
    ) -> Result<Done, Halt> {
        let given = at.settings(given)?;
        let Json::Object(given) = to_json(&given) else {
            return Err(at.invalid("the inputs have to be a map"));
        };
        let inputs = inputs::resolve(plan.workflow(), given).map_err(|error| at.invalid(error))?;
        let (env, run) = at.frame.scope.env_and_run();
        let scope = Scope::new(from_json(&Json::Object(inputs)), env, run);
        for (name, template) in &plan.variables {
            let value = at.evaluate_in(template, &scope)?;
            scope.set_variable(name, value);
        }
        let block: Arc<str> = "call".into();
        let mut instances = None;
        if let Some(known) = &mut known {
            instances = known.take(&block, None);
            for (name, value) in std::mem::take(&mut known.variables) {
                scope.set_variable(&name.into(), value);
            }
        }
        let frame = Frame {
            scope: scope.clone(),
            ..at.frame.clone()
        };
        let list = at.path.list(&block, None);
        self.list(&plan.root, &frame, Some(list), instances).await?;
        let mut outputs = Vec::new();
        for (name, template) in &plan.outputs {
            outputs.push((Value::from(name.clone()), at.evaluate_in(template, &scope)?));
        }
        Ok(Done {
            outputs: Some(Value::from_pairs(outputs)),
            ..Done::default()
        })
    }
}
