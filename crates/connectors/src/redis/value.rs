//! What a server answered, as data.

use base64::{Engine, engine::general_purpose::STANDARD};
use redis::Value as Reply;
use serde_json::{Map, Value as Json};

/// What a server answered, as data. Bytes that are no text become base64.
pub(super) fn data(reply: Reply) -> Json {
    match reply {
        Reply::Nil => Json::Null,
        Reply::Int(number) => number.into(),
        Reply::BulkString(bytes) => match String::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(error) => STANDARD.encode(error.into_bytes()).into(),
        },
        Reply::Array(items) | Reply::Set(items) => items.into_iter().map(data).collect(),
        Reply::SimpleString(text) | Reply::VerbatimString { text, .. } => text.into(),
        Reply::Okay => "OK".into(),
        Reply::Map(pairs) => pairs
            .into_iter()
            .map(|(key, value)| {
                let key = match data(key) {
                    Json::String(text) => text,
                    other => other.to_string(),
                };
                (key, data(value))
            })
            .collect::<Map<_, _>>()
            .into(),
        Reply::Attribute { data: inner, .. } => data(*inner),
        Reply::Double(number) => number.into(),
        Reply::Boolean(truth) => truth.into(),
        other => format!("{other:?}").into(),
    }
}
