//! What a page consists of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{error::BrowserError, page::Page};

/// What a page consists of. Long lists and texts are cut.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Analysis {
    /// What kind of page it is.
    pub kind: PageKind,
    /// Its title.
    pub title: String,
    /// Its first large heading.
    pub heading: String,
    /// The language that it says it is in, such as `de`.
    pub language: String,
    /// The forms, with the fields that people can see.
    pub forms: Vec<Form>,
    /// The tables with data.
    pub tables: Vec<TableOutline>,
    /// The lists of records: products, search results, messages.
    pub lists: Vec<List>,
    /// How to get to more of it, if there is more.
    pub pagination: Option<Pagination>,
    /// Dialogs and banners that are open.
    pub dialogs: Vec<DialogBox>,
    /// The menus.
    pub menus: Vec<Menu>,
    /// How many frames of other sites were not looked into.
    pub closed_frames: usize,
}

/// What kind of page it is, as far as its content tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageKind {
    /// It asks who is there.
    Login,
    /// It makes a new account.
    Registration,
    /// It asks for a payment.
    Checkout,
    /// What a search has found.
    SearchResults,
    /// A list of records.
    List,
    /// A table.
    Table,
    /// One product.
    Product,
    /// A text to read.
    Article,
    /// A form of another kind.
    Form,
    /// It says that something is not there or failed.
    Error,
    /// It wants to know whether a person is there.
    Challenge,
    /// Something else.
    Other,
}

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Logging in, or a step of it.
    Login,
    /// Making an account.
    Registration,
    /// Searching.
    Search,
    /// A postal address.
    Address,
    /// Paying.
    Payment,
    /// Writing a message.
    Contact,
    /// Subscribing to mails.
    Newsletter,
    /// Something else.
    Other,
}

/// A form, or fields that belong together.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Form {
    /// What it is for.
    pub purpose: Purpose,
    /// Its name, or the heading above it.
    pub name: String,
    /// Where it is sent, where it says so.
    pub action: String,
    /// Finds it and nothing else.
    pub selector: String,
    /// Other selectors that do.
    pub others: Vec<String>,
    /// Its fields, in the order of the page.
    pub fields: Vec<Field>,
    /// What sends it.
    pub submit: Option<Control>,
}

/// A field of a form. Radio buttons of a group are one field.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    /// What people read beside it.
    pub label: String,
    /// Its name in what is sent.
    pub name: String,
    /// `text`, `email`, `password`, `date`, `select`, `multiselect`, `radio`, `checkbox`, `checkboxes`, `textarea`,
    /// `file`, `date-parts`, …
    pub kind: String,
    /// Which of the usual fields it is: `email`, `first_name`, `postcode`, `billing:street`, …; else empty.
    pub meaning: String,
    /// Whether it has to be filled.
    pub required: bool,
    /// Whether it cannot be filled now.
    pub disabled: bool,
    /// The text in it while it is empty.
    pub placeholder: String,
    /// The name of the group that it stands in.
    pub group: String,
    /// What can be chosen, the first 60.
    pub options: Vec<String>,
    /// How many can be chosen.
    pub option_count: usize,
    /// What the page says is wrong with it.
    pub error: String,
    /// Finds it and nothing else.
    pub selector: String,
    /// Other selectors that do.
    pub others: Vec<String>,
}

/// A button or link.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Control {
    /// What is on it.
    pub label: String,
    /// Finds it and nothing else.
    pub selector: String,
    /// Other selectors that do.
    pub others: Vec<String>,
    /// Whether it cannot be clicked now.
    pub disabled: bool,
}

/// A table with data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TableOutline {
    /// Its caption.
    pub name: String,
    /// The titles of its columns.
    pub headers: Vec<String>,
    /// How many rows of data it has.
    pub rows: usize,
    /// How many columns it has.
    pub columns: usize,
    /// The first row of data.
    pub sample: Vec<String>,
    /// Finds it and nothing else.
    pub selector: String,
    /// Other selectors that do.
    pub others: Vec<String>,
}

/// A list of records, which `browser.extract` can read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct List {
    /// Its name, or the heading above it.
    pub name: String,
    /// Finds all of its items and nothing else.
    pub selector: String,
    /// How many items it has.
    pub count: usize,
    /// What the items have in common.
    pub fields: Vec<ListField>,
}

/// A field of the records of a list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListField {
    /// A name for it.
    pub name: String,
    /// Where it is inside an item, for `fields` of `browser.extract`.
    pub selector: String,
    /// What the first item has there.
    pub example: String,
}

/// How a page leads on to more of the same.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Pagination {
    /// By what.
    pub kind: PagingKind,
    /// The control that leads to the next page.
    pub next: Option<Control>,
    /// The control that leads back.
    pub previous: Option<Control>,
    /// The control that adds more to this page.
    pub more: Option<Control>,
    /// The number of this page.
    pub current: Option<u32>,
    /// The highest number that is shown.
    pub last: Option<u32>,
}

/// By what a page leads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PagingKind {
    /// Page numbers.
    Numbers,
    /// A control for the next page alone.
    Next,
    /// A control that adds more.
    More,
    /// Scrolling adds more.
    Infinite,
}

/// A dialog or banner that is open.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DialogBox {
    /// What it is.
    pub kind: DialogKind,
    /// Its title.
    pub title: String,
    /// The beginning of its text.
    pub text: String,
    /// Whether it lies over the page.
    pub blocks: bool,
    /// Its buttons.
    pub buttons: Vec<DialogButton>,
    /// Finds it and nothing else.
    pub selector: String,
    /// Other selectors that do.
    pub others: Vec<String>,
}

/// What a dialog is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DialogKind {
    /// It asks for consent to cookies.
    Cookies,
    /// Something else.
    Dialog,
}

/// A button of a dialog.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DialogButton {
    /// `accept`, `reject`, `settings`, `close` or `other`.
    pub does: String,
    #[serde(flatten)]
    pub control: Control,
}

/// A menu.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Menu {
    /// Its name.
    pub name: String,
    /// How many links it has.
    pub link_count: usize,
    /// The first 40 of them.
    pub links: Vec<MenuLink>,
    /// Finds it and nothing else.
    pub selector: String,
    /// Other selectors that do.
    pub others: Vec<String>,
}

/// A link of a menu.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MenuLink {
    /// What is on it.
    pub label: String,
    /// Where it leads.
    pub url: String,
    /// Whether it stands for this page.
    pub current: bool,
    /// Finds it and nothing else.
    pub selector: String,
    /// Other selectors that do.
    pub others: Vec<String>,
}

impl Page {
    /// What the page consists of now. Changes nothing; open shadow roots and frames of the same site are looked
    /// into.
    ///
    /// # Errors
    ///
    /// The page is gone or does not answer.
    pub async fn analyze(&self, deadline: Instant) -> Result<Analysis, BrowserError> {
        self.run_here("analyze", deadline).await
    }
}
