//! Certificates of clients, and requests that are recorded and replayed.

use std::{
    collections::VecDeque,
    fs,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use axum::{Json, Router, routing::get};
use casare_engine::{
    Engine, ErrorKind, NodeError, Registry, RunOptions, RunOutcome, RunState, StepPath,
    exchange::{Exchanges, Message},
};
use casare_node_testing::Certificate;
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{all, http::serve, office};

/// A server that answers only those who show `client`.
async fn server_that_knows(client: &Certificate, own: &Certificate) -> String {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(&client.certificate).unwrap())
        .unwrap();
    let known = WebPkiClientVerifier::builder(Arc::new(roots))
        .build()
        .unwrap();
    let config = ServerConfig::builder()
        .with_client_cert_verifier(known)
        .with_single_cert(
            vec![CertificateDer::from_pem_file(&own.certificate).unwrap()],
            PrivateKeyDer::from_pem_file(&own.key).unwrap(),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut head = [0; 4096];
            if stream.read(&mut head).await.is_ok() {
                let answer =
                    "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nwelcome";
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    format!("https://localhost:{port}/")
}

#[tokio::test]
async fn a_client_shows_its_certificate_to_a_server_that_it_trusts() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str| {
        let folder = folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        Certificate::create(&folder)
    };
    let (client, own) = (make("client"), make("server"));
    let url = server_that_knows(&client, &own).await;
    let office = office().credential(
        "partner",
        &[
            (
                "certificate",
                &fs::read_to_string(&client.certificate).unwrap(),
            ),
            ("key", &fs::read_to_string(&client.key).unwrap()),
        ],
    );

    let step = |tls: &str| {
        format!(
            "steps:\n  - id: r\n    use: http.request\n    with: {{ url: \"{url}\", allow: [private], retries: 0, tls: {{ {tls} }} }}\noutputs: {{ body: \"{{{{ steps.r.body }}}}\" }}\n"
        )
    };
    let authority = format!("authority: \"{}\"", own.certificate.display());
    let known = office
        .outputs(&step(&format!("{authority}, identity: partner")))
        .await;
    let nobody = office.failure(&step(&authority)).await;
    let untrusted = office.failure(&step("identity: partner")).await;

    assert_eq!(known["body"], "welcome");
    assert_eq!(nobody.kind, ErrorKind::Unavailable);
    assert!(untrusted.help.unwrap().contains("tls.authority"));
    assert!(!office.heard().contains("PRIVATE KEY"));
}

/// What was said, in order; answers from it once `replaying`.
#[derive(Default)]
struct Tape {
    kept: Mutex<VecDeque<(Message, Message)>>,
    replaying: bool,
}

#[async_trait]
impl Exchanges for Tape {
    async fn replay(
        &self,
        _: &StepPath,
        _: &str,
        request: &Message,
    ) -> Option<Result<Message, NodeError>> {
        if !self.replaying {
            return None;
        }
        let (asked, answer) = self.kept.lock().unwrap().pop_front()?;
        assert_eq!(&asked, request);
        Some(Ok(answer))
    }

    fn record(
        &self,
        _: &StepPath,
        protocol: &str,
        request: &Message,
        answer: &Result<Message, NodeError>,
    ) {
        assert_eq!(protocol, "http");
        let answer = answer.clone().unwrap();
        self.kept
            .lock()
            .unwrap()
            .push_back((request.clone(), answer));
    }
}

async fn run(tape: Arc<Tape>, workflow: &str) -> RunOutcome {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::new(Registry::new(all()));
    let plan = engine
        .load("test.workflow.yaml", workflow, folder.path())
        .unwrap_or_else(|error| panic!("{error:?}"));
    let mut options = RunOptions::new(folder.path(), folder.path().join(".runs"));
    options.exchanges = Some(tape);
    engine.run(&plan, options).await.unwrap()
}

#[tokio::test]
async fn a_recorded_request_is_answered_again_without_the_server() {
    let app = Router::new().route(
        "/orders",
        get(|| async { Json(json!({ "orders": [1, 2, 3] })) }),
    );
    let server = serve(app).await;
    let workflow = format!(
        r#"
casare: 1
name: test
steps:
  - id: one
    use: http.request
    with: {{ url: "{server}/orders", allow: [private] }}
  - id: all
    use: http.paginate
    with: {{ url: "{server}/orders", by: link, allow: [private] }}
  - use: http.download
    with: {{ url: "{server}/orders", save_to: orders.json, allow: [private] }}
outputs: {{ one: "{{{{ steps.one.body.orders | length }}}}", all: "{{{{ steps.all.count }}}}" }}
"#
    );
    let tape = Arc::new(Tape::default());

    let first = run(tape.clone(), &workflow).await;
    assert_eq!(first.state, RunState::Succeeded, "{:?}", first.error);
    let kept = std::mem::take(&mut *tape.kept.lock().unwrap());
    assert_eq!(kept.len(), 3);
    let again = run(
        Arc::new(Tape {
            kept: Mutex::new(kept),
            replaying: true,
        }),
        &workflow,
    )
    .await;

    assert_eq!(again.state, RunState::Succeeded, "{:?}", again.error);
    assert_eq!(first.outputs, again.outputs);
}
