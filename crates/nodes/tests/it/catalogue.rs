use casare_node_testing::catalogue;

use crate::all;

/// Their examples need a server or a credential; the tests of their category run them.
const SERVED: &[&str] = &[
    "browser.analyze",
    "browser.check",
    "browser.click",
    "browser.cookies",
    "browser.dialog",
    "browser.download",
    "browser.drag",
    "browser.emulate",
    "browser.evaluate",
    "browser.extract",
    "browser.fill",
    "browser.fill_form",
    "browser.focus",
    "browser.forms",
    "browser.goto",
    "browser.history",
    "browser.hover",
    "browser.images",
    "browser.login",
    "browser.pdf",
    "browser.press",
    "browser.route",
    "browser.screenshot",
    "browser.scroll",
    "browser.select",
    "browser.session",
    "browser.tab",
    "browser.tap",
    "browser.type",
    "browser.upload",
    "browser.wait_for",
    "browser.wait_for_response",
    "crypto.decrypt",
    "crypto.encrypt",
    "crypto.hmac",
    "crypto.sign",
    "crypto.totp",
    "crypto.verify",
];

#[test]
fn every_node_says_what_it_does_and_what_each_setting_and_output_means() {
    catalogue::assert_described(&casare_nodes::standard());
}

#[test]
fn every_example_is_a_valid_workflow() {
    catalogue::assert_examples_are_valid(&casare_nodes::standard(), all());
}

#[tokio::test]
async fn every_example_runs() {
    catalogue::assert_examples_run(&casare_nodes::standard(), &all(), SERVED).await;
}
