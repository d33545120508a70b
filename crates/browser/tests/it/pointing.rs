//! What a mouse, a finger and a keyboard do besides clicking and filling.

use casare_browser::{
    Button, Click, Drag, Edge, Emulation, Layout, Modifier, Property, Scroll, Until,
};
use serde_json::json;

use crate::site::{Site, at, brief, html, open, soon, told};

const LOG: &str = "<pre id=log style='position:fixed;right:0;bottom:0'></pre><script>
    const log = (text) => { document.getElementById('log').textContent += text + '\\n' };
</script>";

#[tokio::test]
async fn things_are_dragged_by_the_mouse_and_by_the_pages_own_drag_and_drop() {
    let site = Site::page(&format!(
        "{LOG}<style>div {{ width: 90px; height: 60px; background: #ccc; margin: 20px }}</style>
        <div id=card draggable=true>Card</div><div id=bin>Bin</div>
        <div id=knob style='position:relative;left:0'>Knob</div><div id=end style='margin-left:400px'>End</div>
        <iframe src='OTHER/frame' width=400 height=200></iframe>
        <script>
            card.ondragstart = (event) => event.dataTransfer.setData('text/plain', 'seven');
            bin.ondragover = (event) => event.preventDefault();
            bin.ondrop = (event) => {{ event.preventDefault(); log('dropped ' + event.dataTransfer.getData('text/plain')) }};
            let from = null;
            knob.onmousedown = (event) => {{ event.preventDefault(); from = event.clientX }};
            onmousemove = (event) => {{ if (from !== null) knob.style.left = event.clientX - from + 'px' }};
            onmouseup = (event) => {{ if (from !== null) log('let go ' + (event.clientX - from)); from = null }};
        </script>"
    ));
    let (_browser, page) = open(&site).await;
    let log = async || page.text(&at("css=#log"), soon()).await.unwrap();

    page.drag(&at("text=Card"), &at("text=Bin"), &Drag::default(), soon())
        .await
        .unwrap();
    assert_eq!(log().await, "dropped seven");
    page.drag(&at("text=Knob"), &at("text=End"), &Drag::default(), soon())
        .await
        .unwrap();
    assert_eq!(log().await, "dropped seven\nlet go 380");
    let error = page
        .drag(
            &at("text=Card"),
            &at("text=Nowhere"),
            &Drag::default(),
            brief(),
        )
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("`text=Nowhere` was not found"),
        "{error}"
    );
    // The button was let go: the page is as free as before.
    page.drag(&at("text=Card"), &at("text=Bin"), &Drag::default(), soon())
        .await
        .unwrap();
    assert_eq!(log().await, "dropped seven\nlet go 380\ndropped seven");
}

#[tokio::test]
async fn pages_are_scrolled_by_wheel_to_edges_and_to_elements() {
    let site = Site::page(
        "<div id=list style='height:100px;width:200px;overflow:auto'><div style='height:900px'>List</div></div>
        <div style='height:3000px'></div><p>Foot</p>",
    );
    let (_browser, page) = open(&site).await;
    let places = async || {
        page.evaluate("[Math.round(scrollY), list.scrollTop]", &[], soon())
            .await
            .unwrap()
    };
    let wheel = |over, down| Scroll::Wheel {
        over,
        right: 0.0,
        down,
    };

    page.scroll(&wheel(Some(at("css=#list")), 120.0), soon())
        .await
        .unwrap();
    page.evaluate(
        "new Promise((ok) => { const look = () => list.scrollTop === 120 ? ok() : requestAnimationFrame(look); look() })",
        &[],
        soon(),
    )
    .await
    .unwrap();
    page.scroll(
        &Scroll::To {
            of: None,
            edge: Edge::Bottom,
        },
        soon(),
    )
    .await
    .unwrap();
    let bottom = places().await[0].as_i64().unwrap();
    assert!(bottom > 2000, "{bottom}");
    page.scroll(
        &Scroll::To {
            of: None,
            edge: Edge::Top,
        },
        soon(),
    )
    .await
    .unwrap();
    page.scroll(
        &Scroll::To {
            of: Some(at("css=#list")),
            edge: Edge::Bottom,
        },
        soon(),
    )
    .await
    .unwrap();
    assert_eq!(places().await, json!([0, 800]));
    page.scroll(&Scroll::IntoView(at("text=Foot")), soon())
        .await
        .unwrap();
    assert!(places().await[0].as_i64().unwrap() > 2000);
}

#[tokio::test]
async fn fingers_other_buttons_and_held_keys_reach_the_page() {
    let site = Site::page(&format!(
        "{LOG}<meta name=viewport content='width=device-width'><button id=b>Press</button><input id=i>
        <script>
            for (const type of ['touchstart', 'touchend', 'click', 'dblclick', 'contextmenu', 'auxclick', 'mousedown'])
                b.addEventListener(type, (event) => log([type, event.button, event.shiftKey ? 'shift' : '', event.detail].join(' ')));
            i.onfocus = () => log('focus'); i.onblur = () => log('blur');
            const taken = () => {{ const text = document.getElementById('log').textContent; document.getElementById('log').textContent = ''; return text.trim() }};
        </script>"
    ));
    let (_browser, page) = open(&site).await;
    let taken = async || {
        let taken = page.evaluate("taken()", &[], soon()).await.unwrap();
        taken.as_str().unwrap().replace('\n', "; ")
    };
    let button = at("css=#b");

    let click = Click {
        button: Button::Right,
        modifiers: vec![Modifier::Shift],
        ..Click::default()
    };
    page.click(&button, click, soon()).await.unwrap();
    assert_eq!(
        taken().await,
        "mousedown 2 shift 1; contextmenu 2 shift 0; auxclick 2 shift 1"
    );
    let twice = Click {
        count: 2,
        ..Click::default()
    };
    page.click(&button, twice, soon()).await.unwrap();
    assert_eq!(
        taken().await,
        "mousedown 0  1; click 0  1; mousedown 0  2; click 0  2; dblclick 0  2"
    );
    page.tap(&button, None, false, soon()).await.unwrap();
    let tapped = taken().await;
    assert!(
        tapped.starts_with("touchstart   0; touchend   0"),
        "{tapped}"
    );
    assert!(tapped.contains("click 0"), "{tapped}");
    page.focus(&at("css=#i"), soon()).await.unwrap();
    page.blur(&at("css=#i"), soon()).await.unwrap();
    assert_eq!(taken().await, "focus; blur");
}

#[tokio::test]
async fn text_is_typed_as_on_the_keyboard_of_a_country_or_by_an_input_method() {
    let site = Site::page(&format!(
        "{LOG}<input id=i><script>
            for (const type of ['keydown', 'compositionstart', 'compositionend'])
                i.addEventListener(type, (event) => log(type + ' ' + (event.code ?? event.data) + (event.shiftKey ? ' shift' : '')));
        </script>"
    ));
    let (browser, page) = open(&site).await;
    let field = at("css=#i");

    let german = Emulation {
        keyboard: Some(Layout::De),
        ..Emulation::default()
    };
    browser.default_context().emulate(&german).await.unwrap();
    page.type_text(Some(&field), "zÖ@日本", soon())
        .await
        .unwrap();

    let value = page.read(&field, &Property::Value, soon()).await.unwrap();
    assert_eq!(value, json!("zÖ@日本"));
    assert_eq!(
        page.text(&at("css=#log"), soon()).await.unwrap(),
        "keydown KeyY\nkeydown Semicolon shift\nkeydown KeyQ\ncompositionstart\ncompositionend 日本"
    );
}

#[tokio::test]
async fn what_a_closed_shadow_root_hides_is_refused_by_name() {
    let site = Site::page(
        "<pay-box></pay-box><script>
            customElements.define('pay-box', class extends HTMLElement {
                constructor() { super(); this.attachShadow({ mode: 'closed' }).innerHTML = '<button>Pay</button>' }
            });
        </script>",
    );
    let (_browser, page) = open(&site).await;

    let error = page
        .click(&at("role=button[name=Pay]"), Click::default(), brief())
        .await
        .unwrap_err();

    insta::assert_snapshot!(told(&error, &site), @r"
    `role=button[name=Pay]` lies in the closed shadow root of <pay-box> at (X, Y), which lets nobody in, after N ms on http://127.0.0.1:PORT/
    help: click the element that holds it at a `position`, or go there by keyboard (`Tab`); its author closed it to scripts
    ");
}

#[tokio::test]
async fn a_click_that_would_go_elsewhere_is_swallowed_and_tried_again() {
    // The cover comes up as soon as the mouse moves over the button, and leaves 300 ms later.
    let site = Site::page(&format!(
        "{LOG}<button id=b>Buy</button><div id=cover hidden style='position:fixed;inset:0'></div>
        <script>
            b.addEventListener('mousemove', () => {{ cover.hidden = false; setTimeout(() => cover.remove(), 300) }}, {{ once: true }});
            cover.onclick = () => log('wrong'); cover.onmousedown = () => log('wrong');
            b.onclick = () => log('right');
        </script>"
    ));
    let (_browser, page) = open(&site).await;

    page.click(&at("css=#b"), Click::default(), soon())
        .await
        .unwrap();

    assert_eq!(page.text(&at("css=#log"), soon()).await.unwrap(), "right");
}

#[tokio::test]
async fn files_go_into_frames_of_other_sites() {
    let site = Site::serve(vec![
        ("/", html("<iframe src='OTHER/frame'></iframe>")),
        (
            "/frame",
            html(
                "<input type=file id=plain onchange='document.title = this.files[0].name'>
                <button onclick='field.click()'>Choose</button>
                <input type=file id=field style='display:none' onchange='got.textContent = this.files[0].name'><p id=got></p>",
            ),
        ),
    ]);
    let (_browser, page) = open(&site).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("invoice.pdf");
    std::fs::write(&file, "%PDF-").unwrap();
    let inside = |locator: &str| at(&format!("frame=iframe >> {locator}"));

    page.upload(&inside("css=#plain"), std::slice::from_ref(&file), soon())
        .await
        .unwrap();
    page.upload(&inside("role=button[name=Choose]"), &[file], soon())
        .await
        .unwrap();

    let got = page.text(&inside("css=#got"), soon()).await.unwrap();
    assert_eq!(got, "invoice.pdf");
    page.goto(&site.url("/frame"), Until::Load, soon())
        .await
        .unwrap();
}
