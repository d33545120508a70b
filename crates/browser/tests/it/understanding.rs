//! What pages are about, on pages as they are written.

use casare_browser::{
    BrowserError, FieldValue, Locator, Page, Property,
    understanding::{Analysis, DialogKind, LoginStage, PageKind, PagingKind, Purpose},
};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::site::{Site, at, brief, html, open, soon, told};

const SHOP: &str = r#"
<header><nav aria-label="Main"><a href="/" aria-current=page>Home</a> <a href="/tea">Tea</a> <a href="/login">Log in</a></nav>
<form role=search action="/find"><input type=search name=q aria-label="Search the shop"><button>Go</button></form></header>
<main><h1>Tea</h1>
<div class=grid>
  <div class="card css-1x2y3z"><a href="/p/1"><img src="data:,1" alt=""></a><h3><a href="/p/1">Assam</a></h3><span class=price>$12.50</span><button>Add to cart</button></div>
  <div class="card css-1x2y3z"><a href="/p/2"><img src="data:,2" alt=""></a><h3><a href="/p/2">Ceylon</a></h3><span class=price>$9.00</span><button>Add to cart</button></div>
  <div class="card css-1x2y3z sold"><a href="/p/3"><img src="data:,3" alt=""></a><h3><a href="/p/3">Sencha</a></h3><span class=price>$15.00</span><button disabled>Sold out</button></div>
  <div class="card css-1x2y3z"><a href="/p/4"><img src="data:,4" alt=""></a><h3><a href="/p/4">Mate</a></h3><span class=price>$7.25</span><button>Add to cart</button></div>
  <div class="card css-1x2y3z"><a href="/p/5"><img src="data:,5" alt=""></a><h3><a href="/p/5">Rooibos</a></h3><span class=price>$8.40</span><button>Add to cart</button></div>
</div>
<ul class=pagination><li class=disabled><a>Previous</a></li><li class=active><a href="?1">1</a></li><li><a href="?2">2</a></li><li><a href="?3">3</a></li><li><a href="?2">Next ›</a></li></ul>
<table id=rates><caption>Shipping</caption><thead><tr><th>Country<th>Days<th>Price</tr></thead><tbody><tr><td>France<td>3<td>$5</tr><tr><td>Peru<td>9<td>$14</tr></tbody></table>
</main>
<section><h2>Create your account</h2>
<form id=join action="/join">
  <p><label for=f1>First name</label> <input id=f1 name=fn required></p>
  <p><label for=f2>E-mail *</label> <input id=f2 name=mail type=email></p>
  <p><label for=f3>Password</label> <input id=f3 type=password autocomplete=new-password></p>
  <fieldset><legend>Salutation</legend><label><input type=radio name=sal value=f> Ms</label><label><input type=radio name=sal value=m> Mr</label></fieldset>
  <label>Country <select name=country><option value="">Choose…<option>France<option>Peru</select></label>
  <fieldset><legend>Interests</legend><label><input type=checkbox name=like value=1> Tea</label><label><input type=checkbox name=like value=2> Coffee</label></fieldset>
  <label><input type=checkbox name=terms required> I accept the terms</label>
  <button type=button>Show password</button><button type=button>Cancel</button><button>Create account</button>
</form></section>
<footer><form action="/news"><input type=email name=email placeholder="Your e-mail"><button>Subscribe</button></form></footer>
<shop-address></shop-address>
<iframe src="/contact" style="width:400px;height:300px"></iframe>
<div id=cookie-banner style="position:fixed;bottom:0;left:0;right:0;background:#eee">We use cookies. <button>Accept all</button> <button>Only necessary</button> <a href="/privacy">Privacy</a></div>
<script>
  customElements.define('shop-address', class extends HTMLElement { connectedCallback() {
    this.attachShadow({ mode: 'open' }).innerHTML = '<h3>Deliver to</h3><div><input placeholder="Street"><input placeholder="Town"><input placeholder="Postcode"><button>Save address</button></div>';
  } });
</script>"#;

const CONTACT: &str = "<form><label>Name <input></label><label>Email <input type=email></label><label>Message <textarea></textarea></label><button>Send message</button></form>";

/// Every selector that an analysis names, with how many elements it has to find.
fn selectors(page: &Analysis) -> Vec<(String, usize)> {
    let mut all = Vec::new();
    let mut only = |selector: &str, others: &[String]| {
        all.extend(
            std::iter::once(selector.to_owned())
                .chain(others.iter().cloned())
                .map(|one| (one, 1)),
        );
    };
    for form in &page.forms {
        only(&form.selector, &form.others);
        for field in &form.fields {
            only(&field.selector, &field.others);
        }
        if let Some(submit) = &form.submit {
            only(&submit.selector, &submit.others);
        }
    }
    for table in &page.tables {
        only(&table.selector, &table.others);
    }
    for dialog in &page.dialogs {
        only(&dialog.selector, &dialog.others);
        for button in &dialog.buttons {
            only(&button.control.selector, &button.control.others);
        }
    }
    for menu in &page.menus {
        only(&menu.selector, &menu.others);
        for link in &menu.links {
            only(&link.selector, &link.others);
        }
    }
    if let Some(next) = page
        .pagination
        .as_ref()
        .and_then(|pages| pages.next.as_ref())
    {
        only(&next.selector, &next.others);
    }
    all.extend(
        page.lists
            .iter()
            .map(|list| (list.selector.clone(), list.count)),
    );
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_told_by_its_parts_each_with_selectors_that_find_only_it() {
    let site = Site::serve(vec![("/", html(SHOP)), ("/contact", html(CONTACT))]);
    let (_browser, page) = open(&site).await;

    let found = page.analyze(soon()).await.unwrap();

    for (selector, expected) in selectors(&found) {
        let count = page.count(&at(&selector), soon()).await.unwrap();
        assert_eq!(count, expected, "{selector}");
    }
    assert_snapshot!(outline(&found));
    assert_eq!(found.kind, PageKind::Registration);
    assert_eq!(found.dialogs[0].kind, DialogKind::Cookies);
    let pages = found.pagination.unwrap();
    assert_eq!(
        (pages.kind, pages.current, pages.last),
        (PagingKind::Numbers, Some(1), Some(3))
    );
    let join = &found
        .forms
        .iter()
        .find(|form| form.purpose == Purpose::Registration);
    assert_eq!(
        join.unwrap().fields[4].options,
        ["Choose…", "France", "Peru"]
    );

    let list = &found.lists[0];
    let fields: Vec<_> = list
        .fields
        .iter()
        .filter(|field| !field.selector.contains('@'))
        .map(|field| casare_browser::RecordField {
            name: field.name.clone(),
            locator: Some(at(&field.selector)),
            property: Property::Text,
        })
        .collect();
    let records = page
        .records(&at(&list.selector), &fields, soon())
        .await
        .unwrap();
    assert_eq!(
        json!(records[4]),
        json!({ "title": "Rooibos", "price": "$8.40" })
    );
}

fn outline(page: &Analysis) -> String {
    let mut lines = Vec::new();
    for form in &page.forms {
        let submit = form.submit.as_ref().map_or("", |submit| &submit.label);
        lines.push(format!(
            "{:?} ({}) {} -> {submit}",
            form.purpose, form.name, form.selector
        ));
        for field in &form.fields {
            let required = if field.required { " required" } else { "" };
            lines.push(format!(
                "  {} [{}] {}{required} {:?} {}",
                field.label, field.kind, field.meaning, field.options, field.selector
            ));
        }
    }
    for table in &page.tables {
        lines.push(format!(
            "table {:?} {} {}",
            table.headers, table.rows, table.selector
        ));
    }
    for list in &page.lists {
        lines.push(format!("list {} {}", list.count, list.selector));
        for field in &list.fields {
            lines.push(format!(
                "  {} {} {}",
                field.name, field.selector, field.example
            ));
        }
    }
    for dialog in &page.dialogs {
        let buttons: Vec<_> = dialog
            .buttons
            .iter()
            .map(|one| format!("{}: {}", one.does, one.control.label))
            .collect();
        lines.push(format!("{:?} {} {buttons:?}", dialog.kind, dialog.selector));
    }
    for menu in &page.menus {
        let links: Vec<_> = menu.links.iter().map(|one| &one.label).collect();
        lines.push(format!("menu {} {links:?} {}", menu.name, menu.selector));
    }
    lines.join("\n")
}

const APPLICATION: &str = r#"
<form id=form><div><span>Prénom</span><input name=fn></div>
<div><label>Nom de famille<input name=ln></label></div>
<div><label for=m>Courriel</label><input id=m></div>
<div><label for=m2>Confirmez le courriel</label><input id=m2></div>
<input placeholder="Telefonnummer">
<input name=companyName id=x81231>
<label for=when>Start</label><input id=when placeholder="TT.MM.JJJJ">
<fieldset><legend>Date of birth</legend><select aria-label=Day><option>1<option>2<option>24</select><select aria-label=Month><option>January<option>December</select><select aria-label=Year><option>1815<option>1816</select></fieldset>
<fieldset><legend>Gender</legend><label><input type=radio name=g value=f> Female</label><label><input type=radio name=g value=m> Male</label></fieldset>
<fieldset><legend>Billing address</legend><label>City <input id=bc></label></fieldset>
<fieldset><legend>Shipping address</legend><label>City <input id=sc></label></fieldset>
<p>Interests</p><div><label><input type=checkbox name=i value=1> Tea</label> <label><input type=checkbox name=i value=2 checked> Coffee</label> <label><input type=checkbox name=i value=3> Mate</label></div>
<label>Languages <select name=l multiple><option value=1>English<option value=2>Français<option value=3>Deutsch</select></label>
<table><tr><td>Budget<td><input id=b></tr></table>
<div style="position:relative;height:30px"><b style="position:absolute;left:0">Reference</b></div><input style="position:absolute;left:120px;margin-top:-26px" id=r>
<label><input type=checkbox id=t> I agree to the terms</label>
<button type=button onclick="this.form.dataset.sent = 1">Send</button></form>
<form><input type=email placeholder="Email"><button>Subscribe</button></form>"#;

fn named(fields: &[(&str, Value)]) -> Vec<FieldValue> {
    fields
        .iter()
        .map(|(name, value)| (Locator::of_field(name).unwrap(), value.clone()))
        .collect()
}

async fn values(page: &Page) -> Value {
    let script = "() => [...document.querySelectorAll('#form input, #form select')].map((el) => el.type === 'radio' || el.type === 'checkbox' ? (el.checked ? 'x' : '') : el.multiple ? [...el.selectedOptions].map((one) => one.text).join() : el.value).join('|')";
    page.evaluate(script, &[], soon()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_filled_by_the_names_that_people_give_them() {
    let site = Site::page(APPLICATION);
    let (_browser, page) = open(&site).await;

    page.fill_fields(
        &named(&[
            ("First Name", json!("Ada")),
            ("Surname", json!("Lovelace")),
            ("E-mail", json!("ada@example.com")),
            ("Confirm e-mail", json!("ada@example.com")),
            ("Phone", json!("0123")),
            ("Company", json!("Engines")),
            ("Start", json!("2026-12-31")),
            ("Date of birth", json!("1815-12-24")),
            ("Gender", json!("Female")),
            ("Billing city", json!("London")),
            ("Shipping city", json!("Paris")),
            ("Interests", json!(["Tea", "Mate"])),
            ("Languages", json!(["English", "Deutsch"])),
            ("Budget", json!(1000)),
            ("Reference", json!("A-1")),
            ("css=#t", json!(true)),
        ]),
        Some(&at("role=button[name=Send]")),
        soon(),
    )
    .await
    .unwrap();

    assert_eq!(
        values(&page).await,
        "Ada|Lovelace|ada@example.com|ada@example.com|0123|Engines|31.12.2026|24|December|1815|x||London|Paris|x||x|English,Deutsch|1000|A-1|x"
    );
    let sent = page.evaluate(
        "() => document.querySelector('#form').dataset.sent",
        &[],
        soon(),
    );
    assert_eq!(sent.await.unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_could_be_two_fields_or_none_is_refused_and_nothing_is_filled() {
    let site = Site::page(APPLICATION);
    let (_browser, page) = open(&site).await;
    let untouched = values(&page).await;
    let fails = async |fields: &[(&str, Value)]| {
        let error = page
            .fill_fields(&named(fields), None, brief())
            .await
            .unwrap_err();
        told(&error, &site)
    };

    assert_snapshot!(fails(&[("First name", json!("Ada")), ("City", json!("London"))]).await);
    assert_snapshot!(fails(&[("First name", json!("Ada")), ("Blood type", json!("A"))]).await);
    assert_snapshot!(fails(&[("First name", json!("Ada")), ("Gender", json!("Other"))]).await);
    assert_eq!(values(&page).await, untouched);
}

const RESULTS: &str = r#"<div class=row><div class="item x"><a href="/w"><span class=n>Widget</span></a><em>Blue</em><b>$12</b></div><div class=item><a href="/g"><span class=n>Gadget</span></a><em>Red</em><b>$30</b></div></div>
<div class=row><div class=item><a href="/t"><span class=n>Thing</span></a><em>Green</em><b>$7</b><i>Sale</i></div></div>
<table id=t><tr><th>No<th>Who<th>Total</tr><tr><td>1<td><a href="/1">Ada</a><td>10.00</tr><tr><td>2<td><a href="/2">Bob</a><td>20.00</tr></table>"#;

#[tokio::test(flavor = "multi_thread")]
async fn all_records_are_found_by_one_of_them() {
    let site = Site::page(RESULTS);
    let (_browser, page) = open(&site).await;
    let read = async |example: Value| {
        let pattern = page
            .pattern_of(example.as_object().unwrap(), soon())
            .await
            .unwrap();
        json!(
            page.records(&pattern.items, &pattern.fields, soon())
                .await
                .unwrap()
        )
    };

    assert_eq!(
        read(json!({ "name": "Widget", "price": "$12", "link": "/w" })).await,
        json!([
            { "name": "Widget", "price": "$12", "link": site.url("/w") },
            { "name": "Gadget", "price": "$30", "link": site.url("/g") },
            { "name": "Thing", "price": "$7", "link": site.url("/t") },
        ])
    );
    assert_eq!(
        read(json!({ "who": "Bob", "sum": "20.00" })).await,
        json!([{ "who": "Ada", "sum": "10.00" }, { "who": "Bob", "sum": "20.00" }])
    );
    let example = json!({ "name": "Widget", "price": "$99" });
    let error = page
        .pattern_of(example.as_object().unwrap(), brief())
        .await
        .unwrap_err();
    assert!(matches!(error, BrowserError::NoPattern { .. }), "{error}");
    assert!(
        error
            .to_string()
            .ends_with("the page does not show \"$99\" (price)"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captcha_is_seen_until_a_person_has_solved_it() {
    let site = Site::page(
        r#"<form><input name=user placeholder=Username><input type=password><div class=g-recaptcha style="width:300px;height:70px">I'm not a robot</div>
        <textarea name=g-recaptcha-response hidden></textarea><button>Log in</button></form>"#,
    );
    let (_browser, page) = open(&site).await;
    let before = page.login_sight(None, soon()).await.unwrap();
    assert!(before.captcha && before.stage == LoginStage::Both);

    let person = async {
        let solve = "() => { document.querySelector('textarea').value = 'solved'; }";
        page.evaluate(solve, &[], soon()).await.unwrap();
    };
    let (after, ()) = tokio::join!(page.login_sight(Some(&before), soon()), person);

    let after = after.unwrap();
    assert!(after.settled && !after.captcha && after.stage == LoginStage::Both);
}
