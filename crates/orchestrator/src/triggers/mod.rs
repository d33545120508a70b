//! What starts runs besides schedules: calls from outside, runs that have ended, and what one server at a time
//! watches: files, mailboxes, queues, notifications of databases.
//!
//! | module | what it holds |
//! |---|---|
//! | `auth` | whether a call may start runs |
//! | `arrivals` | what comes to a trigger becomes a run, or waits for more |
//! | `deliveries` | what came, and what became of it |
//! | `leader` | which server does what only one may do |
//! | `watch` | looking for what comes by itself |

mod arrivals;
mod auth;
mod deliveries;
mod leader;
mod watch;

use std::{collections::BTreeMap, path::PathBuf};

use casare_store::{Sql, TenantId, Trigger, TriggerId, WorkflowId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub(crate) use arrivals::{Arrival, gather_forever};
pub(crate) use auth::{SecretField, admitted};
pub(crate) use deliveries::{
    Delivery, anywhere, deliveries, finished_of, forget, note_delivery, refused, settle_refused,
};
pub(crate) use leader::{Leadership, lead_forever};
pub(crate) use watch::{may_watch, problems, standing, watch_all};

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
    /// Files that come into a folder which the server may watch (`casare serve --watch`). What comes is `file`:
    /// `path`, `name`, `folder`, `size`, `modified`.
    File {
        /// The folder, as the server sees it.
        #[schema(value_type = String)]
        folder: PathBuf,
        /// Which names: `*.pdf`, `**/order-*.csv` for folders below, too.
        #[serde(default = "any_name")]
        pattern: String,
        /// Whether a file counts again when its content has changed.
        #[serde(default)]
        changed: bool,
        /// Looked at so often; a file counts when it is the same for two looks.
        #[serde(default = "five")]
        #[schema(minimum = 1, maximum = 86400)]
        every_s: u32,
    },
    /// Mails that come into a mailbox (IMAP). What comes is `mail`: `subject`, `from`, `to`, `date`, `text`,
    /// `attachments`, `uid`, …
    Mail {
        /// `mail.example.com`, `mail.example.com:993` or `imap://…`.
        server: String,
        /// `tls`, `starttls` or `none`; otherwise as is usual on the port.
        #[serde(default)]
        security: Option<String>,
        /// Name of a credential with `username`, and `password` or `token` (OAuth2).
        credential: String,
        #[serde(default = "inbox")]
        folder: String,
    },
    /// Items that wait in a queue. What comes is `queue`: `name`, `waiting`.
    Queue {
        /// The queue's id or name.
        queue: String,
        /// One run for so many items.
        #[serde(default = "one")]
        #[schema(minimum = 1, maximum = 10000)]
        items_per_run: u32,
        /// Runs of this trigger at a time.
        #[serde(default = "one")]
        #[schema(minimum = 1, maximum = 100)]
        most_runs: u32,
    },
    /// `NOTIFY` of a PostgreSQL database. What comes is `channel` and `body`, the payload: JSON, or text. What is
    /// told while no server listens is lost.
    Notify {
        /// Name of a credential with the `url` of the database.
        credential: String,
        channel: String,
    },
    /// A form that people fill in, at `/forms/ID`. What comes is `body`: the fields, which are the inputs of the
    /// workflow.
    Form {
        /// Whether anybody who has the address may, not only those who may run workflows.
        #[serde(default)]
        public: bool,
        /// What people read above it.
        #[serde(default)]
        title: String,
        #[serde(default)]
        help: String,
    },
    /// A run of a workflow that has ended.
    RunFinished {
        /// The workflow's id or name.
        workflow: String,
        /// In one of these states: `succeeded`, `failed`, `cancelled`, `dead`.
        states: Vec<String>,
    },
}

fn any_name() -> String {
    "*".to_owned()
}

fn inbox() -> String {
    "INBOX".to_owned()
}

fn one() -> u32 {
    1
}

fn five() -> u32 {
    5
}

/// Every SQL text about triggers.
pub(crate) fn statements() -> Vec<Sql> {
    [
        arrivals::ALL,
        deliveries::ALL,
        leader::ALL,
        watch::ALL,
        watch::QUEUE_STATEMENTS,
    ]
    .concat()
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
    /// Waits until nothing more has come for so many seconds (ten times as long at most), then starts one run for all
    /// of it: with the last that came, and `count` and `all` (the last 100) beside it.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 86400)]
    pub(crate) gather_s: Option<u32>,
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
            Source::File { .. } => "file",
            Source::Mail { .. } => "mail",
            Source::Queue { .. } => "queue",
            Source::Notify { .. } => "notify",
            Source::Form { .. } => "form",
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

/// A trigger as the server works with it.
#[derive(Debug, Clone)]
pub(crate) struct Armed {
    pub(crate) trigger: Trigger,
    pub(crate) tenant: TenantId,
    pub(crate) design: Design,
}

impl Armed {
    pub(crate) fn of(tenant: TenantId, trigger: Trigger) -> Option<Self> {
        let design = Design::of(&trigger)?;
        Some(Self {
            trigger,
            tenant,
            design,
        })
    }

    pub(crate) fn id(&self) -> TriggerId {
        self.trigger.id
    }

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
