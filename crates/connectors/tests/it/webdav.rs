use casare_engine::ErrorKind;
use casare_node_testing::{Office, WebdavServer};
use serde_json::json;

use crate::{
    all, office,
    remote::{self, Place},
};

fn known(office: Office) -> Office {
    office.credential(
        "cloud",
        &[
            ("username", WebdavServer::USERNAME),
            ("password", WebdavServer::PASSWORD),
        ],
    )
}

fn place(address: &str) -> Place {
    Place {
        category: "webdav",
        session: format!("{{ url: \"http://{address}/\", credential: cloud, allow: [private] }}"),
        has_folders: true,
    }
}

#[tokio::test]
async fn files_are_kept_on_a_webdav_server() {
    let server = WebdavServer::start();
    let place = place(&server.address());

    remote::files_go_there_and_back(&known(office()), &place).await;
    remote::folders_are_mirrored(&known(office()), &place).await;
    remote::failures_are_told(&known(office()), &place).await;

    let inbox = server.files().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    std::fs::write(inbox.join("orders.csv"), "id\n1\n").unwrap();
    let address = format!("\"http://{}/\", allow: [private]", server.address());
    let office = known(Office::with_fixtures(all()));
    let replaced = [("https://dav.example.com/files/", address.as_str())];
    remote::examples_run(&office, "webdav", &replaced).await;
}

#[tokio::test]
async fn a_broken_transfer_is_taken_up_and_strangers_are_kept_out() {
    let server = WebdavServer::start();
    let address = server.address().parse().unwrap();

    let line = remote::breaking_line(address, 2, 400_000).await;
    remote::broken_transfers_are_taken_up(&known(office()), &place(&line.to_string())).await;
    std::fs::write(server.files().join("big.bin"), vec![1; 900_000]).unwrap();
    let line = remote::breaking_line(address, 9, 400_000).await;
    remote::nothing_half_is_left(&known(office()), &place(&line.to_string()), "big.bin").await;

    let steps = "      - { use: {p}.list }";
    let office = office().credential(
        "cloud",
        &[("username", "ada"), ("password", "wrong-but-secret-99")],
    );
    let denied = office
        .failure(&place(&server.address()).workflow(steps, "  x: 1"))
        .await;
    let hidden = office
        .failure(&format!(
            "steps:\n  - use: webdav.session\n    with: {{ url: \"http://{address}/\" }}\n    do: [{{ use: webdav.list }}]\n"
        ))
        .await;

    assert_eq!(denied.kind, ErrorKind::Denied, "{}", denied.message);
    assert_eq!(hidden.kind, ErrorKind::Denied, "{}", hidden.message);
    assert!(hidden.help.unwrap().contains("allow"));
    let told = json!([denied.message, denied.help]);
    remote::assert_silent_about(&office, "wrong-but-secret-99", &told);
}
