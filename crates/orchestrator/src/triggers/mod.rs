//! What starts runs besides schedules: calls from outside, and runs that have ended.

mod auth;
mod deliveries;

use std::collections::BTreeMap;

use casare_store::{Trigger, WorkflowId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub(crate) use auth::{SecretField, admitted};
pub(crate) use deliveries::{
    ALL, Delivery, anywhere, deliveries, finished_of, forget, note_delivery,
};

use crate::api::RunOrder;

/// What starts the runs of a trigger.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(crate) enum Source {
    /// A call of `/api/v1/webhooks/ID`.
    Webhook {
        /// How callers show that they may.
        auth: Auth,
        /// Answer with the outputs of the run, if it ends within so many seconds (60 at most);
        /// otherwise, and when nothing is said, the call is answered at once.
        #[serde(default)]
        #[schema(maximum = 60)]
        wait_s: u32,
    },
    /// A run of a workflow that has ended.
    RunFinished {
        /// The workflow's id or name.
        workflow: String,
        /// In one of these states: `succeeded`, `failed`, `cancelled`, `dead`.
        states: Vec<String>,
    },
}

/// How callers show that they may.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(crate) enum Auth {
    /// `Authorization: Bearer …`
    Bearer {
        #[schema(value_type = String)]
        token: SecretField,
    },
    /// `Authorization: Basic …`
    Basic {
        username: String,
        #[schema(value_type = String)]
        password: SecretField,
    },
    /// HMAC-SHA-256 of the body, in hex.
    Hmac {
        #[schema(value_type = String)]
        secret: SecretField,
        /// Where the signature is; `x-hub-signature-256` when nothing is said.
        #[serde(default)]
        header: Option<String>,
        /// What stands before it; `sha256=` when nothing is said.
        #[serde(default)]
        prefix: Option<String>,
    },
}

/// What a trigger does.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = TriggerDesign)]
#[serde(deny_unknown_fields)]
pub(crate) struct Design {
    pub(crate) source: Source,
    /// Inputs, by name: a JSON pointer such as `/body/customer/name` into what came, or `=` and a
    /// fixed text. When empty, the fields of the body are the inputs.
    #[serde(default)]
    pub(crate) inputs: BTreeMap<String, String>,
    /// Starts nothing unless each of these pointers has this value.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Object>)]
    pub(crate) filter: BTreeMap<String, Value>,
    /// How it is run.
    #[serde(default)]
    pub(crate) order: RunOrder,
}

impl Design {
    pub(crate) fn kind(&self) -> &'static str {
        match self.source {
            Source::Webhook { .. } => "webhook",
            Source::RunFinished { .. } => "run_finished",
        }
    }

    pub(crate) fn of(trigger: &Trigger) -> Option<Self> {
        serde_json::from_value(trigger.spec.0.clone()).ok()
    }

    /// Whether what came is what the trigger is for.
    pub(crate) fn fits(&self, came: &Value) -> bool {
        self.filter
            .iter()
            .all(|(pointer, wanted)| came.pointer(pointer) == Some(wanted))
    }

    /// The order that what came makes.
    pub(crate) fn order_for(&self, came: &Value) -> RunOrder {
        let mut order = self.order.clone();
        let mut inputs: Map<String, Value> = order.inputs;
        if self.inputs.is_empty()
            && let Some(body) = came.pointer("/body").and_then(Value::as_object)
        {
            inputs.extend(body.clone());
        }
        for (name, from) in &self.inputs {
            let value = match from.strip_prefix('=') {
                Some(fixed) => Some(Value::from(fixed)),
                None => came.pointer(from).cloned(),
            };
            if let Some(value) = value {
                inputs.insert(name.clone(), value);
            }
        }
        order.inputs = inputs;
        order
    }
}

/// A trigger that waits for the end of runs.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    pub(crate) trigger: Trigger,
    pub(crate) tenant: casare_store::TenantId,
    pub(crate) design: Design,
}

impl Finished {
    /// Whether this end of a run of `workflow` is one that it waits for.
    pub(crate) fn waits_for(&self, workflow: WorkflowId, state: &str) -> bool {
        let Source::RunFinished {
            workflow: wanted,
            states,
        } = &self.design.source
        else {
            return false;
        };
        *wanted == workflow.to_string() && states.iter().any(|one| one == state)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_came_becomes_the_inputs_that_the_trigger_says() {
        let design: Design = serde_json::from_value(json!({
            "source": { "kind": "run_finished", "workflow": "x", "states": ["failed"] },
            "inputs": { "who": "/body/customer/name", "how": "=by call", "none": "/body/nothing" },
            "filter": { "/body/kind": "order" },
        }))
        .unwrap();
        let came = json!({ "body": { "kind": "order", "customer": { "name": "Ada" } } });

        assert!(design.fits(&came));
        assert!(!design.fits(&json!({ "body": { "kind": "offer" } })));
        assert_eq!(
            Value::Object(design.order_for(&came).inputs),
            json!({ "who": "Ada", "how": "by call" })
        );
    }
}
