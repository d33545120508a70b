use casare_browser::understanding::{
    Analysis, DialogBox, Form, List, Menu, PageKind, Pagination, TableOutline,
};
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{fault, live, target::deadline};

/// Says what the page consists of: forms with their fields, tables, lists of records, ways to more, open dialogs, menus.
///
/// Each thing has a selector that finds it and nothing else, and what the other steps need: `browser.fill_form` takes
/// the fields' labels, `browser.extract` the lists' selectors. Changes nothing on the page. Frames of other sites are
/// not looked into.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Analyze {
    /// Which parts to tell; all if empty.
    #[serde(default)]
    parts: Vec<Part>,
}

/// A part of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Part {
    /// The forms with their fields.
    Forms,
    /// The tables with data.
    Tables,
    /// The lists of records.
    Lists,
    /// The ways to more.
    Pagination,
    /// Dialogs and banners.
    Dialogs,
    /// The menus.
    Menus,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Analyzed {
    /// What kind of page it is.
    kind: PageKind,
    /// Its title.
    title: String,
    /// Its first large heading.
    heading: String,
    /// The language that it says it is in, such as `de`.
    language: String,
    /// The forms, with the fields that people can see.
    forms: Vec<Form>,
    /// The tables with data.
    tables: Vec<TableOutline>,
    /// The lists of records: products, search results, messages.
    lists: Vec<List>,
    /// How to get to more of it, if there is more.
    pagination: Option<Pagination>,
    /// Dialogs and banners that are open.
    dialogs: Vec<DialogBox>,
    /// The menus.
    menus: Vec<Menu>,
}

pub(super) fn node() -> Node {
    Node::action("browser.analyze", analyze)
        .effect(Effect::Live)
        .icon("scan-search")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/" }
  do:
    - id: page
      use: browser.analyze
    - use: log.write
      with: { message: "a {{ steps.page.kind }} page with {{ steps.page.forms | length }} forms" }
"#;

async fn analyze(cx: &StepContext, settings: Analyze) -> Result<Analyzed, NodeError> {
    let page = live::page(cx)?;
    let Analysis {
        kind,
        title,
        heading,
        language,
        forms,
        tables,
        lists,
        pagination,
        dialogs,
        menus,
        ..
    } = match page.analyze(deadline(cx)).await {
        Ok(found) => found,
        Err(error) => return Err(fault::on_page(cx, &page, error).await),
    };
    let tells = |part| settings.parts.is_empty() || settings.parts.contains(&part);
    Ok(Analyzed {
        kind,
        title,
        heading,
        language,
        forms: kept(forms, tells(Part::Forms)),
        tables: kept(tables, tells(Part::Tables)),
        lists: kept(lists, tells(Part::Lists)),
        pagination: pagination.filter(|_| tells(Part::Pagination)),
        dialogs: kept(dialogs, tells(Part::Dialogs)),
        menus: kept(menus, tells(Part::Menus)),
    })
}

fn kept<T>(list: Vec<T>, tells: bool) -> Vec<T> {
    if tells { list } else { Vec::new() }
}
