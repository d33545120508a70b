//! What a page is about: its forms, tables, lists and ways on; which field a name means; how to log in.
//!
//! The looking is done by scripts of their own beside the page's script. Few documents need them, so they are
//! brought into a document when a program there asks for them first.

mod analysis;
mod fields;
mod login;
mod records;

use serde_json::value::RawValue;

pub use self::{
    analysis::{
        Analysis, Control, DialogBox, DialogButton, DialogKind, Field, Form, List, ListField, Menu,
        MenuLink, PageKind, Pagination, PagingKind, Purpose, TableOutline,
    },
    login::{Ask, Complaint, LoginSight, LoginStage},
    records::{Growth, ListMark, Pattern},
};
use crate::{cdp::runtime, program::call_function};

/// The programs that these scripts bring.
pub(crate) const OPS: &[&str] = &[
    "analyze",
    "fill-fields",
    "match-fields",
    "login-look",
    "login-fill",
    "login-submit",
    "login-hide",
    "login-open",
    "pattern",
    "list-mark",
    "list-grown",
    "scroll-on",
];

const SCRIPT: &str = concat!(
    "() => {",
    include_str!("words.js"),
    include_str!("fields.js"),
    include_str!("analyze.js"),
    include_str!("login.js"),
    include_str!("records.js"),
    "}"
);

/// Runs a program where the scripts are there.
pub(crate) const RUN: &str = "p => casare.understands ? casare.run(p) : 'missing'";

/// Whether the scripts have to be brought first.
pub(crate) fn is_missing(reply: &runtime::CallFunctionOnReply) -> bool {
    reply.result.value.as_deref().map(RawValue::get) == Some("\"missing\"")
}

/// Brings the scripts into a document.
pub(crate) fn install(context: i64) -> runtime::CallFunctionOn {
    call_function(SCRIPT, context, Vec::new())
}
