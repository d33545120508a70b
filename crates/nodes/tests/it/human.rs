//! People are asked, and what they say counts.

use casare_engine::{ErrorKind, RunState};
use serde_json::json;

use crate::office;

const PAY: &str = r#"steps:
  - id: invoice
    use: human.approve
    with: { message: Pay it?, details: { amount: 1200 }, on_reject: fail }
outputs: { approved: "{{ steps.invoice.approved }}", said: "{{ steps.invoice.comment }}" }
"#;

#[tokio::test]
async fn what_is_approved_goes_on_with_what_was_said() {
    let office = office()
        .answer("approved", json!(true))
        .answer("comment", json!("with pleasure"));

    let outputs = office.outputs(PAY).await;

    assert_eq!(outputs["approved"], json!(true));
    assert_eq!(outputs["said"], json!("with pleasure"));
}

#[tokio::test]
async fn a_refusal_is_a_business_error_where_the_step_says_so() {
    let refused = office()
        .answer("approved", json!(false))
        .answer("comment", json!("too much"));
    let outcome = refused.run(PAY).await;
    let error = outcome.error.unwrap();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Business, "it was refused: too much")
    );

    let goes_on = office().answer("approved", json!(false));
    let outputs = goes_on.outputs(&PAY.replace("fail", "continue")).await;
    assert_eq!(outputs["approved"], json!(false));

    let nobody = office().run(PAY).await;
    assert_eq!(nobody.state, RunState::Failed);
    assert_eq!(nobody.error.unwrap().kind, ErrorKind::Unavailable);
}
