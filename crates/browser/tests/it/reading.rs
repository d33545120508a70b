//! Reading pages, and files in and out of them.

use std::time::Duration;

use casare_browser::{Area, Click, Expect, ImageFormat, Property, RecordField, Shot, Until};
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::json;

use crate::site::{Reply, Site, at, brief, html, open, soon, told};

#[tokio::test]
async fn texts_tables_and_records_come_out_as_data() {
    let site = Site::page(
        r#"<h1>  Shop &amp;
          more </h1><a id=link href="/a b">Go</a><input id=field value=typed><input type=checkbox id=box checked>
        <table id=prices><caption>Prices</caption><thead><tr><th>Item<th>Price<th>Price</tr></thead>
        <tbody><tr><td rowspan=2>Tea<td>1.50<td>2.00</tr><tr><td>1.60<td></tr><tr><td colspan=3>Sold out</tr></tbody></table>
        <table id=bare><tr><td>a<td>b</tr><tr><td>c<td>d</tr></table>
        <article data-id=1><h2>Tea</h2><span class=price>1.50</span><a href="/tea">More</a></article>
        <article data-id=2><h2>Mate</h2><a href="/mate">More</a><a href="/mate2">Else</a></article>
        <div id=status>waiting</div><div id=gone>gone soon</div><p hidden>later</p>
        <script>setTimeout(() => { document.querySelector('#status').textContent = 'all done'; gone.remove(); document.querySelector('p').hidden = false; document.querySelector('p').textContent = 'shown'; }, 300);</script>
        <div style="height:3000px"></div>"#,
    );
    let (_browser, page) = open(&site).await;
    let read =
        async |locator: &str, property| page.read(&at(locator), &property, soon()).await.unwrap();

    assert_eq!(
        read("role=heading[level=1]", Property::Text).await,
        "Shop & more"
    );
    assert_eq!(read("#field", Property::Text).await, "typed");
    assert_eq!(read("#box", Property::Value).await, true);
    assert_eq!(
        read("#link", Property::Attribute("href".into())).await,
        site.url("/a%20b")
    );
    assert_eq!(
        read("#link", Property::Attribute("title".into())).await,
        json!(null)
    );
    assert_eq!(
        page.read_all(&at("css=h2"), &Property::Text, soon())
            .await
            .unwrap(),
        [json!("Tea"), json!("Mate")]
    );
    assert_eq!(read("css=p", Property::Text).await, "shown");
    assert_eq!(page.title(soon()).await.unwrap(), "Test");

    assert_json_snapshot!(page.table(&at("role=table[name=Prices]"), soon()).await.unwrap(), @r#"
    {
      "headers": [
        "Item",
        "Price",
        "Price"
      ],
      "rows": [
        [
          "Tea",
          "1.50",
          "2.00"
        ],
        [
          "Tea",
          "1.60",
          ""
        ],
        [
          "Sold out",
          "Sold out",
          "Sold out"
        ]
      ]
    }
    "#);
    assert_json_snapshot!(page.table(&at("#bare"), soon()).await.unwrap(), @r#"
    {
      "headers": [],
      "rows": [
        [
          "a",
          "b"
        ],
        [
          "c",
          "d"
        ]
      ]
    }
    "#);
    let field = |name: &str, locator: Option<&str>, property: Property| RecordField {
        name: name.into(),
        locator: locator.map(at),
        property,
    };
    let fields = [
        field("id", None, Property::Attribute("data-id".into())),
        field("name", Some("role=heading"), Property::Text),
        field("price", Some("css=.price"), Property::Text),
        field(
            "last",
            Some("role=link >> nth=-1"),
            Property::Attribute("href".into()),
        ),
    ];
    let records = page
        .records(&at("css=article"), &fields, soon())
        .await
        .unwrap();
    assert_eq!(
        serde_json::Value::from(records),
        json!([
            { "id": "1", "name": "Tea", "price": "1.50", "last": site.url("/tea") },
            { "id": "2", "name": "Mate", "price": null, "last": site.url("/mate2") },
        ])
    );

    page.wait_for(&at("#status"), &Expect::Text("done".into()), soon())
        .await
        .unwrap();
    page.wait_for(&at("#gone"), &Expect::Detached, soon())
        .await
        .unwrap();
    let error = page
        .wait_for(&at("#status"), &Expect::Text("\"done\"".into()), brief())
        .await
        .unwrap_err();
    assert_snapshot!(told(&error, &site), @r#"
    `css=#status` was still "all done" after N ms on http://127.0.0.1:PORT/
    help: allow more time
    "#);
    let error = page
        .wait_for(&at("#link"), &Expect::Hidden, brief())
        .await
        .unwrap_err();
    assert_snapshot!(told(&error, &site), @r#"
    `css=#link` was still visible: <a id=link> link "Go" at (X, Y) after N ms on http://127.0.0.1:PORT/
    help: allow more time
    "#);

    let sum = page
        .evaluate("(a, b) => a + b", &[json!(1), json!(2)], soon())
        .await
        .unwrap();
    assert_eq!(sum, 3);
    assert_eq!(
        page.evaluate("const a = 2; a * 21", &[], soon())
            .await
            .unwrap(),
        42
    );
    assert_eq!(
        page.evaluate("{ a: Promise.resolve(1) }.a;", &[], soon())
            .await
            .unwrap(),
        1
    );
    let error = page.evaluate("nope.nope", &[], soon()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the script failed: ReferenceError: nope is not defined"),
        "{error}"
    );

    let shot = async |area, format| {
        page.screenshot(&Shot { area, format }, soon())
            .await
            .unwrap()
    };
    let size = |png: &[u8]| {
        (
            u32::from_be_bytes(png[16..20].try_into().unwrap()),
            u32::from_be_bytes(png[20..24].try_into().unwrap()),
        )
    };
    assert_eq!(
        size(&shot(Area::Viewport, ImageFormat::Png).await),
        (1280, 720)
    );
    assert!(size(&shot(Area::FullPage, ImageFormat::Png).await).1 > 3000);
    assert!(size(&shot(Area::Element(at("#field")), ImageFormat::Png).await).1 < 60);
    assert!(
        shot(Area::Viewport, ImageFormat::Jpeg { quality: 50 })
            .await
            .starts_with(&[0xff, 0xd8])
    );
}

#[tokio::test]
async fn files_go_up_and_come_down() {
    let site = Site::serve(vec![
        (
            "/",
            html(
                r#"<label>Invoice <input type=file id=file onchange="out.textContent = [...this.files].map(f => f.name + ':' + f.size).join()"></label>
                <button onclick="picker.click()">Choose</button><input type=file id=picker multiple hidden onchange="out.textContent = 'hidden ' + this.files.length">
                <button onclick="1">Nothing</button><p id=out></p>
                <a href="/report">Report</a><a href="/report" target=_blank>Report in a tab</a><a href="/evil">Evil</a>"#,
            ),
        ),
        (
            "/report",
            Reply::File {
                name: "report.txt",
                bytes: b"twelve bytes".to_vec(),
            },
        ),
        (
            "/evil",
            Reply::File {
                name: "..%2f..%2fevil.txt",
                bytes: vec![7; 100_000],
            },
        ),
    ]);
    let (_browser, page) = open(&site).await;
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one.pdf"), folder.path().join("two.pdf"));
    std::fs::write(&one, "12345").unwrap();
    std::fs::write(&two, "").unwrap();
    let out = at("#out");

    page.upload(&at("label=Invoice"), std::slice::from_ref(&one), soon())
        .await
        .unwrap();
    assert_eq!(page.text(&out, soon()).await.unwrap(), "one.pdf:5");
    page.upload(
        &at("role=button[name=Choose]"),
        &[one.clone(), two.clone()],
        soon(),
    )
    .await
    .unwrap();
    page.wait_for(&out, &Expect::Text("hidden 2".into()), soon())
        .await
        .unwrap();
    let error = page
        .upload(&at("role=button[name=Nothing]"), &[one], brief())
        .await
        .unwrap_err();
    assert_snapshot!(told(&error, &site), @"a dialog for choosing files after a click on `role=button[name=Nothing]` did not happen in N ms");
    let error = page
        .upload(&at("label=Invoice"), &["missing.pdf".into()], brief())
        .await
        .unwrap_err();
    assert_snapshot!(told(&error, &site), @"cannot upload missing.pdf");

    let first = page
        .download(&at("role=link[name=\"Report\"]"), soon())
        .await
        .unwrap();
    assert_eq!(
        (first.suggested_name.as_str(), first.size),
        ("report.txt", 12)
    );
    assert_eq!(
        std::fs::read_to_string(&first.path).unwrap(),
        "twelve bytes"
    );
    let second = page
        .download(&at("role=link[name=Report in a tab]"), soon())
        .await
        .unwrap();
    assert!(second.path.ends_with("report (2).txt"), "{second:?}");
    let evil = page
        .download(&at("role=link[name=Evil]"), soon())
        .await
        .unwrap();
    assert_eq!(evil.path.parent(), first.path.parent());
    assert_eq!(evil.size, 100_000);
    let error = page
        .download(&at("role=button[name=Nothing]"), brief())
        .await
        .unwrap_err();
    assert_snapshot!(told(&error, &site), @"a complete download did not happen in N ms; none began");
}

#[tokio::test]
async fn a_session_goes_on_in_another_browser() {
    let site = Site::serve(vec![(
        "/",
        html(
            "<p id=who></p><div style='height:3000px'></div><script>who.textContent = (localStorage.name ?? 'nobody') + ' ' + (sessionStorage.tab ?? '') + ' ' + document.cookie</script>",
        ),
    )]);
    let (browser, page) = open(&site).await;
    let remember = "document.cookie = 'id=7; max-age=1000'; localStorage.name = 'Ada'; sessionStorage.tab = '1'; history.pushState({}, '', '/?step=2'); scrollTo(0, 700)";
    assert!(page.untouched_document().is_some());
    page.evaluate(remember, &[], soon()).await.unwrap();
    assert!(page.untouched_document().is_none());
    let checkpoint = page.checkpoint(soon()).await.unwrap();
    let text = serde_json::to_string(&checkpoint).unwrap();
    browser.close().await.unwrap();

    let (browser, page) = open(&site).await;
    assert_eq!(page.text(&at("#who"), soon()).await.unwrap(), "nobody");
    let asked = site.requests();
    let page = page
        .context()
        .unwrap()
        .restore(&serde_json::from_str(&text).unwrap(), soon())
        .await
        .unwrap();
    assert_eq!(page.url(), site.url("/?step=2"));
    assert_eq!(page.text(&at("#who"), soon()).await.unwrap(), "Ada 1 id=7");
    let scrolled = page.evaluate("scrollY", &[], soon()).await.unwrap();
    assert_eq!(scrolled, json!(700));
    // Storage was written without a visit to the site.
    assert!(site.requests() - asked <= 2);

    // A private context knows nothing of it.
    let context = browser
        .new_context(casare_browser::ContextOptions::default())
        .await
        .unwrap();
    let page = context.new_page(soon()).await.unwrap();
    page.goto(&site.url("/"), Until::Load, soon())
        .await
        .unwrap();
    assert_eq!(page.text(&at("#who"), soon()).await.unwrap(), "nobody");
    context.close().await.unwrap();
    let error = page
        .click(&at("#who"), Click::default(), brief())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("has been closed"), "{error}");
    tokio::time::timeout(Duration::from_secs(10), browser.close())
        .await
        .unwrap()
        .unwrap();
}
