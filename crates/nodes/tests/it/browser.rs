//! Workflows on pages in a real browser.

use casare_engine::ErrorKind;
use serde_json::json;

use crate::office;

pub(crate) const SHOP: &str = r#"<!doctype html><title>Shop</title>
<form onsubmit="event.preventDefault(); sent.textContent = [...new FormData(this)].map(([k, v]) => k + '=' + (v.name ?? v)).join('&')">
  <label>Name <input name=name></label>
  <label>Country <select name=country><option value=fr>France<option value=pe>Peru</select></label>
  <label><input type=checkbox name=terms> I agree</label>
  <label>Invoice <input type=file name=invoice></label>
  <label>Search <input name=q onkeydown="if (event.key === 'Enter') { event.preventDefault(); setTimeout(() => hits.hidden = false, 200) }"></label>
  <button>Send</button>
</form>
<button type=button onclick="fetch('prices.json').then((answer) => answer.json()).then((prices) => { sent.textContent = prices.tea })">Prices</button>
<p id=sent></p>
<table id=prices><tr><th>Item<th>Price</tr><tr><td>Tea<td>1.50</tr><tr><td>Mate<td>2.00</tr></table>
<ul id=hits hidden><li><a href="/tea">Tea</a> <b>1.50</b></li><li><a href="/mate">Mate</a></li></ul>
<a download="notes.txt" href="data:text/plain,hello">Notes</a>
<a href="other.html" target=_blank>Other page</a>"#;

/// An office with a page, and the page's address.
fn shop() -> (casare_node_testing::Office, String) {
    let office = office();
    let path = office.put("shop.html", SHOP);
    office.put("other.html", "<title>Other</title><h1>Elsewhere</h1>");
    office.put("invoice.pdf", "%PDF-");
    (office, format!("file://{}", path.display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_filled_sent_and_read_back() {
    let (office, url) = shop();

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - id: shop
    use: browser.session
    with: {{ url: "{url}" }}
    do:
      - use: browser.fill
        with: {{ target: label=Name, value: Bob, typed: true }}
      - use: browser.fill_form
        with: {{ fields: {{ label=Name: Ada, "label=I agree": true }} }}
      - id: country
        use: browser.select
        with: {{ target: label=Country, option: Peru }}
      - use: browser.check
        with: {{ target: "label=I agree", checked: false }}
      - use: browser.upload
        with: {{ target: label=Invoice, files: invoice.pdf }}
      - use: browser.click
        with: {{ target: "role=button[name=Send]" }}
      - id: sent
        use: browser.extract
        with: {{ target: "css=#sent" }}
      - use: browser.press
        with: {{ target: label=Search, key: Enter }}
      - use: browser.wait_for
        with: {{ target: "css=#hits", text: Mate }}
      - id: hits
        use: browser.extract
        with:
          target: "css=#hits li"
          what: records
          fields: {{ name: role=link, price: css=b, link: "role=link @href" }}
      - id: prices
        use: browser.extract
        with: {{ target: "css=#prices", what: table }}
      - id: sum
        use: browser.evaluate
        with: {{ script: "(a, b) => a + b", args: [1, 2] }}
      - id: notes
        use: browser.download
        with: {{ target: "role=link[name=Notes]", path: saved/ }}
      - id: picture
        use: browser.screenshot
        with: {{ target: "css=#prices", name: prices }}
      - use: browser.click
        with: {{ target: "text=Other page", opens_page: true }}
      - id: other
        use: browser.extract
        with: {{ target: "role=heading" }}
outputs:
  title: "{{{{ steps.shop.title }}}}"
  country: "{{{{ steps.country.values }}}}"
  sent: "{{{{ steps.sent.text }}}}"
  hits: "{{{{ steps.hits.value }}}}"
  prices: "{{{{ steps.prices.value }}}}"
  sum: "{{{{ steps.sum.value }}}}"
  notes: "{{{{ steps.notes.name }}}}"
  other: "{{{{ steps.other.value }}}}"
"#
        ))
        .await;

    assert_eq!(
        outputs,
        json!({
            "title": "Shop",
            "country": ["pe"],
            "sent": "name=Ada&country=pe&invoice=invoice.pdf&q=",
            "hits": [
                { "name": "Tea", "price": "1.50", "link": "file:///tea" },
                { "name": "Mate", "price": null, "link": "file:///mate" },
            ],
            "prices": [{ "Item": "Tea", "Price": "1.50" }, { "Item": "Mate", "Price": "2.00" }],
            "sum": 3,
            "notes": "notes.txt",
            "other": "Elsewhere",
        })
    );
    assert_eq!(office.text("saved/notes.txt"), "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_filled_in_from_a_credential_and_told_to_nobody() {
    let office = office().credential(
        "shop",
        &[("username", "ada"), ("password", "correct-horse")],
    );
    let page = r"<title>Log in</title><label>User <input id=user></label><label>Password <input type=password id=pw></label>
        <label>Age <input type=number></label>";
    let url = format!("file://{}", office.put("login.html", page).display());
    let workflow = |step: &str| {
        format!(
            r#"
steps:
  - use: browser.session
    with: {{ url: "{url}" }}
    do:
      - use: browser.fill
        with: {{ target: label=User, credential: shop, field: username }}
      - use: browser.fill
        with: {{ target: label=Password, credential: shop, typed: true }}
      - id: right
        use: browser.evaluate
        with: {{ script: "user.value === 'ada' && pw.value === ['correct', 'horse'].join('-')" }}
      {step}
outputs:
  right: "{{{{ steps.right.value }}}}"
"#
        )
    };

    let outputs = office.outputs(&workflow("")).await;
    let refused = "- use: browser.fill\n        with: { target: label=Age, credential: shop }";
    let failure = office.failure(&workflow(refused)).await;
    let both =
        "- use: browser.fill\n        with: { target: label=Age, credential: shop, value: 7 }";
    let unclear = office.failure(&workflow(both)).await;

    assert_eq!(outputs, json!({ "right": true }));
    assert_eq!(
        failure.message,
        "`label=Age` does not take this: it wants something else than credential `shop` has"
    );
    assert_eq!(unclear.message, "both `value` and `credential` are set");
    assert!(!office.heard().contains("correct-horse"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_says_which_check_failed_with_a_picture_and_what_comes_near() {
    let (office, url) = shop();
    let step = |step: &str| {
        format!(
            "steps:\n  - use: browser.session\n    with: {{ url: \"{url}\" }}\n    do:\n      - {step}\n        timeout: 3s\n"
        )
    };

    let error = office
        .failure(&step(
            "use: browser.click\n        with: { target: \"role=button[name=Sent]\" }",
        ))
        .await;
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(
        error
            .message
            .starts_with("`role=button[name=Sent]` was not found after"),
        "{}",
        error.message
    );
    assert!(
        error
            .message
            .contains("role=button[name=Send]  <button> button \"Send\""),
        "{}",
        error.message
    );
    assert_eq!(error.artifacts.len(), 1);

    let error = office
        .failure(&step(
            "use: browser.wait_for\n        with: { target: \"css=#hits\" }",
        ))
        .await;
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(
        error.message.contains("was not visible"),
        "{}",
        error.message
    );

    let error = office
        .failure(&step(
            "use: browser.fill_form\n        with: { fields: { id=x: 1 } }",
        ))
        .await;
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert_eq!(error.help.as_deref(), Some("write `css=#x`"));

    let error = office
        .failure("steps:\n  - use: browser.goto\n    with: { url: \"about:blank\" }\n")
        .await;
    assert_eq!(error.message, "no browser session is open here");
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_history_dialogs_and_cookies_are_steps_too() {
    let (office, url) = shop();
    let other = url.replace("shop.html", "other.html");

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - use: browser.session
    with: {{ url: "{url}" }}
    do:
      - use: browser.type
        with: {{ target: label=Name, text: Ada }}
      - use: browser.hover
        with: {{ target: "role=button[name=Send]" }}
      - id: found
        use: browser.forms
      - use: browser.dialog
        with: {{ answer: accept, text: two }}
      - id: answer
        use: browser.evaluate
        with: {{ script: "prompt('How many?')" }}
      - id: dialogs
        use: browser.dialog
        with: {{ answer: dismiss }}
      - use: browser.evaluate
        with: {{ script: "document.body.insertAdjacentHTML('beforeend', '<img alt=dot src=\"data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=\">')" }}
      - id: images
        use: browser.images
        with: {{ types: [gif] }}
      - use: browser.goto
        with: {{ url: "{other}" }}
      - id: back
        use: browser.history
        with: {{ go: back }}
      - id: opened
        use: browser.tab
        with: {{ action: open, url: "{other}" }}
      - id: switched
        use: browser.tab
        with: {{ action: switch, matching: Shop }}
      - id: closed
        use: browser.tab
        with: {{ action: close, index: -1 }}
      - use: browser.cookies
        with: {{ action: set, cookies: [{{ name: a, value: "1", domain: one.test }}, {{ name: b, value: "2", domain: two.test }}] }}
      - use: browser.cookies
        with: {{ action: delete, domain: one.test }}
      - id: cookies
        use: browser.cookies
        with: {{ action: get }}
      - id: nowhere
        use: browser.tab
        on_error: continue
        with: {{ action: switch, matching: Nowhere }}
outputs:
  fields: "{{{{ steps.found.forms[0].fields | map(attribute='target') | list }}}}"
  answer: "{{{{ steps.answer.value }}}}"
  dialogs: "{{{{ steps.dialogs.shown }}}}"
  images: "{{{{ steps.images.images | map(attribute='alt') | list }}}}"
  back: "{{{{ steps.back.url }}}}"
  opened: "{{{{ steps.opened.title }}}}"
  switched: "{{{{ steps.switched.title }}}}"
  closed: "{{{{ steps.closed.tabs | map(attribute='title') | list }}}}"
  cookies: "{{{{ steps.cookies.cookies | map(attribute='name') | list }}}}"
"#
        ))
        .await;

    assert_eq!(
        outputs,
        json!({
            "fields": ["label=Name", "label=Country", "label=I agree", "label=Invoice", "label=Search"],
            "answer": "two",
            "dialogs": [{ "kind": "prompt", "message": "How many?", "accepted": true }],
            "images": ["dot"],
            "back": url,
            "opened": "Other",
            "switched": "Shop",
            "closed": ["Shop"],
            "cookies": ["b"],
        })
    );
}

/// Every example of a browser node, on a page that has what it names.
#[tokio::test(flavor = "multi_thread")]
async fn the_examples_run() {
    let (office, url) = shop();
    let nodes = [
        "dialog", "forms", "history", "hover", "images", "tab", "type", "cookies", "drag", "tap",
        "scroll", "focus", "pdf", "emulate",
    ];
    // Side by side: most of the time a browser is starting.
    let runs = nodes.map(async |node| {
        let name = format!("browser.{node}");
        let outcome = office
            .example(&name, &[("https://shop.example.com/", &url)])
            .await;
        assert_eq!(outcome.error, None, "{name}");
    });
    futures::future::join_all(runs).await;
}
