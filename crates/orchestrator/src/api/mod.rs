//! The REST API: one file for each thing, and all of them in this list.

mod account;
mod dead_letters;
mod designer;
mod designer_drafts;
mod extract;
mod forms;
mod hooks;
mod jobs;
mod levels;
mod live;
mod loads;
mod page;
mod people;
mod queues;
mod robots;
mod runs;
mod schedules;
mod system;
mod triggers;
mod values;
mod workflows;

use axum::{
    Router,
    body::Body,
    extract::DefaultBodyLimit,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use tower_http::{
    catch_panic::CatchPanicLayer, csrf::CsrfLayer, set_header::SetResponseHeaderLayer,
};
use utoipa::openapi::{
    Components, Content, Info, OpenApi, Ref, RefOr, ResponseBuilder, Tag,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::router::OpenApiRouter;

pub(crate) use designer_drafts::ALL as DRAFT_STATEMENTS;
pub(crate) use extract::{IfMatch, Json, Path, Query, Tagged};
pub(crate) use jobs::{RunOrder, new_job};
pub(crate) use page::{Page, Paging, Time, whole};
pub(crate) use robots::robot_of;

use crate::{Orchestrator, OrchestratorError, Problem, guard, rate, repeat};

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = 8 << 20;

/// Below `/api/v1`.
fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .merge(account::routes())
        .merge(people::routes())
        .merge(workflows::routes())
        .merge(designer::routes())
        .merge(designer_drafts::routes())
        .merge(jobs::routes())
        .merge(runs::routes())
        .merge(dead_letters::routes())
        .merge(robots::routes())
        .merge(values::routes())
        .merge(queues::routes())
        .merge(schedules::routes())
        .merge(triggers::routes())
        .merge(forms::routes())
        .merge(levels::routes())
        .merge(loads::routes())
        .merge(hooks::routes())
        .merge(live::routes())
        .merge(system::routes())
}

/// What describes the API, as `/api/v1/openapi.json` answers it.
pub fn document() -> OpenApi {
    let (_, mut document) = OpenApiRouter::<Orchestrator>::new()
        .nest("/api/v1", routes())
        .split_for_parts();
    complete(&mut document);
    document
}

/// Everything that the server answers.
pub(crate) fn router(server: &Orchestrator) -> Router {
    let (api, _) = routes().split_for_parts();
    let api = api
        .fallback(async || Problem::missing("route"))
        .layer(from_fn_with_state(server.clone(), repeat::once))
        .layer(from_fn_with_state(server.clone(), rate::limit))
        .layer(from_fn_with_state(server.clone(), guard::authenticate))
        .layer(CsrfLayer::new())
        .layer(DefaultBodyLimit::max(LARGEST_BODY));
    Router::new()
        .nest("/api/v1", api.merge(crate::hub::routes()))
        .merge(system::probes())
        .fallback(page_or_problem)
        .layer(from_fn(tidy))
        .layer(CatchPanicLayer::custom(|_| {
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "something is wrong with this server",
            )
            .into_response()
        }))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
        // The page has a policy of its own.
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'",
            ),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .with_state(server.clone())
}

/// The page, wherever nothing else stands; what programs ask for is never answered with it.
async fn page_or_problem(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    if path == "/api" || path.starts_with("/api/") || !matches!(method, Method::GET | Method::HEAD)
    {
        return Problem::missing("page").into_response();
    }
    casare_page::answer(path, &headers)
        .map(Body::from)
        .into_response()
}

fn fixed(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

/// Refuses addresses that the databases cannot keep, and answers what axum refuses by itself as a
/// problem, too.
async fn tidy(uri: Uri, request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    if uri.to_string().contains("%00") {
        return Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "the address holds the character U+0000",
        )
        .into_response();
    }
    let method = request.method().clone();
    let response = next.run(request).await;
    let status = response.status();
    let explained = response.headers().contains_key(header::CONTENT_TYPE);
    if status == StatusCode::METHOD_NOT_ALLOWED && method != Method::HEAD {
        let allow = response.headers().get(header::ALLOW).cloned();
        let mut told = Problem::new(
            status,
            "method_not_allowed",
            format!("this address does not take {method}"),
        )
        .into_response();
        if let Some(allow) = allow {
            told.headers_mut().insert(header::ALLOW, allow);
        }
        return told;
    }
    if status == StatusCode::FORBIDDEN && !explained {
        return Problem::new(
            status,
            "other_site",
            "the request comes from a page of another site",
        )
        .into_response();
    }
    response
}

/// What is told when the server could not do its own part.
pub(crate) fn failed(error: OrchestratorError) -> Problem {
    match error {
        OrchestratorError::Database(error) => error.into(),
        OrchestratorError::Queue(error) => error.into(),
        OrchestratorError::Access(error) => error.into(),
        error => Problem::internal(&error),
    }
}

/// What every name of a thing keeps to.
pub(crate) fn name(text: &str) -> Result<(), Problem> {
    if text.trim().is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
        return Err(Problem::invalid(
            "a name has 1 to 200 bytes, all of them printable",
        ));
    }
    Ok(())
}

const TAGS: &[(&str, &str)] = &[
    ("account", "Signing in and out, and one's own account"),
    ("people", "Members, API keys, audit"),
    ("workflows", "Workflows and their versions"),
    (
        "designer",
        "What the designer needs: nodes, drafts, expressions, comparing and merging",
    ),
    ("jobs", "Ordering runs, looking at them, stopping them"),
    ("runs", "What happened in an attempt"),
    ("dead letters", "Jobs that were given up"),
    ("tasks", "What jobs ask people"),
    ("robots", "Robots, pools, enrolment"),
    ("limits", "How many jobs at a time, and pauses"),
    ("values", "Environments, assets, credentials"),
    ("schedules", "What runs when"),
    ("triggers", "What starts runs besides schedules"),
    ("hooks", "Whom to tell of what happens"),
    ("queues", "Transaction queues and their items"),
    ("live", "What happens, as it happens"),
    ("system", "This server"),
];

fn complete(document: &mut OpenApi) {
    let mut info = Info::new("Casare", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "Errors are problem documents (RFC 9457) with a stable `code`. Lists are paged by `cursor`. \
         `Idempotency-Key` makes POSTs safe to repeat; `If-Match` keeps edits from overwriting others."
            .to_owned(),
    );
    document.info = info;
    document.tags = Some(
        TAGS.iter()
            .map(|(name, description)| {
                let mut tag = Tag::new(*name);
                tag.description = Some((*description).to_owned());
                tag
            })
            .collect(),
    );
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.insert(
        "Problem".to_owned(),
        <crate::problem::Document as utoipa::PartialSchema>::schema(),
    );
    components.responses.insert(
        "Problem".to_owned(),
        RefOr::T(
            ResponseBuilder::new()
                .description("Why not")
                .content(
                    "application/problem+json",
                    Content::new(Some(Ref::from_schema_name("Problem"))),
                )
                .build(),
        ),
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("csr_…")
        .build();
    components.add_security_scheme("key", SecurityScheme::Http(bearer));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(guard::SESSION));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
}
