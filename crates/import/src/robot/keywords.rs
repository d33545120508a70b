//! Keywords of BuiltIn, Collections, String, OperatingSystem, browsers and requests.

use casare_workflow::{Retry, Step};
use serde_json::{Map, Value as Json, json};

use super::body::{Reader, plain_name};
use crate::{
    report::Weight,
    selenium::{selector, step},
};

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
    )
}

/// The steps of a call, where its keyword is known.
pub(super) fn known(reader: &mut Reader<'_>, call: &Call<'_>) -> Option<Vec<Step>> {
    let name = same(call.name);
    if let Some((file, arguments)) = reader.files.get(&name).cloned() {
        return Some(own(reader, call, &file, &arguments));
    }
    flow(reader, call, &name)
        .or_else(|| values(reader, call, &name))
        .or_else(|| browser(reader, call, &name))
        .or_else(|| outside(reader, call, &name))
}

/// A keyword of the suite itself.
fn own(reader: &mut Reader<'_>, call: &Call<'_>, file: &str, names: &[String]) -> Vec<Step> {
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

fn set(target: &str, value: Json) -> Step {
    step(
        "data.set",
        json!({ "name": plain_name(target), "value": value }),
    )
}

/// What a step yields, kept in the variable that the call names.
fn kept(reader: &mut Reader<'_>, call: &Call<'_>, mut one: Step, output: &str) -> Vec<Step> {
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

fn flow(reader: &mut Reader<'_>, call: &Call<'_>, name: &str) -> Option<Vec<Step>> {
    let given = call.arguments;
    let one = |step: Step| Some(vec![step]);
    match name {
        "log" | "logtoconsole" | "comment" => {
            let message = reader
                .value(given.first().map_or("", String::as_str))
                .setting();
            one(step("log.write", json!({ "message": message })))
        }
        "sleep" => {
            let text = given.first().map_or("1", String::as_str);
            let span = span_of(text)?;
            one(step("flow.wait", json!({ "duration": span })))
        }
        "fail" | "fatalerror" => {
            let message = reader
                .value(given.first().map_or("failed", String::as_str))
                .setting();
            one(step("flow.fail", json!({ "message": message })))
        }
        "break" | "exitforloop" => one(step("flow.break", Json::Null)),
        "continue" | "continueforloop" => one(step("flow.continue", Json::Null)),
        "exitforloopif" | "continueforloopif" => {
            let uses = if name.starts_with("exit") {
                "flow.break"
            } else {
                "flow.continue"
            };
            let when = reader.condition(given.first()?);
            one(Step {
                when: Some(when),
                ..step(uses, Json::Null)
            })
        }
        "return" | "returnfromkeyword" => {
            let mut steps = Vec::new();
            if !given.is_empty() {
                let value = match given {
                    [single] => reader.value(single).setting(),
                    several => several
                        .iter()
                        .map(|cell| reader.value(cell).setting())
                        .collect(),
                };
                reader.result = Some("result".to_owned());
                steps.push(set("${result}", value));
            }
            steps.push(step("flow.return", Json::Null));
            Some(steps)
        }
        "nooperation" => Some(Vec::new()),
        "runkeywordif" | "runkeywordunless" => {
            let condition = reader.condition(given.first()?);
            let cut = given
                .iter()
                .position(|cell| cell.starts_with("ELSE"))
                .unwrap_or(given.len());
            let mut then = reader.call(given.get(1..cut)?);
            if cut < given.len() {
                return None;
            }
            if name.ends_with("unless") {
                let text = condition
                    .as_str()?
                    .trim_start_matches("{{")
                    .trim_end_matches("}}")
                    .trim()
                    .to_owned();
                for step in &mut then {
                    step.when = Some(format!("{{{{ not ({text}) }}}}").into());
                }
            } else {
                for step in &mut then {
                    step.when = Some(condition.clone());
                }
            }
            Some(then)
        }
        "waituntilkeywordsucceeds" => {
            let attempts = given
                .first()?
                .trim_end_matches('x')
                .trim()
                .parse::<u32>()
                .unwrap_or(5);
            let mut steps = reader.call(given.get(2..)?);
            let delay = span_of(given.get(1)?)?;
            for step in &mut steps {
                step.retry = Some(Retry {
                    attempts: attempts.clamp(1, 1000),
                    delay: delay.parse().ok()?,
                    backoff: 1.0,
                    jitter: false,
                    ..Retry::default()
                });
            }
            Some(steps)
        }
        _ => None,
    }
}

fn values(reader: &mut Reader<'_>, call: &Call<'_>, name: &str) -> Option<Vec<Step>> {
    let given = call.arguments;
    let mut code = |at: usize| -> Option<String> {
        let cell = given.get(at)?;
        let code = reader.value(cell).code();
        Some(code.operand(crate::expression::Binding::Atom))
    };
    let expression = |text: String| -> Json { format!("{{{{ {text} }}}}").into() };
    let assert = |text: String| {
        Some(vec![step(
            "flow.assert",
            json!({ "condition": format!("{{{{ {text} }}}}") }),
        )])
    };
    let value = match name {
        "setvariable" => match given {
            [one] => reader.value(one).setting(),
            several => several
                .iter()
                .map(|cell| reader.value(cell).setting())
                .collect(),
        },
        "setglobalvariable" | "setsuitevariable" | "settestvariable" | "settaskvariable"
        | "var" => {
            let (target, rest) = given.split_first()?;
            let rest: Vec<String> = rest
                .iter()
                .filter(|cell| !cell.starts_with("scope="))
                .cloned()
                .collect();
            reader.know(target);
            let value = reader.listed(target, &rest);
            return Some(vec![set(target, value)]);
        }
        "evaluate" => reader.evaluated(given.first()?)?,
        "createlist" => given
            .iter()
            .map(|cell| reader.value(cell).setting())
            .collect(),
        "createdictionary" => reader.listed("&", given),
        "catenate" => {
            let (separator, rest) = match given.split_first() {
                Some((first, rest)) if first.starts_with("SEPARATOR=") => (&first[10..], rest),
                _ => (" ", given),
            };
            reader.value(&rest.join(separator)).setting()
        }
        "getlength" => expression(format!("{} | length", code(0)?)),
        "converttointeger" => expression(format!("{} | int", code(0)?)),
        "converttonumber" => expression(format!("{} | float", code(0)?)),
        "converttostring" => expression(format!("{} | string", code(0)?)),
        "converttouppercase" => expression(format!("{} | upper", code(0)?)),
        "converttolowercase" => expression(format!("{} | lower", code(0)?)),
        "stripstring" => expression(format!("{} | trim", code(0)?)),
        "replacestring" => expression(format!(
            "{} | replace({}, {})",
            code(0)?,
            code(1)?,
            code(2)?
        )),
        "splitstring" => match given.len() {
            1 => expression(format!("{} | split", code(0)?)),
            _ => expression(format!("{} | split({})", code(0)?, code(1)?)),
        },
        "getfromlist" => expression(format!("{}[{} | int]", code(0)?, code(1)?)),
        "getfromdictionary" => expression(format!("{}[{}]", code(0)?, code(1)?)),
        "getdictionarykeys" => expression(format!("{} | keys", code(0)?)),
        "getdictionaryvalues" => expression(format!("{} | values", code(0)?)),
        "appendtolist" => {
            let list = plain_name(given.first()?);
            let more: Vec<String> = (1..given.len()).filter_map(&mut code).collect();
            let value = format!(
                "{{{{ vars.{list} | chain([{}]) | list }}}}",
                more.join(", ")
            );
            return Some(vec![set(given.first()?, value.into())]);
        }
        "settodictionary" => {
            let map = plain_name(given.first()?);
            let (key, value) = match given {
                [_, pair] => pair
                    .split_once('=')
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))?,
                [_, key, value, ..] => (key.clone(), value.clone()),
                _ => return None,
            };
            let (key, value) = (
                reader.value(&key).code().text,
                reader.value(&value).code().text,
            );
            let value = format!("{{{{ vars.{map} | merge({{{key}: {value}}}) }}}}");
            return Some(vec![set(given.first()?, value.into())]);
        }
        "shouldbeequal" | "shouldbeequalasstrings" => {
            return assert(format!("{} | string == {} | string", code(0)?, code(1)?));
        }
        "shouldbeequalasintegers" | "shouldbeequalasnumbers" => {
            return assert(format!("{} | float == {} | float", code(0)?, code(1)?));
        }
        "shouldnotbeequal" => {
            return assert(format!("{} | string != {} | string", code(0)?, code(1)?));
        }
        "shouldcontain" => return assert(format!("{} in {}", code(1)?, code(0)?)),
        "shouldnotcontain" => return assert(format!("{} not in {}", code(1)?, code(0)?)),
        "shouldbeempty" => return assert(format!("{} is empty", code(0)?)),
        "shouldnotbeempty" => return assert(format!("{} is not empty", code(0)?)),
        "shouldstartwith" => return assert(format!("{} | starts_with({})", code(0)?, code(1)?)),
        "shouldendwith" => return assert(format!("{} | ends_with({})", code(0)?, code(1)?)),
        "shouldbetrue" => {
            let condition = reader.condition(given.first()?);
            return Some(vec![step("flow.assert", json!({ "condition": condition }))]);
        }
        _ => return None,
    };
    Some(
        call.target
            .map(|target| vec![set(target, value)])
            .unwrap_or_default(),
    )
}

fn browser(reader: &mut Reader<'_>, call: &Call<'_>, name: &str) -> Option<Vec<Step>> {
    let given: Vec<String> = call
        .arguments
        .iter()
        .filter(|cell| !cell.starts_with("timeout="))
        .cloned()
        .collect();
    let first = given.first().cloned().unwrap_or_default();
    let address =
        |reader: &mut Reader<'_>| reader.value(first.trim_start_matches("url=")).setting();
    let target = |reader: &mut Reader<'_>| reader.value(&selector(&first)).setting();
    let second = |reader: &mut Reader<'_>| {
        given.get(1).map(|cell| {
            reader
                .value(cell.trim_start_matches("txt=").trim_start_matches("text="))
                .setting()
        })
    };
    let one = |step: Step| Some(vec![step]);
    match name {
        "openbrowser" | "openavailablebrowser" | "newpage" | "openheadlesschromebrowser" => {
            let url = if first.is_empty() {
                Json::Null
            } else {
                address(reader)
            };
            one(step("browser.session", json!({ "url": url })))
        }
        "newbrowser"
        | "newcontext"
        | "closebrowser"
        | "closeallbrowsers"
        | "closepage"
        | "setbrowserimplicitwait"
        | "maximizebrowserwindow"
        | "setwindowsize"
        | "setseleniumspeed"
        | "setseleniumtimeout" => Some(Vec::new()),
        "goto" => one(step("browser.goto", json!({ "url": address(reader) }))),
        "goback" => one(step("browser.history", json!({ "go": "back" }))),
        "reloadpage" | "reload" => one(step("browser.history", json!({ "go": "reload" }))),
        "clickelement"
        | "clickbutton"
        | "clicklink"
        | "click"
        | "clickelementwhenvisible"
        | "clickbuttonwhenvisible" => {
            one(step("browser.click", json!({ "target": target(reader) })))
        }
        "inputtext" | "filltext" | "inputtextwhenelementisvisible" | "inputpassword" => {
            let text = second(reader)?;
            one(step(
                "browser.fill",
                json!({ "target": target(reader), "value": text }),
            ))
        }
        "typetext" => {
            let text = second(reader)?;
            one(step(
                "browser.type",
                json!({ "target": target(reader), "text": text }),
            ))
        }
        "presskeys" | "keyboardkey" => {
            let key = given.get(1)?.trim_start_matches("\\\\").to_owned();
            let key = if key.eq_ignore_ascii_case("enter") || key == "13" {
                "Enter".to_owned()
            } else {
                key
            };
            let wanted = (!first.eq_ignore_ascii_case("none")).then(|| target(reader));
            one(step(
                "browser.press",
                json!({ "target": wanted, "key": key }),
            ))
        }
        "selectfromlistbylabel" | "selectfromlistbyvalue" | "selectfromlistbyindex" => {
            let by = name.trim_start_matches("selectfromlistby");
            let option = second(reader)?;
            let option = match (
                by,
                option.as_str().and_then(|text| text.parse::<u64>().ok()),
            ) {
                ("index", Some(number)) => number.into(),
                _ => option,
            };
            one(step(
                "browser.select",
                json!({ "target": target(reader), "option": option, "by": by }),
            ))
        }
        "selectcheckbox" | "checkcheckbox" => one(step(
            "browser.check",
            json!({ "target": target(reader), "checked": true }),
        )),
        "unselectcheckbox" | "uncheckcheckbox" => one(step(
            "browser.check",
            json!({ "target": target(reader), "checked": false }),
        )),
        "waituntilelementisvisible"
        | "waituntilpagecontainselement"
        | "elementshouldbevisible"
        | "pageshouldcontainelement"
        | "waituntilelementisnotvisible"
        | "waitforelementsstate" => {
            let state = if name.contains("not") {
                "hidden"
            } else if name.contains("contain") {
                "attached"
            } else {
                "visible"
            };
            one(step(
                "browser.wait_for",
                json!({ "target": target(reader), "state": state }),
            ))
        }
        "gettext" | "getvalue" => {
            let what = name.trim_start_matches("get");
            let read = step(
                "browser.extract",
                json!({ "target": target(reader), "what": what }),
            );
            Some(kept(reader, call, read, "value"))
        }
        "getelementattribute" | "getattribute" => {
            let attribute = second(reader)?;
            let read = step(
                "browser.extract",
                json!({ "target": target(reader), "what": "attribute", "attribute": attribute }),
            );
            Some(kept(reader, call, read, "value"))
        }
        "gettitle" => {
            let read = step("browser.evaluate", json!({ "script": "document.title" }));
            Some(kept(reader, call, read, "value"))
        }
        "elementtextshouldbe" | "elementshouldcontain" => {
            let wanted = reader.value(given.get(1)?).code().text;
            let id = reader.id("found");
            let mut read = step(
                "browser.extract",
                json!({ "target": target(reader), "what": "text" }),
            );
            read.id = Some(id.clone());
            let text = if name.ends_with("be") {
                format!("{{{{ steps.{id}.value == {wanted} }}}}")
            } else {
                format!("{{{{ {wanted} in steps.{id}.value }}}}")
            };
            Some(vec![
                read,
                step("flow.assert", json!({ "condition": text })),
            ])
        }
        "executejavascript" | "evaluatejavascript" => {
            let script = given.join(" ");
            let script = if script.contains("return") {
                format!("() => {{ {script} }}")
            } else {
                script
            };
            Some(kept(
                reader,
                call,
                step("browser.evaluate", json!({ "script": script })),
                "value",
            ))
        }
        "capturepagescreenshot" | "takescreenshot" | "screenshot" => {
            one(step("browser.screenshot", json!({ "full_page": true })))
        }
        _ => None,
    }
}

fn outside(reader: &mut Reader<'_>, call: &Call<'_>, name: &str) -> Option<Vec<Step>> {
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
