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

/// A path with several `..` finds what it finds once for each way down to it; more ways than these are not walked.
const MOST_WAYS: u64 = 20_000_000;

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
        .fails(
            ErrorKind::Invalid,
            "`data` is a text and no JSON, or `path` goes down in too many ways.",
        )
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
    let ways = ways(&data, descents(&settings.path));
    if ways > MOST_WAYS {
        return Err(NodeError::invalid(format!(
            "`{}` can go down in {ways} ways in this data",
            settings.path
        ))
        .with_help("name the way with fewer `..`, such as `$.orders[*]..price`"));
    }
    Ok(path
        .query(&data)
        .iter()
        .map(|found| from_json(found))
        .collect())
}

/// How often a path says `..`; within quotes it is a name.
fn descents(path: &str) -> u64 {
    let mut quote = None;
    let mut before = ' ';
    let mut count = 0;
    for letter in path.chars() {
        match quote {
            Some(open) if letter == open && before != '\\' => quote = None,
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            None if letter == '.' && before == '.' => count += 1,
            _ => {}
        }
        before = letter;
    }
    count
}

/// In how many ways a path that goes down so often reaches the values of `data`: for each value, the choices of so
/// many from those that it stands in.
fn ways(data: &Json, descents: u64) -> u64 {
    if descents < 2 {
        return 0;
    }
    let mut total = 0_u64;
    let mut left = vec![(data, 1_u64)];
    while let Some((value, depth)) = left.pop() {
        let mut choices = 1_u64;
        for taken in 0..descents.min(64) {
            let rest = (depth + 1).saturating_sub(taken);
            choices = choices.saturating_mul(rest) / (taken + 1);
        }
        total = total.saturating_add(choices);
        match value {
            Json::Array(items) => left.extend(items.iter().map(|item| (item, depth + 1))),
            Json::Object(fields) => left.extend(fields.values().map(|field| (field, depth + 1))),
            _ => {}
        }
    }
    total
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
    fn a_path_that_goes_down_without_end_is_refused() {
        let mut data = json!(1);
        for _ in 0..100 {
            data = json!({ "a": data, "b": [1, 2, 3] });
        }
        let ask = |path: &str| {
            values(&Query {
                data: Any(from_json(&data)),
                path: path.to_owned(),
                required: false,
            })
        };

        assert_eq!(ask("$..b[0]").unwrap().len(), 100);
        assert!(ask("$..a..b").is_ok());
        let error = ask("$..*..*..*..*..*").unwrap_err();
        assert!(error.message().contains("ways"), "{error}");
        assert_eq!(descents("$..a['..']..b"), 2);
    }

    #[test]
    fn a_path_that_is_none_is_refused() {
        let error = found("orders[").unwrap_err();

        assert!(error.message().starts_with("`orders[` is no JSONPath"));
    }
}
