//! What a person did in a browser, as a workflow.
//!
//! A recording is a list of [`Event`]s: what the person did, on which page, to which element.
//! [`fold()`] takes the noise out (clicks that only give a field the focus, text typed letter by
//! letter, keys that only move on) and gathers what belongs together (the fields of a form, a login, a
//! click and the download that it began). [`workflow()`] writes what is left as steps.
//!
//! This crate drives no browser and opens no file.

mod devtools;
mod event;
mod expectation;
mod fold;
mod literal;
mod noise;
mod rows;
mod steps;
mod tabs;

pub use devtools::devtools;
pub use event::{Action, Element, Event, Expected, FieldKind, Place, Row};
pub use fold::{Dialog, Done, Folded, Login, fold};
pub use steps::{Options, workflow};
