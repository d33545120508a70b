use serde_json::json;

use crate::office;

#[tokio::test]
async fn an_answer_is_parsed_queried_and_written() {
    let office = office();
    office.put(
        "answer.json",
        r#"{ "orders": [{ "id": 1, "total": 80 }, { "id": 2, "total": 120.5 }] }"#,
    );

    let outputs = office
        .outputs(
            r#"
steps:
  - id: answer
    use: file.read
    with: { path: answer.json }
  - id: data
    use: json.parse
    with: { text: "{{ steps.answer.content }}" }
  - id: large
    use: json.query
    with: { data: "{{ steps.data.data }}", path: "$.orders[?@.total > 100]", required: true }
  - id: text
    use: json.format
    with: { data: "{{ steps.large.first }}" }
outputs:
  first: "{{ steps.data.data.orders[0].id }}"
  large: "{{ steps.large.count }}"
  text: "{{ steps.text.text }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({ "first": 1, "large": 1, "text": r#"{"id":2,"total":120.5}"# })
    );
}

#[tokio::test]
async fn a_fault_in_the_text_is_told_by_its_place() {
    let office = office();

    let error = office
        .failure("steps:\n  - use: json.parse\n    with: { text: '{ \"a\": nope }' }\n")
        .await;

    assert_eq!(
        error.message,
        "the text is no JSON: line 1, column 9: expected ident"
    );
    assert_eq!(error.details, Some(json!({ "line": 1, "column": 9 })));
}
