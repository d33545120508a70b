//! PDF files, cross-checked by poppler and qpdf.

use std::{path::Path, process::Command, sync::Arc};

use async_trait::async_trait;
use casare_engine::{Credential, Credentials, ErrorKind, NodeError, RunOptions, RunState};
use casare_node_testing::Office;
use serde_json::{Value as Json, json};

use crate::office_with_fixtures;

/// What a program of Debian's says of a file.
fn told(program: &str, arguments: &[&str], path: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .arg(path)
        .args(if program == "pdftotext" {
            &["-"][..]
        } else {
            &[]
        })
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{program}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.into_owned()
}

fn is_sound(path: &Path) {
    told("qpdf", &["--check"], path);
}

#[tokio::test]
async fn text_and_tables_are_read_as_they_stand() {
    let office = office_with_fixtures();

    let outputs = office
        .outputs(
            r#"
steps:
  - id: read
    use: pdf.read
    with: { path: invoice.pdf }
  - id: found
    use: pdf.tables
    with: { path: invoice.pdf }
  - id: about
    use: pdf.info
    with: { path: invoice.pdf }
outputs:
  first: "{{ steps.read.pages[0].text }}"
  second: "{{ steps.read.pages[1].text }}"
  rows: "{{ steps.found.tables[0].rows }}"
  about: "{{ [steps.about.title, steps.about.author, steps.about.page_count, steps.about.encrypted] }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({
            "first": "Invoice 4711\nExample Ltd, 1 Main Street, Zürich\nDue on 2026-03-31\n\n\
                Item Quantity Price\nBlue pencil 12 1.50\nPaper, 500 sheets 2 8.90\nStapler 1 14.00\n\n\
                Thank you.",
            "second": "Terms of payment",
            "rows": [
                { "Item": "Blue pencil", "Quantity": "12", "Price": "1.50" },
                { "Item": "Paper, 500 sheets", "Quantity": "2", "Price": "8.90" },
                { "Item": "Stapler", "Quantity": "1", "Price": "14.00" },
            ],
            "about": ["Invoice 4711", "Example Ltd", 2, false],
        })
    );
}

#[tokio::test]
async fn pages_are_put_together_taken_apart_and_turned() {
    let office = office_with_fixtures();

    let outputs = office
        .outputs(
            r#"
steps:
  - id: all
    use: pdf.merge
    with: { paths: [invoice.pdf, form.pdf, invoice.pdf], to: all.pdf }
  - id: some
    use: pdf.extract_pages
    with: { path: all.pdf, to: some.pdf, pages: "3, 1, 1" }
  - id: parts
    use: pdf.split
    with: { path: all.pdf, to: parts, every: 2 }
  - use: pdf.rotate
    with: { path: invoice.pdf, to: turned.pdf, degrees: -90 }
  - use: pdf.stamp
    with: { path: turned.pdf, to: stamped.pdf, text: "Łódź {page}/{pages}", position: top_left, size: 20 }
  - id: stamped
    use: pdf.read
    with: { path: stamped.pdf }
  - id: pictures
    use: pdf.to_images
    with: { path: turned.pdf, to: pictures, pages: "1", dpi: 72 }
  - id: picture
    use: image.info
    with: { path: pictures/turned-1.png }
  - use: pdf.attachments
    with: { path: all.pdf, add: [people.csv], output: attached.pdf }
  - id: attached
    use: pdf.attachments
    with: { path: attached.pdf, to: out }
outputs:
  counts: "{{ [steps.all.page_count, steps.some.page_count, steps.parts.count] }}"
  stamped: "{{ 'Łódź 1/2' in steps.stamped.pages[0].text }}"
  picture: "{{ [steps.picture.width, steps.picture.height] }}"
  attached: "{{ steps.attached.files[0].name }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({
            "counts": [5, 3, 3],
            "stamped": true,
            "picture": [841, 595],
            "attached": "people.csv",
        })
    );
    for name in [
        "all.pdf",
        "some.pdf",
        "parts/all-1.pdf",
        "turned.pdf",
        "stamped.pdf",
        "attached.pdf",
    ] {
        is_sound(&office.path(name));
    }
    let text = told("pdftotext", &[], &office.path("some.pdf"));
    let pages: Vec<&str> = text.split('\u{c}').collect();
    assert!(pages[0].contains("Application"), "{text}");
    assert!(
        pages[1].contains("Invoice 4711") && pages[2].contains("Invoice 4711"),
        "{text}"
    );
    assert!(told("pdftotext", &[], &office.path("stamped.pdf")).contains("Łódź 2/2"));
    assert_eq!(office.text("out/people.csv"), office.text("people.csv"));
}

#[tokio::test]
async fn a_form_is_filled_in_and_made_part_of_the_page() {
    let office = office_with_fixtures();
    let fill = "
steps:
  - use: pdf.fill_form
    with: { path: form.pdf, to: filled.pdf, fields: { name: Grüße (Ada), agree: true, city: Paris } }
  - use: pdf.fill_form
    with: { path: filled.pdf, to: flat.pdf, fields: {}, flatten: true }
  - id: after
    use: pdf.form_fields
    with: { path: filled.pdf }
outputs: { values: '{{ steps.after.values }}' }
";

    let outputs = office.outputs(fill).await;
    let wrong = office
        .failure("steps:\n  - use: pdf.fill_form\n    with: { path: form.pdf, to: a.pdf, fields: { nam: x } }\n")
        .await;

    assert_eq!(
        outputs["values"],
        json!({ "name": "Grüße (Ada)", "agree": true, "city": "Paris" })
    );
    assert_eq!(wrong.help.as_deref(), Some("did you mean `name`?"));
    for name in ["filled.pdf", "flat.pdf"] {
        is_sound(&office.path(name));
        let text = told("pdftotext", &[], &office.path(name));
        assert!(
            text.contains("Grüße (Ada)") && text.contains("Paris"),
            "{name}: {text}"
        );
    }
    assert!(told("pdfinfo", &[], &office.path("filled.pdf")).contains("AcroForm"));
    assert!(!told("pdfinfo", &[], &office.path("flat.pdf")).contains("AcroForm"));
}

#[tokio::test]
async fn a_document_is_written_of_markdown_and_rows_in_any_european_language() {
    let office = office_with_fixtures();

    let outputs = office
        .outputs(
            r#"
steps:
  - id: made
    use: pdf.create
    with:
      to: report.pdf
      title: "Zażółć gęślą jaźń"
      page_numbers: true
      markdown: |
        Ein **fetter** Satz, Ελληνικά, Русский.

        1. first
        2. second
      rows: "{{ range(80) | map('string') | batch(2) | list }}"
  - id: read
    use: pdf.read
    with: { path: report.pdf }
  - use: pdf.from_images
    with: { paths: [scan.png, ticket.png], to: scans.pdf }
outputs:
  pages: "{{ steps.made.page_count == steps.read.page_count and steps.made.page_count > 1 }}"
  text: "{{ steps.read.pages[0].text }}"
"#,
        )
        .await;

    assert_eq!(outputs["pages"], true);
    let text = outputs["text"].as_str().unwrap();
    let start = "Zażółć gęślą jaźń\nEin fetter Satz, Ελληνικά, Русский.\n";
    assert!(text.starts_with(start), "{text}");
    let poppler = told("pdftotext", &[], &office.path("report.pdf"));
    assert!(poppler.contains("Ελληνικά, Русский."), "{poppler}");
    is_sound(&office.path("report.pdf"));
    is_sound(&office.path("scans.pdf"));
}

struct Invoices(&'static str);

#[async_trait]
impl Credentials for Invoices {
    async fn credential(&self, name: &str) -> Result<Option<Credential>, NodeError> {
        let fields = [("password".to_owned(), self.0.into())];
        Ok((name == "invoices").then(|| Credential::new(name, fields.into())))
    }
}

async fn with_password(office: &Office, password: &'static str, steps: &str) -> (RunState, Json) {
    let text = format!("casare: 1\nname: test\n{steps}");
    let plan = office
        .engine()
        .load("test.workflow.yaml", &text, office.folder())
        .unwrap();
    let mut options = RunOptions::new(office.folder(), office.path(".runs"));
    options.credentials = Arc::new(Invoices(password));
    let outcome = office.engine().run(&plan, options).await.unwrap();
    (
        outcome.state,
        json!({ "outputs": outcome.outputs, "error": format!("{:?}", outcome.error) }),
    )
}

#[tokio::test]
async fn a_password_is_put_on_and_taken_off() {
    let office = office_with_fixtures();
    let protect = "
steps:
  - use: pdf.protect
    with: { path: invoice.pdf, to: locked.pdf, credential: invoices }
  - id: read
    use: pdf.read
    with: { path: locked.pdf, credential: invoices }
  - use: pdf.unprotect
    with: { path: locked.pdf, to: open.pdf, credential: invoices }
outputs: { text: '{{ steps.read.pages[1].text }}' }
";
    let read = "steps:\n  - use: pdf.read\n    with: { path: locked.pdf, credential: invoices }\n";

    let (state, told_back) = with_password(&office, "s3cret ü", protect).await;
    let (_, wrong) = with_password(&office, "guess", read).await;
    let without = office
        .failure("steps:\n  - use: pdf.read\n    with: { path: locked.pdf }\n")
        .await;

    assert_eq!(state, RunState::Succeeded, "{told_back}");
    assert_eq!(told_back["outputs"]["text"], "Terms of payment");
    assert!(
        wrong["error"]
            .as_str()
            .unwrap()
            .contains("does not open with the password"),
        "{wrong}"
    );
    assert_eq!(without.kind, ErrorKind::Denied);
    assert!(told("pdfinfo", &["-upw", "s3cret ü"], &office.path("locked.pdf")).contains("AES-256"));
    assert!(told("pdftotext", &[], &office.path("open.pdf")).contains("Invoice 4711"));
    is_sound(&office.path("open.pdf"));
}

#[tokio::test]
async fn hostile_files_are_refused_and_take_nobody_down() {
    let office = office_with_fixtures();
    let whole = std::fs::read(office.path("invoice.pdf")).unwrap();
    let object = |body: &str| {
        format!(
            "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n\
             3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/X {body}>>endobj\n\
             4 0 obj<</Length 3>>stream\n{body}\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
        )
        .into_bytes()
    };
    let ring = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
        2 0 obj<</Type/Pages/Count 99999999/Kids[2 0 R 2 0 R]/Parent 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF";
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("cut.pdf", whole[..whole.len() / 2].to_vec()),
        ("start.pdf", whole[..60].to_vec()),
        ("text.pdf", b"hello".to_vec()),
        ("empty.pdf", Vec::new()),
        ("arrays.pdf", object(&"[".repeat(200_000))),
        ("maps.pdf", object(&"<</A".repeat(200_000))),
        ("ring.pdf", ring.to_vec()),
    ];
    for (name, content) in files {
        office.put(name, content);
        for node in [
            "read",
            "info",
            "tables",
            "to_images",
            "rotate",
            "form_fields",
        ] {
            let more = match node {
                "to_images" => ", to: out",
                "rotate" => ", to: out.pdf, degrees: 90",
                _ => "",
            };
            let outcome = office
                .run(&format!(
                    "steps:\n  - use: pdf.{node}\n    with: {{ path: {name}{more} }}\n"
                ))
                .await;
            if let Some(error) = outcome.error {
                assert_ne!(
                    error.kind,
                    ErrorKind::Bug,
                    "{node} {name}: {}",
                    error.message
                );
            }
        }
    }
}
