use casare_engine::ErrorKind;
use casare_node_testing::{Office, S3Server};
use serde_json::json;

use crate::{
    all, office,
    remote::{self, Place},
};

fn known(office: Office) -> Office {
    office.credential(
        "storage",
        &[
            ("access_key_id", "AKIAEXAMPLE"),
            ("secret_access_key", "very-secret-key-of-the-bucket"),
        ],
    )
}

fn place(address: &str, bucket: &str) -> Place {
    Place {
        category: "s3",
        session: format!(
            "{{ bucket: {bucket}, endpoint: \"http://{address}\", credential: storage, allow: [private] }}"
        ),
        has_folders: false,
    }
}

#[tokio::test]
async fn files_are_kept_in_a_bucket() {
    let server = S3Server::start("orders");
    let place = place(&server.address(), "orders");

    remote::files_go_there_and_back(&known(office()), &place).await;
    remote::folders_are_mirrored(&known(office()), &place).await;
    remote::failures_are_told(&known(office()), &place).await;

    server.put("orders/inbox/orders.csv", "id\n1\n");
    let address = format!("\"http://{}\", allow: [private]", server.address());
    let office = known(Office::with_fixtures(all()));
    remote::examples_run(&office, "s3", &[("https://s3.example.com", &address)]).await;
}

#[tokio::test]
async fn large_files_go_in_parts_and_signed_addresses_need_no_login() {
    let server = S3Server::start("orders");
    let address = server.address().parse().unwrap();
    let line = remote::breaking_line(address, 2, 400_000).await;
    let place_by = |address: &str| place(address, "orders");
    remote::broken_transfers_are_taken_up(&known(office()), &place_by(&line.to_string())).await;

    let office = known(office());
    office.put("huge.bin", vec![3; 25 * 1024 * 1024]);
    let outputs = office
        .outputs(&place_by(&server.address()).workflow(
            r#"
      - { use: {p}.upload, with: { from: huge.bin, to: huge.bin } }
      - { id: down, use: {p}.download, with: { from: huge.bin, to: back.bin } }
      - { use: {p}.write, with: { path: note.txt, content: signed } }
      - { id: link, use: {p}.presign, with: { path: note.txt, expires: 10m } }
      - { id: got, use: http.request, with: { url: "{{ steps.link.url }}", allow: [private] } }
"#,
            r#"  size: "{{ steps.down.size }}"
  got: "{{ steps.got.body }}""#,
        ))
        .await;
    let missing = office
        .failure(
            &place(&server.address(), "nobody").workflow("      - { use: {p}.list }", "  x: 1"),
        )
        .await;
    let hidden = office
        .failure(&format!(
            "steps:\n  - use: s3.session\n    with: {{ bucket: orders, endpoint: \"http://{address}\" }}\n    do: [{{ use: s3.list }}]\n"
        ))
        .await;

    assert_eq!(
        outputs,
        json!({ "size": 25 * 1024 * 1024, "got": "signed" })
    );
    assert_eq!(missing.kind, ErrorKind::NotFound, "{}", missing.message);
    assert_eq!(hidden.kind, ErrorKind::Denied, "{}", hidden.message);
    let told = json!([missing.message, missing.help]);
    remote::assert_silent_about(&office, "very-secret-key-of-the-bucket", &told);
}
