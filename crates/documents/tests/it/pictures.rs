//! Pictures, the text in them, and QR codes.

use casare_engine::ErrorKind;
use serde_json::json;

use crate::office_with_fixtures;

#[tokio::test]
async fn the_text_of_a_scan_is_read_with_its_places() {
    let outputs = office_with_fixtures()
        .outputs(
            r#"
steps:
  - id: all
    use: ocr.read
    with: { path: scan.png }
  - id: total
    use: ocr.read
    with: { path: scan.png, layout: line, scale: 2, region: { x: 0, y: 70, width: 640, height: 50 } }
outputs:
  lines: "{{ steps.all.lines }}"
  total: "{{ steps.total.text }}"
  first: "{{ steps.all.words[0].text }}"
  left: "{{ steps.all.words[0].x > 20 and steps.all.words[0].x < 40 }}"
  below: "{{ steps.total.words[0].y > 70 and steps.total.words[0].y < 110 }}"
  sure: "{{ steps.all.confidence > 80 }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({
            "lines": ["Invoice 4711", "Total: 1,234.50 EUR", "Due on 2026-03-31"],
            "total": "Total: 1,234.50 EUR",
            "first": "Invoice",
            "left": true,
            "below": true,
            "sure": true,
        })
    );
}

#[tokio::test]
async fn a_language_that_is_not_there_is_told_with_those_that_are() {
    let error = office_with_fixtures()
        .failure("steps:\n  - use: ocr.read\n    with: { path: scan.png, languages: [xyz] }\n")
        .await;

    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(
        error.message.contains("no data for xyz; there are: "),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_code_says_what_it_was_made_of() {
    let outputs = office_with_fixtures()
        .outputs(
            r#"
steps:
  - id: theirs
    use: qr.read
    with: { path: ticket.png }
  - use: qr.create
    with: { text: "Grüße aus Zürich ✓", to: ours.png, correction: high, size: 200 }
  - use: image.rotate
    with: { path: ours.png, to: turned.jpg, degrees: 90 }
  - id: ours
    use: qr.read
    with: { path: turned.jpg }
  - use: qr.create
    with: { text: "4711", to: ours.svg }
outputs:
  theirs: "{{ steps.theirs.text }}"
  ours: "{{ steps.ours.text }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({ "theirs": "https://www.example.com/tickets/4711", "ours": "Grüße aus Zürich ✓" })
    );
}

#[tokio::test]
async fn a_part_of_a_picture_is_found_and_differences_are_told() {
    let outputs = office_with_fixtures()
        .outputs(
            r##"
steps:
  - use: image.crop
    with: { path: scan.png, to: part.png, region: { x: 28, y: 78, width: 90, height: 40 } }
  - id: found
    use: image.find
    with: { path: scan.png, part: part.png, threshold: 0.95 }
  - use: image.annotate
    with:
      path: scan.png
      to: marked.png
      marks: [{ kind: fill, x: 400, y: 150, width: 50, height: 20, color: "#0000FF" }]
  - id: same
    use: image.compare
    with: { expected: scan.png, actual: scan.png, method: structure }
  - id: other
    use: image.compare
    with: { expected: scan.png, actual: marked.png, diff: diff.png, threshold: 0.999 }
  - id: ignoring
    use: image.compare
    with: { expected: scan.png, actual: marked.png, ignore: [{ x: 390, y: 140, width: 80, height: 40 }] }
  - use: image.resize
    with: { path: scan.png, to: small.webp, percent: 50 }
  - id: small
    use: image.info
    with: { path: small.webp }
outputs:
  place: "{{ [steps.found.count, steps.found.matches[0].x, steps.found.matches[0].y] }}"
  same: "{{ steps.same.similarity }}"
  other: "{{ [steps.other.matches, steps.other.different, steps.other.region] }}"
  ignoring: "{{ steps.ignoring.matches }}"
  small: "{{ [steps.small.width, steps.small.height, steps.small.format] }}"
"##,
        )
        .await;

    assert_eq!(
        outputs,
        json!({
            "place": [1, 28, 78],
            "same": 1.0,
            "other": [false, 1000, { "x": 400, "y": 150, "width": 50, "height": 20 }],
            "ignoring": true,
            "small": [320, 120, "webp"],
        })
    );
}

#[tokio::test]
async fn a_picture_that_claims_to_be_huge_is_not_opened() {
    let office = office_with_fixtures();
    // A BMP of a few bytes that says it is 60,000 by 60,000 pixels large.
    let mut huge = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    huge.extend(60_000_u32.to_le_bytes());
    huge.extend(60_000_u32.to_le_bytes());
    huge.extend([1, 0, 24, 0]);
    huge.extend([0; 24]);
    office.put("huge.bmp", huge);
    office.put(
        "cut.png",
        &std::fs::read(office.path("scan.png")).unwrap()[..200],
    );

    let huge = office
        .failure("steps:\n  - use: image.convert\n    with: { path: huge.bmp, to: a.png }\n")
        .await;
    let cut = office
        .failure("steps:\n  - use: qr.read\n    with: { path: cut.png }\n")
        .await;
    let text = office
        .failure("steps:\n  - use: image.info\n    with: { path: people.csv }\n")
        .await;

    assert!(huge.message.contains("60000×60000"), "{}", huge.message);
    assert_eq!(
        (cut.kind, text.kind),
        (ErrorKind::Invalid, ErrorKind::Invalid)
    );
}
