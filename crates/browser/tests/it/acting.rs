//! Clicking, filling and choosing.

use std::time::{Duration, Instant as Clock};

use casare_browser::{Choice, Click, DialogPolicy, Keys, Modifier, PageEvent};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::site::{Site, at, brief, html, open, soon, told};

const FORM: &str = r#"<form onsubmit="event.preventDefault(); window.sent = Object.fromEntries(new FormData(this)); sends++">
<label>First <input name=first></label><label>Born <input name=born type=date></label>
<label>Age <input name=age type=number></label><label>Level <input name=level type=range min=0 max=10></label>
<label>Colour <input name=colour type=color></label>
<label>Country <select name=country><option value=fr>France<option value=pe>Peru</select></label>
<label><input name=terms type=checkbox> Terms</label>
<label><input name=size type=radio value=s> Small</label><label><input name=size type=radio value=l> Large</label>
<label>Notes <textarea name=notes>old</textarea></label>
<label>Code <input maxlength=3></label><label>Fixed <input readonly value=1></label>
<div id=editor contenteditable aria-label=Editor>old <b>text</b></div>
<button>Send</button></form>
<script>window.sends = 0; window.heard = [];
for (const kind of ['input', 'change']) document.addEventListener(kind, e => heard.push(kind + ' ' + e.target.name));</script>"#;

#[tokio::test]
async fn a_form_is_filled_and_sent_in_few_round_trips() {
    let site = Site::page(FORM);
    let (_browser, page) = open(&site).await;
    let fields = [
        (at("label=First"), json!("Ada")),
        (at("label=Born"), json!("1815-12-10")),
        (at("label=Age"), json!(36)),
        (at("label=Level"), json!(7)),
        (at("label=Colour"), json!("#A1B2C3")),
        (at("label=Country"), json!("Peru")),
        (at("label=Terms"), json!(true)),
        (at("label=Large"), json!(true)),
        (at("label=Notes"), json!("two\nlines")),
        (at("label=Editor"), json!("new text")),
    ];

    let started = Clock::now();
    for _ in 0..10 {
        page.fill_form(&fields, Some(&at("role=button[name=Send]")), soon())
            .await
            .unwrap();
    }
    println!("ten rounds: {:?}", started.elapsed());

    let evaluate = async |script: &str| page.evaluate(script, &[], soon()).await.unwrap();
    let sent = json!({
        "first": "Ada", "born": "1815-12-10", "age": "36", "level": "7", "colour": "#a1b2c3",
        "country": "pe", "terms": "on", "size": "l", "notes": "two\nlines",
    });
    assert_eq!(evaluate("window.sent").await, sent);
    assert_eq!(evaluate("sends").await, json!(10));
    assert_eq!(
        evaluate("heard.slice(0, 4)").await,
        json!(["input first", "change first", "input born", "change born"])
    );
    assert_eq!(
        page.text(&at("label=Editor"), soon()).await.unwrap(),
        "new text"
    );

    // A field that is missing leaves the others as they are.
    let fields = [
        (at("label=First"), json!("Bob")),
        (at("label=Frist"), json!("Bob")),
    ];
    page.fill_form(&fields, None, brief()).await.unwrap_err();
    assert_eq!(page.text(&at("label=First"), soon()).await.unwrap(), "Ada");

    // Keys go where they should.
    page.press(
        Some(&at("label=First")),
        &"Control+A".parse::<Keys>().unwrap(),
        soon(),
    )
    .await
    .unwrap();
    page.type_text(None, "Grace H! ü", soon()).await.unwrap();
    assert_eq!(
        page.text(&at("label=First"), soon()).await.unwrap(),
        "Grace H! ü"
    );
    page.press(None, &"Enter".parse::<Keys>().unwrap(), soon())
        .await
        .unwrap();
    assert_eq!(evaluate("sends").await, json!(11));

    let fill = async |locator: &str, value: Value| {
        let error = page.fill(&at(locator), &value, brief()).await.unwrap_err();
        told(&error, &site)
    };
    assert_snapshot!(fill("label=Born", json!("10.12.1815")).await, @r#"`label=Born` does not take this: "10.12.1815" is not a date; write it as 2026-12-31"#);
    assert_snapshot!(fill("label=Age", json!("old")).await, @r#"`label=Age` does not take this: "old" is not a number; write it as 12.5"#);
    assert_snapshot!(fill("label=Level", json!(11)).await, @"`label=Level` does not take this: it goes from 0 to 10 in steps of 1");
    assert_snapshot!(fill("label=Country", json!("Chile")).await, @r#"
    `label=Country` had no such option ("France", "Peru") after N ms on http://127.0.0.1:PORT/
    help: choose one of these
    "#);
    assert_snapshot!(fill("label=Code", json!("1234")).await, @"`label=Code` does not take this: it takes at most 3 characters, the value has 4");
    assert_snapshot!(fill("label=Fixed", json!("2")).await, @r#"
    `label=Fixed` was not editable after N ms on http://127.0.0.1:PORT/
    help: it is read-only, or not a field
    "#);
    assert_snapshot!(fill("role=button", json!("x")).await, @"`role=button` does not take this: <button> is not a field");
}

#[tokio::test]
async fn clicks_are_real_and_choices_are_made_sure_of() {
    let site = Site::page(
        r#"<button id=b style="position:absolute;left:10px;top:2000px;width:100px;height:50px;border:0">Far below</button>
        <label style="position:relative"><input type=checkbox id=fancy style="position:absolute;opacity:0;width:0;height:0"><span>Fancy</span></label>
        <input type=checkbox id=stubborn aria-label=Stubborn onclick="event.preventDefault()">
        <div role=switch aria-checked=false tabindex=0 aria-label=Wifi onclick="this.ariaChecked = this.ariaChecked !== 'true'">Wifi</div>
        <label>Fruit <select id=fruit multiple><option value=a>Apple<option value=b>Banana<option value=c>Cherry</select></label>
        <label>Late <select id=late></select></label>
        <div id=menu>closed</div><div id=item style="display:none">Item</div>
        <script>
        window.log = [];
        for (const kind of ['mousedown', 'click', 'dblclick', 'contextmenu', 'auxclick'])
          b.addEventListener(kind, e => { e.preventDefault(); log.push([kind, e.button, e.detail, e.shiftKey, e.isTrusted, e.offsetX, e.offsetY].join()); });
        menu.onmouseover = () => item.style.display = 'block';
        setTimeout(() => late.innerHTML = '<option>Now', 300);
        </script>"#,
    );
    let (_browser, page) = open(&site).await;
    let log = async || {
        page.evaluate("log.splice(0).join(' ')", &[], soon())
            .await
            .unwrap()
    };
    let far = at("role=button[name=Far below]");

    page.click(&far, Click::default(), soon()).await.unwrap();
    assert_eq!(
        log().await,
        "mousedown,0,1,false,true,50,25 click,0,1,false,true,50,25"
    );
    let corner = Click {
        count: 2,
        position: Some((3.0, 4.0)),
        modifiers: vec![Modifier::Shift],
        ..Click::default()
    };
    page.click(&far, corner, soon()).await.unwrap();
    assert!(
        log()
            .await
            .as_str()
            .unwrap()
            .ends_with("dblclick,0,2,true,true,3,4")
    );
    page.click(
        &far,
        Click {
            button: casare_browser::Button::Right,
            ..Click::default()
        },
        soon(),
    )
    .await
    .unwrap();
    assert!(log().await.as_str().unwrap().contains("contextmenu,2"));

    let checked = async |script: &str| page.evaluate(script, &[], soon()).await.unwrap();
    for _ in 0..2 {
        page.set_checked(&at("label=Fancy"), true, soon())
            .await
            .unwrap();
        page.set_checked(&at("role=switch[name=Wifi]"), true, soon())
            .await
            .unwrap();
    }
    assert_eq!(
        checked("[fancy.checked, document.querySelector('[role=switch]').ariaChecked]").await,
        json!([true, "true"])
    );
    let error = page
        .set_checked(&at("label=Stubborn"), true, brief())
        .await
        .unwrap_err();
    assert_snapshot!(told(&error, &site), @r#"
    `label=Stubborn` was still unchecked after N ms on http://127.0.0.1:PORT/
    help: allow more time
    "#);

    let fruit = [Choice::Label("Apple".into()), Choice::Value("c".into())];
    assert_eq!(
        page.select(&at("label=Fruit"), &fruit, soon())
            .await
            .unwrap(),
        ["a", "c"]
    );
    let late = page
        .select(&at("label=Late"), &[Choice::Any("Now".into())], soon())
        .await
        .unwrap();
    assert_eq!(late, ["Now"]);
    let error = page
        .select(&at("label=Late"), &[Choice::Index(3)], brief())
        .await
        .unwrap_err();
    assert_snapshot!(told(&error, &site), @r#"
    `label=Late` had no such option ("Now") after N ms on http://127.0.0.1:PORT/
    help: choose one of these
    "#);

    page.hover(&at("css=#menu"), soon()).await.unwrap();
    page.click(&at("css=#item"), Click::default(), soon())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_action_waits_until_its_element_is_ready_and_says_what_it_was_not() {
    let site = Site::serve(vec![
        (
            "/",
            html(
                r#"<style>@keyframes slide { to { transform: translateX(300px) } }
                .moving { animation: slide 500ms linear forwards } .endless { animation: slide 1s infinite alternate }</style>
                <button id=later style="display:none">Later</button><button id=off disabled>Off</button>
                <button id=moving>Moving</button><button id=endless class=endless>Endless</button>
                <div style="position:relative;width:200px"><button id=under>Under</button>
                <div id=veil class="loading overlay" style="position:absolute;inset:0">Loading…</div></div>
                <button id=for-good disabled>For good</button>
                <button id=replaced>Replaced</button>
                <script>
                window.log = [];
                document.addEventListener('click', e => log.push(e.target.id));
                function go() {
                  setTimeout(() => later.style.display = '', 200);
                  setTimeout(() => off.disabled = false, 200);
                  setTimeout(() => replaced.outerHTML = '<button id=replaced>Replaced</button>', 200);
                  moving.className = 'moving';
                }
                </script>"#,
            ),
        ),
        (
            "/slow",
            html("<script>setTimeout(() => location = '/next', 300)</script>first"),
        ),
        (
            "/next",
            html("<button onclick=\"this.textContent = 'Clicked'\">Only here</button>"),
        ),
    ]);
    let (_browser, page) = open(&site).await;
    let log = async || {
        page.evaluate("log.splice(0).join(' ')", &[], soon())
            .await
            .unwrap()
    };

    page.evaluate("go()", &[], soon()).await.unwrap();
    let started = Clock::now();
    page.click(&at("css=#moving"), Click::default(), soon())
        .await
        .unwrap();
    assert!(started.elapsed() > Duration::from_millis(300));
    page.evaluate("go()", &[], soon()).await.unwrap();
    for id in ["#later", "#off", "#replaced"] {
        page.click(&at(id), Click::default(), soon()).await.unwrap();
    }
    assert_eq!(log().await, "moving later off replaced");

    let click = async |locator: &str| {
        let error = page
            .click(&at(locator), Click::default(), brief())
            .await
            .unwrap_err();
        told(&error, &site)
    };
    assert_snapshot!(click("css=#under").await, @r#"
    `css=#under` was covered by <div id=veil> "Loading…" at (X, Y) after N ms on http://127.0.0.1:PORT/
    help: close what covers it (a dialog, a banner, a spinner) first
    "#);
    assert_snapshot!(click("css=#endless").await, @r#"
    `css=#endless` did not stop moving after N ms on http://127.0.0.1:PORT/
    help: it is animated without end; stop that, or act on something inside it
    "#);
    assert_snapshot!(click("css=#for-good").await, @r#"
    `css=#for-good` was not enabled after N ms on http://127.0.0.1:PORT/
    help: fill what it depends on first
    "#);
    page.evaluate("setTimeout(() => veil.remove(), 300)", &[], soon())
        .await
        .unwrap();
    page.click(&at("css=#under"), Click::default(), soon())
        .await
        .unwrap();
    assert_eq!(log().await, "under");

    // The page goes elsewhere while the click waits for its element.
    page.goto(&site.url("/slow"), casare_browser::Until::Load, soon())
        .await
        .unwrap();
    page.click(&at("role=button[name=Only here]"), Click::default(), soon())
        .await
        .unwrap();
    assert_eq!(
        page.text(&at("role=button"), soon()).await.unwrap(),
        "Clicked"
    );

    // A click that is no longer wanted does not happen later.
    let (vanished, value) = (at("text=Appears"), json!("x"));
    let waiting = page.fill(&vanished, &value, soon());
    tokio::time::timeout(Duration::from_millis(200), waiting)
        .await
        .unwrap_err();
    page.evaluate(
        "document.body.innerHTML = '<label>Appears <input></label>'",
        &[],
        soon(),
    )
    .await
    .unwrap();
    page.wait_for(&vanished, &casare_browser::Expect::Visible, soon())
        .await
        .unwrap();
    assert_eq!(page.text(&at("label=Appears"), soon()).await.unwrap(), "");
}

#[tokio::test]
async fn dialogs_never_hang_a_page_and_popups_are_pages() {
    let site = Site::serve(vec![
        (
            "/",
            html(
                r#"<button onclick="this.textContent = confirm('Sure?') ? 'Yes' : 'No'">Ask</button>
                <button onclick="alert('one'); alert('two'); console.log('alerted', 2, {a: 1}); setTimeout(() => nope())">Alert</button>
                <a href="/popup" target=_blank>Pop up</a>
                <button onclick="window.open('/popup', '', 'width=300,height=300')">Open</button>"#,
            ),
        ),
        (
            "/popup",
            html(
                "<script>onbeforeunload = e => { e.preventDefault(); return 'x' }</script><h1>Popup</h1><button onclick='window.close()'>Close</button>",
            ),
        ),
    ]);
    let (_browser, page) = open(&site).await;
    let mut events = page.events();
    let ask = at("css=button >> nth=0");

    page.click(&ask, Click::default(), soon()).await.unwrap();
    assert_eq!(page.text(&ask, soon()).await.unwrap(), "No");
    page.set_dialog_policy(DialogPolicy::Accept { text: None });
    page.click(&ask, Click::default(), soon()).await.unwrap();
    assert_eq!(page.text(&ask, soon()).await.unwrap(), "Yes");
    page.click(&at("role=button[name=Alert]"), Click::default(), soon())
        .await
        .unwrap();
    let messages: Vec<_> = page
        .dialogs()
        .into_iter()
        .map(|dialog| (dialog.message, dialog.accepted))
        .collect();
    let said = |text: &str, accepted| (text.to_owned(), accepted);
    assert_eq!(
        messages,
        [
            said("Sure?", false),
            said("Sure?", true),
            said("one", true),
            said("two", true)
        ]
    );

    let mut heard = Vec::new();
    while heard.len() < 2 {
        match tokio::time::timeout_at(soon(), events.recv())
            .await
            .unwrap()
            .unwrap()
        {
            PageEvent::Console { level, text } => heard.push(format!("{level}: {text}")),
            PageEvent::Error { message } => heard.push(message.lines().next().unwrap().to_owned()),
            _ => {}
        }
    }
    assert_eq!(
        heard,
        [
            "log: alerted 2 Object",
            "ReferenceError: nope is not defined"
        ]
    );

    let context = page.context().unwrap();
    for opener in ["role=link[name=Pop up]", "role=button[name=Open]"] {
        let mark = context.mark();
        page.click(&at(opener), Click::default(), soon())
            .await
            .unwrap();
        let popup = context.page_after(mark, soon()).await.unwrap();
        assert_eq!(
            popup.text(&at("role=heading"), soon()).await.unwrap(),
            "Popup"
        );
        popup
            .click(&at("role=heading"), Click::default(), soon())
            .await
            .unwrap();
        popup
            .click(&at("role=button[name=Close]"), Click::default(), soon())
            .await
            .unwrap();
        let error = popup
            .click(&at("role=heading"), Click::default(), soon())
            .await
            .unwrap_err();
        assert!(
            matches!(error, casare_browser::BrowserError::PageClosed { .. }),
            "{error:?}"
        );
    }
    let error = context
        .page_after(context.mark(), brief())
        .await
        .unwrap_err();
    assert_snapshot!(told(&error, &site), @"a new page did not happen in N ms");
}
