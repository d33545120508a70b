//! What a person does, as it is recorded.

use casare_browser::{Click, Drag, Keys, Page, RecordOptions, Recorded, Recording, Until};
use serde_json::{Value as Json, json};

use crate::site::{Reply, Site, at, html, soon};

/// A recording, and a page that was opened in it.
struct Studio {
    _browser: casare_browser::Browser,
    recording: Recording,
    page: Page,
}

async fn studio(site: &Site) -> Studio {
    let browser = casare_browser::Browser::launch(casare_browser::LaunchOptions::default())
        .await
        .unwrap();
    let context = browser.default_context();
    let mut options = RecordOptions::default();
    options.dialogs_wait = false;
    let recording = context.record(&options);
    let page = context.new_page(soon()).await.unwrap();
    page.goto(&site.url("/"), Until::Load, soon())
        .await
        .unwrap();
    Studio {
        _browser: browser,
        recording,
        page,
    }
}

impl Studio {
    async fn click(&self, selector: &str) {
        self.page
            .click(&at(selector), Click::default(), soon())
            .await
            .unwrap();
    }

    async fn type_text(&self, selector: &str, text: &str) {
        self.page
            .type_text(Some(&at(selector)), text, soon())
            .await
            .unwrap();
    }

    async fn press(&self, key: &str) {
        let keys: Keys = key.parse().unwrap();
        self.page.press(None, &keys, soon()).await.unwrap();
    }

    /// All that was recorded until now.
    async fn told(&mut self) -> Vec<Json> {
        self.recording.flush().await;
        let mut told = Vec::new();
        while let Some(recorded) = self.recording.try_next() {
            match recorded {
                Recorded::Did { page, action, .. } => {
                    let mut action = action;
                    action["page"] = json!(page);
                    told.push(action);
                }
                Recorded::Trouble(text) => panic!("{text}"),
                _ => {}
            }
        }
        told
    }
}

/// One line for each action, without what came of it.
fn lines(told: &[Json]) -> Vec<String> {
    let line = |action: &Json| {
        let did = action["did"].as_str().unwrap();
        if matches!(did, "appeared" | "arrived") {
            return None;
        }
        let selector = |name: &str| {
            action[name]["target"]["selector"]
                .as_str()
                .map(str::to_owned)
        };
        let parts = [
            Some(did.to_owned()),
            selector("element"),
            selector("to"),
            action["key"].as_str().map(str::to_owned),
            action.get("value").map(Json::to_string),
            action["name"].as_str().map(str::to_owned),
        ];
        Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    };
    let mut lines: Vec<String> = told.iter().filter_map(line).collect();
    // What is typed is told now and then.
    let mut at = 0;
    while at + 1 < lines.len() {
        let field = |line: &str| {
            line.strip_prefix("fill ").map(|rest| {
                rest.rsplit_once(" \"")
                    .map_or(rest, |(field, _)| field)
                    .to_owned()
            })
        };
        if field(&lines[at]).is_some() && field(&lines[at]) == field(&lines[at + 1]) {
            lines.remove(at);
        } else {
            at += 1;
        }
    }
    lines
}

const STRICT: &str = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; script-src 'none'; style-src 'none'; require-trusted-types-for 'script'\">";

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_told_field_by_field_and_secrets_stay_in_the_page() {
    let site = Site::page(&format!(
        "{STRICT}<form><label>Name <input></label><label>Password <input type=password></label>
        <label>Card <input autocomplete=cc-number></label><label>Number <input name=n></label>
        <label>Country <select><option>France<option>Peru</select></label><label><input type=checkbox> I agree</label></form>"
    ));
    let mut studio = studio(&site).await;

    studio.click("label=Name").await;
    studio.type_text("label=Name", "Ada").await;
    studio.type_text("label=Password", "correct-horse").await;
    studio.type_text("label=Card", "4000").await;
    studio
        .type_text("label=Number", "4111 1111 1111 1111")
        .await;
    studio.click("text=I agree").await;
    studio.type_text("label=Country", "P").await;
    let told = studio.told().await;

    assert_eq!(
        lines(&told),
        [
            "click role=textbox[name=\"Name\"]",
            "fill role=textbox[name=\"Name\"] \"Ada\"",
            "fill role=textbox[name=\"Password\"] null",
            "fill role=textbox[name=\"Card\"] null",
            "fill role=textbox[name=\"Number\"] null",
            "fill role=checkbox[name=\"I agree\"] true",
            "fill role=combobox[name=\"Country\"] \"Peru\"",
        ]
    );
    let all = Json::from(told).to_string();
    assert!(!all.contains("horse") && !all.contains("4000") && !all.contains("4111"));
}

#[tokio::test(flavor = "multi_thread")]
async fn elements_in_frames_of_other_sites_are_found_through_their_frames() {
    let inner = html("<button onclick=\"document.title = 'x'\">Pay</button><button>Other</button>");
    let site = Site::serve(vec![
        (
            "/",
            html("<button>Pay</button><iframe name=bank src=OTHER/bank></iframe>"),
        ),
        ("/bank", inner),
    ]);
    let mut studio = studio(&site).await;

    studio.click("frame=bank >> role=button[name=Pay]").await;
    let told = studio.told().await;

    let selector = "css=iframe[name=\"bank\"] >> role=button[name=\"Pay\"]";
    assert_eq!(lines(&told), [format!("click {selector}")]);
    // The selector finds it again.
    studio.click(selector).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn menus_that_open_under_the_pointer_tell_of_the_hover_that_opened_them() {
    let site = Site::page(
        "<style>li ul { display: none } li:hover > ul { display: block }</style>
        <ul><li><a href=#a>Products</a><ul><li><a href=#tea>Tea</a></li></ul></li><li><a href=#b>About</a></li></ul>
        <p>Below</p>",
    );
    let mut studio = studio(&site).await;
    studio.page.hover(&at("text=Below"), soon()).await.unwrap();
    studio.page.hover(&at("text=About"), soon()).await.unwrap();
    studio
        .page
        .hover(&at("text=Products"), soon())
        .await
        .unwrap();
    studio.click("text=Tea").await;

    assert_eq!(
        lines(&studio.told().await),
        [
            "hover role=link[name=\"Products\"]",
            "click role=link[name=\"Tea\"]"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_browser_knows_is_told_too() {
    let site = Site::serve(vec![
        ("/", html("<a href=/next>Next</a> <a href=/help target=_blank>Help</a> <a href=/file download>File</a>
            <button onclick=\"document.title = confirm('Sure?')\">Delete</button>")),
        ("/next", html("<h1>Next page</h1>")),
        ("/help", html("<h1>Help</h1>")),
        ("/file", Reply::File { name: "notes.txt", bytes: b"hello".to_vec() }),
    ]);
    let mut studio = studio(&site).await;
    let context = studio.page.context().unwrap();

    studio.click("text=Delete").await;
    studio
        .page
        .download(&at("text=File"), soon())
        .await
        .unwrap();
    let mark = context.mark();
    studio.click("text=Help").await;
    let help = context.page_after(mark, soon()).await.unwrap();
    help.wait_for_url("/help", soon()).await.unwrap();
    help.close().await.unwrap();
    studio.click("text=Next").await;
    studio.page.wait_for_url("/next", soon()).await.unwrap();
    // A person looks at the page before going on.
    studio.recording.flush().await;
    studio
        .page
        .goto(&site.url("/help"), Until::Load, soon())
        .await
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1600)).await;
    studio.page.back(Until::Load, soon()).await.unwrap();
    let told = studio.told().await;
    let dids: Vec<&str> = told
        .iter()
        .map(|action| action["did"].as_str().unwrap())
        .filter(|did| *did != "appeared")
        .collect();

    assert_eq!(
        dids,
        [
            "click",
            "dialog",
            "click",
            "downloaded",
            "click",
            "opened",
            "arrived",
            "closed",
            "click",
            "arrived",
            "goto",
            "history"
        ],
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn things_are_dragged_and_keys_that_mean_something_are_told() {
    let site = Site::page(
        "<style>div { width: 90px; height: 40px; margin: 30px; border: 1px solid }</style>
        <div draggable=true id=card>Card</div><div id=done ondragover=event.preventDefault() ondrop=event.preventDefault()>Done</div>
        <div id=knob style='position: absolute; left: 200px; top: 0'>Knob</div>
        <script>knob.onpointerdown = (down) => { onpointermove = (move) => { knob.style.left = move.clientX + 'px' }; onpointerup = () => { onpointermove = null } }</script>
        <input placeholder=Search><button>Go</button>",
    );
    let mut studio = studio(&site).await;
    let drag = Drag::default();
    studio
        .page
        .drag(&at("css=#card"), &at("css=#done"), &drag, soon())
        .await
        .unwrap();
    studio.type_text("placeholder=Search", "tea").await;
    studio.press("Enter").await;
    studio.press("Tab").await;
    studio.press("Space").await;
    studio.press("Control+K").await;

    assert_eq!(
        lines(&studio.told().await),
        [
            "drag text=\"Card\" text=\"Done\"",
            "fill role=textbox[name=\"Search\"] \"tea\"",
            "press role=textbox[name=\"Search\"] Enter",
            "press role=button[name=\"Go\"] Space",
            "press role=button[name=\"Go\"] Control+K",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recorders_window_is_worked_by_keys_and_is_not_recorded() {
    let site = Site::page("<h1>Orders</h1><button>Save</button>");
    let mut studio = studio(&site).await;

    studio.press("Alt+Shift+T").await;
    studio
        .page
        .hover(&at("role=heading"), soon())
        .await
        .unwrap();
    studio.click("role=heading").await;
    studio.press("Alt+Shift+P").await;
    studio.click("text=Save").await;
    studio.press("Alt+Shift+P").await;
    studio.click("text=Save").await;
    let told = studio.told().await;

    assert_eq!(
        lines(&told),
        [
            "assert role=heading[name=\"Orders\"]",
            "click role=button[name=\"Save\"]"
        ]
    );
    let asserted = told
        .iter()
        .find(|action| action["did"] == "assert")
        .unwrap();
    assert_eq!(asserted["expected"], json!({ "text": "Orders" }));
}
