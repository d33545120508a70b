use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    path::RemotePath,
    session::{self, Files, Protocol},
    settings::RemoteEntry,
    walk::{self, Wanted},
};

/// Lists files and folders on the server that match a pattern.
///
/// The list is sorted. Names that could lead out of the folder, such as `../x`, are left out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    /// The folder; the one of the login if not set.
    #[serde(default)]
    path: String,
    /// Which names are wanted: `*` is any part of a name, `?` one character, `{csv,xlsx}` either.
    /// A pattern with `/` is matched against the path below the folder: `**/*.pdf`.
    #[serde(default = "anything")]
    pattern: String,
    /// Whether folders in the folder are looked into as well.
    #[serde(default)]
    recursive: bool,
    /// What is listed.
    #[serde(default)]
    kinds: Kinds,
    /// What the list is sorted by.
    #[serde(default)]
    sort: Sort,
    /// Whether the order is reversed: the newest or largest first, for example.
    #[serde(default)]
    descending: bool,
    /// How many are listed at most, after sorting: with `sort: modified`, `descending: true` and
    /// `limit: 1`, the newest.
    limit: Option<usize>,
}

fn anything() -> String {
    "*".to_owned()
}

/// What is listed.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kinds {
    /// Files.
    #[default]
    Files,
    /// Folders.
    Folders,
    /// Both.
    All,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    /// The path.
    #[default]
    Name,
    /// When it was last changed.
    Modified,
    /// The size.
    Size,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listing {
    /// What was found.
    entries: Vec<RemoteEntry>,
    /// The paths alone.
    paths: Vec<String>,
    /// How many there are.
    count: usize,
}

pub(super) fn node<P: Protocol>() -> Node {
    session::node::<P>("list", EXAMPLE, |name| {
        Node::action(name, list::<P>).pure().icon("folder-search")
    })
}

const EXAMPLE: &str = r#"- id: orders
  use: {p}.list
  with: { path: inbox, pattern: "*.csv", sort: modified, descending: true }
- use: flow.for_each
  with: { items: "{{ steps.orders.entries }}", as: order }
  do:
    - use: log.write
      with: { message: "{{ order.name }} has {{ order.size }} bytes" }
"#;

async fn list<P: Protocol>(cx: &StepContext, settings: List) -> Result<Listing, NodeError> {
    let files = Files::<P>::of(cx)?;
    let folder = RemotePath::read("path", &settings.path)?;
    let wanted = Wanted::new(&settings.pattern, settings.recursive)?;
    let mut found = walk::remote(cx, files.remote(), &folder, &wanted).await?;
    found.retain(|found| match settings.kinds {
        Kinds::Files => !found.entry.is_folder,
        Kinds::Folders => found.entry.is_folder,
        Kinds::All => true,
    });
    match settings.sort {
        Sort::Name => {}
        Sort::Modified => found.sort_by_key(|found| found.entry.modified),
        Sort::Size => found.sort_by_key(|found| found.entry.size),
    }
    if settings.descending {
        found.reverse();
    }
    found.truncate(settings.limit.unwrap_or(usize::MAX));
    let entries: Vec<RemoteEntry> = found
        .into_iter()
        .map(|found| RemoteEntry::new(&found.path, found.relative, &found.entry))
        .collect();
    Ok(Listing {
        count: entries.len(),
        paths: entries.iter().map(|entry| entry.path.clone()).collect(),
        entries,
    })
}
