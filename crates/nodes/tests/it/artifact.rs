use serde_json::json;

use crate::office;

#[tokio::test]
async fn a_file_and_a_text_stay_with_the_run() {
    let office = office();
    office.put("report.pdf", b"%PDF-");

    let outputs = office
        .outputs(
            r#"
steps:
  - id: report
    use: artifact.save
    with: { path: report.pdf }
  - id: totals
    use: artifact.save
    with: { content: { total: 12 }, name: totals.json }
outputs:
  report: "{{ steps.report.media_type }}"
  kept: "{{ steps.report.path }}"
  totals: "{{ steps.totals.path }}"
"#,
        )
        .await;

    assert_eq!(outputs["report"], json!("application/pdf"));
    let kept = |name: &str| std::fs::read_to_string(outputs[name].as_str().unwrap()).unwrap();
    assert_eq!(kept("kept"), "%PDF-");
    assert_eq!(kept("totals"), "{\n  \"total\": 12\n}");
}

#[tokio::test]
async fn nothing_to_keep_is_an_error() {
    let error = office()
        .failure("steps:\n  - use: artifact.save\n    with: { name: a.txt }\n")
        .await;

    assert_eq!(
        error.message,
        "neither `path` nor `content` is set: there is nothing to keep"
    );
}
