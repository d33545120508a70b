//! Pages that do not want to be worked on: each ends in the right result or the right error, in time, and
//! leaves no process.

use std::time::{Duration, Instant as Clock};

use casare_browser::{
    Browser, BrowserError, Check, Click, DialogPolicy, LaunchOptions, Page, Property, Until,
};
use serde_json::json;
use tokio::time::Instant;

use crate::site::{Reply, Site, at, brief, html, open, soon, told};

async fn clicks(page: &Page) -> serde_json::Value {
    page.evaluate("window.clicks ?? 0", &[], soon())
        .await
        .unwrap()
}

#[tokio::test]
async fn an_element_that_moves_is_clicked_when_it_rests_and_refused_when_it_never_does() {
    let site = Site::serve(vec![
        (
            "/",
            html(
                "<button style='position:absolute' onclick='window.clicks = (window.clicks ?? 0) + 1'>Catch</button><script>
                    const b = document.querySelector('button'); let n = 0;
                    (function move() { b.style.left = 100 + 80 * Math.sin(n++ / 5) + 'px'; if (n < 60) requestAnimationFrame(move) })();
                </script>",
            ),
        ),
        (
            "/ever",
            html(
                "<button style='position:absolute'>Catch</button><script>
                    const b = document.querySelector('button'); let n = 0;
                    (function move() { b.style.left = 100 + 80 * Math.sin(n++ / 5) + 'px'; requestAnimationFrame(move) })();
                </script>",
            ),
        ),
    ]);
    let (_browser, page) = open(&site).await;

    page.click(&at("text=Catch"), Click::default(), soon())
        .await
        .unwrap();
    assert_eq!(clicks(&page).await, json!(1));
    page.goto(&site.url("/ever"), Until::Load, soon())
        .await
        .unwrap();
    let started = Clock::now();
    let error = page
        .click(&at("text=Catch"), Click::default(), brief())
        .await
        .unwrap_err();
    let never_rests = matches!(
        &error,
        BrowserError::NotActionable {
            check: Check::NotStable,
            ..
        }
    );
    assert!(never_rests, "{error}");
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn an_element_that_is_drawn_anew_at_every_frame_is_clicked() {
    let site = Site::page(
        "<div id=root></div><script>
            window.clicks = 0;
            root.addEventListener('click', (event) => { if (event.target.closest('button')) window.clicks++ });
            (function draw() { root.innerHTML = '<button>Again</button><input>'; requestAnimationFrame(draw) })();
        </script>",
    );
    let (_browser, page) = open(&site).await;

    for _ in 0..20 {
        page.click(&at("text=Again"), Click::default(), soon())
            .await
            .unwrap();
    }

    assert_eq!(clicks(&page).await, json!(20));
}

#[tokio::test]
async fn what_comes_late_is_waited_for_and_what_stays_covered_is_told() {
    let site = Site::page(
        "<div id=cover style='position:fixed;inset:0;background:#fff8' class=spinner>Please wait</div><button onclick='window.clicks = 1'>Below</button>
        <script>setTimeout(() => document.body.insertAdjacentHTML('beforeend', '<p>Here at last</p>'), 5000)</script>",
    );
    let (_browser, page) = open(&site).await;

    let error = page
        .click(&at("text=Below"), Click::default(), brief())
        .await
        .unwrap_err();
    insta::assert_snapshot!(told(&error, &site), @r#"
    `text=Below` was covered by <div id=cover> "Please wait" at (X, Y) after N ms on http://127.0.0.1:PORT/
    help: close what covers it (a dialog, a banner, a spinner) first
    "#);
    let force = Click {
        force: true,
        ..Click::default()
    };
    page.click(&at("text=Below"), force, soon()).await.unwrap();
    // The click was forced, but it still went to what lies there.
    assert_eq!(clicks(&page).await, json!(0));
    assert_eq!(
        page.text(&at("text=Here at last"), soon()).await.unwrap(),
        "Here at last"
    );
}

#[tokio::test]
async fn redirects_without_end_and_pages_that_hold_on_are_left() {
    let site = Site::serve(vec![
        ("/", html("home")),
        ("/round", Reply::Redirect("/round".into())),
        ("/a", html("<script>location = '/b'</script>")),
        ("/b", html("<script>location = '/a'</script>")),
        (
            "/trap",
            html(
                "<input><script>onbeforeunload = (event) => { event.preventDefault(); return 'Stay!' }</script>",
            ),
        ),
    ]);
    let (_browser, page) = open(&site).await;

    let error = page
        .goto(&site.url("/round"), Until::Load, soon())
        .await
        .unwrap_err();
    insta::assert_snapshot!(told(&error, &site), @r"
    cannot open http://127.0.0.1:PORT/round: it redirects in circles (net::ERR_TOO_MANY_REDIRECTS)
    help: try it in a browser on the same machine
    ");
    let started = Clock::now();
    let limit = Instant::now() + Duration::from_secs(3);
    // Either is right: the documents between come as far as asked, or they never do.
    let round = page.goto(&site.url("/a"), Until::NetworkIdle, limit).await;
    if let Err(error) = round {
        assert!(
            matches!(error, BrowserError::NavigationTimeout { .. }),
            "{error}"
        );
    }
    assert!(started.elapsed() < Duration::from_secs(6));

    // Such a page is left nevertheless, however the two fall together.
    for _ in 0..10 {
        drop(page.goto(&site.url("/a"), Until::Commit, soon()).await);
        let there = page.goto(&site.url("/"), Until::Load, soon()).await;
        assert_eq!(there.unwrap().url, site.url("/"));
    }

    page.goto(&site.url("/trap"), Until::Load, soon())
        .await
        .unwrap();
    page.click(&at("css=input"), Click::default(), soon())
        .await
        .unwrap();
    page.goto(&site.url("/"), Until::Load, soon())
        .await
        .unwrap();
    assert_eq!(page.url(), site.url("/"));
    page.goto(&site.url("/trap"), Until::Load, soon())
        .await
        .unwrap();
    page.click(&at("css=input"), Click::default(), soon())
        .await
        .unwrap();
    page.close().await.unwrap();
}

#[tokio::test]
async fn a_page_of_endless_alerts_is_told_as_busy_and_can_be_left() {
    let site = Site::serve(vec![
        (
            "/",
            html("<button onclick='for (;;) alert(1)'>Alerts</button>"),
        ),
        ("/calm", html("<p>calm</p>")),
    ]);
    let (_browser, page) = open(&site).await;
    page.set_dialog_policy(DialogPolicy::Accept { text: None });

    let started = Clock::now();
    // The click itself never ends.
    let error = page
        .click(&at("role=button"), Click::default(), brief())
        .await
        .unwrap_err();
    assert!(
        matches!(error, BrowserError::Unresponsive { .. }),
        "{error}"
    );
    let error = page.text(&at("role=button"), brief()).await.unwrap_err();
    assert!(
        matches!(error, BrowserError::Unresponsive { .. }),
        "{error}"
    );
    assert!(page.dialogs().len() <= 200);
    page.goto(&site.url("/calm"), Until::Load, soon())
        .await
        .unwrap();
    assert_eq!(page.text(&at("css=p"), soon()).await.unwrap(), "calm");
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn a_page_that_eats_all_memory_crashes_alone() {
    let site = Site::page(
        "<button onclick='const all = []; setTimeout(() => { for (;;) all.push(new Array(100000).fill({})) })'>Eat</button>",
    );
    let browser = Browser::launch(LaunchOptions {
        args: vec!["--js-flags=--max-old-space-size=64".into()],
        ..LaunchOptions::default()
    })
    .await
    .unwrap();
    let pid = browser.pid().unwrap();
    let context = browser.default_context();
    let page = context.new_page(soon()).await.unwrap();
    page.goto(&site.url("/"), Until::Load, soon())
        .await
        .unwrap();
    page.click(&at("role=button"), Click::default(), soon())
        .await
        .unwrap();

    let limit = Instant::now() + Duration::from_mins(1);
    let error = page
        .wait_for(&at("text=never"), &casare_browser::Expect::Visible, limit)
        .await
        .unwrap_err();
    assert!(matches!(error, BrowserError::PageCrashed { .. }), "{error}");
    // Its neighbours live on, and the same address can be opened again.
    let next = context.new_page(soon()).await.unwrap();
    next.goto(&site.url("/"), Until::Load, soon())
        .await
        .unwrap();
    assert_eq!(next.count(&at("role=button"), soon()).await.unwrap(), 1);
    browser.close().await.unwrap();
    assert!(!std::path::Path::new(&format!("/proc/{pid}/exe")).exists());
}

#[tokio::test]
async fn fifty_thousand_elements_are_searched_in_time() {
    let site = Site::page(
        "<div id=all></div><script>
            let html = '';
            for (let n = 0; n < 12500; n++) html += `<div class=row><span>Row ${n}</span><a href=#${n}>Open ${n}</a><input name=f${n}></div>`;
            all.innerHTML = html;
            all.onclick = (event) => { document.title = event.target.textContent };
        </script>",
    );
    let (_browser, page) = open(&site).await;
    let count = page.count(&at("css=*"), soon()).await.unwrap();
    assert!(count > 50_000, "{count}");

    let started = Clock::now();
    page.click(&at("text=Open 12345"), Click::default(), soon())
        .await
        .unwrap();
    assert_eq!(page.title(soon()).await.unwrap(), "Open 12345");
    page.fill(&at("css=[name=f12499]"), &json!("last"), soon())
        .await
        .unwrap();
    let value = page
        .read(&at("css=[name=f12499]"), &Property::Value, soon())
        .await
        .unwrap();
    assert_eq!(value, json!("last"));
    let error = page
        .click(&at("role=button[name=None]"), Click::default(), brief())
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            BrowserError::NotActionable {
                check: Check::NotAttached,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "{:?}",
        started.elapsed()
    );
}
