//! YAML text as data and back; what a text can make grow is bounded.

use casare_engine::NodeError;
use casare_workflow::{
    Value,
    value::{Stream, from_json, to_json},
};
use serde_json::Value as Json;

/// The data in `text`; a list of documents where `all`.
pub(super) fn data(text: &str, all: bool) -> Result<Value, NodeError> {
    // The reader's own budget refuses aliases that multiply (billion laughs), depth and size.
    if all {
        return serde_saphyr::from_multiple::<Json>(text)
            .map(|documents| documents.iter().map(from_json).collect())
            .map_err(|error| unreadable(&error));
    }
    serde_saphyr::from_str::<Json>(text)
        .map(|json| from_json(&json))
        .map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_saphyr::Error) -> NodeError {
    let told = error.to_string();
    let reason = told.lines().next().unwrap_or_default();
    NodeError::invalid(format!("the text is no YAML: {reason}")).with_help(
        "check the indentation, and quotes around texts with `: ` or `#`; several documents need \
         `all: true`",
    )
}

/// `data` as YAML text.
pub(super) fn text(data: &Value) -> Result<String, NodeError> {
    if Stream::is_in(data) {
        return Err(NodeError::invalid(
            "streamed rows can't be one YAML text: they may not fit into memory",
        )
        .with_help("read the file with `stream: false`, or write the rows with csv.write"));
    }
    serde_saphyr::to_string(&to_json(data))
        .map_err(|error| NodeError::invalid(format!("the data can't be written: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_goes_out_and_comes_back() {
        let given = json!({ "name": "a: b # c", "yes": "no", "n": [1, 2.5, null, true, "007"], "m": { "": {} } });

        let written = text(&from_json(&given)).unwrap();

        assert_eq!(to_json(&data(&written, false).unwrap()), given, "{written}");
        assert_eq!(
            to_json(&data("a: 1\n---\nb: 2\n", true).unwrap()),
            json!([{ "a": 1 }, { "b": 2 }])
        );
    }

    #[test]
    fn billion_laughs_are_refused() {
        let mut bomb = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
        for level in 1..10 {
            let below = format!("*a{}", level - 1);
            let list = vec![below; 9].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }

        let error = data(&bomb, false).unwrap_err();

        assert!(
            error.message().starts_with("the text is no YAML"),
            "{error}"
        );
    }

    #[test]
    fn huge_depth_is_refused() {
        assert!(data(&"[".repeat(100_000), false).is_err());
        assert!(data(&"- ".repeat(100_000), false).is_err());
    }
}
