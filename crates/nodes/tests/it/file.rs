use casare_engine::ErrorKind;
use serde_json::json;

use crate::office;

#[tokio::test]
async fn an_inbox_is_worked_off() {
    let office = office();
    office.put("inbox/b.txt", "bee");
    office.put("inbox/a.txt", "ay");
    office.put("inbox/notes.md", "");

    let outputs = office
        .outputs(
            r#"
steps:
  - id: letters
    use: file.list
    with: { path: inbox, pattern: "*.txt" }
  - use: flow.for_each
    with: { items: "{{ steps.letters.entries }}", as: letter }
    do:
      - id: letter_text
        use: file.read
        with: { path: "{{ letter.path }}" }
      - use: file.append
        with: { path: out/all.txt, content: "{{ letter.name }}: {{ steps.letter_text.content }}" }
      - use: file.move
        with: { from: "{{ letter.path }}", to: done/ }
  - use: file.copy
    with: { from: done, to: backup }
  - use: file.delete
    with: { path: done, recursive: true }
  - id: gone
    use: file.info
    with: { path: done/a.txt }
outputs:
  found: "{{ steps.letters.count }}"
  gone: "{{ not steps.gone.exists }}"
"#,
        )
        .await;

    assert_eq!(outputs, json!({ "found": 2, "gone": true }));
    assert_eq!(office.text("out/all.txt"), "a.txt: ay\nb.txt: bee\n");
    assert_eq!(
        office.files(),
        [
            "backup/a.txt",
            "backup/b.txt",
            "inbox/notes.md",
            "out/all.txt"
        ]
    );
}

#[tokio::test]
async fn text_survives_its_encoding() {
    let office = office();

    let outputs = office
        .outputs(
            r#"
steps:
  - use: file.write
    with: { path: a.txt, content: "für 3 €\nzwei", encoding: windows-1252 }
  - id: read
    use: file.read
    with: { path: a.txt, encoding: windows-1252, as: lines }
  - id: bytes
    use: file.read
    with: { path: a.txt, as: base64 }
outputs:
  lines: "{{ steps.read.content }}"
  bytes: "{{ steps.bytes.content }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({ "lines": ["für 3 €", "zwei"], "bytes": "ZvxyIDMggAp6d2Vp" })
    );
}

#[tokio::test]
async fn what_is_there_is_replaced_kept_or_refused_as_asked() {
    let office = office();
    office.put("a.txt", "old");

    let error = office
        .failure("steps:\n  - use: file.write\n    with: { path: a.txt, content: new, if_exists: fail }\n")
        .await;
    let outputs = office
        .outputs(
            r#"
steps:
  - id: kept
    use: file.write
    with: { path: a.txt, content: new, if_exists: skip }
outputs: { written: "{{ steps.kept.written }}" }
"#,
        )
        .await;

    assert_eq!((error.kind, error.retryable), (ErrorKind::Conflict, false));
    assert_eq!(outputs, json!({ "written": false }));
    assert_eq!(office.text("a.txt"), "old");
}

#[tokio::test]
async fn what_is_missing_is_an_error_unless_that_is_fine() {
    let office = office();

    let error = office
        .failure("steps:\n  - use: file.delete\n    with: { path: a.txt }\n")
        .await;
    office
        .outputs("steps:\n  - use: file.delete\n    with: { path: a.txt, missing: ok }\n")
        .await;
    let unread = office
        .failure("steps:\n  - use: file.read\n    with: { path: a.txt }\n")
        .await;

    assert_eq!(
        (error.kind, unread.kind),
        (ErrorKind::NotFound, ErrorKind::NotFound)
    );
    assert!(unread.help.unwrap().starts_with("check the path"));
}

#[tokio::test]
async fn the_workflows_own_folder_is_not_deleted_by_an_empty_variable() {
    let office = office();
    office.put("precious.txt", "");

    let error = office
        .failure(
            r#"
variables: { name: "" }
steps:
  - use: file.delete
    with: { path: "./{{ vars.name }}", recursive: true }
"#,
        )
        .await;

    assert_eq!(error.kind, ErrorKind::Denied);
    assert_eq!(office.files(), ["precious.txt"]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_told_as_one_and_not_retried() {
    let office = office();

    let error = office
        .failure("steps:\n  - use: file.append\n    with: { path: /dev/full, content: x }\n")
        .await;

    assert_eq!(
        (error.kind, error.retryable),
        (ErrorKind::Unavailable, false)
    );
    assert!(
        error
            .message
            .starts_with("could not write /dev/full: No space left"),
        "{}",
        error.message
    );
    assert!(error.help.unwrap().contains("free some space"));
}
