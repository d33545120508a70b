//! Understands what is heard, in order, and keeps the recorder's window in all pages as it should be.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Weak},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use super::{
    Raw, Recorded, Tap, What,
    history::{History, Move, moved},
    place,
};
use crate::{
    cdp::page::{GetNavigationHistory, GetNavigationHistoryReply},
    connection::{CallError, Connection, Session},
    page::PageCore,
    program::{argument, call_function},
};

/// More than this is no recording of a person.
const MOST_ACTIONS: u64 = 20_000;
/// What happens this soon after something was done on a page has come of it.
const CONSEQUENCE: Duration = Duration::from_millis(1500);
/// How long the browser may take to tell a tab's history.
const ASKING: Duration = Duration::from_secs(2);
/// When it is asked again.
const AGAIN: Duration = Duration::from_millis(20);
/// How many of the last steps the window shows.
const SHOWN: usize = 5;

pub(super) struct Listening {
    tap: Arc<Tap>,
    told: mpsc::UnboundedSender<Recorded>,
    started: Instant,
    pages: Vec<Tab>,
    /// The way into each foreign frame, as it was when its document began.
    ways: HashMap<String, String>,
    count: u64,
    window: Window,
}

/// A recorded page.
struct Tab {
    id: String,
    core: Weak<PageCore>,
    by: Option<usize>,
    /// Whether it has shown something.
    begun: bool,
    /// Whether the page has asked for the navigation that comes next.
    requested: bool,
    history: Option<History>,
    acted: Option<Instant>,
    dialog: String,
}

/// What the recorder's window shows.
#[derive(Default)]
struct Window {
    paused: bool,
    mode: String,
    picked: String,
    place: Option<(f64, f64)>,
    /// What was done last, with what tells whether the next is the same again.
    steps: VecDeque<(String, String)>,
    count: u64,
}

impl Listening {
    pub(super) fn new(tap: Arc<Tap>, told: mpsc::UnboundedSender<Recorded>) -> Self {
        Listening {
            tap,
            told,
            started: Instant::now(),
            pages: Vec::new(),
            ways: HashMap::new(),
            count: 0,
            window: Window {
                mode: "record".into(),
                ..Window::default()
            },
        }
    }

    pub(super) async fn run(
        mut self,
        mut heard: mpsc::UnboundedReceiver<Raw>,
        connection: Connection,
    ) {
        loop {
            let raw = tokio::select! {
                biased;
                raw = heard.recv() => raw,
                () = connection.wait_ended() => heard.try_recv().ok(),
                () = self.told.closed() => None,
            };
            let Some(raw) = raw else { return };
            self.understand(raw).await;
        }
    }

    async fn understand(&mut self, raw: Raw) {
        let Raw {
            page: id,
            core,
            at,
            what,
        } = raw;
        if let What::Marker(passed) = what {
            // Whoever waited may have given up.
            let _ = passed.send(());
            return;
        }
        if let (What::Attached, Some(page)) = (&what, &core) {
            self.attached(page, at);
            return;
        }
        let number = match &what {
            // Of the page where something was done just before.
            What::Download { .. } if id.is_empty() => self.acted_last(at),
            _ => self.pages.iter().position(|tab| tab.id == id),
        };
        let Some(number) = number else { return };
        match (what, core) {
            (What::Said { world, text }, Some(page)) => {
                self.said(number, &page, at, &world, &text).await;
            }
            (What::Navigated { url, within }, Some(page)) => {
                self.navigated(number, &page, at, &url, within).await;
            }
            (what, _) => self.happened(number, at, what),
        }
    }

    fn happened(&mut self, number: usize, at: Instant, what: What) {
        match what {
            What::Requested => self.pages[number].requested = true,
            What::DialogOpened { kind } => self.pages[number].dialog = kind,
            What::DialogClosed { accepted, text } => {
                self.dialog_closed(number, at, accepted, &text);
            }
            What::Download { name } => {
                self.did(number, at, json!({ "did": "downloaded", "name": name }));
            }
            What::Ended => {
                let itself = self.is_consequence(number, at);
                self.did(number, at, json!({ "did": "closed", "itself": itself }));
            }
            What::Attached | What::Marker(_) | What::Said { .. } | What::Navigated { .. } => {}
        }
    }

    fn attached(&mut self, page: &Arc<PageCore>, at: Instant) {
        let opener = page.opener.as_ref();
        let by = self.pages.iter().position(|tab| Some(&tab.id) == opener);
        let number = self.pages.len();
        self.pages.push(Tab {
            id: page.target_id.clone(),
            core: Arc::downgrade(page),
            by,
            begun: false,
            requested: false,
            history: None,
            acted: None,
            dialog: String::new(),
        });
        match by {
            Some(by) => self.did(number, at, json!({ "did": "opened", "by": by })),
            None if number > 0 => self.did(number, at, json!({ "did": "new_tab" })),
            None => {}
        }
    }

    fn acted_last(&self, at: Instant) -> Option<usize> {
        let acted = |(number, tab): (usize, &Tab)| Some((tab.acted?, number));
        let (_, number) = self.pages.iter().enumerate().filter_map(acted).max()?;
        self.is_consequence(number, at).then_some(number)
    }

    fn is_consequence(&self, number: usize, at: Instant) -> bool {
        let acted = self.pages[number].acted;
        acted.is_some_and(|acted| at.saturating_duration_since(acted) < CONSEQUENCE)
    }

    fn dialog_closed(&mut self, number: usize, at: Instant, accepted: bool, text: &str) {
        let kind = std::mem::take(&mut self.pages[number].dialog);
        if kind == "beforeunload" {
            // Whoever leaves a page wants to leave it; a run does so without being asked.
            return;
        }
        let text = (kind == "prompt" && accepted).then_some(text);
        let action = json!({ "did": "dialog", "kind": kind, "accepted": accepted, "text": text });
        self.did(number, at, action);
    }

    /// Tells an action, unless the person has paused.
    fn did(&mut self, number: usize, at: Instant, action: Value) {
        let is_frame = matches!(
            action["did"].as_str(),
            Some("opened" | "closed" | "new_tab")
        );
        // Tabs are counted also in a pause.
        if self.window.paused && !is_frame {
            return;
        }
        self.count += 1;
        if self.count > MOST_ACTIONS {
            if self.count == MOST_ACTIONS + 1 {
                let text = format!("the recording has {MOST_ACTIONS} actions; no more are taken");
                self.tell(Recorded::Trouble(text));
            }
            return;
        }
        self.window.note(&action);
        let since = at.saturating_duration_since(self.started).as_millis();
        self.tell(Recorded::Did {
            at: u64::try_from(since).unwrap_or(u64::MAX),
            page: number,
            action,
        });
        self.show(None);
    }

    fn tell(&self, recorded: Recorded) {
        // Nobody listens any more once the recording has ended.
        let _ = self.told.send(recorded);
    }

    async fn said(
        &mut self,
        number: usize,
        page: &Arc<PageCore>,
        at: Instant,
        world: &(String, i64),
        text: &str,
    ) {
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            return;
        };
        match message["say"].as_str().unwrap_or_default() {
            "hello" => self.hello(number, page, world, &message).await,
            "did" => {
                if message["did"] != "appeared" {
                    self.pages[number].acted = Some(at);
                }
                let way = self.way_into(page, world).await;
                match action(&message, &way) {
                    Some(action) => self.did(number, at, action),
                    None => self.tell(Recorded::Trouble(format!(
                        "nothing finds the element of `{}`; it was left out",
                        message["did"].as_str().unwrap_or_default()
                    ))),
                }
            }
            "picked" => {
                let way = self.way_into(page, world).await;
                let told = &message["element"];
                if let Some(target) = place::target(told["description"].clone(), &way) {
                    self.window.picked = target.selector.to_string();
                    self.tell(Recorded::Picked {
                        name: told["name"].as_str().unwrap_or_default().to_owned(),
                        target: Box::new(target),
                    });
                }
                self.show(None);
            }
            "mode" => {
                message["mode"]
                    .as_str()
                    .unwrap_or("record")
                    .clone_into(&mut self.window.mode);
                self.show(None);
            }
            "pause" => {
                self.window.paused = !self.window.paused;
                self.tell(Recorded::Paused(self.window.paused));
                self.show(None);
            }
            "moved" => {
                let (right, bottom) = (message["right"].as_f64(), message["bottom"].as_f64());
                self.window.place = right.zip(bottom);
            }
            "focus" => self.show(Some(page)),
            "stop" => self.tell(Recorded::Stop),
            "trouble" => {
                let text = message["text"].as_str().unwrap_or_default().to_owned();
                self.tell(Recorded::Trouble(text));
            }
            _ => {}
        }
    }

    async fn hello(
        &mut self,
        number: usize,
        page: &Arc<PageCore>,
        world: &(String, i64),
        message: &Value,
    ) {
        if message["top"] == true {
            let size = |name: &str| {
                message[name]
                    .as_u64()
                    .and_then(|size| u32::try_from(size).ok())
            };
            let mut viewport = self.tap.viewport.lock();
            if number == 0 && viewport.is_none() {
                *viewport = size("width")
                    .zip(size("height"))
                    .filter(|(width, _)| *width > 0);
            }
        } else {
            let frame = self.frame_of(world);
            let way = self.tap.way_into(page, &frame).await;
            self.ways.insert(frame, way);
        }
        self.show(None);
    }

    fn frame_of(&self, world: &(String, i64)) -> String {
        let worlds = self.tap.worlds.lock();
        worlds
            .get(world)
            .map(|world| world.frame.clone())
            .unwrap_or_default()
    }

    /// As it is now; where the frame has gone meanwhile, as it was when its document began.
    async fn way_into(&mut self, page: &Arc<PageCore>, world: &(String, i64)) -> String {
        let frame = self.frame_of(world);
        if frame.is_empty() || frame == page.target_id {
            return String::new();
        }
        let way = self.tap.way_into(page, &frame).await;
        if way.is_empty() {
            return self.ways.get(&frame).cloned().unwrap_or_default();
        }
        self.ways.insert(frame, way.clone());
        way
    }

    async fn navigated(
        &mut self,
        number: usize,
        page: &Arc<PageCore>,
        at: Instant,
        url: &str,
        within: bool,
    ) {
        let requested = std::mem::take(&mut self.pages[number].requested);
        if !["http:", "https:", "file:"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            return;
        }
        let before = self.pages[number].history.take();
        let reply = timeout(ASKING, history_of(page)).await.ok().flatten();
        let now = reply.as_ref().map(History::of);
        let first = !std::mem::replace(&mut self.pages[number].begun, true);
        self.pages[number].history.clone_from(&now);
        if first && number == 0 {
            return;
        }
        let arrived = json!({ "did": "arrived", "url": public(url) });
        if requested || (first && self.pages[number].by.is_some()) {
            self.did(number, at, arrived);
            return;
        }
        let way = match (&before, &now) {
            (Some(before), Some(now)) => moved(before, now),
            _ => Move::New,
        };
        let by_page = self.is_consequence(number, at);
        let (action, times) = match way {
            Move::Back(_) | Move::Forward(_) | Move::Reload if by_page => ("", 0),
            Move::Back(times) => ("back", times),
            Move::Forward(times) => ("forward", times),
            Move::Reload if !within => ("reload", 1),
            Move::New if !within => {
                let typed = reply.as_ref().and_then(|reply| {
                    let entry = usize::try_from(reply.current_index).ok()?;
                    let typed = &reply.entries.get(entry)?.user_typed_url;
                    typed.starts_with("http").then(|| typed.clone())
                });
                let url = public(typed.as_deref().unwrap_or(url));
                self.did(number, at, json!({ "did": "goto", "url": url }));
                return;
            }
            Move::Reload | Move::New => ("", 0),
        };
        for _ in 0..times {
            self.did(number, at, json!({ "did": "history", "action": action }));
        }
        if times == 0 {
            self.did(number, at, arrived);
        }
    }

    /// Brings every page up to date; `focus` is the page whose window gets the keyboard.
    fn show(&self, focus: Option<&Arc<PageCore>>) {
        let worlds: Vec<(Session, i64, String)> = {
            let worlds = self.tap.worlds.lock();
            let each = worlds.iter();
            each.map(|((_, context), world)| (world.session.clone(), *context, world.frame.clone()))
                .collect()
        };
        let open = |frame: &str| {
            let tab = self.pages.iter().find(|tab| tab.id == frame);
            tab.is_none_or(|tab| tab.core.strong_count() > 0)
        };
        for (session, context, frame) in worlds {
            if !open(&frame) {
                continue;
            }
            let has_focus = focus.is_some_and(|page| page.target_id == frame);
            let state = self.window.state(self.tap.options.overlay, has_focus);
            session.tell(&call_function(
                "state => globalThis.casare?.recording?.set(state)",
                context,
                vec![argument(&state)],
            ));
        }
    }
}

/// A tab's history. Between two documents the browser has none to tell for a moment.
async fn history_of(page: &PageCore) -> Option<GetNavigationHistoryReply> {
    loop {
        match page.session.call(&GetNavigationHistory {}).await {
            Ok(reply) => return Some(reply),
            Err(CallError::Refused { .. }) => sleep(AGAIN).await,
            Err(_) => return None,
        }
    }
}

impl Window {
    fn state(&self, shown: bool, focus: bool) -> Value {
        let steps: Vec<&str> = self.steps.iter().map(|(_, text)| text.as_str()).collect();
        json!({
            "shown": shown, "paused": self.paused, "mode": self.mode, "picked": self.picked,
            "place": self.place, "steps": steps, "count": self.count, "focus": focus,
        })
    }

    fn note(&mut self, action: &Value) {
        let Some(text) = words(action) else { return };
        let key = format!(
            "{} {}",
            action["did"], action["element"]["target"]["selector"]
        );
        let again = self
            .steps
            .back()
            .is_some_and(|(last, _)| *last == key && action["did"] == "fill");
        if again {
            self.steps.pop_back();
        } else {
            self.count += 1;
        }
        self.steps.push_back((key, text));
        if self.steps.len() > SHOWN {
            self.steps.pop_front();
        }
    }
}

/// An action in a few words, without what was typed.
fn words(action: &Value) -> Option<String> {
    let text = |name: &str| action[name].as_str().unwrap_or_default();
    let name = action["element"]["name"].as_str().unwrap_or_default();
    Some(match text("did") {
        "click" if action["count"] == 2 => format!("Double click {name}"),
        "click" => format!("Click {name}"),
        "fill" if action["value"].is_null() => format!("Fill {name} (secret)"),
        "fill" => format!("Fill {name}"),
        "press" => format!("Press {}", text("key")),
        "hover" => format!("Hover over {name}"),
        "drag" => format!("Drag {name}"),
        "upload" => format!("Upload to {name}"),
        "downloaded" => format!("Download {}", text("name")),
        "goto" => format!("Go to {}", text("url")),
        "history" => format!("Go {}", text("action")),
        "opened" | "new_tab" => "New tab".to_owned(),
        "closed" => "Close tab".to_owned(),
        "dialog" => format!("Answer the {}", text("kind")),
        "assert" => format!("Expect {name}"),
        _ => return None,
    })
}

/// A page's message as an action: its elements become targets. `None` where nothing finds one of them.
fn action(message: &Value, way: &str) -> Option<Value> {
    let mut action = message.as_object()?.clone();
    action.remove("say");
    for name in ["element", "to"] {
        let Some(told) = action.get(name).filter(|told| !told.is_null()) else {
            continue;
        };
        let element = place::element(told, way)?;
        action.insert(name.to_owned(), element.into());
    }
    Some(action.into())
}

/// An address without the name and password that may stand in it.
fn public(url: &str) -> String {
    let Ok(mut address) = url::Url::parse(url) else {
        return url.to_owned();
    };
    // Addresses that can hold no name have none to be removed.
    let _ = address.set_username("");
    let _ = address.set_password(None);
    address.into()
}
