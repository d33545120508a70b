//! What a request was answered, as outputs or as an error.

use std::collections::BTreeMap;

use casare_engine::{ErrorKind, NodeError};
use casare_workflow::value::from_json;
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::json;

use super::{
    request::{As, Body},
    send::Call,
};

/// Characters of an answer that an error shows.
const SHOWN: usize = 300;

/// The body as the workflow wants it.
pub(super) fn body(wanted: As, headers: &HeaderMap, bytes: &[u8]) -> Result<Body, NodeError> {
    let media_type = media_type(headers);
    let wanted = match wanted {
        As::Auto if media_type.ends_with("/json") || media_type.ends_with("+json") => As::Json,
        As::Auto if is_text(&media_type) || std::str::from_utf8(bytes).is_ok() => As::Text,
        As::Auto => As::Bytes,
        wanted => wanted,
    };
    let value = match wanted {
        As::Json if bytes.is_empty() => casare_workflow::Value::from(()),
        As::Json => from_json(&serde_json::from_slice(bytes).map_err(|error| {
            NodeError::invalid(format!(
                "the answer is no JSON ({error}); it begins with `{}`",
                excerpt(bytes)
            ))
            .with_help("set `as: text` to look at it")
        })?),
        As::Bytes => casare_workflow::Value::from_bytes(bytes.to_vec()),
        As::Text | As::Auto => casare_workflow::Value::from(text(headers, bytes)),
    };
    Ok(value.into())
}

/// The headers as outputs; those that come twice are joined.
pub(super) fn headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut map: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        map.entry(name.as_str().to_owned())
            .and_modify(|known| {
                known.push_str(", ");
                known.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    map
}

/// The media type without its parameters, in lower case; empty when nothing is said.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let given = headers
        .get(reqwest::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    given
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || [
            "application/xml",
            "application/javascript",
            "application/x-www-form-urlencoded",
        ]
        .contains(&media_type)
        || media_type.ends_with("+xml")
}

/// The body as text, in the encoding that the headers say.
pub(super) fn text(headers: &HeaderMap, bytes: &[u8]) -> String {
    let charset = headers
        .get(reqwest::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split("charset=").nth(1))
        .map(|charset| {
            charset
                .split(';')
                .next()
                .unwrap_or_default()
                .trim_matches(['"', ' '])
        });
    let encoding = charset
        .and_then(|charset| encoding_rs::Encoding::for_label(charset.as_bytes()))
        .unwrap_or(encoding_rs::UTF_8);
    encoding.decode(bytes).0.into_owned()
}

/// The failure that a status is.
pub(super) fn refusal(call: &Call, status: StatusCode, bytes: &[u8]) -> NodeError {
    let (kind, help) = match status.as_u16() {
        401 => (ErrorKind::Denied, "check the step's `credential`"),
        403 | 407 | 451 => (ErrorKind::Denied, "the login is known but may not do this"),
        404 | 410 => (ErrorKind::NotFound, "check the address"),
        408 | 425 | 429 => (
            ErrorKind::Unavailable,
            "try again later, or give the step a `retry`",
        ),
        409 | 412 | 423 => (
            ErrorKind::Conflict,
            "it was changed meanwhile, or exists already",
        ),
        400..=499 => (
            ErrorKind::Invalid,
            "the other side does not understand the request",
        ),
        _ => (
            ErrorKind::Unavailable,
            "the fault is on the other side; try again later",
        ),
    };
    NodeError::new(
        kind,
        format!(
            "{} {} was answered with {status}: {}",
            call.method,
            call.shown(),
            excerpt(bytes)
        ),
    )
    .with_help(help)
    .with_details(json!({ "status": status.as_u16(), "body": excerpt(bytes) }))
}

fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
