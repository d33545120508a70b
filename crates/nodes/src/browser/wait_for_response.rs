use std::collections::BTreeMap;

use casare_browser::{BrowserError, Click, ExchangeFilter, Locator, Page};
use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{
    aim::{self, Aim, Intent},
    fault, live,
    route::Resource,
    target::{Target, deadline, effect},
};

/// Waits for a server's answer to a request of the page, and reads it.
///
/// An answer that came since the page was opened and that no such step has taken yet counts too, so a
/// click before this step needs no haste. With a `target`, that is clicked first, and only what comes
/// afterwards counts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WaitForResponse {
    /// Which address: a part of one, or a whole one in which `*` stands for anything.
    url: Option<String>,
    /// The request's method, such as `POST`.
    method: Option<String>,
    /// The answer's status: one, such as `200`, or from one to another, such as `200-299`. Any if not set.
    status: Option<Status>,
    /// Only answers to requests for these things.
    #[serde(default)]
    resources: Vec<Resource>,
    /// What to click to set the request off.
    target: Option<Target>,
    /// Whether the body is read.
    #[serde(default = "yes")]
    body: bool,
    /// Whether clicking `target` again does no harm, after a run was interrupted here.
    #[serde(default)]
    repeatable: bool,
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
}

fn yes() -> bool {
    true
}

/// A status, or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Status {
    /// One.
    One(u16),
    /// From one to another, such as `200-299`.
    Range(String),
}

impl Status {
    fn range(&self) -> Result<std::ops::RangeInclusive<u16>, NodeError> {
        match self {
            Status::One(status) => Ok(*status..=*status),
            Status::Range(text) => {
                let (first, last) = text.split_once('-').unwrap_or((text, text));
                match (first.trim().parse(), last.trim().parse()) {
                    (Ok(first), Ok(last)) if first <= last => Ok(first..=last),
                    _ => Err(
                        NodeError::invalid(format!("`{text}` is no range of statuses"))
                            .with_help("write it as `200` or `200-299`"),
                    ),
                }
            }
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Answer {
    /// The address.
    url: String,
    /// The request's method.
    method: String,
    /// The status.
    status: Option<u16>,
    /// The answer's headers, their names in small letters.
    headers: BTreeMap<String, String>,
    /// What kind of content it is, such as `application/json`.
    media_type: String,
    /// The body: data if it is JSON, else text; nothing if it was not read, or is no text.
    body: Json,
    /// How long it took, in seconds.
    seconds: f64,
}

pub(super) fn node() -> Node {
    let node = Node::action_with_effect(
        "browser.wait_for_response",
        wait_for_response,
        |settings: &WaitForResponse| effect(settings.target.is_none() || settings.repeatable),
    );
    fault::of_pages(node)
        .fails(
            ErrorKind::NotFound,
            "There is no element `target` to click.",
        )
        .fails(
            ErrorKind::Timeout,
            "No such answer came; the message has those that did.",
        )
        .effect(effect(true))
        .icon("arrow-down-to-line")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/" }
  do:
    - id: prices
      use: browser.wait_for_response
      with: { url: "prices.json", status: 200, target: "role=button[name=Prices]" }
    - use: log.write
      with: { message: "{{ steps.prices.body.tea }}" }
"#;

/// More than this is no answer to a question but a file.
const LARGEST: usize = 16 << 20;

async fn wait_for_response(
    cx: &StepContext,
    settings: WaitForResponse,
) -> Result<Answer, NodeError> {
    let session = live::session(cx)?;
    let until = deadline(cx);
    let filter = ExchangeFilter {
        url: settings.url,
        method: settings.method,
        // A request that failed has no status, and is no answer.
        status: Some(match &settings.status {
            Some(status) => status.range()?,
            None => 0..=u16::MAX,
        }),
        kinds: settings
            .resources
            .into_iter()
            .map(Resource::to_browser)
            .collect(),
    };
    let (session, filter, reads_body) = (&session, &filter, settings.body);
    let wait = |page: Page, at: Option<Locator>, found_until| async move {
        let mut after = session.answered(&page);
        if let Some(target) = at {
            after = page.exchange_mark();
            page.click(&target, Click::default(), found_until).await?;
        }
        let (exchange, mark) = page.wait_for_response(filter, after, until).await?;
        session.set_answered(&page, mark);
        let body = if reads_body {
            match page.response_body(&exchange, until).await {
                Ok(body) => Some(body),
                // Chromium has none for redirects, and none left for what came long ago.
                Err(BrowserError::Protocol { .. }) => None,
                Err(error) => return Err(error),
            }
        } else {
            None
        };
        Ok((exchange, body))
    };
    let target = settings.target.as_ref();
    let aim = target.map(|target| Aim::new("target", target, Intent::Press));
    let (exchange, body) = aim::at_any(cx, aim, settings.heal, until, wait).await?;
    Ok(Answer {
        body: body
            .filter(|body| body.len() <= LARGEST)
            .map_or(Json::Null, |body| content(body, &exchange.media_type)),
        headers: exchange
            .response_headers
            .into_iter()
            .map(|(name, value)| (name.to_lowercase(), value))
            .collect(),
        url: exchange.url,
        method: exchange.method,
        status: exchange.status,
        media_type: exchange.media_type,
        seconds: exchange.duration.as_secs_f64(),
    })
}

fn content(body: Vec<u8>, media_type: &str) -> Json {
    if media_type.contains("json")
        && let Ok(json) = serde_json::from_slice(&body)
    {
        return json;
    }
    String::from_utf8(body).map_or(Json::Null, Json::String)
}
