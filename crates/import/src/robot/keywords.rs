//! Keywords of BuiltIn, Collections, String, OperatingSystem, browsers and requests.

mod browser;
mod flow;
mod outside;
mod values;

use casare_workflow::Step;
use serde_json::{Map, Value as Json, json};

use super::{
    body::{Reader, plain_name},
    rpa,
    suite::Suite,
};
use crate::{report::Weight, selenium::step};

/// A call of a keyword.
pub(super) struct Call<'c> {
    pub(super) name: &'c str,
    pub(super) arguments: &'c [String],
    pub(super) target: Option<&'c str>,
}

/// A keyword's name as Robot Framework compares it.
pub(super) fn same(name: &str) -> String {
    let name = name.rsplit_once('.').map_or(
        name,
        |(library, rest)| {
            if is_library(library) { rest } else { name }
        },
    );
    name.to_lowercase().replace([' ', '_'], "")
}

/// Whether the keywords of a library are known here.
pub(super) fn is_library(name: &str) -> bool {
    matches!(
        name,
        "BuiltIn"
            | "Collections"
            | "String"
            | "OperatingSystem"
            | "SeleniumLibrary"
            | "Browser"
            | "RPA.Browser"
            | "RPA.Browser.Selenium"
            | "RPA.Browser.Playwright"
            | "RequestsLibrary"
            | "RPA.HTTP"
            | "DateTime"
            | "RPA.FileSystem"
            | "Process"
            | "XML"
            | "RPA.Archive"
            | "RPA.Assistant"
            | "RPA.Dialogs"
            | "RPA.Excel.Files"
            | "RPA.JSON"
            | "RPA.PDF"
            | "RPA.Tables"
    )
}

/// Whether the keyword `name` of `suite` opens a browser, by itself or through others.
pub(super) fn opens_browser(suite: &Suite, name: &str) -> bool {
    let mut todo = vec![name.to_owned()];
    let mut seen = Vec::new();
    while let Some(name) = todo.pop() {
        if matches!(
            &*name,
            "openbrowser"
                | "openavailablebrowser"
                | "openchromebrowser"
                | "newpage"
                | "newpersistentcontext"
                | "openheadlesschromebrowser"
        ) {
            return true;
        }
        if seen.contains(&name) {
            continue;
        }
        let keyword = suite
            .keywords
            .iter()
            .find(|keyword| same(&keyword.name) == name);
        for line in keyword.iter().flat_map(|keyword| &keyword.lines) {
            // A keyword that ends early cannot stand in another's place.
            if line
                .first()
                .is_some_and(|word| word == "RETURN" || word == "[Return]")
            {
                return false;
            }
            todo.extend(line.iter().take(3).map(|cell| same(cell)));
        }
        seen.push(name);
    }
    false
}

/// The steps of a call, where its keyword is known.
pub(super) fn known(reader: &mut Reader<'_>, call: &Call<'_>) -> Option<Vec<Step>> {
    let name = same(call.name);
    if let Some((file, arguments)) = reader.files.get(&name).cloned() {
        return Some(own(reader, call, &file, &arguments));
    }
    flow::known(reader, call, &name)
        .or_else(|| values::known(reader, call, &name))
        .or_else(|| browser::known(reader, call, &name))
        .or_else(|| outside::known(reader, call, &name))
        .or_else(|| rpa::known(reader, call, &name))
}

/// A keyword of the suite itself.
fn own(reader: &mut Reader<'_>, call: &Call<'_>, file: &str, names: &[String]) -> Vec<Step> {
    if let Some(steps) = reader.inlined(call) {
        return steps;
    }
    let mut inputs = Map::new();
    for (place, argument) in call.arguments.iter().enumerate() {
        let named = argument
            .split_once('=')
            .map(|(name, value)| (plain_name(name), value));
        match named.filter(|(name, _)| names.contains(name)) {
            Some((name, value)) => {
                inputs.insert(name, reader.value(value).setting());
            }
            None => match names.get(place) {
                Some(name) => {
                    inputs.insert(name.clone(), reader.value(argument).setting());
                }
                None => reader.report.add(
                    Weight::Lost,
                    Some(call.name),
                    format!("its argument `{argument}` has no name there and was left out"),
                ),
            },
        }
    }
    let workflow = file.rsplit('/').next().unwrap_or(file);
    let mut called = step(
        "flow.call",
        json!({ "workflow": workflow, "inputs": inputs }),
    );
    let id = reader.id("called");
    called.id = Some(id.clone());
    let mut steps = vec![called];
    if let Some(target) = call.target {
        steps.push(set(target, format!("{{{{ steps.{id}.result }}}}").into()));
    }
    steps
}

pub(super) fn set(target: &str, value: Json) -> Step {
    step(
        "data.set",
        json!({ "name": plain_name(target), "value": value }),
    )
}

/// What a step yields, kept in the variable that the call names.
pub(super) fn kept(
    reader: &mut Reader<'_>,
    call: &Call<'_>,
    mut one: Step,
    output: &str,
) -> Vec<Step> {
    let Some(target) = call.target else {
        return vec![one];
    };
    let id = reader.id(one.uses.rsplit('.').next().unwrap_or("step"));
    one.id = Some(id.clone());
    vec![
        one,
        set(target, format!("{{{{ steps.{id}.{output} }}}}").into()),
    ]
}

/// `5`, `2s`, `1 minute`, `200ms` as a duration.
fn span_of(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let end = text
        .find(|letter: char| !(letter.is_ascii_digit() || letter == '.'))
        .unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let unit = match text[end..].trim() {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => 1_000.0,
        "ms" | "millis" | "millisecond" | "milliseconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000.0,
        "h" | "hour" | "hours" => 3_600_000.0,
        _ => return None,
    };
    let ms = (number * unit).round().clamp(0.0, 1e12) as u64;
    Some(if ms.is_multiple_of(1000) {
        format!("{}s", ms / 1000)
    } else {
        format!("{ms}ms")
    })
}
