use casare_node_testing::catalogue;

use crate::all;

/// Their examples need a server; the tests of their category run them.
const SERVED: &[&str] = &[
    "http.authorization_code",
    "http.download",
    "http.graphql",
    "http.paginate",
    "http.request",
    "http.session",
    "http.soap",
    "http.token",
    "http.token_info",
    "http.upload",
    "mail.delete",
    "mail.flag",
    "mail.folders",
    "mail.forward",
    "mail.move",
    "mail.read",
    "mail.reply",
    "mail.save_attachments",
    "mail.search",
    "mail.send",
    "mail.session",
    "mail.wait_for",
];

/// The same, for whole categories.
const SERVED_CATEGORIES: &[&str] = &["ftp", "message", "redis", "s3", "sftp", "webdav"];

#[test]
fn every_node_says_what_it_does_and_what_each_setting_and_output_means() {
    catalogue::assert_described(&casare_connectors::standard());
}

#[test]
fn every_example_is_a_valid_workflow() {
    catalogue::assert_examples_are_valid(&casare_connectors::standard(), all());
}

#[tokio::test]
async fn every_example_runs() {
    let nodes = casare_connectors::standard();
    let served: Vec<&str> = nodes
        .iter()
        .map(casare_engine::Node::name)
        .filter(|name| {
            let category = name.split('.').next().unwrap_or_default();
            SERVED.contains(name) || SERVED_CATEGORIES.contains(&category)
        })
        .collect();
    catalogue::assert_examples_run(&nodes, &all(), &served).await;
}
