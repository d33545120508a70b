//! Files, programs and requests.

use casare_workflow::Step;
use serde_json::{Value as Json, json};

use super::{Call, kept, set};
use crate::{robot::body::Reader, selenium::step};

pub(super) fn known(reader: &mut Reader<'_>, call: &Call<'_>, name: &str) -> Option<Vec<Step>> {
    let given = call.arguments;
    let mut cell = |at: usize| given.get(at).map(|cell| reader.value(cell).setting());
    let (one, output) = match name {
        "get" | "post" | "put" | "patch" | "delete" | "head" => {
            let named = |key: &str| {
                given
                    .iter()
                    .find_map(|cell| cell.strip_prefix(key))
                    .map(str::to_owned)
            };
            let url = cell(0)?;
            let [json, data, params, headers] =
                ["json=", "data=", "params=", "headers="].map(named);
            let mut value = |text: Option<String>| text.map(|text| reader.value(&text).setting());
            let with = json!({
                "url": url, "method": name.to_uppercase(), "json": value(json), "text": value(data),
                "query": value(params), "headers": value(headers),
            });
            let mut request = step("http.request", with);
            let Some(target) = call.target else {
                return Some(vec![request]);
            };
            let id = reader.id("response");
            request.id = Some(id.clone());
            // What RequestsLibrary calls these things.
            let answer = format!(
                "{{{{ {{'status_code': steps.{id}.status, 'text': steps.{id}.body, 'json': steps.{id}.body, 'headers': steps.{id}.headers, 'ok': steps.{id}.ok}} }}}}"
            );
            return Some(vec![request, set(target, answer.into())]);
        }
        "getfile" | "readfile" => (step("file.read", json!({ "path": cell(0)? })), "content"),
        "createfile" => (
            step(
                "file.write",
                json!({ "path": cell(0)?, "content": cell(1).unwrap_or_else(|| "".into()) }),
            ),
            "path",
        ),
        "appendtofile" => (
            step(
                "file.append",
                json!({ "path": cell(0)?, "content": cell(1)?, "line_break": false }),
            ),
            "path",
        ),
        "removefile" => (
            step("file.delete", json!({ "path": cell(0)?, "missing": "ok" })),
            "deleted",
        ),
        "copyfile" => (
            step(
                "file.copy",
                json!({ "from": cell(0)?, "to": cell(1)?, "if_exists": "replace" }),
            ),
            "path",
        ),
        "movefile" => (
            step(
                "file.move",
                json!({ "from": cell(0)?, "to": cell(1)?, "if_exists": "replace" }),
            ),
            "path",
        ),
        "listfilesindirectory" => (
            step("file.list", json!({ "path": cell(0)?, "kinds": "files" })),
            "paths",
        ),
        "createdirectory" => (
            step("file.create_folder", json!({ "path": cell(0)? })),
            "path",
        ),
        "getcurrentdate" => (step("date.now", Json::Null), "result"),
        "run" | "runprocess" => (
            step("script.shell", json!({ "script": given.join(" ") })),
            "stdout",
        ),
        _ => return None,
    };
    Some(kept(reader, call, one, output))
}
