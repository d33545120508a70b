use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::{office, outcome_of};

fn result(node: &str, with: Json) -> Json {
    outcome_of(node, with)["result"].clone()
}

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
    with: { text: "{{ steps.lines.result[0] }}", separator: '[:,]', regex: true, trim: true }
  - id: title
    use: text.change_case
    with: { text: "{{ steps.name.result[1] }}", to: title }
  - id: invoices
    use: text.find
    with: { text: "{{ vars.mail }}", find: 'INV-(?P<number>\d+)', regex: true, required: true }
  - id: first
    use: text.pad
    with: { text: "{{ steps.invoices.first.groups.number }}", length: 5, with: "0" }
  - id: total
    use: text.replace
    with: { text: "{{ steps.lines.result[2] }}", find: '[^\d,]', regex: true }
  - id: point
    use: text.replace
    with: { text: "{{ steps.total.result }}", find: ",", replace: "." }
  - id: joined
    use: text.join
    with: { parts: ["{{ steps.name.result[2] }}", "{{ steps.title.result }}"], separator: " " }
outputs:
  name: "{{ steps.joined.result }}"
  first: "{{ steps.first.result }}"
  invoices: "{{ steps.invoices.count }}"
  total: "{{ steps.point.result }}"
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

#[test]
fn data_is_taken_out_by_groups() {
    let extract = |with: Json| result("text.extract", with);
    let text = "INV-1 of 2026-03-01\nINV-2 of 2026-04-01";

    assert_eq!(
        extract(
            json!({ "text": text, "pattern": r"INV-(?P<number>\d+) of (?P<date>\S+)", "all": true })
        ),
        json!([{ "number": "1", "date": "2026-03-01" }, { "number": "2", "date": "2026-04-01" }])
    );
    assert_eq!(
        extract(json!({ "text": text, "pattern": r"^INV-2 of (\d+)-(\d+)", "multiline": true })),
        json!(["2026", "04"])
    );
    assert_eq!(
        extract(json!({ "text": text, "pattern": "inv-2", "ignore_case": true })),
        json!("INV-2")
    );
    assert_eq!(
        extract(json!({ "text": text, "pattern": "x", "default": 0 })),
        json!(0)
    );
}

#[test]
fn names_with_typing_errors_are_found() {
    let candidates = json!([{ "name": "Grace Hopper" }, { "name": "Ada Lovelace" }, { "name": "Adam Loveless" }]);
    let matched = outcome_of(
        "text.match",
        json!({ "text": "LOVELACE, Áda", "candidates": candidates, "field": "name", "method": "words", "threshold": 0.5 }),
    );
    let none = outcome_of(
        "text.match",
        json!({ "text": "zzz", "candidates": ["abc"] }),
    );

    assert_eq!(matched["result"]["name"], "Ada Lovelace");
    assert_eq!(
        (&matched["score"], &matched["index"], &matched["count"]),
        (&json!(1.0), &json!(1), &json!(2))
    );
    assert_eq!(
        (&none["found"], &none["index"], &none["result"]),
        (&json!(false), &json!(-1), &json!(null))
    );
}

#[test]
fn texts_are_cut_counted_turned_and_tidied() {
    let found = outcome_of(
        "text.find",
        json!({ "text": "Report.PDF", "find": ".pdf", "at": "end", "ignore_case": true }),
    );
    assert_eq!(
        (&found["found"], &found["position"]),
        (&json!(true), &json!(6))
    );
    assert_eq!(
        result(
            "text.slice",
            json!({ "text": "Größe: 12 cm", "start": -5, "end": -3 })
        ),
        "12"
    );
    assert_eq!(
        result(
            "text.slice",
            json!({ "text": "a=1;b=2", "after": "b=", "before": ";" })
        ),
        "2"
    );
    assert_eq!(
        result("text.reverse", json!({ "text": "e\u{301}a" })),
        "ae\u{301}"
    );
    assert_eq!(
        result(
            "text.lines",
            json!({ "text": "a\r\n\r\nb\rc\n", "skip_empty": true, "last": 2 })
        ),
        json!(["b", "c"])
    );
    assert_eq!(
        result(
            "text.count",
            json!({ "text": "to be or not to be", "find": "be" })
        ),
        2
    );
    assert_eq!(
        outcome_of("text.count", json!({ "text": "Größe ab" }))["letters"],
        7
    );
    assert_eq!(
        result(
            "text.normalize",
            json!({ "text": "\u{feff}Zoe\u{308}\u{a0}“x”…\r\n", "plain_quotes": true })
        ),
        "Zoë \"x\"...\n"
    );
    assert_eq!(
        result(
            "text.normalize",
            json!({ "text": "Łódź Größe", "remove_accents": true })
        ),
        "Lodz Grosse"
    );
    assert_eq!(
        result(
            "text.replace",
            json!({ "text": "äöä", "all": { "ä": "ö", "ö": "oe" } })
        ),
        "öoeö"
    );
    assert_eq!(
        result(
            "text.pad",
            json!({ "text": "ab", "length": 5, "with": "*", "side": "both" })
        ),
        "*ab**"
    );
    assert_eq!(
        result(
            "text.change_case",
            json!({ "text": "First name", "to": "pascal" })
        ),
        "FirstName"
    );
}

#[test]
fn texts_are_encoded_for_every_place_and_back() {
    for (coding, encoded) in [
        ("base64", "R3LDvMOfZSAmIDwiPg=="),
        ("base64url", "R3LDvMOfZSAmIDwiPg"),
        ("url", "Gr%C3%BC%C3%9Fe%20%26%20%3C%22%3E"),
        ("form", "Gr%C3%BC%C3%9Fe+%26+%3C%22%3E"),
        ("html", "Grüße &amp; &lt;&quot;&gt;"),
        ("hex", "4772c3bcc39f652026203c223e"),
        ("quoted_printable", "Gr=C3=BC=C3=9Fe & <\">"),
        ("json", "Grüße & <\\\">"),
    ] {
        let text = "Grüße & <\">";
        assert_eq!(
            result("text.encode", json!({ "text": text, "as": coding })),
            encoded,
            "{coding}"
        );
        assert_eq!(
            result("text.decode", json!({ "text": encoded, "from": coding })),
            text,
            "{coding}"
        );
    }
    assert_eq!(
        result(
            "text.decode",
            json!({ "text": "R3L832U=", "from": "base64", "encoding": "windows-1252" })
        ),
        "Grüße"
    );
}

#[tokio::test]
async fn bytes_go_from_file_to_text_and_back() {
    let office = office();
    office.put("photo.bin", [0u8, 159, 146, 150, 255]);

    office
        .outputs(
            r#"
steps:
  - { id: text, use: text.encode, with: { path: photo.bin, as: base64 } }
  - { use: text.decode, with: { text: "{{ steps.text.result }}", from: base64, path: copy.bin } }
"#,
        )
        .await;
    let error = office
        .failure("steps:\n  - { use: text.decode, with: { text: AJ+Slv8=, from: base64 } }\n")
        .await;

    assert_eq!(
        std::fs::read(office.path("copy.bin")).unwrap(),
        [0u8, 159, 146, 150, 255]
    );
    assert!(error.help.unwrap().contains("write it to a file"));
}

#[tokio::test]
async fn a_pattern_can_neither_hang_a_run_nor_eat_its_memory() {
    let office = office();
    let text = "a".repeat(100_000);
    let began = Instant::now();

    let evil = office
        .outputs(&format!(
            "steps:\n  - {{ id: it, use: text.find, with: {{ text: {text}!, find: '^(a+)+$', regex: true }} }}\noutputs: {{ found: '{{{{ steps.it.found }}}}' }}\n"
        ))
        .await;
    let failure = async |pattern: &str| {
        let step = json!([{ "use": "text.extract", "with": { "text": "a", "pattern": pattern } }]);
        office.failure(&format!("steps: {step}\n")).await
    };
    let huge = failure("((a{1000}){1000}){1000}").await;
    let look = failure("(?=a)b").await;
    let broken = failure("(a").await;

    assert_eq!(evil, json!({ "found": false }));
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(
        huge.help.unwrap().contains("repetitions"),
        "{}",
        huge.message
    );
    assert!(
        look.help.unwrap().contains("looking ahead"),
        "{}",
        look.message
    );
    assert!(
        broken.message.contains("is no regular expression"),
        "{}",
        broken.message
    );
}

#[tokio::test]
async fn what_is_not_encoded_so_is_refused() {
    let office = office();
    for (coding, text) in [
        ("base64", "a*b="),
        ("hex", "abc"),
        ("url", "100%"),
        ("json", "a\\"),
        ("hex", "zz"),
    ] {
        let step = json!([{ "use": "text.decode", "with": { "text": text, "from": coding } }]);
        let error = office.failure(&format!("steps: {step}\n")).await;
        assert!(
            error.message.starts_with("setting `text` is no "),
            "{}",
            error.message
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_split_can_be_joined(text in "[a-zäß; ,]{0,40}") {
        let parts = result("text.split", json!({ "text": text, "separator": ";" }));
        let joined = result("text.join", json!({ "parts": parts, "separator": ";" }));

        prop_assert_eq!(joined, text);
    }

    #[test]
    fn what_is_encoded_can_be_decoded(
        text in "\\PC{0,40}",
        coding in prop::sample::select(vec!["base64", "base64url", "url", "form", "html", "hex", "json", "quoted_printable"]),
    ) {
        prop_assume!(!text.contains("{{") && !text.contains("{%") && !text.contains("{#"));
        let encoded = result("text.encode", json!({ "text": text, "as": coding }));
        let decoded = result("text.decode", json!({ "text": encoded, "from": coding }));

        prop_assert_eq!(decoded, text);
    }
}
