//! What every protocol for files elsewhere owes; each is held to it against its own server.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use casare_engine::{ErrorKind, RunState};
use casare_node_testing::Office;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
};

/// A server as sessions reach it.
pub(crate) struct Place {
    /// The category of the nodes.
    pub(crate) category: &'static str,
    /// The settings of a session, as a YAML map.
    pub(crate) session: String,
    /// Whether folders are things of their own.
    pub(crate) has_folders: bool,
}

impl Place {
    /// A workflow with `steps` (in which `{p}` is the category) in a session.
    pub(crate) fn workflow(&self, steps: &str, outputs: &str) -> String {
        let steps = steps.trim_matches('\n').replace("{p}", self.category);
        format!(
            "steps:\n  - use: {}.session\n    with: {}\n    do:\n{steps}\noutputs:\n{outputs}\n",
            self.category, self.session
        )
    }
}

/// Brings files there and back, looks at them, moves them and removes them.
pub(crate) async fn files_go_there_and_back(office: &Office, place: &Place) {
    office.put("out/orders.csv", "id,total\n1,9.5\n");
    office.put("out/großes Bild #1.bin", vec![7; 300_000]);
    office.put("out/deep/er/notes.txt", "deep");
    let workflow = place.workflow(
        r#"
      - { id: up, use: {p}.upload, with: { from: "out/*", to: box/in/ } }
      - { use: {p}.upload, with: { from: out/orders.csv, to: box/renamed.csv } }
      - { id: tree, use: {p}.upload, with: { from: "out/**/*.txt", to: box/tree } }
      - { id: kept, use: {p}.upload, with: { from: out/orders.csv, to: box/in, if_exists: skip } }
      - { use: {p}.write, with: { path: box/note.txt, content: "Grüße\n", encoding: windows-1252 } }
      - { use: {p}.write, with: { path: box/note.txt, content: "Grüße, neu", encoding: windows-1252 } }
      - { id: note, use: {p}.read, with: { path: box/note.txt, encoding: windows-1252 } }
      - { id: all, use: {p}.list, with: { path: box, recursive: true } }
      - { id: csv, use: {p}.list, with: { path: box, pattern: "**/*.csv", sort: size, descending: true } }
      - { id: largest, use: {p}.list, with: { path: box/in, sort: size, descending: true, limit: 1 } }
      - { id: folders, use: {p}.list, with: { path: box, kinds: folders } }
      - { id: there, use: {p}.info, with: { path: box/in/orders.csv } }
      - { id: folder, use: {p}.info, with: { path: box/in } }
      - { id: nothing, use: {p}.info, with: { path: box/in/nothing.csv } }
      - { id: moved, use: {p}.move, with: { from: box/renamed.csv, to: box/archive/2026/ } }
      - { id: over, use: {p}.move, with: { from: box/note.txt, to: box/archive/2026/renamed.csv } }
      - { id: down, use: {p}.download, with: { from: "box/in/*", to: back } }
      - { use: {p}.download, with: { from: box/tree/deep/er/notes.txt, to: back/one.txt } }
      - { id: again, use: {p}.download, with: { from: "box/in/*.csv", to: back, if_exists: skip } }
      - { id: deleted, use: {p}.delete, with: { path: ["box/in/*.csv", box/nothing.txt], missing: ok } }
      - { id: removed, use: {p}.remove_folder, with: { path: box, recursive: true } }
      - { id: gone, use: {p}.info, with: { path: box } }
      - { id: unremoved, use: {p}.remove_folder, with: { path: box, missing: ok } }
"#,
        r#"  up: "{{ [steps.up.count, steps.up.size, steps.up.path] }}"
  tree: "{{ steps.tree.path }}"
  kept: "{{ [steps.kept.count, steps.kept.skipped] }}"
  note: "{{ steps.note.content }}"
  all: "{{ steps.all.entries | map(attribute='relative') | list }}"
  csv: "{{ steps.csv.paths }}"
  largest: "{{ steps.largest.entries[0].name }}"
  folders: "{{ steps.folders.entries | map(attribute='name') | list }}"
  there: "{{ [steps.there.exists, steps.there.kind, steps.there.size, steps.there.modified is string] }}"
  folder: "{{ [steps.folder.exists, steps.folder.kind] }}"
  nothing: "{{ steps.nothing.exists }}"
  moved: "{{ steps.moved.path }}"
  over: "{{ steps.over.moved }}"
  down: "{{ [steps.down.count, steps.down.size] }}"
  again: "{{ steps.again.skipped }}"
  deleted: "{{ steps.deleted.paths }}"
  removed: "{{ [steps.removed.removed, steps.removed.files] }}"
  gone: "{{ [steps.gone.exists, steps.unremoved.removed] }}""#,
    );

    let outputs = office.outputs(&workflow).await;

    assert_eq!(
        outputs,
        json!({
            "up": [2, 300_015, "box/in/großes Bild #1.bin"],
            "tree": "box/tree/deep/er/notes.txt",
            "kept": [0, 1],
            "note": "Grüße, neu",
            "all": ["in/großes Bild #1.bin", "in/orders.csv", "note.txt", "renamed.csv", "tree/deep/er/notes.txt"],
            "csv": ["box/renamed.csv", "box/in/orders.csv"],
            "largest": "großes Bild #1.bin",
            "folders": ["in", "tree"],
            "there": [true, "file", 15, true],
            "folder": [true, "folder"],
            "nothing": false,
            "moved": "box/archive/2026/renamed.csv",
            "over": true,
            "down": [2, 300_015],
            "again": 1,
            "deleted": ["box/in/orders.csv"],
            "removed": [true, 3],
            "gone": [false, false],
        })
    );
    assert_eq!(office.text("back/orders.csv"), "id,total\n1,9.5\n");
    assert_eq!(office.text("back/one.txt"), "deep");
    let picture = std::fs::read(office.path("back/großes Bild #1.bin")).unwrap();
    assert!(picture == vec![7; 300_000]);
}

/// Mirrors a folder in both directions, the second time without moving a byte.
pub(crate) async fn folders_are_mirrored(office: &Office, place: &Place) {
    for name in ["a.txt", "sub/b.txt", "sub/deep/c.txt"] {
        office.put(&format!("here/{name}"), name);
    }
    office.put("copy/stray.txt", "not there");
    let workflow = place.workflow(
        r"
      - { id: first, use: {p}.sync, with: { direction: upload, local: here, remote: mirror } }
      - { id: second, use: {p}.sync, with: { direction: upload, local: here, remote: mirror } }
      - { use: {p}.write, with: { path: mirror/sub/extra.txt, content: extra } }
      - { id: down, use: {p}.sync, with: { direction: download, local: copy, remote: mirror, delete: true } }
      - { id: still, use: {p}.sync, with: { direction: download, local: copy, remote: mirror, delete: true } }
      - { use: file.write, with: { path: here/a.txt, content: changed } }
      - { id: third, use: {p}.sync, with: { direction: upload, local: here, remote: mirror, delete: true } }
",
        r#"  first: "{{ steps.first.transferred }}"
  second: "{{ [steps.second.count, steps.second.unchanged] }}"
  down: "{{ [steps.down.count, steps.down.deleted] }}"
  still: "{{ [steps.still.count, steps.still.unchanged, steps.still.deleted] }}"
  third: "{{ [steps.third.transferred, steps.third.deleted] }}""#,
    );

    let outputs = office.outputs(&workflow).await;

    assert_eq!(
        outputs,
        json!({
            "first": ["a.txt", "sub/b.txt", "sub/deep/c.txt"],
            "second": [0, 3],
            "down": [4, ["stray.txt"]],
            "still": [0, 4, []],
            "third": [["a.txt"], ["sub/extra.txt"]],
        })
    );
    assert_eq!(office.text("copy/sub/deep/c.txt"), "sub/deep/c.txt");
}

/// Says what is wrong, with the right kind, and leaves nothing half done here.
pub(crate) async fn failures_are_told(office: &Office, place: &Place) {
    office.put("one.txt", "one");
    let failure = async |steps: &str| {
        let workflow = place.workflow(steps, "  x: 1");
        let error = office.failure(&workflow).await;
        (error.kind, error.message)
    };
    let (kind, message) =
        failure("      - { use: {p}.download, with: { from: none.csv, to: kept/none.csv } }").await;
    assert_eq!(kind, ErrorKind::NotFound, "{message}");
    assert!(!office.files().iter().any(|file| file.starts_with("kept")));
    for steps in [
        "      - { use: {p}.delete, with: { path: none.csv } }",
        "      - { use: {p}.move, with: { from: none.csv, to: some.csv } }",
        "      - { use: {p}.read, with: { path: none.csv } }",
        "      - { use: {p}.remove_folder, with: { path: none } }",
        "      - { use: {p}.list, with: { path: none } }",
    ] {
        let (kind, message) = failure(steps).await;
        assert_eq!(kind, ErrorKind::NotFound, "{steps}: {message}");
    }
    let (kind, message) = failure(
        "      - { use: {p}.upload, with: { from: one.txt, to: f/one.txt } }\n      \
         - { use: {p}.upload, with: { from: one.txt, to: f/one.txt, if_exists: fail } }",
    )
    .await;
    assert_eq!(kind, ErrorKind::Conflict, "{message}");
    let (kind, message) =
        failure("      - { use: {p}.read, with: { path: ../../etc/passwd } }").await;
    assert_eq!(kind, ErrorKind::Invalid, "{message}");
    let (kind, message) =
        failure("      - { use: {p}.remove_folder, with: { path: /, recursive: true } }").await;
    assert_eq!(kind, ErrorKind::Denied, "{message}");
    if place.has_folders {
        let (kind, message) = failure(
            "      - { use: {p}.write, with: { path: full/one.txt, content: x } }\n      \
             - { use: {p}.remove_folder, with: { path: full } }",
        )
        .await;
        assert_eq!(kind, ErrorKind::Invalid, "{message}");
    }
}

/// Runs the examples of all its nodes; `inbox/orders.csv` must be there.
pub(crate) async fn examples_run(office: &Office, category: &str, replaced: &[(&str, &str)]) {
    for node in casare_connectors::standard() {
        if node.name().starts_with(&format!("{category}.")) {
            if node.name() == format!("{category}.move") {
                continue;
            }
            let outcome = office.example(node.name(), replaced).await;
            assert_eq!(
                outcome.state,
                RunState::Succeeded,
                "{}: {:#?}",
                node.name(),
                outcome.error
            );
        }
    }
    let outcome = office.example(&format!("{category}.move"), replaced).await;
    assert_eq!(outcome.state, RunState::Succeeded, "{:#?}", outcome.error);
}

/// A file that survives a connection that breaks in its midst, in both directions.
pub(crate) async fn broken_transfers_are_taken_up(office: &Office, place: &Place) {
    let content: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    office.put("big.bin", &content);
    let outputs = office
        .outputs(&place.workflow(
            r"
      - { use: {p}.upload, with: { from: big.bin, to: cut/big.bin } }
      - { id: listed, use: {p}.list, with: { path: cut } }
      - { id: back, use: {p}.download, with: { from: cut/big.bin, to: back.bin } }
",
            r#"  listed: "{{ steps.listed.paths }}"
  size: "{{ steps.back.size }}""#,
        ))
        .await;

    assert_eq!(
        outputs,
        json!({ "listed": ["cut/big.bin"], "size": 1_000_000 }),
        "no temporary name is left"
    );
    assert!(std::fs::read(office.path("back.bin")).unwrap() == content);
}

/// Without retries, a transfer that breaks fails and leaves no half file here.
pub(crate) async fn nothing_half_is_left(office: &Office, place: &Place, there: &str) {
    let error = office
        .failure(&place.workflow(
            &format!(
                "      - {{ use: {{p}}.download, with: {{ from: {there}, to: half.bin, retries: 0 }} }}"
            ),
            "  x: 1",
        ))
        .await;
    assert!(
        matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Timeout),
        "{:?} {}",
        error.kind,
        error.message
    );
    let left: Vec<String> = office
        .files()
        .into_iter()
        .filter(|file| file.contains("half") || file.contains(".part"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

/// A line to `server` on which each of the first `broken` connections breaks after `bytes` in
/// either direction.
pub(crate) async fn breaking_line(server: SocketAddr, broken: u32, bytes: u64) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let left = Arc::new(AtomicU32::new(broken));
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let left = left.clone();
            tokio::spawn(async move {
                let server = TcpStream::connect(server).await.unwrap();
                pass(client, server, &left, bytes).await;
            });
        }
    });
    address
}

async fn pass(client: TcpStream, server: TcpStream, left: &AtomicU32, bytes: u64) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let forward = async {
        let mut limited = (&mut from_client).take(bytes);
        copy(&mut limited, &mut to_server).await.ok();
        if limited.limit() == 0 && spend(left) {
            return;
        }
        copy(&mut from_client, &mut to_server).await.ok();
        to_server.shutdown().await.ok();
        std::future::pending::<()>().await;
    };
    let back = async {
        let mut limited = (&mut from_server).take(bytes);
        copy(&mut limited, &mut to_client).await.ok();
        if limited.limit() == 0 && spend(left) {
            return;
        }
        copy(&mut from_server, &mut to_client).await.ok();
    };
    tokio::select! { () = forward => {} () = back => {} }
}

fn spend(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
        left.checked_sub(1)
    })
    .is_ok()
}

/// What a run made known must not have `secret` in it.
pub(crate) fn assert_silent_about(office: &Office, secret: &str, told: &Value) {
    assert!(!told.to_string().contains(secret), "{told}");
    assert!(!office.heard().contains(secret));
}
