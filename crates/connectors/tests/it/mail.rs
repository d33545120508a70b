//! Mails sent, found, read and changed on a real server.

use std::fmt::Write as _;

use casare_engine::{ErrorKind, RunState};
use casare_node_testing::{MailServer, Office};
use casare_workflow::Catalogue as _;
use serde_json::{Value, json};

use crate::{furnished, office};

/// An office that knows the login.
fn with_login(office: Office) -> Office {
    office.credential(
        "office",
        &[
            ("username", MailServer::USERNAME),
            ("password", MailServer::PASSWORD),
        ],
    )
}

/// The settings of a step that reach the mailbox.
fn mailbox(server: &MailServer) -> String {
    format!(
        "server: \"{}\", credential: office, authority: \"{}\"",
        server.imaps(),
        server.authority().display()
    )
}

fn smtp(server: &MailServer) -> String {
    format!(
        "server: \"{}\", security: starttls, credential: office, authority: \"{}\"",
        server.smtp(),
        server.authority().display()
    )
}

fn mail(subject: &str, more: &str) -> String {
    format!(
        "From: Ada <ada@example.com>\r\nTo: bob@example.com\r\nSubject: {subject}\r\n\
         Message-ID: <{subject}@example.com>\r\nDate: Sun, 1 Mar 2026 10:00:00 +0000\r\n{more}\r\nHello {subject}\r\n"
    )
}

/// One step with these settings, and one output of it.
fn step(node: &str, with: &str, output: &str) -> String {
    format!(
        "steps:\n  - id: s\n    use: {node}\n    with: {{ {with} }}\noutputs: {{ value: \"{{{{ steps.s.{output} }}}}\" }}\n"
    )
}

async fn value(office: &Office, node: &str, with: &str, output: &str) -> Value {
    office.outputs(&step(node, with, output)).await["value"].clone()
}

#[tokio::test]
async fn a_mail_arrives_with_all_that_it_was_given() {
    let server = MailServer::start();
    let office = with_login(furnished());
    office.put("logo.png", b"\x89PNG");

    let sent = office
        .outputs(&format!(
            r#"
steps:
  - id: sent
    use: mail.send
    with:
      server: "{}"
      credential: office
      authority: "{}"
      security: tls
      to: [Bob <bob@example.com>]
      cc: ada@example.com
      subject: Grüße aus Köln
      text: Hello Bob
      html: <p>Hello <b>Bob</b> <img src="cid:logo"></p>
      inline: {{ logo: logo.png }}
      attachments: [people.csv, {{ path: people.csv, name: "Leute – März.csv" }}]
      headers: {{ X-Case: "7" }}
      priority: high
      invitation: {{ title: Review, start: "2026-03-02T10:00", timezone: Europe/Berlin }}
outputs: {{ id: "{{{{ steps.sent.message_id }}}}", to: "{{{{ steps.sent.recipients | length }}}}" }}
"#,
            server.smtps(),
            server.authority().display()
        ))
        .await;

    let arrived = server.mails_of_bob();
    assert_eq!(sent["to"], 2);
    assert!(arrived[0].contains(sent["id"].as_str().unwrap()));
    office.put("arrived.eml", &arrived[0]);
    let read = value(&office, "mail.parse", "file: arrived.eml", "message").await;
    assert_eq!(read["subject"], "Grüße aus Köln");
    assert_eq!(read["text"].as_str().unwrap().trim(), "Hello Bob");
    assert!(read["html"].as_str().unwrap().contains("cid:logo"));
    assert_eq!(read["headers"]["x-case"], "7");
    let names: Vec<&str> = read["attachments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attachment| attachment["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"people.csv") && names.contains(&"Leute – März.csv"),
        "{names:?}"
    );
    assert_eq!(read["events"][0]["start"], "2026-03-02T09:00:00Z");
    assert_eq!(
        read["events"][0]["attendees"][0]["address"],
        "bob@example.com"
    );
}

#[tokio::test]
async fn line_breaks_do_not_begin_headers_of_their_own() {
    let server = MailServer::start();
    let office = with_login(office());

    for bad in [
        "to: bob@example.com, subject: \"a\\r\\nBcc: eve@example.com\"",
        "to: \"bob@example.com\\nBcc: eve@example.com\", subject: a",
        "to: bob@example.com, subject: a, headers: { X-A: \"b\\r\\nBcc: eve@example.com\" }",
        "to: bob@example.com, subject: a, headers: { \"X-A: b\\r\\nBcc\": c }",
    ] {
        let error = office
            .failure(&step(
                "mail.send",
                &format!("{}, text: x, {bad}", smtp(&server)),
                "size",
            ))
            .await;
        assert_eq!(error.kind, ErrorKind::Invalid, "{}", error.message);
    }
    assert!(server.mails_of_bob().is_empty());
}

#[tokio::test]
async fn mails_are_found_by_what_they_are() {
    let server = MailServer::start();
    let office = with_login(office());
    server.deliver(mail("invoice-1", ""));
    server.deliver(mail("=?utf-8?Q?Rechnung_f=C3=BCr_M=C3=A4rz?=", ""));
    server.deliver(mail("invoice-2", "X-Case: 42\r\n"));
    let login = mailbox(&server);

    for (criteria, found) in [
        ("{}", 3),
        ("{ subject: invoice }", 2),
        ("{ subject: für März }", 1),
        ("{ from: ada, not: { subject: invoice-1 } }", 2),
        (
            "{ any: [{ subject: invoice-1 }, { headers: { X-Case: '42' } }] }",
            2,
        ),
        ("{ text: Hello, unread: true, since: '2020-01-01' }", 3),
        ("{ since: '2099-01-01' }", 0),
        ("{ after_uid: 3 }", 0),
        ("{ message_id: invoice-2@example.com, larger: 10 }", 1),
    ] {
        let count = value(
            &office,
            "mail.search",
            &format!("{login}, where: {criteria}"),
            "count",
        )
        .await;
        assert_eq!(count, found, "{criteria}");
    }
    let newest = value(
        &office,
        "mail.search",
        &format!("{login}, limit: 1, content: true"),
        "messages",
    )
    .await;
    assert_eq!(newest[0]["subject"], "invoice-2");
    assert_eq!(newest[0]["read"], false);
    assert!(newest[0]["text"].is_string());
    let injected = office
        .failure(&step(
            "mail.search",
            &format!("{login}, where: {{ from: \"a\\r\\nx DELETE INBOX\" }}"),
            "count",
        ))
        .await;
    assert_eq!(injected.kind, ErrorKind::Invalid);
}

#[tokio::test]
async fn mails_are_marked_moved_copied_and_deleted() {
    let server = MailServer::start();
    let office = with_login(office());
    for number in 1..=4 {
        server.deliver(mail(&format!("m{number}"), ""));
    }
    let login = mailbox(&server);

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - use: mail.session
    with: {{ imap: "{}", credential: office, authority: "{}" }}
    do:
      - use: mail.flag
        with: {{ where: {{ subject: m1 }}, add: [seen, flagged, $Done] }}
      - use: mail.move
        with: {{ where: {{ subject: m2 }}, to: Aufträge/Erledigt, create: true }}
      - use: mail.move
        with: {{ where: {{ subject: m1 }}, to: Aufträge/Erledigt, copy: true }}
      - use: mail.delete
        with: {{ where: {{ subject: m3 }} }}
      - use: mail.delete
        with: {{ where: {{ subject: m4 }}, permanent: true }}
      - id: inbox
        use: mail.search
        with: {{}}
      - id: done
        use: mail.search
        with: {{ folder: Aufträge/Erledigt, newest_first: false }}
      - id: folders
        use: mail.folders
        with: {{ counts: true }}
outputs:
  inbox: "{{{{ steps.inbox.messages | map(attribute='subject') | list }}}}"
  flags: "{{{{ steps.inbox.messages[0].flags | sort }}}}"
  done: "{{{{ steps.done.messages | map(attribute='subject') | list }}}}"
  folders: "{{{{ steps.folders.folders }}}}"
"#,
            server.imaps(),
            server.authority().display()
        ))
        .await;

    assert_eq!(outputs["inbox"], json!(["m1"]));
    assert_eq!(outputs["flags"], json!(["$Done", "flagged", "seen"]));
    assert_eq!(outputs["done"], json!(["m2", "m1"]));
    let trash = outputs["folders"]
        .as_array()
        .unwrap()
        .iter()
        .find(|folder| folder["purpose"] == "trash")
        .unwrap();
    assert_eq!(
        (&trash["name"], &trash["messages"]),
        (&json!("Trash"), &json!(1))
    );
    let gone = office
        .failure(&step(
            "mail.flag",
            &format!("{login}, uids: 99, add: [seen]"),
            "count",
        ))
        .await;
    let nowhere = office
        .failure(&step(
            "mail.search",
            &format!("{login}, folder: Nowhere"),
            "count",
        ))
        .await;
    assert_eq!(
        (gone.kind, nowhere.kind),
        (ErrorKind::NotFound, ErrorKind::NotFound)
    );
}

#[tokio::test]
async fn a_mail_that_is_waited_for_is_told_when_it_comes() {
    let server = MailServer::start();
    let office = with_login(office());
    server.deliver(mail("code-old", ""));
    let wait = step(
        "mail.wait_for",
        &format!(
            "{}, where: {{ subject: code }}, only_new: true, timeout: 30s, mark_read: true",
            mailbox(&server)
        ),
        "message.subject",
    );

    let (outputs, ()) = tokio::join!(office.outputs(&wait), async {
        // The step must have seen the old mail and be waiting: other mails wake it without ending it.
        for _ in 0..5 {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            server.deliver(mail("noise", ""));
        }
        server.deliver(mail("code-4711", ""));
    });
    let never = office
        .failure(&step(
            "mail.wait_for",
            &format!(
                "{}, where: {{ subject: nothing }}, timeout: 1s",
                mailbox(&server)
            ),
            "uid",
        ))
        .await;

    assert_eq!(outputs["value"], "code-4711");
    assert_eq!(never.kind, ErrorKind::Timeout);
}

#[tokio::test]
async fn attachments_are_saved_under_names_that_stay_in_their_folder() {
    let server = MailServer::start();
    let office = with_login(office());
    let part = |name: &str, content: &str| {
        format!(
            "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n{content}\r\n"
        )
    };
    let parts = [
        part("../../evil.csv", "one"),
        part("evil.csv", "two"),
        part("x.pdf", "pdf"),
    ]
    .concat();
    server.deliver(format!(
        "From: a@example.com\r\nSubject: files\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n"
    ));

    let names = value(
        &office,
        "mail.save_attachments",
        &format!(
            "{}, where: {{}}, save_to: in, pattern: '*.csv'",
            mailbox(&server)
        ),
        "files | map(attribute='path') | list",
    )
    .await;

    assert_eq!(names.as_array().unwrap().len(), 2, "{names}");
    assert_eq!(office.files(), ["in/evil (2).csv", "in/evil.csv"]);
    assert_eq!(office.text("in/evil.csv"), "one");
}

#[tokio::test]
async fn an_answer_belongs_to_its_conversation_and_a_mail_is_handed_on_whole() {
    let server = MailServer::start();
    let office = with_login(furnished());

    office
        .outputs(&format!(
            r#"
steps:
  - id: mail
    use: mail.parse
    with: {{ file: order.eml, keep_attachments: true }}
  - use: mail.reply
    with: {{ {smtp}, message: "{{{{ steps.mail.message }}}}", text: Thanks, all: true }}
  - use: mail.forward
    with: {{ {smtp}, message: "{{{{ steps.mail.message }}}}", to: bob@example.com, text: See below }}
"#,
            smtp = smtp(&server)
        ))
        .await;

    let arrived = server.mails_of_bob();
    let answer = arrived
        .iter()
        .find(|mail| mail.contains("In-Reply-To: <order-4711@example.com>"))
        .unwrap();
    assert!(
        answer.contains("To: ada@example.com") && answer.contains("Cc: bob@example.com"),
        "{answer}"
    );
    assert!(answer.contains("Subject: Re: Your order 4711"), "{answer}");
    let forwarded = arrived
        .iter()
        .find(|mail| mail.contains("items.csv"))
        .unwrap();
    assert!(forwarded.contains("bolt,100"), "{forwarded}");
}

#[tokio::test]
async fn logins_by_token_work_and_refused_ones_are_told_without_the_secret() {
    let server = MailServer::start();
    let authority = server.authority().display().to_string();
    let token = |token: &str| {
        office().credential(
            "office",
            &[("username", MailServer::USERNAME), ("token", token)],
        )
    };
    let good = token(MailServer::TOKEN);
    server.deliver(mail("hello", ""));

    let count = value(&good, "mail.search", &mailbox(&server), "count").await;
    value(
        &good,
        "mail.send",
        &format!("{}, to: bob@example.com, subject: by token", smtp(&server)),
        "size",
    )
    .await;
    let plain = format!(
        "server: \"{}\", security: starttls, credential: office, authority: \"{authority}\"",
        server.imap()
    );
    let starttls = value(&with_login(office()), "mail.search", &plain, "count").await;

    assert_eq!((count, starttls), (json!(1), json!(1)));
    assert_eq!(server.mails_of_bob().len(), 1);
    let bad = token("wr0ng-t0ken-of-eve");
    let wrong = office().credential(
        "office",
        &[
            ("username", MailServer::USERNAME),
            ("password", "wr0ng-passw0rd"),
        ],
    );
    let mut told = String::new();
    for office in [&bad, &wrong] {
        for (node, with, output) in [
            ("mail.search", mailbox(&server), "count"),
            (
                "mail.send",
                format!("{}, to: bob@example.com", smtp(&server)),
                "size",
            ),
        ] {
            let error = office.failure(&step(node, &with, output)).await;
            assert_eq!(error.kind, ErrorKind::Denied, "{node}: {}", error.message);
            let _ = write!(told, "{}", error.message);
        }
        let heard = office.heard();
        assert!(
            !heard.contains("wr0ng-") && !told.contains("wr0ng-"),
            "{told}"
        );
    }
    let untrusted = with_login(office())
        .failure(&step(
            "mail.search",
            &format!("server: \"{}\", credential: office", server.imaps()),
            "count",
        ))
        .await;
    assert_eq!(untrusted.kind, ErrorKind::Unavailable);
    assert!(untrusted.help.unwrap().contains("authority"));
}

#[tokio::test]
async fn large_and_broken_mails_do_no_harm() {
    let server = MailServer::start();
    let office = with_login(office());
    server.deliver(format!("Subject: large\r\n\r\n{}", "x".repeat(300_000)));
    server.deliver(
        "Subject: =?broken?Q?\r\nContent-Type: multipart/mixed; boundary=\"\r\n\r\n--\r\n\0\u{1}",
    );
    server.deliver("no headers at all");
    let login = mailbox(&server);

    let listed = value(
        &office,
        "mail.search",
        &format!("{login}, content: true, max_size: 100000, newest_first: false"),
        "messages",
    )
    .await;
    let large = office
        .failure(&step(
            "mail.read",
            &format!("{login}, uid: 1, max_size: 100000"),
            "message",
        ))
        .await;

    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert_eq!(
        (&listed[0]["subject"], &listed[0]["text"]),
        (&json!("large"), &Value::Null)
    );
    assert_eq!(large.kind, ErrorKind::Invalid);
}

#[tokio::test]
async fn the_examples_about_mail_run() {
    let server = MailServer::start();
    let order = std::fs::read(furnished().path("order.eml")).unwrap();
    server.deliver(&order);
    let trust = format!("authority: \"{}\"", server.authority().display());
    for node in [
        "mail.search",
        "mail.read",
        "mail.wait_for",
        "mail.save_attachments",
        "mail.flag",
        "mail.folders",
        "mail.delete",
        "mail.session",
        "mail.move",
        "mail.send",
        "mail.reply",
        "mail.forward",
    ] {
        let office = with_login(furnished());
        let example = office
            .engine()
            .registry()
            .node(node)
            .unwrap()
            .example
            .to_string();
        let steps = example
            .replace(
                ", credential: office",
                &format!(", credential: office, {trust}"),
            )
            .replace(
                "    credential: office\n",
                &format!("    credential: office\n    {trust}\n"),
            )
            .replace(
                "server: mail.example.com:993",
                &format!("server: {}\n    security: tls", server.imaps()),
            )
            .replace(
                "imap: mail.example.com:993",
                &format!("imap: {}", server.imaps()),
            )
            .replace("mail.example.com:993", &server.imaps())
            .replace(
                "server: smtp.example.com:587",
                &format!("server: {}\n    security: starttls", server.smtp()),
            )
            .replace("smtp.example.com:587", &server.smtp())
            .replace("ada@example.com>", "bob@example.com>")
            .replace("warehouse@example.com", "bob@example.com");
        let outcome = office.run(&format!("steps:\n{steps}")).await;
        assert_eq!(
            outcome.state,
            RunState::Succeeded,
            "{node}: {:?}",
            outcome.error
        );
    }
}
