use casare_engine::ErrorKind;
use casare_node_testing::{Certificate, FtpServer, FtpTls, Office};
use serde_json::json;

use crate::{
    all, office,
    remote::{self, Place},
};

fn known(office: Office) -> Office {
    office.credential(
        "partner",
        &[
            ("username", FtpServer::USERNAME),
            ("password", FtpServer::PASSWORD),
        ],
    )
}

fn place(server: &FtpServer) -> Place {
    Place {
        category: "ftp",
        session: format!(
            "{{ host: 127.0.0.1, port: {}, tls: none, credential: partner }}",
            server.port()
        ),
        has_folders: true,
    }
}

#[tokio::test]
async fn files_are_kept_on_an_ftp_server() {
    let server = FtpServer::start("");
    let place = place(&server);

    remote::files_go_there_and_back(&known(office()), &place).await;
    remote::folders_are_mirrored(&known(office()), &place).await;
    remote::failures_are_told(&known(office()), &place).await;

    let inbox = server.files().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    std::fs::write(inbox.join("orders.csv"), "id\n1\n").unwrap();
    let address = format!("127.0.0.1, port: {}, tls: none", server.port());
    let office = known(Office::with_fixtures(all()));
    remote::examples_run(&office, "ftp", &[("ftp.example.com", &address)]).await;
}

#[tokio::test]
async fn an_encrypted_server_of_the_old_kind_is_used_all_the_same() {
    for tls in [FtpTls::Explicit, FtpTls::Implicit] {
        let office = office();
        let trusted = Certificate::create(office.folder());
        let server = FtpServer::vsftpd(tls, &trusted.certificate, &trusted.key);
        std::fs::create_dir(server.files().join("up")).unwrap();
        let mode = if tls == FtpTls::Implicit {
            "implicit"
        } else {
            "explicit"
        };
        office.put("a b.csv", "id\n1\n");
        let session = |rest: &str| Place {
            category: "ftp",
            session: format!(
                "{{ host: localhost, port: {}, tls: {mode}{rest} }}",
                server.port()
            ),
            has_folders: true,
        };
        let steps = r"
      - { use: {p}.upload, with: { from: a b.csv, to: up/in/ } }
      - { id: mirrored, use: {p}.sync, with: { direction: download, local: back, remote: up } }
      - { id: same, use: {p}.sync, with: { direction: download, local: back, remote: up } }
      - { id: list, use: {p}.list, with: { path: up, recursive: true, kinds: all } }
      - { use: {p}.move, with: { from: up/in/a b.csv, to: up/c.csv } }
      - { use: {p}.delete, with: { path: up/c.csv } }
      - { id: gone, use: {p}.info, with: { path: up/c.csv } }
      - { id: folder, use: {p}.info, with: { path: up/in } }
";
        let outputs = r#"  list: "{{ steps.list.entries | map(attribute='relative') | list }}"
  mirrored: "{{ [steps.mirrored.count, steps.same.count, steps.same.unchanged] }}"
  info: "{{ [steps.gone.exists, steps.folder.kind] }}""#;

        let done = office
            .outputs(&session(", authority: certificate.pem").workflow(steps, outputs))
            .await;
        let stranger = office.failure(&session("").workflow(steps, outputs)).await;

        assert_eq!(
            done,
            json!({
                "list": ["in", "in/a b.csv"], "mirrored": [1, 0, 1], "info": [false, "folder"],
            })
        );
        assert_eq!(office.text("back/in/a b.csv"), "id\n1\n");
        assert_eq!(stranger.kind, ErrorKind::Denied, "{}", stranger.message);
    }
}

#[tokio::test]
async fn a_broken_transfer_goes_on_where_it_broke() {
    let server = FtpServer::start("cut");
    remote::broken_transfers_are_taken_up(&known(office()), &place(&server)).await;

    let server = FtpServer::start("cut");
    std::fs::write(server.files().join("big.bin"), vec![1; 500_000]).unwrap();
    remote::nothing_half_is_left(&known(office()), &place(&server), "big.bin").await;
}

#[tokio::test]
async fn a_list_with_ways_out_writes_nothing_outside() {
    let server = FtpServer::start("hostile");
    std::fs::write(server.files().join("good.txt"), "good").unwrap();
    let office = known(office());

    let outputs = office
        .outputs(&place(&server).workflow(
            r#"
      - { id: down, use: {p}.download, with: { from: "*.txt", to: deep/er } }
      - { use: {p}.sync, with: { direction: download, local: deep/mirror, remote: "", delete: true } }
"#,
            "  count: \"{{ steps.down.count }}\"",
        ))
        .await;

    assert_eq!(outputs, json!({ "count": 1 }));
    assert_eq!(
        office.files(),
        ["deep/er/good.txt", "deep/mirror/good.txt"],
        "what is outside of the folder is left alone"
    );
}

#[tokio::test]
async fn a_wrong_login_is_refused_without_telling_the_password() {
    let server = FtpServer::start("");
    let office = office().credential(
        "partner",
        &[("username", "ada"), ("password", "wrong-but-secret-99")],
    );

    let error = office
        .failure(&place(&server).workflow("      - { use: {p}.list }", "  x: 1"))
        .await;
    let plain = office
        .failure(&format!(
            "steps:\n  - use: ftp.session\n    with: {{ host: 127.0.0.1, port: {}, credential: partner }}\n    do: [{{ use: ftp.list }}]\n",
            server.port()
        ))
        .await;

    assert_eq!(error.kind, ErrorKind::Denied, "{}", error.message);
    assert_eq!(plain.kind, ErrorKind::Denied, "{}", plain.message);
    let told = json!([error.message, error.help]);
    remote::assert_silent_about(&office, "wrong-but-secret-99", &told);
}
