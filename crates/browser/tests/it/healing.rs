//! Healing on real pages: what changes is found again, what has gone is not.

use casare_browser::{
    Page, Target,
    healing::{HealOptions, Healing, Purpose, Refusal, Tier},
};

use crate::site::{Site, at, open, soon};

const ORDERS: &str = r#"
<h1>Orders</h1>
<form id=search-form><label for=q>Search orders</label><input id=q name=q><button id=go>Search</button></form>
<table id=orders><thead><tr><th>Number</th><th>Customer</th><th></th></tr></thead><tbody>
<tr><td>A-17</td><td>Ada</td><td><button class="btn css-1x2y3z">Open</button></td></tr>
<tr><td>A-18</td><td>Grace</td><td><button class="btn css-1x2y3z">Open</button></td></tr>
</tbody></table>
<div id=actions><button id=save class="btn primary">Save changes</button><button id=drop>Delete order</button></div>
<form id=login><label>Password <input type=password id=pw name=pw></label><input id=pin name=pin placeholder=PIN></form>"#;

async fn remembered(page: &Page, locator: &str) -> Target {
    page.describe_target(&at(locator), soon()).await.unwrap()
}

async fn change(page: &Page, script: &str) {
    page.evaluate(&format!("() => {{ {script} }}"), &[], soon())
        .await
        .unwrap();
}

/// The text, or the id, of what a target was healed to; else why not.
async fn healed(page: &Page, target: &Target) -> Result<(String, Tier), Refusal> {
    match page
        .heal(target, HealOptions::default(), soon())
        .await
        .unwrap()
    {
        Healing::Healed(healed) => {
            let property = casare_browser::Property::Html;
            let html = page
                .read(&healed.selector, &property, soon())
                .await
                .unwrap();
            Ok((html.as_str().unwrap_or_default().to_owned(), healed.tier))
        }
        Healing::Refused(refused) => Err(refused.reason),
    }
}

#[tokio::test]
async fn a_target_remembers_selectors_that_speak_and_none_that_a_program_made_up() {
    let site = Site::page(ORDERS);
    let (_browser, page) = open(&site).await;

    let save = remembered(&page, "css=#save").await;
    assert_eq!(
        save.selector.to_string(),
        "role=button[name=\"Save changes\"]"
    );
    let row = remembered(&page, "css=tr >> has-text=A-18 >> role=button").await;
    assert_eq!(
        row.selector.to_string(),
        "css=tr >> has-text=A-18 >> role=button[name=\"Open\"]"
    );
    assert_eq!(row.anchors.item, "A-18");
    for target in [&save, &row] {
        for selector in std::iter::once(&target.selector).chain(&target.alternatives) {
            assert!(!selector.to_string().contains("css-1x2y3z"), "{selector}");
            assert_eq!(page.count(selector, soon()).await.unwrap(), 1, "{selector}");
        }
    }
}

#[tokio::test]
async fn what_was_renamed_moved_and_worded_anew_is_found_again() {
    let site = Site::page(ORDERS);
    let (_browser, page) = open(&site).await;
    let search = remembered(&page, "css=#q").await;
    let save = remembered(&page, "css=#save").await;
    let grace = remembered(&page, "css=tr >> has-text=A-18 >> role=button").await;

    change(
        &page,
        "document.querySelector('#q').id = 'r7f3a9'; document.querySelector('label').htmlFor = 'r7f3a9';
         const save = document.querySelector('#save'); save.removeAttribute('id'); save.textContent = 'Save all changes';
         const box = document.createElement('section'); document.body.prepend(box); box.append(save.parentElement);
         const row = document.querySelector('tbody tr').cloneNode(true); row.cells[0].textContent = 'A-16'; document.querySelector('tbody').prepend(row);
         for (const one of document.querySelectorAll('td button')) one.textContent = 'Show';",
    )
    .await;

    let (html, _) = healed(&page, &search).await.unwrap();
    assert!(html.contains("r7f3a9"), "{html}");
    let (html, _) = healed(&page, &save).await.unwrap();
    assert!(html.contains(">Save all changes<"), "{html}");
    // All buttons of the table say something else now: nothing proves that they do the same.
    assert_eq!(healed(&page, &grace).await, Err(Refusal::Vetoed));
}

#[tokio::test]
async fn what_has_gone_is_not_replaced_by_what_is_like_it() {
    let site = Site::page(ORDERS);
    let (_browser, page) = open(&site).await;
    let save = remembered(&page, "css=#save").await;
    let grace = remembered(&page, "css=tr >> has-text=A-18 >> role=button").await;
    let password = remembered(&page, "css=#pw").await;

    change(
        &page,
        "document.querySelector('#save').remove(); document.querySelectorAll('tbody tr')[1].remove();
         document.querySelector('#pw').parentElement.remove();",
    )
    .await;

    for target in [&save, &grace] {
        assert_eq!(healed(&page, target).await, Err(Refusal::Vetoed));
    }
    assert_eq!(healed(&page, &password).await, Err(Refusal::NoCandidate));
}

#[tokio::test]
async fn assertions_and_what_cannot_be_undone_are_not_healed_unless_allowed() {
    let site = Site::page(ORDERS);
    let (_browser, page) = open(&site).await;
    let delete = remembered(&page, "css=#drop").await;
    change(&page, "document.querySelector('#drop').id = 'other';").await;

    for purpose in [Purpose::Assert, Purpose::Destructive] {
        let mut options = HealOptions {
            purpose,
            allow_risky: false,
        };
        let healing = page.heal(&delete, options, soon()).await.unwrap();
        assert!(matches!(healing, Healing::Refused(refused) if refused.reason == Refusal::Purpose));
        options.allow_risky = true;
        let healing = page.heal(&delete, options, soon()).await.unwrap();
        assert!(matches!(healing, Healing::Healed(_)));
    }
}

#[tokio::test]
async fn fifty_thousand_nodes_are_looked_through_within_a_second() {
    let site = Site::page(
        "<ul id=list></ul><button id=save>Save changes</button>
         <script>document.querySelector('#list').innerHTML = Array.from({ length: 12500 }, (_, n) => `<li><span>Row ${n}</span><a href='#${n}'>Open ${n}</a></li>`).join('');</script>",
    );
    let (_browser, page) = open(&site).await;
    let save = remembered(&page, "css=#save").await;
    change(&page, "document.querySelector('#save').id = 'other';").await;

    let Healing::Healed(healed) = page
        .heal(&save, HealOptions::default(), soon())
        .await
        .unwrap()
    else {
        panic!("the button is still there");
    };
    // Nothing here is optimised, and other tests run beside it.
    assert!(healed.took.as_secs() < 5, "{:?}", healed.took);
}
