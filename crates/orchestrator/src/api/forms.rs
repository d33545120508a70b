//! Forms: what people fill in to start a run.

use axum::{Extension, extract::State, http::StatusCode};
use casare_access::Permission;
use casare_store::TriggerId;
use casare_workflow::{InputKind, Source as WorkflowSource};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Json, Path};
use crate::{
    Orchestrator, Problem,
    guard::{Caller, open},
    triggers::{Armed, Arrival, Source},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        // A form says itself whether it is for everybody.
        .routes(open(routes!(show_form)))
        .routes(open(routes!(send_form)))
}

/// A form as people see it.
#[derive(Debug, Serialize, ToSchema)]
struct FormView {
    title: String,
    help: String,
    fields: Vec<FormField>,
}

/// A field of a form: an input of the workflow.
#[derive(Debug, Serialize, ToSchema)]
struct FormField {
    name: String,
    /// `string`, `integer`, `number`, `boolean`, `date`, `list`, `map` or `any`.
    kind: &'static str,
    required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    /// The only values that are taken; empty for any.
    #[schema(value_type = Vec<Object>)]
    options: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    default: Option<Value>,
}

/// What was sent.
#[derive(Debug, Serialize, ToSchema)]
struct FormSent {
    /// The run that it has started; nothing when it waits for more, or when anybody may fill in the form.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<Uuid>,
}

impl Orchestrator {
    /// The form, if whoever asks may fill it in, and who that is if they may see the run, too.
    async fn form(
        &self,
        caller: Option<&Caller>,
        id: Uuid,
    ) -> Result<(Armed, Option<String>), Problem> {
        let armed = self.armed(TriggerId(id), "form").await?;
        let Source::Form { public, .. } = &armed.design.source else {
            return Err(Problem::missing("form"));
        };
        let who = match caller {
            Some(caller) => caller.0.clone(),
            None => Err(Problem::unauthenticated()),
        };
        let inside = who.and_then(|who| {
            if who.tenant != armed.tenant {
                return Err(Problem::missing("form"));
            }
            who.require(Permission::WorkflowRun)?;
            Ok(who.actor())
        });
        match inside {
            Ok(by) => Ok((armed, Some(by))),
            Err(_) if *public => Ok((armed, None)),
            Err(problem) => Err(problem),
        }
    }

    async fn fields(&self, armed: &Armed) -> Result<Vec<FormField>, Problem> {
        let tenant = self.store.tenant(armed.tenant);
        let workflow = tenant.workflow(armed.trigger.workflow_id).await?;
        let workflow = workflow.ok_or_else(|| Problem::missing("form"))?;
        let number = armed.design.order.version.or(workflow.active_version);
        let version = match number {
            Some(number) => tenant.version(workflow.id, number).await?,
            None => None,
        };
        let version = version.ok_or_else(|| {
            Problem::new(
                StatusCode::CONFLICT,
                "no_active_version",
                "what this form starts is not published",
            )
        })?;
        let (read, _) = WorkflowSource::read("workflow.yaml", &version.text)
            .map_err(|_| Problem::invalid("what this form starts cannot be read any more"))?;
        // What the trigger gives by itself is not asked for.
        let fixed = &armed.design.order.inputs;
        let asked = read
            .inputs
            .into_iter()
            .filter(|(name, _)| !fixed.contains_key(name));
        Ok(asked
            .map(|(name, input)| FormField {
                name,
                kind: match input.kind {
                    InputKind::Integer => "integer",
                    InputKind::Number => "number",
                    InputKind::Boolean => "boolean",
                    InputKind::List => "list",
                    InputKind::Map => "map",
                    InputKind::Date => "date",
                    InputKind::Any => "any",
                    InputKind::String
                    | InputKind::File
                    | InputKind::Folder
                    | InputKind::Credential => "string",
                },
                required: input.required && input.default.is_none(),
                help: input.description,
                options: input.options,
                default: input.default,
            })
            .collect())
    }
}

/// A form that starts a run.
#[utoipa::path(get, path = "/forms/{id}", tag = "triggers", params(("id" = Uuid, Path)),
    responses((status = 200, body = FormView)))]
async fn show_form(
    State(server): State<Orchestrator>,
    caller: Option<Extension<Caller>>,
    Path(id): Path<Uuid>,
) -> Result<Json<FormView>, Problem> {
    let (armed, _) = server.form(caller.as_deref(), id).await?;
    let fields = server.fields(&armed).await?;
    let Source::Form { title, help, .. } = armed.design.source else {
        return Err(Problem::missing("form"));
    };
    let title = if title.is_empty() {
        armed.trigger.name
    } else {
        title
    };
    Ok(Json(FormView {
        title,
        help,
        fields,
    }))
}

/// Fill in a form: the fields by their names.
#[utoipa::path(post, path = "/forms/{id}", tag = "triggers", params(("id" = Uuid, Path)),
    request_body = Object, responses((status = 202, body = FormSent)))]
async fn send_form(
    State(server): State<Orchestrator>,
    caller: Option<Extension<Caller>>,
    Path(id): Path<Uuid>,
    Json(fields): Json<Map<String, Value>>,
) -> Result<(StatusCode, Json<FormSent>), Problem> {
    let (armed, by) = server.form(caller.as_deref(), id).await?;
    let fixed = &armed.design.order.inputs;
    if let Some(name) = fields.keys().find(|name| fixed.contains_key(*name)) {
        return Err(Problem::invalid(format!("the form has no field `{name}`")));
    }
    let arrival = Arrival {
        came: json!({ "body": fields, "by": by }),
        key: None,
    };
    let became = server.arrive(&armed, &arrival).await?;
    let job = became.job().filter(|_| by.is_some()).map(|job| job.0);
    Ok((StatusCode::ACCEPTED, Json(FormSent { job })))
}
