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

#[tokio::test]
async fn folders_are_packed_and_unpacked() {
    let office = office();
    office.put("in/a.txt", "ay");
    office.put("in/deep/b.pdf", vec![7; 100_000]);
    std::fs::create_dir(office.path("in/empty")).unwrap();

    let outputs = office
        .outputs(
            r#"
steps:
  - id: packed
    use: file.zip
    with: { from: in, to: out/all.zip }
  - use: file.zip
    with: { from: in, to: out/pdf.zip, pattern: "**/*.pdf", content_only: true }
  - id: unpacked
    use: file.unzip
    with: { from: out/all.zip, to: back }
  - use: file.unzip
    with: { from: out/pdf.zip, to: pdfs }
  - id: again
    use: file.unzip
    with: { from: out/all.zip, to: back, if_exists: skip }
  - id: hash
    use: file.hash
    with: { path: back/in/a.txt, algorithm: md5, expected: 42D74A038852AAEE074A9245C49E9C8D }
  - use: file.create_folder
    with: { path: made/here }
  - id: rights
    use: file.permissions
    with: { path: back/in/a.txt, read_only: true }
outputs:
  packed: "{{ steps.packed.files }}"
  unpacked: "{{ steps.unpacked.count }}"
  again: "{{ steps.again.count }}"
  read_only: "{{ steps.rights.read_only }}"
  hash: "{{ steps.hash.result }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({ "packed": 2, "unpacked": 2, "again": 0, "read_only": true,
                "hash": "42d74a038852aaee074a9245c49e9c8d" })
    );
    assert_eq!(office.text("back/in/a.txt"), "ay");
    assert!(office.path("back/in/empty").is_dir());
    assert!(office.path("pdfs/deep/b.pdf").is_file());
}

/// An archive with these entries: name, content, whether it is a link.
fn archive(entries: &[(&str, &[u8], bool)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, content, link) in entries {
        if *link {
            let target = String::from_utf8_lossy(content);
            writer.add_symlink(*name, target, options).unwrap();
        } else {
            writer.start_file(*name, options).unwrap();
            std::io::Write::write_all(&mut writer, content).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

#[tokio::test]
async fn an_archive_that_means_harm_is_refused_and_leaves_nothing() {
    let bomb = vec![0; 3 << 20];
    for (name, entries, why) in [
        (
            "slip",
            vec![("ok.txt", &b"ok"[..], false), ("../evil.txt", b"x", false)],
            "leads out",
        ),
        (
            "absolute",
            vec![("/tmp/evil.txt", b"x", false)],
            "leads out",
        ),
        (
            "link",
            vec![("door", b"/etc", true), ("door/passwd", b"x", false)],
            "is a link",
        ),
        ("bomb", vec![("zeros", &bomb, false)], "`max_size`"),
        (
            "many",
            vec![("a", b"", false), ("b", b"", false), ("c", b"", false)],
            "`max_files`",
        ),
    ] {
        let office = office();
        office.put("in.zip", archive(&entries));
        let error = office
            .failure(
                "steps:\n  - use: file.unzip\n    with: { from: in.zip, to: out/here, max_size: 1000000, max_files: 2 }\n",
            )
            .await;
        assert_eq!(error.kind, ErrorKind::Denied, "{name}: {}", error.message);
        assert!(error.message.contains(why), "{name}: {}", error.message);
        assert_eq!(office.files(), ["in.zip"], "{name}");
    }

    let office = office();
    office.put("in.zip", "PK but no archive");
    let error = office
        .failure("steps:\n  - use: file.unzip\n    with: { from: in.zip, to: out }\n")
        .await;
    assert!(
        error.message.contains("no ZIP archive"),
        "{}",
        error.message
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_waited_for_until_it_is_whole() {
    let office = office();
    let path = office.path("inbox");
    std::fs::create_dir(&path).unwrap();
    let writer = std::thread::spawn(move || {
        for part in ["half ", "and whole"] {
            #[expect(
                clippy::disallowed_methods,
                reason = "a thread of the test itself, not of an executor"
            )]
            std::thread::sleep(std::time::Duration::from_millis(150));
            let mut file = std::fs::File::options()
                .create(true)
                .append(true)
                .open(path.join("order.csv"))
                .unwrap();
            std::io::Write::write_all(&mut file, part.as_bytes()).unwrap();
        }
    });

    let outputs = office
        .outputs(
            r#"
steps:
  - id: came
    use: file.wait_for
    with: { path: inbox, pattern: "*.csv", quiet: 300ms }
  - id: text
    use: file.read
    with: { path: "{{ steps.came.path }}" }
  - id: late
    use: file.wait_for
    timeout: 400ms
    on_error: continue
    with: { path: inbox/order.csv, until: gone }
outputs:
  text: "{{ steps.text.content }}"
"#,
        )
        .await;
    writer.join().unwrap();
    assert_eq!(outputs, json!({ "text": "half and whole" }));

    let error = office
        .failure(
            "steps:\n  - use: file.wait_for\n    timeout: 300ms\n    with: { path: never.csv }\n",
        )
        .await;
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.message.contains("did not come"), "{}", error.message);
}

#[tokio::test]
async fn a_temporary_folder_goes_with_its_block() {
    let office = office();
    let outputs = office
        .outputs(
            r#"
variables: { place: "" }
steps:
  - id: scratch
    use: file.temp
    with: { folder: "." }
    do:
      - use: file.write
        with: { path: "{{ steps.scratch.path }}/a.txt", content: a }
      - use: data.set
        with: { name: place, value: "{{ steps.scratch.path }}" }
  - id: after
    use: file.info
    with: { path: "{{ vars.place }}" }
outputs:
  gone: "{{ not steps.after.exists }}"
"#,
        )
        .await;
    assert_eq!(outputs, json!({ "gone": true }));
}
