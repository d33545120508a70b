use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Any;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::send::add_query;

/// Makes an address of its parts; what is special in them is encoded.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BuildUrl {
    /// The address to start from, such as `https://example.com/api`.
    base: String,
    /// Parts of the path that are added, each encoded on its own: `[orders, "a/b"]` becomes
    /// `/orders/a%2Fb`.
    #[serde(default)]
    path: Vec<String>,
    /// Parameters that are added: a list gives one for each item, none gives none.
    #[serde(default)]
    query: IndexMap<String, Any>,
    /// The part after `#`.
    #[serde(default)]
    fragment: Option<String>,
}

/// The address.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BuiltUrl {
    /// The address.
    result: String,
}

pub(super) fn node() -> Node {
    Node::action("http.build_url", build_url)
        .pure()
        .icon("link-2")
        .fails(
            ErrorKind::Invalid,
            "`base` is no address that can have a path.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: search
  use: http.build_url
  with:
    base: https://shop.example.com/api
    path: [orders, "2026/07"]
    query: { state: open, tag: [new, "a&b"] }
- use: log.write
  with: { message: "{{ steps.search.result }}" }
"#;

async fn build_url(_: &StepContext, settings: BuildUrl) -> Result<BuiltUrl, NodeError> {
    let mut url: Url = settings.base.trim().parse().map_err(|error| {
        NodeError::invalid(format!("`base` can't be read: {error}"))
            .with_help("write it with its scheme, such as `https://example.com`")
    })?;
    url.path_segments_mut()
        .map_err(|()| NodeError::invalid("`base` is an address that can't have a path"))?
        .pop_if_empty()
        .extend(&settings.path);
    add_query(&mut url, &settings.query);
    url.set_fragment(settings.fragment.as_deref());
    Ok(BuiltUrl {
        result: url.to_string(),
    })
}
