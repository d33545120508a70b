//! The twelve tasks.

use casare_browser::{DialogPolicy, Drag};

use super::{
    recorded, round_trip,
    studio::{at, soon},
};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_all_kinds_of_fields() {
    let text = round_trip("form", &[], World::new(), async |person, _| {
        person.types("label=First name", "Ada").await;
        person
            .types("label=Last name", "Byron {{ Lovelace }}")
            .await;
        person.types("label=E-mail", "ada@example.com").await;
        person.press("Tab").await;
        person.press("ArrowUp").await;
        person.press("ArrowUp").await;
        person.press("Tab").await;
        person.keys("12312026").await;
        person
            .types("label=Remark", "Two lines,\nif you please")
            .await;
        person.click("role=button[name=Send]").await;
        person.see("text=Thank you").await;
    })
    .await;

    assert!(text.contains("browser.fill_form"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_and_what_comes_behind_it() {
    let text = round_trip("login", &[], World::new(), async |person, _| {
        person.types("label=User name", "ada").await;
        person.press("Tab").await;
        person.keys("correct-horse").await;
        person.press("Enter").await;
        person.see("text=Welcome").await;
        person.click("text=Paper").await;
        person.see("text=Thank you").await;
    })
    .await;

    assert!(
        !text.contains("horse") && text.contains("field: password"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_table_one_after_the_other() {
    let text = round_trip("table", &[], World::new(), async |person, _| {
        for order in ["A-71", "A-72", "A-73"] {
            let row = format!("css=tr >> has-text={order}");
            person
                .click(&format!("{row} >> role=button[name=Approve]"))
                .await;
            person.see(&format!("{row} >> text=Approved")).await;
        }
        person
            .click("css=tr >> has-text=Dan >> role=button[name=Reject]")
            .await;
        person.see("text=Rejected").await;
    })
    .await;

    assert!(text.contains("flow.for_each"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_boxes_and_choices_that_depend_on_each_other() {
    round_trip("choices", &[], World::new(), async |person, _| {
        person.types_there("label=Country", "Pe").await;
        person
            .page
            .wait_for(&at("label=City"), &casare_browser::Expect::Enabled, soon())
            .await
            .unwrap();
        person.types_there("label=City", "Cu").await;
        person.click("text=Express").await;
        person.click("text=It is a present").await;
        person.click("label=Send me news").await;
        person.click("css=option >> nth=5").await;
        person.click("role=button[name=Order]").await;
        person.see("text=Thank you").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pop_up_that_closes_itself_and_a_tab_that_is_closed() {
    round_trip("popup", &[], World::new(), async |person, _| {
        let chooser = person.opens("text=/Choose customer/").await;
        chooser.types("label=Search", "Bob").await;
        chooser.click("text=Bob Inc").await;
        person.types("label=Amount", "12.50").await;
        let terms = person.opens("text=Terms").await;
        terms.click("label=I have read this").await;
        terms.page.clone().close().await.unwrap();
        person.click("role=button[name=Save]").await;
        person.see("text=Saved").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_of_this_site_and_of_another_one() {
    let text = round_trip("frames", &[], World::new(), async |person, _| {
        person.types("label=Street", "Main Street 1").await;
        person.types("label=Holder", "Ada Byron").await;
        person
            .types("label=Card number", "4111 1111 1111 1111")
            .await;
        person.click("frame=bank >> role=button[name=Pay]").await;
        person.see("text=Paid").await;
        person.click("role=button[name=Cancel]").await;
        person.see("text=Nothing to cancel").await;
    })
    .await;

    assert!(!text.contains("4111"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_of_one_page_that_draws_itself_anew() {
    round_trip("spa", &[], World::new(), async |person, _| {
        for (label, value, heading) in [
            ("From", "Lima", "Where do you go?"),
            ("To", "Cusco", "How many are you?"),
            ("Seats", "two", "Booked"),
        ] {
            person.types(&format!("label={label}"), value).await;
            person.click("role=button[name=Next]").await;
            person
                .see(&format!("role=heading[name=\"{heading}\"]"))
                .await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn things_that_are_dragged() {
    round_trip("drag", &[], World::new(), async |person, _| {
        person
            .drag("text=Call Ada", "role=region[name=Done]", &Drag::default())
            .await;
        person.see("role=region[name=Done] >> text=Call Ada").await;
        let onto = Drag {
            to: Some((170.0, 10.0)),
            ..Drag::default()
        };
        person.drag("title=Volume", "css=#bar", &onto).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_handed_in() {
    let world = World::with("receipt.txt", "taxi 12.00");
    let text = round_trip(
        "upload",
        &["receipt=receipt.txt"],
        world,
        async |person, world| {
            person.types("label=Purpose", "Taxi").await;
            person
                .gives("text=/Choose receipt/", world.path("receipt.txt"))
                .await;
            person.click("role=button[name=\"Hand in\"]").await;
            person.see("text=Received").await;
        },
    )
    .await;

    assert!(text.contains("browser.upload"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_downloaded() {
    let text = round_trip("download", &[], World::new(), async |person, world| {
        let links = [
            "css=li >> has-text=June >> role=link[name=CSV]",
            "text=PDF",
            "text=Export all",
        ];
        for (place, link) in links.into_iter().enumerate() {
            person.click(link).await;
            recorded(world, "downloaded", place + 1).await;
        }
    })
    .await;

    assert_eq!(text.matches("browser.download").count(), 3, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_by_the_keyboard() {
    let text = round_trip("keyboard", &[], World::new(), async |person, _| {
        person.press("Tab").await;
        person.keys("Printer").await;
        person.press("Tab").await;
        person.press("ArrowDown").await;
        person.press("ArrowDown").await;
        person.press("Tab").await;
        person.press("Space").await;
        person.press("Tab").await;
        person.press("ArrowDown").await;
        person.press("Tab").await;
        person.keys("ad").await;
        person.see("role=option[name=Adam]").await;
        person.press("ArrowDown").await;
        person.press("ArrowDown").await;
        person.press("Enter").await;
        person.press("Tab").await;
        person.press("Enter").await;
        person.see("text=Thank you").await;
    })
    .await;

    assert!(!text.contains("browser.click"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn menus_under_the_pointer_and_dialogs() {
    let text = round_trip("dialogs", &[], World::new(), async |person, _| {
        person.hover("role=heading").await;
        person.answers(DialogPolicy::Accept {
            text: Some("Offer".to_owned()),
        });
        person.hover("text=File").await;
        person.click("text=/Rename/").await;
        person.see("role=heading[name=Offer]").await;
        person.hover("role=heading").await;
        person.answers(DialogPolicy::Dismiss);
        person.hover("text=File").await;
        person.click("text=/Delete/").await;
        person.see("text=Kept").await;
        person.answers(DialogPolicy::Accept { text: None });
        person.hover("role=heading").await;
        person.hover("text=File").await;
        person.click("text=/Delete/").await;
        person.see("text=Deleted").await;
    })
    .await;

    assert!(text.contains("browser.hover"), "{text}");
}
