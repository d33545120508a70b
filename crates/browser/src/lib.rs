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
//! context.checkpoint() -> Checkpoint             context.restore(&Checkpoint, deadline) -> Page
//!
//! page.goto(url, Until, deadline) -> Navigation  page.reload/back/forward(Until, deadline)
//! page.url() -> String                           page.title() -> String
//! page.click(&Locator, Click, deadline)          page.hover(&Locator, deadline)
//! page.fill(&Locator, &Value, deadline)          page.fill_form(&[(Locator, Value)], Option<&Locator>, deadline)
//! page.select(&Locator, &[Choice], deadline) -> Vec<String>
//! page.set_checked(&Locator, bool, deadline)     page.press(Option<&Locator>, keys, deadline)
//! page.type_text(Option<&Locator>, text, deadline)
//! page.upload(&Locator, &[PathBuf], deadline)    page.download(&Locator, deadline) -> Download
//! page.wait_for(&Locator, &Expect, deadline)     page.wait_for_url(pattern, deadline) -> String
//! page.text/attribute/value(&Locator, …)         page.table(&Locator, deadline) -> Table
//! page.records(&Locator, &[(name, Field)], deadline) -> Vec<Map>
//! page.count(&Locator) -> usize
//! page.evaluate(script, args, deadline) -> Value
//! page.screenshot(Shot, deadline) -> Vec<u8>
//! page.set_dialog_policy(DialogPolicy)           page.dialogs() -> Vec<DialogRecord>
//! page.events() -> broadcast::Receiver<PageEvent>   (console, page errors, dialogs, downloads)
//! page.close()
//! ```
//!
//! `deadline` is a [`tokio::time::Instant`]; every wait ends there with an error that says what was
//! still missing. All types are `Send + Sync`; `Page` and `Context` are cheap to clone.
