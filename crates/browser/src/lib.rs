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
//! page.tap/focus/blur(&Locator, …, deadline)     page.scroll(&Scroll, deadline)
//! page.drag(&Locator, &Locator, &Drag, deadline)
//! page.wait_for(&Locator, &Expect, deadline)     page.wait_for_url(pattern, deadline) -> String
//! page.text(&Locator, deadline) -> String        page.read(&Locator, &Property, deadline) -> Value
//! page.read_all(&Locator, &Property, deadline)    page.table(&Locator, deadline) -> Table
//! page.records(&Locator, &[RecordField], deadline) -> Vec<Map>
//! page.count(&Locator, deadline) -> usize
//! page.evaluate(script, args, deadline) -> Value
//! page.screenshot(&Shot, deadline) -> Vec<u8>
//! page.pdf(&Print, deadline) -> Vec<u8>          context.screencast(Screencast) -> Receiver<ScreencastFrame>
//!
//! context.emulate(&Emulation)                    context.grant(&[Permission], origin)
//! context.set_logins(Vec<Login>)                 context.route(Route) -> RouteHandle
//! page.exchange_mark() -> ExchangeMark           page.wait_for_response(&ExchangeFilter, mark, deadline)
//! page.response_body(&Exchange, deadline)        context.record_har(HarOptions) -> HarRecording
//!
//! context.record(RecordOptions) -> Recording     recording.next() -> Recorded          (what a person does)
//!
//! page.set_dialog_policy(DialogPolicy)           page.dialogs() -> Vec<DialogRecord>
//! page.events() -> broadcast::Receiver<PageEvent>   (console, page errors, dialogs, downloads)
//! page.close()
//!
//! page.describe_target(&Locator, deadline) -> Target         page.fingerprint(&Locator, deadline)
//! page.heal(&Target, HealOptions, deadline) -> Healing        (healed or refused, with the evidence)
//!
//! page.analyze(deadline) -> understanding::Analysis           page.pattern_of(&example, deadline) -> understanding::Pattern
//! page.fill_fields(&[(Locator, Value)], Option<&Locator>, deadline)      (fields by the names that people give them)
//! page.login_sight(after, deadline) -> LoginSight             page.answer_login(Ask, submit, deadline)
//! page.list_mark(&Locator, deadline) -> ListMark              page.list_grown(&Locator, &ListMark, Growth, deadline) -> bool
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
mod emulation;
mod error;
mod evaluate;
mod events;
mod frames;
pub mod healing;
mod keyboard;
mod launch;
mod layout;
mod locator;
mod memory;
mod navigation;
mod network;
mod page;
mod pointer;
mod print;
mod process;
mod profile;
mod program;
mod read;
mod recording;
mod remote;
mod scope;
mod screencast;
mod target;
pub mod understanding;
mod upload;

pub use crate::{
    action::{Button, Choice, Click, FieldValue},
    browser::Browser,
    capture::{Area, ImageFormat, Shot},
    checkpoint::{Checkpoint, Cookie, OriginStorage},
    context::{Context, ContextOptions, Mark},
    download::Download,
    emulation::{ColorScheme, Conditions, Emulation, Geolocation, Permission},
    error::{BrowserError, Check},
    events::{DialogPolicy, DialogRecord, PageEvent},
    keyboard::{Keys, Modifier},
    launch::{LaunchOptions, Proxy, Viewport, find_browser},
    layout::Layout,
    locator::{Locator, LocatorError},
    navigation::{Navigation, Until},
    network::{
        har::{HarOptions, HarRecording},
        login::Login,
        route::{ResourceKind, Route, RouteAnswer, RouteHandle},
        traffic::{Exchange, ExchangeFilter, ExchangeMark},
    },
    page::Page,
    pointer::{Drag, Edge, Scroll},
    print::Print,
    read::{Expect, Property, RecordField, Table},
    recording::{RecordOptions, Recorded, Recording},
    screencast::{Screencast, ScreencastFrame},
    target::{Anchors, Fingerprint, MergeRule, ObjectError, ObjectName, Objects, Target},
};
