//! Pages as another device, place or person would see them; on paper and as pictures.

use std::time::Duration;

use casare_browser::{
    ColorScheme, Conditions, Emulation, Geolocation, Permission, Print, Screencast, Until,
};
use insta::assert_snapshot;
use serde_json::json;

use crate::site::{Reply, Site, at, html, open, soon, told};

#[tokio::test]
async fn a_page_believes_to_be_elsewhere_and_on_another_device() {
    let site = Site::serve(vec![
        (
            "/",
            html("<meta name=viewport content='width=device-width'>home"),
        ),
        ("/echo", Reply::Echo),
    ]);
    let (browser, page) = open(&site).await;
    let context = browser.default_context();
    let seen = "({
        zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        number: (1234.5).toLocaleString(),
        language: navigator.language,
        dark: matchMedia('(prefers-color-scheme: dark)').matches,
        still: matchMedia('(prefers-reduced-motion: reduce)').matches,
        width: innerWidth, ratio: devicePixelRatio, touch: navigator.maxTouchPoints,
        phone: navigator.userAgent.includes('iPhone'),
    })";

    context
        .emulate(&Emulation {
            locale: Some("de-AT".into()),
            time_zone: Some("Asia/Tokyo".into()),
            color_scheme: Some(ColorScheme::Dark),
            reduced_motion: Some(true),
            headers: Some(vec![("x-team".into(), "blue".into())]),
            geolocation: Some(Geolocation {
                latitude: 48.2,
                longitude: 16.37,
                accuracy: 10.0,
            }),
            ..Emulation::device("iPhone 15").unwrap()
        })
        .await
        .unwrap();
    context
        .grant(&[Permission::Geolocation, Permission::Clipboard], None)
        .await
        .unwrap();
    // What holds for the page that is open holds for pages to come.
    for page in [page, context.new_page(soon()).await.unwrap()] {
        page.goto(&site.url("/"), Until::Load, soon())
            .await
            .unwrap();
        assert_eq!(
            page.evaluate(seen, &[], soon()).await.unwrap(),
            json!({
                "zone": "Asia/Tokyo", "number": "1\u{a0}234,5", "language": "de-AT", "dark": true, "still": true,
                "width": 393, "ratio": 3, "touch": 5, "phone": true,
            })
        );
        let place = page
            .evaluate(
                "new Promise((ok) => navigator.geolocation.getCurrentPosition((p) => ok(p.coords.latitude), (e) => ok(e.message)))",
                &[],
                soon(),
            )
            .await
            .unwrap();
        assert_eq!(place, json!(48.2));
        let sent = page
            .evaluate(
                "fetch('/echo').then((answer) => answer.text())",
                &[],
                soon(),
            )
            .await
            .unwrap();
        let sent = sent.as_str().unwrap().to_lowercase();
        assert!(sent.contains("x-team: blue"), "{sent}");
        assert!(sent.contains("accept-language: de-at"), "{sent}");
    }

    let nowhere = Emulation {
        time_zone: Some("Europe/Nowhere".into()),
        ..Emulation::default()
    };
    let error = context.emulate(&nowhere).await.unwrap_err();
    assert_snapshot!(told(&error, &site), @"the browser does not take the locale or time zone: Invalid time zone specified: Europe/Nowhere");
}

#[tokio::test]
async fn the_network_can_be_slow_or_gone() {
    let site = Site::serve(vec![("/", html("home")), ("/echo", Reply::Echo)]);
    let (browser, page) = open(&site).await;
    let context = browser.default_context();
    let conditions = |offline, latency| Emulation {
        network: Some(Conditions {
            offline,
            latency,
            ..Conditions::default()
        }),
        ..Emulation::default()
    };
    let fetch = "fetch('/echo').then(() => true, () => false)";

    context.emulate(&conditions(true, 0.0)).await.unwrap();
    assert_eq!(
        page.evaluate(fetch, &[], soon()).await.unwrap(),
        json!(false)
    );
    context.emulate(&conditions(false, 300.0)).await.unwrap();
    let started = std::time::Instant::now();
    assert_eq!(
        page.evaluate(fetch, &[], soon()).await.unwrap(),
        json!(true)
    );
    assert!(started.elapsed() >= Duration::from_millis(290));
    context.emulate(&conditions(false, 0.0)).await.unwrap();
}

#[tokio::test]
async fn pages_are_printed_and_refused_with_a_reason() {
    let site = Site::page("<h1>Invoice 7</h1><p style='break-before:page'>Second</p>");
    let (_browser, page) = open(&site).await;

    let pdf = page.pdf(&Print::default(), soon()).await.unwrap();
    assert!(pdf.starts_with(b"%PDF-"), "{} bytes", pdf.len());
    let text = String::from_utf8_lossy(&pdf);
    assert_eq!(text.matches("/Type /Page\n").count(), 2);
    let one = Print {
        pages: Some("1".into()),
        footer: Some("<span class=pageNumber></span>".into()),
        landscape: true,
        ..Print::default()
    };
    let pdf = page.pdf(&one, soon()).await.unwrap();
    assert_eq!(
        String::from_utf8_lossy(&pdf)
            .matches("/Type /Page\n")
            .count(),
        1
    );
    let none = Print {
        pages: Some("7-9".into()),
        ..Print::default()
    };
    let error = page.pdf(&none, soon()).await.unwrap_err();
    assert_snapshot!(told(&error, &site), @"the browser does not take the print settings: Page range exceeds page count");
}

#[tokio::test]
async fn pictures_are_taken_while_a_page_changes() {
    let site = Site::page("<h1>One</h1>");
    let (browser, page) = open(&site).await;

    let mut frames = browser.default_context().screencast(Screencast {
        every: Duration::ZERO,
        width: 320,
        height: 200,
        ..Screencast::default()
    });
    page.evaluate("document.body.style.background = 'red'", &[], soon())
        .await
        .unwrap();
    let first = tokio::time::timeout_at(soon(), frames.recv())
        .await
        .unwrap()
        .unwrap();
    page.evaluate("document.body.style.background = 'blue'", &[], soon())
        .await
        .unwrap();
    let second = tokio::time::timeout_at(soon(), frames.recv())
        .await
        .unwrap()
        .unwrap();

    assert!(first.jpeg.starts_with(&[0xff, 0xd8]));
    assert!(second.taken >= first.taken);
    assert_eq!(first.url, site.url("/"));
    drop(frames);
    page.evaluate("document.body.style.background = 'green'", &[], soon())
        .await
        .unwrap();
    assert_eq!(page.text(&at("role=heading"), soon()).await.unwrap(), "One");
}
