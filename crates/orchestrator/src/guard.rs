//! Who may call which route: the only place that decides.
//!
//! Every route stands in the router as `may(permission, routes!(handler))`, `own` or `open`. That
//! checks each request before anything of it is read, and writes the permission into the OpenAPI
//! document, where a test walks over all routes.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use casare_access::{Permission, Principal};
use secrecy::SecretString;
use utoipa::openapi::{
    Ref, RefOr, Required,
    path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
    schema::{ObjectBuilder, Type},
    security::SecurityRequirement,
};
use utoipa_axum::router::UtoipaMethodRouter;

use crate::{Orchestrator, Problem};

/// The cookie of a session.
pub(crate) const SESSION: &str = "casare_session";

/// Whoever makes the request, once that is known.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Result<Principal, Problem>);

/// A route for whoever has this permission.
pub(crate) fn may(
    permission: Permission,
    (schemas, mut paths, router): UtoipaMethodRouter<Orchestrator>,
) -> UtoipaMethodRouter<Orchestrator> {
    for item in paths.paths.values_mut() {
        for (method, operation) in operations(item) {
            describe(method, operation, Some(permission));
        }
    }
    let check = from_fn(move |request: Request, next: Next| async move {
        match allowed(&request, permission) {
            Ok(()) => next.run(request).await,
            Err(problem) => problem.into_response(),
        }
    });
    (schemas, paths, router.route_layer(check))
}

/// A route for everybody.
pub(crate) fn open(
    (schemas, mut paths, router): UtoipaMethodRouter<Orchestrator>,
) -> UtoipaMethodRouter<Orchestrator> {
    for item in paths.paths.values_mut() {
        for (method, operation) in operations(item) {
            describe(method, operation, None);
        }
    }
    (schemas, paths, router)
}

fn allowed(request: &Request, permission: Permission) -> Result<(), Problem> {
    let caller = request.extensions().get::<Caller>();
    let caller = caller.ok_or_else(Problem::unauthenticated)?;
    let principal = caller.0.as_ref().map_err(Clone::clone)?;
    Ok(principal.require(permission)?)
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("patch", &mut item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// Writes down what holds of every route.
fn describe(method: &str, operation: &mut Operation, permission: Option<Permission>) {
    // One handler for several methods: each needs a name of its own, and a GET has no body.
    if method != "post"
        && let Some(id) = operation
            .operation_id
            .as_mut()
            .filter(|id| *id == "receive_call")
    {
        id.push('_');
        id.push_str(method);
        if method == "get" {
            operation.request_body = None;
        }
    }
    let mut statuses = vec!["400", "404", "409", "422", "429", "500", "503"];
    if let Some(permission) = permission {
        statuses.extend(["401", "403"]);
        let extensions = operation.extensions.get_or_insert_default();
        extensions.insert("x-permission".to_owned(), permission.name().into());
        operation.security = Some(vec![
            SecurityRequirement::new("key", Vec::<String>::new()),
            SecurityRequirement::new("session", Vec::<String>::new()),
        ]);
    } else {
        operation.security = Some(Vec::new());
        statuses.push("401");
    }
    if method != "get" {
        statuses.extend(["403", "412", "413", "415", "507"]);
    }
    if method == "post" && permission.is_some() {
        let parameters = operation.parameters.get_or_insert_default();
        parameters.push(RefOr::T(header_parameter(
            "Idempotency-Key",
            "The same key with the same request answers what the first one came to.",
        )));
    }
    for status in statuses {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::Ref(Ref::new("#/components/responses/Problem")));
    }
}

fn header_parameter(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build()
}

/// Finds out who makes a request, from its key or cookie. Routes decide what that means.
pub(crate) async fn authenticate(
    State(server): State<Orchestrator>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = identify(&server, request.headers()).await;
    if let Some(caller) = caller {
        request.extensions_mut().insert(Caller(caller));
    }
    next.run(request).await
}

async fn identify(
    server: &Orchestrator,
    headers: &HeaderMap,
) -> Option<Result<Principal, Problem>> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let Some(token) = token else {
            return Some(Err(Problem::unauthenticated()));
        };
        let found = server.access.api_key(&SecretString::from(token)).await;
        return Some(found.map_err(Problem::from));
    }
    let jar = CookieJar::from_headers(headers);
    let cookie = jar.get(SESSION)?;
    let found = server
        .access
        .session(&SecretString::from(cookie.value()))
        .await;
    Some(found.map_err(Problem::from))
}

/// Whether a caller that was let in before still would be: keys are revoked and sessions end.
pub(crate) async fn still(
    server: &Orchestrator,
    headers: &HeaderMap,
    permission: Permission,
) -> bool {
    matches!(identify(server, headers).await, Some(Ok(principal)) if principal.may(permission))
}

/// Handlers of guarded routes take whoever calls them.
impl FromRequestParts<Orchestrator> for Me {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &Orchestrator,
    ) -> Result<Self, Self::Rejection> {
        let caller = parts.extensions.get::<Caller>();
        let caller = caller.ok_or_else(Problem::unauthenticated)?;
        caller.0.clone().map(Me)
    }
}

/// Whoever makes the request.
#[derive(Debug, Clone)]
pub(crate) struct Me(pub(crate) Principal);
