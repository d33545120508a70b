//! Documents of Word.

use casare_engine::ErrorKind;
use serde_json::json;

use crate::{excel_edit::replace_part, office_with_fixtures};

#[tokio::test]
async fn a_letter_is_filled_in_and_read_back() {
    let office = office_with_fixtures();

    let outputs = office
        .outputs(
            r#"
steps:
  - id: replaced
    use: word.replace
    with:
      path: letter.docx
      to: letter.docx
      values: { "<name>": "Ada & Grace", "<date>": "2026-03-01", "<other>": x }
  - use: word.fill_table
    with: { path: letter.docx, to: letter.docx, rows: [{ Item: Pencil <HB>, Price: 1.5 }, [Paper, 8.9]] }
  - id: read
    use: word.read
    with: { path: letter.docx }
outputs:
  replaced: "{{ [steps.replaced.count, steps.replaced.missing] }}"
  text: "{{ steps.read.text }}"
  markdown: "{{ steps.read.markdown }}"
  tables: "{{ steps.read.tables }}"
  around: "{{ [steps.read.headers, steps.read.footers, steps.read.details.title] }}"
  heading: "{{ [steps.read.headings[0].text, steps.read.headings[0].level] }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({
            "replaced": [2, ["<other>"]],
            "text": "Your order\nDear Ada & Grace, thank you.\nA first point\nItem\tPrice\nPencil <HB>\t1.5\nPaper\t8.9",
            "markdown": "# Your order\n\nDear Ada & Grace, thank you.\n\nA first point\n\n\
                | Item | Price |\n|---|---|\n| Pencil <HB> | 1.5 |\n| Paper | 8.9 |",
            "tables": [[["Item", "Price"], ["Pencil <HB>", "1.5"], ["Paper", "8.9"]]],
            "around": [["Example Ltd"], ["Sent on 2026-03-01"], "Letter"],
            "heading": ["Your order", 1],
        })
    );
}

#[tokio::test]
async fn a_document_of_markdown_reads_as_it_was_written() {
    let outputs = office_with_fixtures()
        .outputs(
            r##"
steps:
  - use: word.create
    with: { to: a.docx, markdown: "# One\n\nA *b*.\n\n- x\n- y\n\n| a | b |\n|---|---|\n| 1 | 2 |\n" }
  - id: read
    use: word.read
    with: { path: a.docx }
outputs: { markdown: "{{ steps.read.markdown }}" }
"##,
        )
        .await;

    assert_eq!(
        outputs["markdown"],
        "# One\n\nA b.\n- x\n- y\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    );
}

#[tokio::test]
async fn hostile_documents_are_refused() {
    let office = office_with_fixtures();
    office.put("old.doc", b"\xd0\xcf\x11\xe0");
    office.put(
        "macros.docm",
        std::fs::read(office.path("letter.docx")).unwrap(),
    );
    office.put(
        "bomb.docx",
        std::fs::read(office.path("letter.docx")).unwrap(),
    );
    office.put(
        "deep.docx",
        std::fs::read(office.path("letter.docx")).unwrap(),
    );
    let space = vec![b' '; 300 << 20];
    replace_part(&office.path("bomb.docx"), "word/document.xml", &space);
    let deep = "<w:p>".repeat(100_000);
    replace_part(
        &office.path("deep.docx"),
        "word/document.xml",
        deep.as_bytes(),
    );

    for (name, reason) in [
        ("old.doc", "is no .docx document"),
        ("macros.docm", "holds macros"),
        ("bomb.docx", "unpacks to more than 256 MiB"),
        ("deep.docx", "nested too deep"),
    ] {
        let error = office
            .failure(&format!(
                "steps:\n  - use: word.read\n    with: {{ path: {name} }}\n"
            ))
            .await;
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(error.message.contains(reason), "{}", error.message);
    }
}

#[tokio::test]
#[ignore = "needs LibreOffice"]
async fn libreoffice_makes_a_pdf_of_a_letter() {
    let outputs = office_with_fixtures()
        .outputs(
            r#"
steps:
  - use: word.to_pdf
    with: { path: letter.docx, to: letter.pdf }
  - id: read
    use: pdf.read
    with: { path: letter.pdf }
outputs: { found: "{{ 'Your order' in steps.read.text }}" }
"#,
        )
        .await;

    assert_eq!(outputs["found"], true);
}
