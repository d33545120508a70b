//! Values: variables, texts, lists, and what has to be so.

use casare_workflow::Step;
use serde_json::{Value as Json, json};

use super::{Call, set};
use crate::{
    robot::body::{Reader, plain_name},
    selenium::step,
};

pub(super) fn known(reader: &mut Reader<'_>, call: &Call<'_>, name: &str) -> Option<Vec<Step>> {
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
        "setvariableif" => {
            let condition = reader.condition(given.first()?);
            let text = condition
                .as_str()?
                .trim_start_matches("{{")
                .trim_end_matches("}}");
            let text = text.trim().to_owned();
            let mut code = |at: usize| {
                let cell = given.get(at).map_or("${None}", String::as_str);
                reader
                    .value(cell)
                    .code()
                    .operand(crate::expression::Binding::Atom)
            };
            let (yes, no) = (code(1), code(2));
            format!("{{{{ {yes} if ({text}) else {no} }}}}").into()
        }
        "getslicefromlist" => {
            let (list, from) = (code(0)?, code(1).unwrap_or_else(|| "0".to_owned()));
            let to = code(2).unwrap_or_default();
            expression(format!(
                "{list}[{}:{}]",
                from.trim_matches('\''),
                to.trim_matches('\'')
            ))
        }
        "joinpath" => {
            let parts: Option<Vec<String>> = (0..given.len()).map(&mut code).collect();
            expression(parts?.join(" ~ '/' ~ "))
        }
        "lengthshouldbe" => {
            return assert(format!("{} | length == {} | int", code(0)?, code(1)?));
        }
        "shouldmatchregexp" => {
            return assert(format!("{} | regex_match({})", code(0)?, code(1)?));
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
        "shouldnotbeequal" | "shouldnotbeequalasstrings" => {
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
