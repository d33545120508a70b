use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::page::{page, selector, tidy};

/// Lists the links of HTML.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Links {
    /// The HTML.
    text: String,
    /// The address of the page, against which relative links are completed.
    base: Option<String>,
    /// The CSS selector of the links.
    #[serde(default = "any_link")]
    selector: String,
    /// Only links whose address has this in it, such as `.pdf`.
    contains: Option<String>,
}

fn any_link() -> String {
    "a[href], area[href]".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The links in the order of the page.
    links: Vec<Link>,
    /// How many there are.
    count: usize,
}

/// A link.
#[derive(Debug, Serialize, JsonSchema)]
struct Link {
    /// Its text.
    text: String,
    /// Where it leads.
    url: String,
}

pub(super) fn node() -> Node {
    Node::action("html.links", links)
        .pure()
        .icon("link")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: page
  use: file.read
  with: { path: page.html }
- id: links
  use: html.links
  with: { text: "{{ steps.page.content }}", base: "https://shop.example.com/orders/" }
- use: log.write
  with: { message: "{{ steps.links.links[0].url }}" }
"#;

async fn links(cx: &StepContext, settings: Links) -> Result<Found, NodeError> {
    cx.blocking(move || {
        let base = settings.base.as_deref().map(Url::parse).transpose();
        let base = base.map_err(|error| {
            NodeError::invalid(format!("setting `base` is no address: {error}"))
        })?;
        let chosen = selector("selector", &settings.selector)?;
        let page = page(&settings.text)?;
        let mut links = Vec::new();
        for element in page.select(&chosen) {
            let Some(href) = element.attr("href").map(str::trim) else {
                continue;
            };
            let joined = base.as_ref().and_then(|base| base.join(href).ok());
            let url = joined.map_or_else(|| href.to_owned(), |url| url.to_string());
            if settings
                .contains
                .as_ref()
                .is_none_or(|part| url.contains(part))
            {
                links.push(Link {
                    text: tidy(element),
                    url,
                });
            }
        }
        Ok(Found {
            count: links.len(),
            links,
        })
    })
    .await
}
