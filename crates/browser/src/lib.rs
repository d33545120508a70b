//! Chromium over the DevTools protocol: sessions, pages, locators, waiting.
//!
//! This crate knows nothing of workflows. It starts (or connects to) a browser, finds elements the
//! way a person would name them, waits until they can be acted on, and acts with real input events.
//!
//! # The API in one look
//!
//! ```text
//! Browser::launch(LaunchOptions) | Browser::connect(endpoint, deadline) -> Browser
//! browser.default_context() -> Context          browser.new_context(ContextOptions) -> Context
//! browser.close()                                // graceful; dropping kills and cleans up as well
//!
//! context.new_page(deadline) -> Page             context.pages() -> Vec<Page>
//! context.mark() -> Mark                         context.page_after(mark, deadline) -> Page      (popups)
//! page.checkpoint(deadline) -> Checkpoint         context.restore(&Checkpoint, deadline) -> Page
//!
//! page.goto(url, Until, deadline) -> Navigation  page.reload/back/forward(Until, deadline)
//! page.url() -> String                           page.title(deadline) -> String
//! page.click(&Locator, Click, deadline)          page.hover(&Locator, deadline)
//! page.fill(&Locator, &serde_json::Value, deadline)          page.fill_form(&[(Locator, Value)], Option<&Locator>, deadline)
//! page.select(&Locator, &[Choice], deadline) -> Vec<String>
//! page.set_checked(&Locator, bool, deadline)     page.press(Option<&Locator>, &Keys, deadline)
//! page.type_text(Option<&Locator>, text, deadline)
//! page.upload(&Locator, &[PathBuf], deadline)    page.download(&Locator, deadline) -> Download
//! page.wait_for(&Locator, &Expect, deadline)     page.wait_for_url(pattern, deadline) -> String
//! page.text(&Locator, deadline) -> String        page.read(&Locator, &Property, deadline) -> Value
//! page.read_all(&Locator, &Property, deadline)    page.table(&Locator, deadline) -> Table
//! page.records(&Locator, &[RecordField], deadline) -> Vec<Map>
//! page.count(&Locator, deadline) -> usize
//! page.evaluate(script, args, deadline) -> Value
//! page.screenshot(&Shot, deadline) -> Vec<u8>
//! page.set_dialog_policy(DialogPolicy)           page.dialogs() -> Vec<DialogRecord>
//! page.events() -> broadcast::Receiver<PageEvent>   (console, page errors, dialogs, downloads)
//! page.close()
//! ```
//!
//! `deadline` is a [`tokio::time::Instant`]; every wait ends there with an error that says what was
//! still missing. All types are `Send + Sync`; `Page` and `Context` are cheap to clone.

mod action;
mod browser;
mod capture;
mod cdp;
mod checkpoint;
mod connection;
mod context;
mod core;
mod download;
mod error;
mod evaluate;
mod events;
mod frames;
mod keyboard;
mod launch;
mod locator;
mod navigation;
mod page;
mod process;
mod profile;
mod program;
mod read;
mod scope;
mod upload;

pub use crate::{
    action::{Button, Choice, Click, FieldValue},
    browser::Browser,
    capture::{Area, ImageFormat, Shot},
    checkpoint::{Checkpoint, Cookie, OriginStorage},
    context::{Context, ContextOptions, Mark},
    download::Download,
    error::{BrowserError, Check},
    events::{DialogPolicy, DialogRecord, PageEvent},
    keyboard::{Keys, Modifier},
    launch::{LaunchOptions, Proxy, Viewport, find_browser},
    locator::{Locator, LocatorError},
    navigation::{Navigation, Until},
    page::Page,
    read::{Expect, Property, RecordField, Table},
};
