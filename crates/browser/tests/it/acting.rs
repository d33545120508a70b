//! Clicking, filling and the waiting before it.

use std::time::{Duration, Instant as Clock};

use casare_browser::{Click, Keys};
use serde_json::json;

use crate::site::{Site, at, open, soon};

#[tokio::test]
async fn a_form_is_filled_and_sent_in_few_round_trips() {
    let site = Site::page(
        r#"<form onsubmit="event.preventDefault(); window.sent = Object.fromEntries(new FormData(this)); sends++">
        <label>First <input name=first></label><label>Born <input name=born type=date></label>
        <label>Age <input name=age type=number></label><label>Level <input name=level type=range min=0 max=10></label>
        <label>Colour <input name=colour type=color></label>
        <label>Country <select name=country><option value=fr>France<option value=pe>Peru</select></label>
        <label><input name=terms type=checkbox> Terms</label>
        <label><input name=size type=radio value=s> Small</label><label><input name=size type=radio value=l> Large</label>
        <label>Notes <textarea name=notes>old</textarea></label>
        <div id=editor contenteditable aria-label=Editor>old <b>text</b></div>
        <button>Send</button></form><script>window.sends = 0; window.heard = [];
        document.addEventListener('input', e => heard.push(e.target.name));</script>"#,
    );
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
        page.fill_form(&fields, Some(&at("role=button[name=Send]")), soon()).await.unwrap();
    }
    println!("ten rounds: {:?}", started.elapsed());

    let sent = page.evaluate("window.sent", &[], soon()).await.unwrap();
    assert_eq!(
        sent,
        json!({
            "first": "Ada", "born": "1815-12-10", "age": "36", "level": "7", "colour": "#a1b2c3",
            "country": "pe", "terms": "on", "size": "l", "notes": "two\nlines",
        })
    );
    assert_eq!(page.evaluate("sends", &[], soon()).await.unwrap(), json!(10));
    assert_eq!(page.text(&at("label=Editor"), soon()).await.unwrap(), "new text");
    assert!(started.elapsed() < Duration::from_secs(10));

    let keys: Keys = "Control+A".parse().unwrap();
    page.press(Some(&at("label=First")), &keys, soon()).await.unwrap();
    page.type_text(None, "Grace H! ü", soon()).await.unwrap();
    assert_eq!(page.text(&at("label=First"), soon()).await.unwrap(), "Grace H! ü");
    page.click(&at("label=Terms"), Click::default(), soon()).await.unwrap();
    page.set_checked(&at("label=Terms"), true, soon()).await.unwrap();
}
