use std::collections::BTreeMap;

use casare_browser::{self as browser, RouteAnswer};
use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{fault, live};

/// Blocks requests of the session's pages, answers them in the server's place, or changes their headers.
///
/// It holds until the session ends or a step with `action: remove` and the same `name` takes it back. Of
/// several that fit a request, the newest decides.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    /// What becomes of the requests.
    action: Action,
    /// Which addresses: a part of one, or a whole one in which `*` stands for anything. All if not set.
    url: Option<String>,
    /// Only requests of this method, such as `POST`.
    method: Option<String>,
    /// Only requests for these things.
    #[serde(default)]
    resources: Vec<Resource>,
    /// For how many requests; for all if not set.
    times: Option<u64>,
    /// For `answer`: the status.
    #[serde(default = "ok")]
    status: u16,
    /// For `answer` and `headers`: the headers.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// For `answer`: the body; text as it is, anything else as JSON.
    body: Option<Json>,
    /// For `answer`: a file whose content is the body.
    file: Option<String>,
    /// A name by which it can be removed.
    name: Option<String>,
}

fn ok() -> u16 {
    200
}

/// What becomes of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// They fail.
    Block,
    /// They get an answer without leaving the machine.
    Answer,
    /// They go out with other headers.
    Headers,
    /// They go out as they are, whatever was said before.
    Allow,
    /// What the step of this `name` said ends; without a name, what all such steps said.
    Remove,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Resource {
    /// A page, or one in a frame.
    Document,
    /// Its styles.
    Stylesheet,
    /// A picture.
    Image,
    /// Sound or film.
    Media,
    /// A font.
    Font,
    /// A script.
    Script,
    /// Data that a script asks for.
    Fetch,
    /// Anything else.
    Other,
}

impl Resource {
    pub(super) fn to_browser(self) -> browser::ResourceKind {
        match self {
            Resource::Document => browser::ResourceKind::Document,
            Resource::Stylesheet => browser::ResourceKind::Stylesheet,
            Resource::Image => browser::ResourceKind::Image,
            Resource::Media => browser::ResourceKind::Media,
            Resource::Font => browser::ResourceKind::Font,
            Resource::Script => browser::ResourceKind::Script,
            Resource::Fetch => browser::ResourceKind::Fetch,
            Resource::Other => browser::ResourceKind::Other,
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Routed {
    /// For `remove`: how many requests it had decided about.
    requests: u64,
}

pub(super) fn node() -> Node {
    fault::of_pages(Node::action("browser.route", route))
        .fails(
            ErrorKind::NotFound,
            "There is no route of this `name` to remove, or no such `file`.",
        )
        .fails(ErrorKind::Denied, "The `file` must not be read.")
        .effect(Effect::Live)
        .icon("route")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  do:
    - use: browser.route
      with: { action: block, resources: [image, font, media] }
    - use: browser.route
      with: { action: answer, url: "/api/price", body: { price: 7 }, name: price }
    - use: browser.goto
      with: { url: "https://shop.example.com/" }
    - use: browser.route
      with: { action: remove, name: price }
"#;

async fn route(cx: &StepContext, settings: Route) -> Result<Routed, NodeError> {
    let session = live::session(cx)?;
    if settings.action == Action::Remove {
        let requests = session
            .remove_routes(settings.name.as_deref())
            .await
            .map_err(|error| fault::explain(&error))?;
        let requests = requests.ok_or_else(|| {
            NodeError::not_found(format!(
                "there is no route `{}`",
                settings.name.unwrap_or_default()
            ))
            .with_help("give the step that sets it this `name`")
        })?;
        return Ok(Routed { requests });
    }
    let answer = match settings.action {
        Action::Block => RouteAnswer::Block,
        Action::Headers => RouteAnswer::Headers(settings.headers.clone().into_iter().collect()),
        Action::Answer => fulfil(cx, &settings).await?,
        Action::Allow | Action::Remove => RouteAnswer::Continue,
    };
    let handle = session
        .context()
        .route(browser::Route {
            url: settings.url.unwrap_or_else(|| "*".into()),
            method: settings.method,
            kinds: settings
                .resources
                .into_iter()
                .map(Resource::to_browser)
                .collect(),
            times: settings.times,
            answer,
        })
        .await
        .map_err(|error| fault::explain(&error))?;
    session.keep_route(settings.name, handle);
    Ok(Routed { requests: 0 })
}

async fn fulfil(cx: &StepContext, settings: &Route) -> Result<RouteAnswer, NodeError> {
    let mut headers: Vec<(String, String)> = settings.headers.clone().into_iter().collect();
    let (body, media_type) = match (&settings.body, &settings.file) {
        (Some(_), Some(_)) => {
            return Err(
                NodeError::invalid("the answer has two bodies").with_help("set `body` or `file`")
            );
        }
        (Some(Json::String(text)), None) => {
            (text.clone().into_bytes(), Some("text/plain;charset=utf-8"))
        }
        (Some(json), None) => (json.to_string().into_bytes(), Some("application/json")),
        (None, Some(file)) => {
            let path = cx.file(file);
            let content = cx
                .blocking(move || {
                    std::fs::read(&path).map_err(|error| {
                        NodeError::io(format_args!("could not read {}", path.display()), &error)
                    })
                })
                .await?;
            (content, None)
        }
        (None, None) => (Vec::new(), None),
    };
    let typed = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if let Some(media_type) = media_type.filter(|_| !typed) {
        headers.push(("content-type".into(), media_type.into()));
    }
    Ok(RouteAnswer::Fulfil {
        status: settings.status,
        headers,
        body,
    })
}
