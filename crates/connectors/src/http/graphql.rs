use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{
    Any, Effect,
    value::{from_json, to_json},
};
use indexmap::IndexMap;
use reqwest::Method;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{
    request::SHORT,
    response,
    send::{Call, Caller, Payload},
    settings::http_settings,
};

http_settings! {
    /// Asks a GraphQL server.
    ///
    /// Values go into `variables`, never into the text of the query. Errors in the answer fail the
    /// step, unless `partial` lets through what came beside them. Queries are repeated when the
    /// server is unavailable, mutations are sent once.
    pub(super) struct Graphql {
        /// The server's address.
        url: String,
        /// The query or mutation.
        query: String,
        /// Values for its variables.
        #[serde(default)]
        variables: IndexMap<String, Any>,
        /// Which of several operations in `query` is meant.
        #[serde(default)]
        operation: Option<String>,
        /// Whether an answer with errors is taken if it has data too.
        #[serde(default)]
        partial: bool,
    }
}

/// What was answered.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GraphqlAnswer {
    /// The data.
    data: Any,
    /// Errors beside the data.
    errors: Any,
    /// What the server says besides, such as costs.
    extensions: Any,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("http.graphql", graphql, |settings: &Graphql| {
        if only_reads(&settings.query) {
            Effect::Pure
        } else {
            Effect::Once
        }
    })
    .icon("workflow")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: customer
  use: http.graphql
  with:
    url: https://shop.example.com/graphql
    query: |
      query ($id: ID!) { customer(id: $id) { name orders { total } } }
    variables: { id: "42" }
- use: log.write
  with: { message: "{{ steps.customer.data.customer.name }}" }
"#;

async fn graphql(cx: &StepContext, settings: Graphql) -> Result<GraphqlAnswer, NodeError> {
    let caller = Caller::new(cx, settings.common(), SHORT).await?;
    let mut call = Call::new(Method::POST, caller.url(&settings.url, &IndexMap::new())?);
    let variables: serde_json::Map<String, Json> = settings
        .variables
        .iter()
        .map(|(name, value)| (name.clone(), to_json(&value.0)))
        .collect();
    let mut body = json!({ "query": settings.query, "variables": variables });
    if let Some(operation) = &settings.operation {
        body["operationName"] = operation.as_str().into();
    }
    call.payload = Payload::json(&body);
    call.repeatable = only_reads(&settings.query);
    call.header(
        "accept",
        "application/graphql-response+json, application/json",
    )?;
    let response = caller.send(&call).await?;
    let status = response.status();
    let bytes = caller.bytes(response).await?;
    let answer: Option<Json> = serde_json::from_slice(&bytes).ok().filter(Json::is_object);
    let Some(answer) = answer else {
        if status.as_u16() >= 400 {
            return Err(response::refusal(&call, status, &bytes));
        }
        return Err(NodeError::invalid(format!(
            "{} did not answer as a GraphQL server does",
            call.shown()
        ))
        .with_help("check the address; many servers have it under `/graphql`"));
    };
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    let has_data = !answer["data"].is_null();
    if !(errors.is_empty() || settings.partial && has_data) {
        return Err(refused(&errors));
    }
    if !has_data && status.as_u16() >= 400 {
        return Err(response::refusal(&call, status, &bytes));
    }
    Ok(GraphqlAnswer {
        data: from_json(&answer["data"]).into(),
        errors: from_json(&Json::Array(errors)).into(),
        extensions: from_json(&answer["extensions"]).into(),
    })
}

fn refused(errors: &[Json]) -> NodeError {
    let first = &errors[0];
    let code = first["extensions"]["code"].as_str().unwrap_or_default();
    let kind = match code {
        "UNAUTHENTICATED" | "FORBIDDEN" | "UNAUTHORIZED" => ErrorKind::Denied,
        "NOT_FOUND" => ErrorKind::NotFound,
        "INTERNAL_SERVER_ERROR" | "RATE_LIMITED" | "THROTTLED" | "TIMEOUT" => {
            ErrorKind::Unavailable
        }
        "CONFLICT" => ErrorKind::Conflict,
        _ => ErrorKind::Invalid,
    };
    let message = first["message"]
        .as_str()
        .unwrap_or("an error without a message");
    let place: Vec<String> = first["path"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|part| {
            part.as_str()
                .map_or_else(|| part.to_string(), str::to_owned)
        })
        .collect();
    let place = if place.is_empty() {
        String::new()
    } else {
        format!(" at `{}`", place.join("."))
    };
    let more = match errors.len() {
        1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    NodeError::new(
        kind,
        format!("the server refuses it{place}: {message}{more}"),
    )
    .with_help("`error.details` has all errors; with `partial: true` the data beside them is taken")
    .with_details(json!({ "errors": errors }))
}

/// Whether the document has neither mutations nor subscriptions.
fn only_reads(document: &str) -> bool {
    let mut depth = 0_u32;
    let mut word = String::new();
    let mut chars = document.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if depth == 0 && matches!(word.as_str(), "mutation" | "subscription") {
            return false;
        }
        word.clear();
        match c {
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            '"' => while chars.next().is_some_and(|c| c != '"') {},
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutation_is_told_from_a_field_that_is_called_so() {
        assert!(only_reads("{ mutation { id } }"));
        assert!(only_reads(
            "# mutation\nquery Q($a: T = \"mutation\") { a }"
        ));
        assert!(!only_reads("query A { a } mutation B { b }"));
        assert!(!only_reads("mutation{ b }"));
    }
}
