use casare_engine::{Node, NodeError, StepContext};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::page::{page, selector, text, tidy};

/// Reads HTML: its title, its text as a reader sees it, headings and what it says about itself.
///
/// Scripts are not run and nothing is loaded.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parse {
    /// The HTML.
    text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Page {
    /// The title of the page.
    title: String,
    /// The text as a reader sees it, a line a block.
    text: String,
    /// The texts of the headings.
    headings: Vec<String>,
    /// What the page says about itself: `description`, `og:image`, …
    meta: IndexMap<String, String>,
}

pub(super) fn node() -> Node {
    Node::action("html.parse", parse)
        .pure()
        .icon("code-xml")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: file
  use: file.read
  with: { path: page.html }
- id: page
  use: html.parse
  with: { text: "{{ steps.file.content }}" }
- use: log.write
  with: { message: "{{ steps.page.title }}: {{ steps.page.text }}" }
"#;

async fn parse(cx: &StepContext, settings: Parse) -> Result<Page, NodeError> {
    cx.blocking(move || {
        let page = page(&settings.text)?;
        let found = |css: &str| -> Result<Vec<scraper::ElementRef<'_>>, NodeError> {
            let selector = selector("text", css)?;
            Ok(page.select(&selector).collect())
        };
        let mut meta = IndexMap::new();
        for element in found("meta[content]")? {
            let name = element.attr("name").or_else(|| element.attr("property"));
            if let (Some(name), Some(content)) = (name, element.attr("content")) {
                meta.insert(name.to_owned(), content.to_owned());
            }
        }
        Ok(Page {
            title: found("title")?
                .first()
                .map(|title| tidy(*title))
                .unwrap_or_default(),
            text: found("body")?
                .first()
                .map(|body| text(*body))
                .unwrap_or_default(),
            headings: found("h1, h2, h3, h4, h5, h6")?
                .into_iter()
                .map(tidy)
                .collect(),
            meta,
        })
    })
    .await
}
