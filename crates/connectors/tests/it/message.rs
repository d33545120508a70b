use casare_engine::{ErrorKind, RunState};
use casare_node_testing::{Certificate, MqttServer, NatsServer, Office, RabbitServer};
use serde_json::json;

use crate::{all, office, remote};

/// Sends two messages, fails on them, gets them again, and then they are gone. `S` stands for the
/// broker's settings, `{to}` and `{from}` for those of the node.
fn at_least_once(server: &str, to: &str, from: &str) -> String {
    r#"steps:
  - use: flow.try
    do:
      - { use: message.receive, with: { S, FROM, wait: 100ms }, do: [{ use: log.write, with: { message: none } }] }
    catch:
      - { use: log.write, with: { message: "{{ error.kind }}" } }
  - { use: message.publish, with: { S, TO, message: { order: 17 } } }
  - { use: message.publish, with: { S, TO, message: { order: 18 } } }
  - use: flow.try
    do:
      - id: broken
        use: message.receive
        with: { S, FROM, count: 5, as: json, wait: 10s }
        do:
          - { use: data.set, with: { name: seen, value: "{{ steps.broken.count }}" } }
          - { use: flow.fail, with: { message: not today } }
    catch:
      - { use: log.write, with: { message: "{{ error.message }}" } }
  - id: orders
    use: message.receive
    with: { S, FROM, count: 5, as: json, wait: 10s }
    do:
      - { use: data.set, with: { name: orders, value: "{{ steps.orders.messages | map(attribute='body.order') | list }}" } }
      - { use: data.set, with: { name: again, value: "{{ steps.orders.message.redelivered }}" } }
  - id: nothing
    use: message.receive
    with: { S, FROM, wait: 300ms, if_none: go_on }
    do:
      - { use: log.write, with: { message: nothing } }
variables: { seen: 0, orders: [], again: false }
outputs:
  seen: "{{ vars.seen }}"
  orders: "{{ vars.orders | sort }}"
  again: "{{ vars.again }}"
  left: "{{ steps.nothing.count }}"
"#
    .replace("S,", &format!("{server},"))
    .replace("TO,", &format!("{to},"))
    .replace("FROM,", &format!("{from},"))
}

fn twice() -> serde_json::Value {
    json!({ "seen": 2, "orders": [17, 18], "again": true, "left": 0 })
}

#[tokio::test]
async fn rabbitmq_hands_out_again_what_was_not_done() {
    let server = RabbitServer::start();
    let url = server.url();
    let broker = format!("server: \"{url}\"");

    let outputs = office()
        .outputs(&at_least_once(
            &broker,
            "to: orders, create: true",
            "from: orders, create: true",
        ))
        .await;
    let headers = office()
        .outputs(&format!(
            r#"steps:
  - {{ use: message.publish, with: {{ {broker}, to: notes, create: true, message: Grüße, headers: {{ from: Ada }} }} }}
  - id: note
    use: message.receive
    with: {{ {broker}, from: notes }}
    do:
      - {{ use: log.write, with: {{ message: got it }} }}
outputs: {{ note: "{{{{ [steps.note.message.body, steps.note.message.headers.from] }}}}" }}
"#
        ))
        .await;
    let nowhere = office()
        .failure(&format!(
            "steps:\n  - {{ use: message.publish, with: {{ {broker}, to: nowhere, message: x }} }}\n"
        ))
        .await;
    let missing = office()
        .failure(&format!(
            "steps:\n  - {{ use: message.receive, with: {{ {broker}, from: nowhere }}, do: [{{ use: log.write, with: {{ message: x }} }}] }}\n"
        ))
        .await;
    let stranger = office().credential(
        "mq",
        &[("username", "guest"), ("password", "wrong-but-secret-99")],
    );
    let denied = stranger
        .failure(&format!(
            "steps:\n  - {{ use: message.publish, with: {{ {broker}, credential: mq, to: notes, message: x }} }}\n"
        ))
        .await;

    assert_eq!(outputs, twice());
    assert_eq!(headers, json!({ "note": ["Grüße", "Ada"] }));
    assert_eq!(nowhere.kind, ErrorKind::NotFound, "{}", nowhere.message);
    assert_eq!(missing.kind, ErrorKind::NotFound, "{}", missing.message);
    assert_eq!(denied.kind, ErrorKind::Denied, "{}", denied.message);
    let told = json!([denied.message, denied.help]);
    remote::assert_silent_about(&stranger, "wrong-but-secret-99", &told);

    let office = Office::with_fixtures(all());
    for node in ["message.publish", "message.receive"] {
        let outcome = office
            .example(node, &[("amqp://mq.example.com", &url)])
            .await;
        assert_eq!(
            outcome.state,
            RunState::Succeeded,
            "{node}: {:?}",
            outcome.error
        );
    }
}

#[tokio::test]
async fn mosquitto_hands_out_again_what_was_not_done() {
    let office = office();
    let trusted = Certificate::create(office.folder());
    let server = MqttServer::start(Some(&trusted));
    let broker = format!(
        "server: \"mqtts://localhost:{}\", authority: certificate.pem",
        server.port()
    );

    let outputs = office
        .outputs(&at_least_once(
            &broker,
            "to: orders/new",
            "from: \"orders/#\", subscription: robot",
        ))
        .await;
    let stranger = office
        .failure(&format!(
            "steps:\n  - {{ use: message.publish, with: {{ server: \"mqtts://localhost:{}\", to: a, message: x }} }}\n",
            server.port()
        ))
        .await;

    assert_eq!(outputs, twice());
    assert_eq!(stranger.kind, ErrorKind::Denied, "{}", stranger.message);
}

#[tokio::test]
async fn nats_hands_out_again_what_was_not_done() {
    let server = NatsServer::start();
    let office = office().credential(
        "nats",
        &[
            ("username", NatsServer::USERNAME),
            ("password", NatsServer::PASSWORD),
        ],
    );
    let options = async_nats::ConnectOptions::with_user_and_password(
        NatsServer::USERNAME.into(),
        NatsServer::PASSWORD.into(),
    );
    let client = options.connect(server.url()).await.unwrap();
    async_nats::jetstream::new(client)
        .create_stream(async_nats::jetstream::stream::Config {
            name: "ORDERS".into(),
            subjects: vec!["orders.>".into()],
            ..Default::default()
        })
        .await
        .unwrap();
    let broker = format!("server: \"{}\", credential: nats", server.url());

    let outputs = office
        .outputs(&at_least_once(
            &broker,
            "to: orders.new, stream: true",
            "from: \"orders.>\", stream: ORDERS, subscription: robot",
        ))
        .await;
    let missing = office
        .failure(&format!(
            "steps:\n  - {{ use: message.publish, with: {{ {broker}, to: other.new, stream: true, message: x }} }}\n"
        ))
        .await;
    let denied = office
        .failure(&format!(
            "steps:\n  - {{ use: message.publish, with: {{ server: \"{}\", to: orders.new, message: x }} }}\n",
            server.url()
        ))
        .await;

    assert_eq!(outputs, twice());
    assert_eq!(missing.kind, ErrorKind::NotFound, "{}", missing.message);
    assert_eq!(denied.kind, ErrorKind::Denied, "{}", denied.message);
}
