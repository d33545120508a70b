//! Documents of Word.

use casare_engine::ErrorKind;
use serde_json::json;

use crate::{
    excel_edit::{part, replace_part},
    office_with_fixtures,
};

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
async fn documents_are_put_into_one_with_their_lists_styles_and_pictures() {
    let office = office_with_fixtures();

    let outputs = office
        .outputs(
            r##"
steps:
  - use: word.create
    with: { to: a.docx, markdown: "# First\n\n1. one\n2. two\n" }
  - use: word.create
    with: { to: b.docx, markdown: "# Second\n\n- x\n- y\n\n| a | b |\n|---|---|\n| 1 | 2 |\n" }
  - id: merged
    use: word.merge
    with: { paths: [letter.docx, a.docx, b.docx, a.docx], to: all.docx }
  - id: read
    use: word.read
    with: { path: all.docx }
outputs:
  count: "{{ steps.merged.count }}"
  headings: "{{ steps.read.headings | map(attribute='text') | list }}"
  headers: "{{ steps.read.headers }}"
  tables: "{{ steps.read.tables | length }}"
  end: "{{ steps.read.markdown }}"
"##,
        )
        .await;

    assert_eq!(
        (&outputs["count"], &outputs["headings"], &outputs["tables"]),
        (
            &json!(4),
            &json!(["Your order", "First", "Second", "First"]),
            &json!(2)
        )
    );
    assert_eq!(outputs["headers"], json!(["Example Ltd"]));
    let text = outputs["end"].as_str().unwrap();
    assert!(
        text.ends_with(
            "# Second\n- x\n- y\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n# First\n- one\n- two"
        ),
        "{text}"
    );
    // Both lists of the same document count from one: each is a list of its own.
    let lists = part(&office.path("all.docx"), "word/numbering.xml");
    let shapes = lists.matches("<w:abstractNum ").count();
    assert_eq!(shapes, lists.matches("<w:num ").count(), "{lists}");
    assert!(shapes >= 6, "{lists}");
}

#[tokio::test]
async fn pictures_and_links_come_along_and_footnotes_are_refused() {
    let office = office_with_fixtures();
    let of_letter = part(&office.path("letter.docx"), "word/document.xml");
    let with_body =
        |inside: &str| {
            of_letter.replace("</w:body>", &format!("{inside}</w:body>")).replace(
            "<w:document ",
            "<w:document xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" ",
        )
        };
    let picture = "<w:p><w:r><w:drawing><a:blip r:embed=\"rPicture\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"/></w:drawing></w:r></w:p>";
    let relations = part(&office.path("letter.docx"), "word/_rels/document.xml.rels").replace(
        "</Relationships>",
        "<Relationship Id=\"rPicture\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/image\" Target=\"media/p.png\"/></Relationships>",
    );
    std::fs::copy(office.path("letter.docx"), office.path("picture.docx")).unwrap();
    std::fs::copy(office.path("letter.docx"), office.path("notes.docx")).unwrap();
    let path = office.path("picture.docx");
    replace_part(&path, "word/document.xml", with_body(picture).as_bytes());
    replace_part(&path, "word/_rels/document.xml.rels", relations.as_bytes());
    replace_part(&path, "word/media/p.png", b"a picture");
    let note = "<w:p><w:r><w:footnoteReference w:id=\"2\"/></w:r></w:p>";
    replace_part(
        &office.path("notes.docx"),
        "word/document.xml",
        with_body(note).as_bytes(),
    );
    let merge = |second: &str| {
        format!(
            "steps:\n  - use: word.merge\n    with: {{ paths: [letter.docx, {second}, {second}], to: all.docx }}\n"
        )
    };

    office.outputs(&merge("picture.docx")).await;
    let error = office.failure(&merge("notes.docx")).await;

    let all = office.path("all.docx");
    assert_eq!(part(&all, "word/media/p.png"), "a picture");
    assert_eq!(part(&all, "word/media/p_2.png"), "a picture");
    let relations = part(&all, "word/_rels/document.xml.rels");
    for target in ["/word/media/p.png", "/word/media/p_2.png"] {
        assert!(relations.contains(target), "{relations}");
    }
    assert!(part(&all, "[Content_Types].xml").contains("/word/media/p_2.png"));
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.message.contains("footnotes"), "{}", error.message);
}

#[tokio::test]
#[ignore = "needs LibreOffice, which is large; see excel_edit.rs"]
async fn libreoffice_makes_a_pdf_of_merged_letters() {
    let outputs = office_with_fixtures()
        .outputs(
            r##"
steps:
  - use: word.create
    with: { to: more.docx, markdown: "# Another page\n\n1. one\n2. two\n" }
  - use: word.merge
    with: { paths: [letter.docx, more.docx], to: all.docx }
  - use: word.to_pdf
    with: { path: all.docx, to: all.pdf }
  - id: read
    use: pdf.read
    with: { path: all.pdf }
outputs: { pages: "{{ steps.read.pages }}" }
"##,
        )
        .await;

    let pages = outputs["pages"].as_array().unwrap();
    let texts: Vec<String> = pages.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("Your order"), "{texts:?}");
    assert!(
        ["Another page", "1.", "one", "2.", "two"]
            .iter()
            .all(|text| texts[1].contains(text)),
        "{texts:?}"
    );
}
