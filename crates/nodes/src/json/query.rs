use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{
    Any, Value,
    value::{from_json, to_json},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json_path::JsonPath;

/// Takes values out of nested data with a JSONPath.
///
/// `$.orders[0].total` is one value, `$.orders[*].total` one of each order, `$..email` every e-mail
/// at any depth, `$.orders[?@.total > 100]` the orders above 100.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// The data: maps and lists, or JSON text.
    data: Any,
    /// The JSONPath (RFC 9535), beginning with `$`.
    path: String,
    /// Whether the step fails if nothing is there.
    #[serde(default)]
    required: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The first value; none if there is none.
    first: Any,
    /// All values, in the order of the data.
    values: Vec<Any>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("json.query", query)
        .pure()
        .icon("braces")
        .fails(
            ErrorKind::NotFound,
            "Nothing is at `path` and `required` is set.",
        )
        .fails(ErrorKind::Invalid, "`data` is a text and no JSON.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: large
  use: json.query
  with:
    data: { orders: [{ id: 1, total: 80 }, { id: 2, total: 120 }] }
    path: "$.orders[?@.total > 100].id"
- use: log.write
  with: { message: "{{ steps.large.values | join(', ') }}" }
"#;

async fn query(cx: &StepContext, settings: Query) -> Result<Found, NodeError> {
    cx.blocking(move || {
        let values = values(&settings)?;
        if values.is_empty() && settings.required {
            return Err(NodeError::not_found(format!(
                "nothing in the data is at `{}`",
                settings.path
            )));
        }
        Ok(Found {
            first: Any(values.first().cloned().unwrap_or_else(|| Value::from(()))),
            count: values.len(),
            values: values.into_iter().map(Any).collect(),
        })
    })
    .await
}

fn values(settings: &Query) -> Result<Vec<Value>, NodeError> {
    let path = JsonPath::parse(&settings.path).map_err(|error| {
        NodeError::invalid(format!("`{}` is no JSONPath: {error}", settings.path)).with_help(
            "it begins with `$`; `$.a.b[0]` goes down, `[*]` takes all, `..name` looks at any depth",
        )
    })?;
    let data: Json = match settings.data.0.as_str() {
        Some(text) => serde_json::from_str(text).map_err(|error| {
            NodeError::invalid(format!("setting `data` is a text, and no JSON: {error}"))
        })?,
        None => to_json(&settings.data.0),
    };
    Ok(path
        .query(&data)
        .iter()
        .map(|found| from_json(found))
        .collect())
}

#[cfg(test)]
mod tests {
    use casare_workflow::value::to_json;
    use serde_json::json;

    use super::*;

    fn found(path: &str) -> Result<Json, NodeError> {
        let data = json!({ "orders": [{ "id": 1, "total": 80 }, { "id": 2, "total": 120 }] });
        values(&Query {
            data: Any(from_json(&data)),
            path: path.to_owned(),
            required: false,
        })
        .map(|values| values.iter().map(to_json).collect())
    }

    #[test]
    fn a_path_takes_values_out() {
        assert_eq!(found("$.orders[?@.total > 100].id").unwrap(), json!([2]));
        assert_eq!(found("$..total").unwrap(), json!([80, 120]));
        assert_eq!(found("$.none").unwrap(), json!([]));
    }

    #[test]
    fn a_path_that_is_none_is_refused() {
        let error = found("orders[").unwrap_err();

        assert!(error.message().starts_with("`orders[` is no JSONPath"));
    }
}
