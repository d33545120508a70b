use casare_node_testing::catalogue;

use crate::all;

/// Their examples need a credential or LibreOffice; the tests of their category run them.
const SERVED: &[&str] = &["pdf.protect", "pdf.unprotect", "word.to_pdf"];

#[test]
fn every_node_says_what_it_does_and_what_each_setting_and_output_means() {
    catalogue::assert_described(&casare_documents::standard());
}

#[test]
fn every_example_is_a_valid_workflow() {
    catalogue::assert_examples_are_valid(&casare_documents::standard(), all());
}

#[tokio::test]
async fn every_example_runs() {
    catalogue::assert_examples_run(&casare_documents::standard(), &all(), SERVED).await;
}
