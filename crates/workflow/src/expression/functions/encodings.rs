//! JSON, Base64 and addresses.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minijinja::{
    Environment, Error,
    value::{Kwargs, ValueKind},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{
    Function, quoted, table,
    text::{plain, too_large},
    wrong,
};
use crate::{
    Value,
    expression::ops::MAX_TEXT,
    value::{from_json, pairs},
};

pub(super) const FUNCTIONS: &[Function] = table! {"formats", Filter:
    "to_json(indent)", "As JSON text; with `indent` in lines.", "{'a': [1, none]} | to_json" => r#""{\"a\":[1,null]}""#;
    "tojson(indent)", "As `to_json`.", "'x' | tojson" => r#""\"x\"""#;
    "from_json", "What JSON text says.", r#"'{"a": [1, 2]}' | from_json"# => r#"{"a":[1,2]}"#;
    "base64_encode", "Text or bytes in Base64.", "'Grüße' | base64_encode" => r#""R3LDvMOfZQ==""#;
    "base64_decode", "The text (or bytes, if it is no text) that was encoded.", "'R3LDvMOfZQ==' | base64_decode" => r#""Grüße""#;
    "urlencode", "For use in an address; a map becomes `a=1&b=2`.", "{'q': 'a b', 'n': 1} | urlencode" => r#""q=a%20b&n=1""#;
    "urldecode", "With `%20` and `+` read.", "'a%20b+c' | urldecode" => r#""a b c""#;
};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("to_json", to_json);
    environment.add_filter("tojson", to_json);
    environment.add_filter("from_json", |text: Cow<'_, str>| {
        serde_json::from_str(&text)
            .map(|json: serde_json::Value| from_json(&json))
            .map_err(|error| wrong(format!("can't read {} as JSON: {error}", quoted(&text))))
    });
    environment.add_filter("base64_encode", |value: &Value| match value.as_bytes() {
        Some(bytes) => Ok(STANDARD.encode(bytes)),
        None => plain(value).map(|text| STANDARD.encode(text)),
    });
    environment.add_filter("base64_decode", |text: Cow<'_, str>| {
        let compact: String = text
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .collect();
        let bytes = STANDARD
            .decode(compact)
            .map_err(|error| wrong(format!("can't read {} as Base64: {error}", quoted(&text))))?;
        Ok::<_, Error>(match String::from_utf8(bytes) {
            Ok(text) => Value::from(text),
            Err(not_text) => Value::from_bytes(not_text.into_bytes()),
        })
    });
    environment.add_filter("urlencode", urlencode);
    environment.add_filter("urldecode", |text: Cow<'_, str>| {
        let text = text.replace('+', " ");
        percent_decode_str(&text)
            .decode_utf8()
            .map(Cow::into_owned)
            .map_err(|_| wrong(format!("{} is no text once decoded", quoted(&text))))
    });
}

fn to_json(value: &Value, indent: Option<&Value>, named: Kwargs) -> Result<String, Error> {
    let named_indent = named.get::<Option<Value>>("indent")?;
    named.assert_all_used()?;
    let indent = match indent.or(named_indent.as_ref()) {
        None => 0,
        Some(flag) if flag.kind() == ValueKind::Bool => usize::from(flag.is_true()) * 2,
        Some(width) => width
            .as_usize()
            .filter(|width| *width <= 16)
            .ok_or_else(|| wrong("the indent is a number of blanks up to 16"))?,
    };
    let mut text = String::new();
    let no_names = Value::from(());
    let mut run = crate::expression::eval::Evaluation::new(&no_names);
    crate::expression::render::json(&mut run, value, &mut text, 0, 0)
        .map_err(|fault| wrong(fault.message()))?;
    if indent == 0 {
        return Ok(text);
    }
    let json: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let mut out = Vec::new();
    let margin = " ".repeat(indent);
    let style = serde_json::ser::PrettyFormatter::with_indent(margin.as_bytes());
    let mut writer = serde_json::Serializer::with_formatter(&mut out, style);
    serde::Serialize::serialize(&json, &mut writer).map_err(|error| wrong(error.to_string()))?;
    if out.len() > MAX_TEXT {
        return Err(too_large());
    }
    String::from_utf8(out).map_err(|error| wrong(error.to_string()))
}

/// Everything but letters, digits and `-._~`: safe in paths and queries.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn urlencode(value: &Value) -> Result<String, Error> {
    let encode =
        |value: &Value| Ok::<_, Error>(utf8_percent_encode(&plain(value)?, RESERVED).to_string());
    if value.kind() != ValueKind::Map {
        return encode(value);
    }
    let fields: Vec<String> = pairs(value)
        .filter(|(_, value)| !value.is_none())
        .map(|(key, value)| Ok(format!("{}={}", encode(&key)?, encode(&value)?)))
        .collect::<Result<_, Error>>()?;
    Ok(fields.join("&"))
}
