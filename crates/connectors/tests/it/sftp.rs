use casare_engine::ErrorKind;
use casare_node_testing::{Office, SshServer};
use serde_json::json;

use crate::{
    all, office,
    remote::{self, Place},
};

fn known(office: Office, server: &SshServer) -> Office {
    office.credential(
        "partner",
        &[
            ("username", &server.username()),
            ("private_key", &server.private_key()),
        ],
    )
}

fn place(port: u16, trust: &str) -> Place {
    Place {
        category: "sftp",
        session: format!("{{ host: 127.0.0.1, port: {port}, credential: partner, {trust} }}"),
        has_folders: true,
    }
}

fn by_fingerprint(server: &SshServer) -> String {
    format!("fingerprint: \"{}\"", server.fingerprint())
}

#[tokio::test]
async fn files_are_kept_on_an_ssh_server_and_commands_run_there() {
    let server = SshServer::start();
    let place = place(server.port(), &by_fingerprint(&server));

    remote::files_go_there_and_back(&known(office(), &server), &place).await;
    remote::folders_are_mirrored(&known(office(), &server), &place).await;
    remote::failures_are_told(&known(office(), &server), &place).await;

    let outputs = known(office(), &server)
        .outputs(&place.workflow(
            r#"
      - { id: said, use: {p}.run, with: { command: "cat; echo oops >&2; exit 3", input: "Grüße", fail_on_code: false } }
"#,
            r#"  said: "{{ [steps.said.output, steps.said.errors, steps.said.code] }}""#,
        ))
        .await;
    assert_eq!(outputs, json!({ "said": ["Grüße", "oops", 3] }));
    let error = known(office(), &server)
        .failure(&place.workflow(
            "      - { use: {p}.run, with: { command: \"echo no >&2; exit 7\" } }",
            "  x: 1",
        ))
        .await;
    assert!(error.message.contains("code 7: no"), "{}", error.message);

    let inbox = server.files().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    std::fs::write(inbox.join("orders.csv"), "id\n1\n").unwrap();
    let address = format!(
        "127.0.0.1, port: {}, {}",
        server.port(),
        by_fingerprint(&server)
    );
    let office = known(Office::with_fixtures(all()), &server);
    remote::examples_run(&office, "sftp", &[("sftp.example.com", &address)]).await;
}

#[tokio::test]
async fn a_server_must_be_the_one_that_is_known() {
    let (server, other) = (SshServer::start(), SshServer::start());
    let office = known(office(), &server);
    let look =
        |port: u16, trust: &str| place(port, trust).workflow("      - { use: {p}.list }", "  x: 1");

    let unknown = office
        .failure(&look(server.port(), "known_hosts: hosts"))
        .await;
    office
        .outputs(&look(
            server.port(),
            "known_hosts: hosts, unknown_host: learn",
        ))
        .await;
    office
        .outputs(&look(server.port(), "known_hosts: hosts"))
        .await;
    // Another server now stands where the known one was.
    let learned = office.text("hosts");
    office.put(
        "moved",
        learned.replace(&server.port().to_string(), &other.port().to_string()),
    );
    let changed = office
        .failure(&look(
            other.port(),
            "known_hosts: moved, unknown_host: learn",
        ))
        .await;
    let wrong_print = office
        .failure(&look(other.port(), &by_fingerprint(&server)))
        .await;

    assert_eq!(unknown.kind, ErrorKind::Denied);
    assert!(
        unknown.message.contains(&server.fingerprint()),
        "{}",
        unknown.message
    );
    for error in [changed, wrong_print] {
        assert_eq!(error.kind, ErrorKind::Denied, "{}", error.message);
        assert!(
            error.help.unwrap().contains("somebody may be between"),
            "{}",
            error.message
        );
    }
    assert_eq!(
        office.text("moved").lines().count(),
        learned.lines().count(),
        "a changed key is never learned"
    );
}

#[tokio::test]
async fn a_broken_transfer_goes_on_where_it_broke() {
    let server = SshServer::start();
    let address = ([127, 0, 0, 1], server.port()).into();
    let trust = by_fingerprint(&server);

    let line = remote::breaking_line(address, 3, 400_000).await;
    remote::broken_transfers_are_taken_up(&known(office(), &server), &place(line.port(), &trust))
        .await;

    std::fs::write(server.files().join("big.bin"), vec![1; 900_000]).unwrap();
    let line = remote::breaking_line(address, 9, 400_000).await;
    remote::nothing_half_is_left(
        &known(office(), &server),
        &place(line.port(), &trust),
        "big.bin",
    )
    .await;
}

#[tokio::test]
async fn a_wrong_login_is_refused_without_telling_the_password() {
    let server = SshServer::start();
    let office = office().credential(
        "partner",
        &[
            ("username", &server.username()),
            ("password", "wrong-but-secret-99"),
        ],
    );

    let error = office
        .failure(
            &place(server.port(), &by_fingerprint(&server))
                .workflow("      - { use: {p}.list }", "  x: 1"),
        )
        .await;

    assert_eq!(error.kind, ErrorKind::Denied, "{}", error.message);
    let told = json!([error.message, error.help]);
    remote::assert_silent_about(&office, "wrong-but-secret-99", &told);
}
