mod bounds;

use std::thread;

use casare_engine::{Cancel, ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{
    Any, Value,
    value::{from_json, to_json},
};
use indexmap::IndexMap;
use jaq_core::{
    Ctx, Vars,
    compile::Compiler,
    data,
    load::{self, Arena, File, Loader, parse::Def},
    unwrap_valr,
};
use jaq_json::{Val, read, write};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// More results are a mistake, such as `range(1e9)`.
const MOST: usize = 1_000_000;

/// Longer filters are none, in bytes: they are read with a stack.
const LONGEST_FILTER: usize = 20_000;

/// Functions that bounded ones stand in for.
const REPLACED: [&str; 2] = ["fromjson", "range"];

/// The name that the filter has as a definition.
const MAIN: &str = "casare_main";

/// What a filter may not see or do: the environment, the clock, the terminal, to end the program.
const OUTSIDE: [&str; 6] = ["env", "halt", "halt_error", "now", "stderr", "stderr_empty"];

/// Transforms data with a jq filter.
///
/// `.orders | map(select(.total > 100) | {id, total})` picks and shapes, `group_by(.country)`
/// groups, `to_entries` turns maps into lists. The filter sees nothing but the data and `given`:
/// no files, no environment, no time.
/// A filter that does not end, calls itself without end or grows without end is stopped.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Transform {
    /// The data: maps and lists, or JSON text.
    data: Any,
    /// The jq filter.
    filter: String,
    /// Values that the filter sees as variables: `{ limit: 100 }` is `$limit`.
    #[serde(default)]
    given: IndexMap<String, Any>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Transformed {
    /// The first result; none if there is none.
    result: Any,
    /// All results: most filters have one, `.[]` has many.
    results: Vec<Any>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("json.transform", transform)
        .pure()
        .icon("braces")
        .fails(
            ErrorKind::Invalid,
            "The filter ends with an error, or does not fit the data.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: totals
  use: json.transform
  with:
    data: [{ country: DE, total: 80 }, { country: SE, total: 50 }, { country: DE, total: 20 }]
    filter: "group_by(.country) | map({country: .[0].country, total: (map(.total) | add)})"
- use: log.write
  with: { message: "{{ steps.totals.result[0].total }}" }
"#;

async fn transform(cx: &StepContext, settings: Transform) -> Result<Transformed, NodeError> {
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let results = bounded_results(settings, cancel)?;
        Ok(Transformed {
            result: Any(results.first().cloned().unwrap_or_else(|| Value::from(()))),
            count: results.len(),
            results: results.into_iter().map(Any).collect(),
        })
    })
    .await
}

/// Runs the filter on a thread whose stack has room for what `bounds` allows.
fn bounded_results(settings: Transform, cancel: Cancel) -> Result<Vec<Value>, NodeError> {
    let work = move || {
        bounds::begin(cancel.clone());
        let found = results(&settings, &cancel);
        match bounds::broken() {
            Some(_) if cancel.is_cancelled() => Err(NodeError::timeout("the step was stopped")),
            Some(why) => Err(
                NodeError::invalid(format!("the jq filter was stopped: {why}"))
                    .with_help("look for a definition or loop in it that does not end"),
            ),
            None => found,
        }
    };
    thread::Builder::new()
        .name("jq".to_owned())
        .stack_size(bounds::STACK)
        .spawn(work)
        .map_err(|error| NodeError::bug(format!("no thread for the filter: {error}")))?
        .join()
        .unwrap_or_else(|_| Err(NodeError::invalid("the jq filter ended unexpectedly")))
}

fn results(settings: &Transform, cancel: &Cancel) -> Result<Vec<Value>, NodeError> {
    let input = match settings.data.0.as_str() {
        Some(text) => value_of(text),
        None => value_of(&to_json(&settings.data.0).to_string()),
    }
    .map_err(|error| NodeError::invalid(format!("setting `data` is no JSON: {error}")))?;
    let names: Vec<String> = settings
        .given
        .keys()
        .map(|name| format!("${name}"))
        .collect();
    let given = settings
        .given
        .values()
        .map(|value| value_of(&to_json(&value.0).to_string()));
    let given = given
        .collect::<Result<Vec<Val>, _>>()
        .map_err(|error| NodeError::invalid(format!("setting `given` is no JSON: {error}")))?;

    let wrong = |what: String| {
        NodeError::invalid(format!("`{}` is no jq filter: {what}", settings.filter))
            .with_help("it is written as for the program jq, such as `.orders | map(.total) | add`")
    };
    if settings.filter.len() > LONGEST_FILTER {
        return Err(wrong(format!("it has more than {LONGEST_FILTER} bytes")));
    }
    let arena = Arena::default();
    let Some(body) = load::parse(&settings.filter, |parser| parser.term()) else {
        return Err(wrong("it can't be read".to_owned()));
    };
    let main = Def {
        name: MAIN,
        args: names.iter().map(String::as_str).collect(),
        body,
    };
    let range = load::parse(bounds::RANGE, |parser| parser.defs()).unwrap_or_default();
    let definitions = range
        .into_iter()
        .chain(jaq_core::defs())
        .chain(jaq_std::defs())
        .chain(jaq_json::defs())
        .filter(|definition| !OUTSIDE.contains(&definition.name))
        .map(bounds::bounded)
        .chain([bounds::bounded(main)]);
    let call = if names.is_empty() {
        MAIN.to_owned()
    } else {
        format!("{MAIN}({})", names.join("; "))
    };
    let program = File {
        code: call.as_str(),
        path: (),
    };
    let modules = Loader::new(definitions)
        .load(&arena, program)
        .map_err(|errors| wrong(format!("{:?}", errors.first().map(|(_, error)| error))))?;
    let functions = jaq_core::funs()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs())
        .filter(|(name, ..)| !OUTSIDE.contains(name) && !REPLACED.contains(name))
        .chain(bounds::functions());
    let filter = Compiler::default()
        .with_funs(functions)
        .with_global_vars(names.iter().map(String::as_str))
        .compile(modules)
        .map_err(|errors| {
            let undefined = errors.iter().flat_map(|(_, errors)| errors);
            let names: Vec<&str> = undefined.map(|(name, _)| *name).collect();
            wrong(format!("there is no {}", names.join(", ")))
        })?;
    let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new(given));
    let mut results = Vec::new();
    for result in filter.id.run((context, input)).map(unwrap_valr) {
        let result =
            result.map_err(|error| NodeError::invalid(format!("the jq filter failed: {error}")))?;
        if results.len() == MOST {
            return Err(
                NodeError::invalid(format!("the filter has more than {MOST} results"))
                    .with_help("put `[limit(100; …)]` around it, or correct it"),
            );
        }
        if cancel.is_cancelled() {
            return Err(NodeError::timeout("the step was stopped"));
        }
        results.push(data_of(&result)?);
    }
    Ok(results)
}

fn value_of(text: &str) -> Result<Val, String> {
    // serde_json bounds the depth, which the other reader does not.
    serde_json::from_str::<&serde_json::value::RawValue>(text)
        .map_err(|error| error.to_string())?;
    read::parse_single(text.as_bytes()).map_err(|error| error.to_string())
}

fn data_of(result: &Val) -> Result<Value, NodeError> {
    let mut text = Vec::new();
    write::write(&mut text, &write::Pp::default(), 0, result)
        .map_err(|error| NodeError::bug(format!("a result can't be written: {error}")))?;
    serde_json::from_slice::<Json>(&text)
        .map(|json| from_json(&json))
        .map_err(|error| NodeError::invalid(format!("a result of the filter is no JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(data: Json, filter: &str) -> Result<Json, NodeError> {
        let settings = Transform {
            data: Any(from_json(&data)),
            filter: filter.to_owned(),
            given: IndexMap::from([("limit".to_owned(), Any(Value::from(100)))]),
        };
        bounded_results(settings, Cancel::default())
            .map(|found| found.iter().map(to_json).collect())
    }

    #[test]
    fn a_filter_picks_and_shapes() {
        let data = json!([{ "id": 1, "total": 80.5 }, { "id": 2, "total": 120 }]);

        assert_eq!(
            found(data.clone(), "map(select(.total > $limit)) | .[0].id").unwrap(),
            json!([2])
        );
        assert_eq!(found(data, ".[].total").unwrap(), json!([80.5, 120]));
    }

    #[test]
    fn a_filter_sees_no_environment_and_its_faults_are_told() {
        let error = found(json!({}), "env.HOME").unwrap_err();
        assert!(error.message().contains("there is no env"), "{error}");

        let error = found(json!({}), ".a + 1 | keys").unwrap_err();
        assert!(
            error.message().starts_with("the jq filter failed"),
            "{error}"
        );
        assert!(found(json!({}), "map(").is_err());
    }

    #[test]
    fn a_filter_that_does_not_end_is_stopped_with_an_error() {
        for filter in [
            "def f: f; f",
            "def f: 1 + f; f",
            "def f: try f catch f; f",
            "[range(1e12)]",
            "[recurse(.)]",
            "[repeat(1)]",
            "[limit(1e12; repeat(1))] | length",
            "reduce range(1e12) as $x (null; [.])",
            "reduce range(1e12) as $x (null; {a: .})",
            "reduce range(100) as $x (\"x\"; . + .)",
            "reduce range(1e6) as $x (10; . * .)",
            "\"x\" * 1000000000000",
            "\"x\" | . *= 1000000000000",
        ] {
            let error = found(json!({}), filter).unwrap_err();
            assert!(error.message().contains("stopped"), "{filter}: {error}");
        }
        assert!(found(json!("[".repeat(1_000_000)), ".").is_err());
        assert!(found(json!(["[".repeat(1_000_000)]), ".[0] | fromjson").is_err());
        assert!(found(json!({}), &"(".repeat(20_000)).is_err());
    }

    #[test]
    fn bounded_filters_find_what_jq_finds() {
        let data = json!({ "a": [1, [2, [3]]], "b": 2 });
        for (filter, expected) in [
            (
                "[range(0; 10; 3)], [range(3; 0; -1)]",
                json!([[0, 3, 6, 9], [3, 2, 1]]),
            ),
            ("[(1, 2) * (3, 4)] | sort", json!([[3, 4, 6, 8]])),
            (".a | flatten", json!([[1, 2, 3]])),
            (".b *= 3 | .b", json!([6])),
            (
                "def f: if . > 100000 then . else . + 1 | f end; 0 | f",
                json!([100_001]),
            ),
            ("def g: .b; g |= 7 | .b", json!([7])),
            ("[limit(3; repeat(1))]", json!([[1, 1, 1]])),
        ] {
            assert_eq!(found(data.clone(), filter).unwrap(), expected, "{filter}");
        }
    }
}
