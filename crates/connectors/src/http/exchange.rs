//! Requests and answers as a recording keeps them and a replay gives them.

use casare_engine::{NodeError, StepContext, exchange::Message};
use reqwest::{Request, Response, ResponseBuilderExt, header::HeaderMap};
use serde_json::{Map, Value as Json, json};

use super::send::{Call, Payload, bounded};

const PROTOCOL: &str = "http";

/// The answer to `request`: that of a replay, or what `send` gets, told to the recording.
///
/// While a run is recorded, answers are read whole, of at most `most` bytes.
pub(super) async fn delivered(
    cx: &StepContext,
    call: &Call,
    request: Request,
    most: u64,
    send: impl AsyncFnOnce(Request) -> Result<Response, NodeError>,
) -> Result<Response, NodeError> {
    let Some(exchanges) = cx.exchanges() else {
        return send(request).await;
    };
    let asked = asked(call, &request);
    if let Some(answer) = exchanges.replay(PROTOCOL, &asked).await {
        return answer.and_then(|message| response(&message));
    }
    let answer = match send(request).await {
        Ok(response) => answered(response, most).await,
        Err(error) => Err(error),
    };
    exchanges.record(PROTOCOL, &asked, &answer);
    answer.and_then(|message| response(&message))
}

fn asked(call: &Call, request: &Request) -> Message {
    let body = match &call.payload {
        Payload::Nothing => Vec::new(),
        Payload::Bytes { content, .. } => content.clone(),
        // Files are kept by the recording itself; their names tell requests apart.
        Payload::File { path, .. } => path.display().to_string().into_bytes(),
        Payload::Parts(parts) => format!("{parts:?}").into_bytes(),
    };
    Message {
        head: json!({
            "method": request.method().as_str(),
            "url": request.url().as_str(),
            "headers": headers(request.headers()),
        }),
        body,
    }
}

async fn answered(response: Response, most: u64) -> Result<Message, NodeError> {
    let head = json!({
        "status": response.status().as_u16(),
        "headers": headers(response.headers()),
        "url": response.url().as_str(),
    });
    let body = bounded(response, most).await?;
    Ok(Message { head, body })
}

fn headers(headers: &HeaderMap) -> Json {
    let mut map = Map::new();
    for name in headers.keys() {
        let mut values: Vec<Json> = headers
            .get_all(name)
            .iter()
            .map(|value| Json::String(String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let value = match values.len() {
            1 => values.remove(0),
            _ => Json::Array(values),
        };
        map.insert(name.as_str().to_owned(), value);
    }
    Json::Object(map)
}

fn response(message: &Message) -> Result<Response, NodeError> {
    let unfit = || NodeError::invalid("the recording of this request can't be read");
    let status = message.head["status"].as_u64().ok_or_else(unfit)?;
    let mut builder = http::Response::builder().status(status as u16);
    if let Some(url) = message.head["url"].as_str() {
        builder = builder.url(url.parse().map_err(|_| unfit())?);
    }
    let headers = message.head["headers"].as_object().into_iter().flatten();
    for (name, value) in headers {
        // What was decoded when it was recorded is not decoded again.
        if matches!(
            name.as_str(),
            "content-encoding" | "content-length" | "transfer-encoding"
        ) {
            continue;
        }
        let values = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values.iter().filter_map(Json::as_str) {
            builder = builder.header(name, value);
        }
    }
    let response = builder.body(message.body.clone()).map_err(|_| unfit())?;
    Ok(Response::from(response))
}
