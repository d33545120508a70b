use casare_engine::{LogLevel, Node, NodeError, StepContext};
use casare_workflow::{
    Any,
    value::{from_json, to_json},
};
use indexmap::IndexMap;
use reqwest::{
    Method,
    header::{HeaderMap, LINK},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json_path::JsonPath;
use url::Url;

use super::{
    request::LONG,
    response,
    send::{Call, Caller, Payload},
    settings::http_settings,
};
use crate::spool::Spool;

http_settings! {
    /// Fetches all pages of a list and answers its items as one list.
    ///
    /// The items stay on disk and are read when a loop gets to them: a list of millions needs no
    /// memory. The way from page to page is `by`; the end is an empty page, a missing link or
    /// cursor, or a page that was there before.
    pub(super) struct Paginate {
        /// The address of the first page.
        url: String,
        /// Parameters that are added to the address of the first page.
        #[serde(default)]
        query: IndexMap<String, Any>,
        /// A body that is sent as JSON with each request, which is a `POST` then.
        #[serde(default)]
        json: Option<Any>,
        /// How one gets from page to page.
        #[serde(default)]
        by: By,
        /// JSONPath of the items in a page, such as `$.data.orders[*]`; without it the page itself
        /// or the one list in it.
        #[serde(default)]
        items: Option<String>,
        /// JSONPath of the next cursor or address in a page, for `cursor`.
        #[serde(default)]
        next: Option<String>,
        /// The parameter that gets the cursor, the page's number or the offset (`cursor`, `page`,
        /// `offset`). With `json`, `$.a.b` puts it into the body.
        #[serde(default)]
        parameter: Option<String>,
        /// The number of the first page.
        #[serde(default = "one")]
        first_page: u64,
        /// The parameter that gets the size of a page.
        #[serde(default)]
        size_parameter: Option<String>,
        /// Items of a page that are asked for; a shorter page is the last one then.
        #[serde(default)]
        page_size: Option<u64>,
        /// Pages after which the step stops.
        #[serde(default = "most_pages")]
        max_pages: u64,
        /// Items after which the step stops.
        #[serde(default = "most_items")]
        max_items: u64,
    }
}

/// How one gets from page to page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum By {
    /// The `Link` header with `rel="next"`.
    #[default]
    Link,
    /// A cursor, or the next address, in the page.
    Cursor,
    /// The page's number.
    Page,
    /// The number of items before the page.
    Offset,
}

/// The items of all pages.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Paginated {
    /// The items, read when they are needed.
    items: Any,
    /// How many there are.
    count: u64,
    /// The pages that were fetched.
    pages: u64,
    /// Whether there was no more: false when `max_pages` or `max_items` ended it.
    complete: bool,
}

fn one() -> u64 {
    1
}

fn most_pages() -> u64 {
    1000
}

fn most_items() -> u64 {
    1_000_000
}

pub(super) fn node() -> Node {
    Node::action("http.paginate", paginate)
        .pure()
        .icon("book-open")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: orders
  use: http.paginate
  with:
    url: https://shop.example.com/orders
    by: page
    items: $.orders[*]
    size_parameter: per_page
    page_size: 50
- use: log.write
  with: { message: "{{ steps.orders.count }} orders" }
"#;

/// Where the next page is.
enum Next {
    Address(Url),
    Parameter(Json),
    Nowhere,
}

async fn paginate(cx: &StepContext, settings: Paginate) -> Result<Paginated, NodeError> {
    let items_at = path("items", settings.items.as_deref())?;
    let next_at = path("next", settings.next.as_deref())?;
    if settings.by == By::Cursor && next_at.is_none() {
        return Err(
            NodeError::invalid("`by: cursor` needs `next`, where the next cursor stands")
                .with_help("write its JSONPath, such as `$.meta.next_cursor`"),
        );
    }
    let caller = Caller::new(cx, settings.common(), LONG).await?;
    let first = caller.url(&settings.url, &settings.query)?;
    let mut next = settings.first();
    let mut spool = Spool::new()?;
    let (mut pages, mut complete) = (0, false);
    let mut before: Option<Json> = None;
    while pages < settings.max_pages && spool.rows() < settings.max_items {
        let call = settings.call(&first, &next)?;
        let (page, headers) = fetch(&caller, &call).await?;
        pages += 1;
        let items = items(&page, items_at.as_ref())?;
        if before.as_ref() == Some(&page) {
            cx.log(LogLevel::Warn, "a page came twice: taken as the end");
            complete = true;
            break;
        }
        let room = settings.max_items - spool.rows();
        let cut = items.len() as u64 > room;
        for item in items.iter().take(room as usize) {
            spool.push(item)?;
        }
        cx.progress(spool.rows(), None);
        let short = items.is_empty()
            || settings
                .page_size
                .is_some_and(|size| (items.len() as u64) < size);
        next = settings.next(
            &caller,
            &call.url,
            &page,
            &headers,
            next_at.as_ref(),
            pages,
            spool.rows(),
        )?;
        let counted = matches!(settings.by, By::Page | By::Offset);
        if !cut && (matches!(next, Next::Nowhere) || (counted && short)) {
            complete = true;
            break;
        }
        before = Some(page);
    }
    if !complete {
        let told = format!(
            "stopped after {pages} pages, {} items: there may be more",
            spool.rows()
        );
        cx.log(LogLevel::Warn, told);
    }
    let count = spool.rows();
    let what = format!("items of {}", super::client::shown(&first));
    Ok(Paginated {
        items: spool.finish(what, |json| from_json(&json))?.into(),
        count,
        pages,
        complete,
    })
}

async fn fetch(caller: &Caller<'_>, call: &Call) -> Result<(Json, HeaderMap), NodeError> {
    let response = caller.send(call).await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = caller.bytes(response).await?;
    if status.as_u16() >= 400 {
        return Err(response::refusal(call, status, &bytes));
    }
    let page = serde_json::from_slice(&bytes).map_err(|error| {
        NodeError::invalid(format!("the page {} is no JSON: {error}", call.shown()))
    })?;
    Ok((page, headers))
}

fn path(setting: &str, text: Option<&str>) -> Result<Option<JsonPath>, NodeError> {
    text.map(|text| {
        JsonPath::parse(text).map_err(|error| {
            NodeError::invalid(format!("`{setting}` is no JSONPath: {error}"))
                .with_help("write it as `$.data[*]`")
        })
    })
    .transpose()
}

/// The items of a page.
fn items<'p>(page: &'p Json, at: Option<&JsonPath>) -> Result<Vec<&'p Json>, NodeError> {
    if let Some(at) = at {
        let found = at.query(page).all();
        return Ok(match found.as_slice() {
            // `$.orders` means the same as `$.orders[*]`.
            [Json::Array(items)] => items.iter().collect(),
            _ => found,
        });
    }
    let lists: Vec<&Vec<Json>> = match page {
        Json::Array(items) => vec![items],
        Json::Object(map) => map.values().filter_map(Json::as_array).collect(),
        _ => Vec::new(),
    };
    match lists.as_slice() {
        [items] => Ok(items.iter().collect()),
        lists => Err(NodeError::invalid(format!(
            "the page has {} lists; which one holds the items?",
            lists.len()
        ))
        .with_help("say it with `items`, such as `$.data[*]`")),
    }
}

impl Paginate {
    fn first(&self) -> Next {
        match self.by {
            By::Page => Next::Parameter(self.first_page.into()),
            By::Offset => Next::Parameter(0.into()),
            By::Link | By::Cursor => Next::Nowhere,
        }
    }

    fn parameter(&self) -> &str {
        self.parameter.as_deref().unwrap_or(match self.by {
            By::Page => "page",
            By::Offset => "offset",
            By::Link | By::Cursor => "cursor",
        })
    }

    fn call(&self, first: &Url, next: &Next) -> Result<Call, NodeError> {
        let mut url = match next {
            Next::Address(url) => url.clone(),
            _ => first.clone(),
        };
        let mut body = self.json.as_ref().map(|json| to_json(&json.0));
        let mut set = |name: &str, value: &Json| {
            if let (Some(at), Some(body)) = (name.strip_prefix("$."), &mut body) {
                put(body, at, value.clone())
            } else {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                replace(&mut url, name, &text);
                Ok(())
            }
        };
        if let (Some(name), Some(size)) = (&self.size_parameter, self.page_size)
            && !matches!(next, Next::Address(_))
        {
            set(name, &size.into())?;
        }
        if let Next::Parameter(value) = next {
            set(self.parameter(), value)?;
        }
        let method = if body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let mut call = Call::new(method, url);
        call.payload = body.as_ref().map_or(Payload::Nothing, Payload::json);
        // It only reads, whatever the method.
        call.repeatable = true;
        Ok(call)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each way looks at another part of the page"
    )]
    fn next(
        &self,
        caller: &Caller<'_>,
        here: &Url,
        page: &Json,
        headers: &HeaderMap,
        next_at: Option<&JsonPath>,
        pages: u64,
        items: u64,
    ) -> Result<Next, NodeError> {
        Ok(match self.by {
            By::Page => Next::Parameter((self.first_page + pages).into()),
            By::Offset => Next::Parameter(items.into()),
            By::Link => match linked(headers).and_then(|link| here.join(&link).ok()) {
                Some(url) => Next::Address(caller.checked(url)?),
                None => Next::Nowhere,
            },
            By::Cursor => {
                let found = next_at.and_then(|at| at.query(page).first());
                match found {
                    None | Some(Json::Null | Json::Bool(false)) => Next::Nowhere,
                    Some(Json::String(text)) if text.is_empty() => Next::Nowhere,
                    Some(Json::String(text))
                        if text.starts_with('/')
                            || text.starts_with("http://")
                            || text.starts_with("https://") =>
                    {
                        let url = here.join(text).map_err(|error| {
                            NodeError::invalid(format!("the next address can't be read: {error}"))
                        })?;
                        Next::Address(caller.checked(url)?)
                    }
                    Some(cursor) => Next::Parameter(cursor.clone()),
                }
            }
        })
    }
}

/// Sets a parameter of an address, in place of what it was.
fn replace(url: &mut Url, name: &str, value: &str) {
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(known, _)| known != name)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(kept)
        .append_pair(name, value);
}

/// Puts `value` into the map at `a.b.c`, making maps on the way.
fn put(body: &mut Json, at: &str, value: Json) -> Result<(), NodeError> {
    let mut place = body;
    for key in at.split('.') {
        if place.is_null() {
            *place = Json::Object(serde_json::Map::new());
        }
        let map = place.as_object_mut().ok_or_else(|| {
            NodeError::invalid(format!(
                "`$.{at}` leads through something in `json` that is no map"
            ))
        })?;
        place = map.entry(key).or_insert(Json::Null);
    }
    *place = value;
    Ok(())
}

/// The target of the link with `rel="next"` (RFC 8288).
fn linked(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(LINK)
        .iter()
        .filter_map(|value| value.to_str().ok())
        // Addresses may hold commas, but no `<`.
        .flat_map(|value| value.split('<').skip(1))
        .find_map(|link| {
            let (target, parameters) = link.split_once('>')?;
            let is_next = parameters.split([';', ',']).any(|parameter| {
                let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                name.trim().eq_ignore_ascii_case("rel")
                    && value
                        .trim()
                        .trim_matches('"')
                        .split(' ')
                        .any(|relation| relation.eq_ignore_ascii_case("next"))
            });
            is_next.then(|| target.trim().to_owned())
        })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_next_page_is_found_among_the_links() {
        let mut headers = HeaderMap::new();
        let links =
            r#"<https://x.example/?page=1>; rel="first", </?page=3,4>; title="n"; rel="last next""#;
        headers.insert(LINK, HeaderValue::from_static(links));

        assert_eq!(linked(&headers).as_deref(), Some("/?page=3,4"));
        assert_eq!(linked(&HeaderMap::new()), None);
    }

    #[test]
    fn items_are_found_without_being_told_where_only_if_there_is_one_list() {
        let one = json!({ "total": 2, "data": [1, 2] });
        let two = json!({ "data": [1], "errors": [] });

        assert_eq!(items(&one, None).unwrap().len(), 2);
        assert!(items(&two, None).unwrap_err().message().contains("2 lists"));
        let at = JsonPath::parse("$.data").unwrap();
        assert_eq!(items(&two, Some(&at)).unwrap(), [&json!(1)]);
    }
}
