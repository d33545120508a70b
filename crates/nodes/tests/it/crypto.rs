use std::{path::Path, process::Command};

use casare_engine::ErrorKind;
use casare_node_testing::Office;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::{office, outcome_of};

fn result(node: &str, with: Json) -> Json {
    outcome_of(node, with)["result"].clone()
}

/// Runs the `openssl` program in `folder`.
fn openssl(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// An office with a credential `signing-key` of this kind, whose halves are `key.pem` and `pub.pem`.
fn with_key(kind: &[&str]) -> Office {
    let office = office();
    let mut arguments = vec!["genpkey", "-out", "key.pem", "-algorithm"];
    arguments.extend(kind);
    openssl(office.folder(), &arguments);
    openssl(
        office.folder(),
        &["pkey", "-in", "key.pem", "-pubout", "-out", "pub.pem"],
    );
    let pem = office.text("key.pem");
    office.credential("signing-key", &[("private_key", &pem)])
}

const SECRET: &str = "correct horse battery staple";

#[test]
fn hashes_are_the_known_ones() {
    for (algorithm, known) in [
        ("md5", "900150983cd24fb0d6963f7d28e17f72"),
        ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "sha256",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            "sha3_256",
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
        ),
        (
            "blake3",
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
        ),
        ("crc32", "352441c2"),
    ] {
        assert_eq!(
            result(
                "crypto.hash",
                json!({ "text": "abc", "algorithm": algorithm })
            ),
            known
        );
    }
    let checked = outcome_of(
        "crypto.hash",
        json!({ "base64": "YWJj", "expected": "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=" }),
    );
    assert_eq!(checked["matches"], true);
}

#[tokio::test]
async fn a_webhook_proves_who_sent_it() {
    let office = office().credential("webhook", &[("secret", "key")]);
    let text = "The quick brown fox jumps over the lazy dog";

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - id: it
    use: crypto.hmac
    with:
      text: {text}
      credential: webhook
      expected: sha256=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8
  - {{ id: other, use: crypto.hmac, with: {{ text: other, credential: webhook, expected: "{{{{ steps.it.result }}}}" }} }}
outputs: {{ genuine: "{{{{ steps.it.matches }}}}", forged: "{{{{ steps.other.matches }}}}" }}
"#
        ))
        .await;

    assert_eq!(outputs, json!({ "genuine": true, "forged": false }));
}

#[tokio::test]
async fn signatures_are_those_of_openssl() {
    let kinds: [(&[&str], &str); 4] = [
        (&["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "rsa"),
        (&["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "ecdsa-p256"),
        (&["EC", "-pkeyopt", "ec_paramgen_curve:P-384"], "ecdsa-p384"),
        (&["ED25519"], "ed25519"),
    ];
    for (kind, name) in kinds {
        let office = with_key(kind);
        office.put("message.txt", "pay 100 EUR");
        let outputs = office
            .outputs(
                r#"
steps:
  - { id: signed, use: crypto.sign, with: { path: message.txt, credential: signing-key } }
  - { id: genuine, use: crypto.verify, with: { text: pay 100 EUR, signature: "{{ steps.signed.result }}", public_key_path: pub.pem } }
  - { id: forged, use: crypto.verify, with: { text: pay 900 EUR, signature: "{{ steps.signed.result }}", public_key_path: pub.pem } }
  - { use: text.decode, with: { text: "{{ steps.signed.result }}", from: base64, path: message.sig } }
outputs:
  kind: "{{ [steps.signed.key, steps.genuine.key] }}"
  checked: "{{ [steps.genuine.result, steps.forged.result] }}"
"#,
            )
            .await;

        assert_eq!(
            outputs,
            json!({ "kind": [name, name], "checked": [true, false] })
        );
        let hash = if name == "ecdsa-p384" {
            "-sha384"
        } else {
            "-sha256"
        };
        let told = if name == "ed25519" {
            openssl(
                office.folder(),
                &[
                    "pkeyutl",
                    "-verify",
                    "-pubin",
                    "-inkey",
                    "pub.pem",
                    "-rawin",
                    "-in",
                    "message.txt",
                    "-sigfile",
                    "message.sig",
                ],
            )
        } else {
            openssl(
                office.folder(),
                &[
                    "dgst",
                    hash,
                    "-verify",
                    "pub.pem",
                    "-signature",
                    "message.sig",
                    "message.txt",
                ],
            )
        };
        let told = String::from_utf8_lossy(&told);
        assert!(
            told.contains("Verified") || told.contains("Successfully"),
            "{name}: {told}"
        );
        assert!(!office.heard().contains("PRIVATE KEY"));
    }
}

#[tokio::test]
async fn signatures_can_be_made_as_web_tokens_want_them() {
    let office = with_key(&["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);

    let outputs = office
        .outputs(
            r#"
steps:
  - { id: signed, use: crypto.sign, with: { text: a.b, credential: signing-key, ecdsa: raw, format: hex } }
  - { id: genuine, use: crypto.verify, with: { text: a.b, signature: "{{ steps.signed.result }}", credential: signing-key, ecdsa: raw } }
outputs: { length: "{{ steps.signed.result | length }}", genuine: "{{ steps.genuine.result }}" }
"#,
        )
        .await;

    assert_eq!(outputs, json!({ "length": 128, "genuine": true }));
}

#[tokio::test]
async fn what_is_encrypted_comes_back_and_its_secret_stays_hidden() {
    let key = "hexhexhexhexhexhexhexhexhexhexhexhexhexhexhexhex";
    let office = office()
        .credential("archive", &[("passphrase", SECRET)])
        .credential("other", &[("passphrase", "another secret")])
        .credential(
            "keyed",
            &[("key", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")],
        )
        .credential("short", &[("key", key)]);
    office.put("photo.bin", [0u8, 159, 146, 150, 255]);

    let outputs = office
        .outputs(
            r#"
steps:
  - { id: text, use: crypto.encrypt, with: { text: Größe, credential: archive } }
  - { id: again, use: crypto.decrypt, with: { text: "{{ steps.text.result }}", credential: archive } }
  - { use: crypto.encrypt, with: { path: photo.bin, credential: keyed, to: photo.sealed } }
  - { use: crypto.decrypt, with: { path: photo.sealed, credential: keyed, to: photo.again } }
outputs: { again: "{{ steps.again.result }}", sealed: "{{ steps.text.result }}" }
"#,
        )
        .await;
    let sealed = outputs["sealed"].as_str().unwrap();
    let failure = async |credential: &str, text: &str| {
        let step = json!([{ "use": "crypto.decrypt", "with": { "text": text, "credential": credential } }]);
        office.failure(&format!("steps: {step}\n")).await
    };
    let other = failure("other", sealed).await;
    let nothing = failure("archive", "bm90IGVuY3J5cHRlZA").await;
    let keyed = failure("keyed", sealed).await;
    let short = failure("short", sealed).await;
    let none = failure("nobody", sealed).await;

    assert_eq!(outputs["again"], "Größe");
    assert_eq!(
        std::fs::read(office.path("photo.again")).unwrap(),
        [0u8, 159, 146, 150, 255]
    );
    assert_eq!(other.kind, ErrorKind::Denied);
    assert!(
        nothing
            .message
            .contains("not encrypted by `crypto.encrypt`"),
        "{}",
        nothing.message
    );
    assert!(
        keyed.message.contains("encrypted with a passphrase"),
        "{}",
        keyed.message
    );
    assert!(
        short.message.contains("not one of 32 bytes"),
        "{}",
        short.message
    );
    assert!(
        none.message.contains("no credential `nobody`"),
        "{}",
        none.message
    );
    let heard = office.heard();
    assert!(!heard.contains(SECRET) && !heard.contains(key));
}

#[tokio::test]
async fn codes_are_those_of_authenticator_apps() {
    let address = "otpauth://totp/Bank:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bank&digits=8&period=60&algorithm=SHA1";
    let office = office()
        .credential(
            "app",
            &[("totp", "gezd gnbv gy3t qojq gezd gnbv gy3t qojq")],
        )
        .credential("bank", &[("otpauth", address)])
        .credential("bad", &[("secret", "not-base32-1890!")]);

    let outputs = office
        .outputs(
            r#"
steps:
  - { id: app, use: crypto.totp, with: { credential: app } }
  - { id: right, use: crypto.totp, with: { credential: app, check: "{{ steps.app.result[:3] }} {{ steps.app.result[3:] }}" } }
  - { id: wrong, use: crypto.totp, with: { credential: app, check: "000" } }
  - { id: bank, use: crypto.totp, with: { credential: bank, at_least: 0s } }
outputs:
  lengths: "{{ [steps.app.result | length, steps.bank.result | length] }}"
  checked: "{{ [steps.right.valid, steps.wrong.valid] }}"
  good: "{{ steps.app.seconds_left >= 5 and steps.bank.seconds_left <= 60 }}"
"#,
        )
        .await;
    let bad = office
        .failure("steps:\n  - { use: crypto.totp, with: { credential: bad } }\n")
        .await;

    assert_eq!(
        outputs,
        json!({ "lengths": [6, 8], "checked": [true, false], "good": true })
    );
    assert!(
        bad.message.contains("can't be used: it is no Base32"),
        "{}",
        bad.message
    );
    assert!(!format!("{bad:?}").contains("1890"));
    assert!(!office.heard().contains("GEZDGNBV") && !office.heard().contains("gezd gnbv"));
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_without_being_shown() {
    let office = office().credential("signing-key", &[("private_key", "s3cret-that-is-no-key")]);

    let error = office
        .failure("steps:\n  - { use: crypto.sign, with: { text: a, credential: signing-key } }\n")
        .await;

    assert!(
        error.message.contains("no private key in PEM"),
        "{}",
        error.message
    );
    assert!(!office.heard().contains("s3cret-that-is-no-key"));
}

#[tokio::test]
async fn the_examples_that_need_credentials_run() {
    for node in [
        "crypto.decrypt",
        "crypto.encrypt",
        "crypto.hmac",
        "crypto.sign",
        "crypto.totp",
        "crypto.verify",
    ] {
        let key = with_key(&["ED25519"]).text("key.pem");
        let office = Office::with_fixtures(crate::all())
            .credential("archive", &[("passphrase", SECRET)])
            .credential("webhook", &[("secret", SECRET)])
            .credential("signing-key", &[("private_key", &key)])
            .credential("bank", &[("totp", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]);

        let outcome = office.example(node, &[]).await;

        assert_eq!(
            outcome.state,
            casare_engine::RunState::Succeeded,
            "{node}: {:?}",
            outcome.error
        );
        assert!(!office.heard().contains(SECRET));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_text_can_be_encrypted_and_decrypted(text in "[a-zäß€ \\n]{0,60}") {
        let office = office().credential("keyed", &[("key", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")]);
        let text = json!(text);
        let workflow = format!(
            r#"
steps:
  - {{ id: sealed, use: crypto.encrypt, with: {{ text: {text}, credential: keyed }} }}
  - {{ id: again, use: crypto.decrypt, with: {{ text: "{{{{ steps.sealed.result }}}}", credential: keyed }} }}
outputs: {{ again: "{{{{ steps.again.result }}}}" }}
"#
        );

        let outputs = tokio::runtime::Runtime::new().unwrap().block_on(office.outputs(&workflow));

        prop_assert_eq!(&outputs["again"], &text);
    }
}
