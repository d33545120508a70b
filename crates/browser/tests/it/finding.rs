//! Locators on real pages.

use casare_browser::{Click, Expect, Property};
use insta::assert_snapshot;

use crate::site::{Site, at, brief, html, open, soon, told};

const FORM: &str = r#"
<h1>Orders</h1>
<form aria-label="Order">
  <label for=first>First Name *</label><input id=first>
  <label>Last Name <input id=last></label>
  <span id=mail-label>Email</span><input id=mail aria-labelledby=mail-label>
  <input id=phone placeholder="Phone number">
  <select id=country aria-label=Country><option>France<option>Peru</select>
  <label><input type=checkbox id=terms> I agree</label>
  <button id=save data-testid=save-order type=button><b>Save</b> order</button>
  <button id=save-as type=button>Save order as…</button>
  <input type=submit id=send value="Send">
  <a href="/x"><img id=logo alt="Home page" src="data:,"></a>
  <div id=editor contenteditable aria-label=Notes>text</div>
</form>
<ul><li>One <button>Remove</button></li><li>Two <button>Remove</button></li></ul>
<div id=twice>Twice</div><div style="display:none">Twice</div>
<table><tr><td>Invoice 7</td><td><a id=seven href=#7>Open</a></td></tr>
<tr><td>Invoice 17</td><td><a href=#17>Open</a></td></tr></table>
<my-card></my-card>
<iframe id=inner src="/inner"></iframe>
<iframe id=pay name=payment src="OTHER/card" style="width:400px;height:200px"></iframe>
<script>
  customElements.define('my-card', class extends HTMLElement {
    connectedCallback() {
      this.attachShadow({ mode: 'open' }).innerHTML =
        '<label>Secret <input id=deep></label><button id=deep-button><slot>Deep button</slot></button>';
    }
  });
</script>"#;

fn site() -> Site {
    Site::serve(vec![
        ("/", html(FORM)),
        ("/inner", html("<button id=framed>Framed button</button>")),
        (
            "/card",
            html(
                "<label>Card number <input id=card></label><button id=pay onclick=\"this.textContent='Paid'\">Pay</button>\
                 <iframe src='OTHER/deeper'></iframe>",
            ),
        ),
        ("/deeper", html("<button id=deepest>Deepest</button>")),
    ])
}

#[tokio::test]
async fn every_kind_of_locator_finds_what_a_person_means() {
    let site = site();
    let (_browser, page) = open(&site).await;

    for (locator, id) in [
        ("css=#first", "first"),
        ("form input[id=last]", "last"),
        ("//button[@id='save']", "save"),
        ("label=First Name", "first"),
        ("label=last name", "last"),
        ("label=Email", "mail"),
        ("label=Country", "country"),
        ("placeholder=Phone", "phone"),
        ("testid=save-order", "save"),
        ("role=button[name=Save order]", "save"),
        ("role=button[name*=order as]", "save-as"),
        ("role=button[name=\"Send\"]", "send"),
        ("role=button[name=/^send$/i]", "send"),
        ("role=textbox[name=First Name]", "first"),
        ("role=textbox[name=Notes]", "editor"),
        ("role=combobox", "country"),
        ("role=checkbox[name=I agree][checked=false]", "terms"),
        ("role=img[name=Home page]", "logo"),
        ("text=Twice", "twice"),
        ("css=tr >> has-text=\"Invoice 7Open\" >> role=link", "seven"),
        (
            "css=tr >> has-text=/Invoice 7(?!\\d)/ >> role=link",
            "seven",
        ),
        ("role=link[name=Open] >> nth=0", "seven"),
        ("alt=Home page", "logo"),
        ("css=label >> has=css=#last >> css=input", "last"),
        ("css=tr >> has=(text=Invoice 7) >> role=link", "seven"),
        ("css=input >> near=(css=#mail-label)", "mail"),
        ("role=textbox >> right-of=Email", "mail"),
        ("role=link >> right-of=(text=\"Invoice 7\")", "seven"),
        ("role=form[name=Order] >> role=textbox >> nth=-1", "editor"),
        // Through open shadow roots and frames, of this and of other origins.
        ("label=Secret", "deep"),
        ("my-card >> role=button", "deep-button"),
        ("role=button[name=Framed button]", "framed"),
        ("iframe#inner >> css=button", "framed"),
        ("label=Card number", "card"),
        ("frame=payment >> role=button[name=Pay]", "pay"),
        ("css=iframe[name=payment] >> label=Card number", "card"),
        ("text=Deepest", "deepest"),
    ] {
        let found = page
            .read(&at(locator), &Property::Attribute("id".into()), soon())
            .await
            .unwrap_or_else(|error| panic!("{locator}: {error}"));
        assert_eq!(found, id, "{locator}");
    }
    assert_eq!(
        page.count(&at("role=button[name=Remove]"), soon())
            .await
            .unwrap(),
        2
    );

    // A click in a frame of another origin lands where it should.
    page.click(&at("frame=payment >> css=#pay"), Click::default(), soon())
        .await
        .unwrap();
    page.wait_for(&at("text=Paid"), &Expect::Visible, soon())
        .await
        .unwrap();
    page.fill_form(
        &[
            (at("label=Card number"), "4242".into()),
            (at("label=First Name"), "Ada".into()),
        ],
        None,
        soon(),
    )
    .await
    .unwrap();
    assert_eq!(
        page.text(&at("label=Card number"), soon()).await.unwrap(),
        "4242"
    );
}

#[tokio::test]
async fn what_is_not_found_or_found_twice_is_told_with_what_comes_near() {
    let site = Site::page(
        r#"<div style="font: 16px/20px monospace"><form class=login>
                <label>User name <input id=user></label>
                <button id=go type=button>Log in</button></form>
                <button class="danger big">Delete</button><button>Delete</button>
                <button style="visibility:hidden">Ghost</button></div>"#,
    );
    let (_browser, page) = open(&site).await;
    let click = async |locator: &str| {
        let error = page
            .click(&at(locator), Click::default(), brief())
            .await
            .unwrap_err();
        told(&error, &site)
    };

    assert_snapshot!(click("role=button[name=Login]").await, @r#"
    `role=button[name=Login]` was not found after N ms on http://127.0.0.1:PORT/; nearest:
      role=button[name=Log in]  <button id=go type=button> button "Log in" at (X, Y)
    help: take the locator of one of the nearest elements, or wait for the page first
    "#);
    assert_snapshot!(click("role=link[name=Log in]").await, @r#"
    `role=link[name=Log in]` was not found after N ms on http://127.0.0.1:PORT/; nearest:
      role=button[name=Log in]  <button id=go type=button> button "Log in" at (X, Y)
    help: take the locator of one of the nearest elements, or wait for the page first
    "#);
    assert_snapshot!(click("css=form.login >> label=Usr name").await, @r#"
    `css=form.login >> label=Usr name` was not found after N ms on http://127.0.0.1:PORT/; nearest:
      label=User name  <input id=user> textbox "User name" at (X, Y)
      (`css=form.login` matches 1, but nothing in it matches `label=Usr name`)
    help: take the locator of one of the nearest elements, or wait for the page first
    "#);
    assert_snapshot!(click("css=#user-name").await, @r#"
    `css=#user-name` was not found after N ms on http://127.0.0.1:PORT/; nearest:
      label=User name  <input id=user> textbox "User name" at (X, Y)
    help: take the locator of one of the nearest elements, or wait for the page first
    "#);
    assert_snapshot!(click("role=button[name=Delete]").await, @r#"
    `role=button[name=Delete]` matches 2 elements on http://127.0.0.1:PORT/; they are:
      role=button[name=Delete]  <button class=danger.big> button "Delete" at (X, Y)
      role=button[name=Delete]  <button> button "Delete" at (X, Y)
    help: name one of them, chain from something around it (`css=form.login >> …`), or add `>> nth=0`
    "#);
    assert_snapshot!(click("role=button[name=Ghost]").await, @r#"
    `role=button[name=Ghost]` was not visible after N ms on http://127.0.0.1:PORT/
    help: something must be opened first, or a second, visible element is meant
    "#);
    assert_snapshot!(click("css=button:nope").await, @"`css=button:nope` cannot be looked for: `button:nope` is not CSS that this browser knows");
}

#[tokio::test]
async fn an_anchor_chooses_the_nearest_on_its_side() {
    let site = Site::page(
        r#"<style>input { position: absolute; width: 40px; height: 20px }</style>
           <b style="position:absolute; left:200px; top:100px; width:60px">Amount</b>
           <input id=left style="left:100px; top:100px"><input id=far-left style="left:20px; top:100px">
           <input id=right style="left:285px; top:105px"><input id=above style="left:210px; top:40px">
           <input id=below style="left:210px; top:190px"><input id=aside style="left:300px; top:140px">"#,
    );
    let (_browser, page) = open(&site).await;

    for (side, id) in [
        ("left-of", "left"),
        ("right-of", "right"),
        ("above", "above"),
        ("below", "below"),
        ("near", "right"),
    ] {
        let locator = format!("css=input >> {side}=Amount");
        let found = page
            .read(&at(&locator), &Property::Attribute("id".into()), soon())
            .await
            .unwrap_or_else(|error| panic!("{locator}: {error}"));
        assert_eq!(found, id, "{locator}");
    }
}
