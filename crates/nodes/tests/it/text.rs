use serde_json::json;

use crate::office;

#[tokio::test]
async fn a_mail_is_taken_apart() {
    let outputs = office()
        .outputs(
            r#"
variables:
  mail: "From: LOVELACE, Ada  \nInvoices: INV-7, INV-12\nTotal: 1.250,00 EUR"
steps:
  - id: lines
    use: text.split
    with: { text: "{{ vars.mail }}" }
  - id: name
    use: text.split
    with: { text: "{{ steps.lines.parts[0] }}", separator: '[:,]', regex: true, trim: true }
  - id: title
    use: text.change_case
    with: { text: "{{ steps.name.parts[1] }}", to: title }
  - id: invoices
    use: text.find
    with: { text: "{{ vars.mail }}", find: 'INV-(?P<number>\d+)', regex: true, required: true }
  - id: first
    use: text.pad
    with: { text: "{{ steps.invoices.first.groups.number }}", length: 5, with: "0" }
  - id: total
    use: text.replace
    with: { text: "{{ steps.lines.parts[2] }}", find: '[^\d,]', regex: true }
  - id: point
    use: text.replace
    with: { text: "{{ steps.total.text }}", find: ",", replace: "." }
  - id: joined
    use: text.join
    with: { parts: ["{{ steps.name.parts[2] }}", "{{ steps.title.text }}"], separator: " " }
outputs:
  name: "{{ steps.joined.text }}"
  first: "{{ steps.first.text }}"
  invoices: "{{ steps.invoices.count }}"
  total: "{{ steps.point.text }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({ "name": "Ada Lovelace", "first": "00007", "invoices": 2, "total": "1250.00" })
    );
}

#[tokio::test]
async fn what_has_to_be_there_and_is_not_is_an_error() {
    let error = office()
        .failure("steps:\n  - use: text.find\n    with: { text: abc, find: x, required: true }\n")
        .await;

    assert_eq!(error.kind, casare_engine::ErrorKind::NotFound);
    assert_eq!(
        error.message,
        "`x` is not in the text, which begins with `abc`"
    );
}
