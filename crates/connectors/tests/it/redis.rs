use casare_engine::{ErrorKind, RunState};
use casare_node_testing::{Office, RedisServer};
use serde_json::json;

use crate::{all, office, remote};

#[tokio::test]
async fn values_lists_hashes_and_sets_are_kept_and_counted() {
    let server = RedisServer::start(true);
    let office = office().credential("cache", &[("password", RedisServer::PASSWORD)]);
    let steps = r#"
  - { id: first, use: redis.set, with: { K, key: lock, value: mine, only_if: missing, ttl: 1h } }
  - { id: second, use: redis.set, with: { K, key: lock, value: theirs, only_if: missing } }
  - { use: redis.set, with: { K, key: order, value: { id: 17, tags: [a, ö] } } }
  - { id: order, use: redis.get, with: { K, key: order, as: json } }
  - { id: none, use: redis.get, with: { K, key: nothing } }
  - { use: redis.increment, with: { K, key: n, by: 5 } }
  - { id: n, use: redis.increment, with: { K, key: n, by: -2 } }
  - { id: f, use: redis.increment, with: { K, key: n, by: 0.5 } }
  - { id: f2, use: redis.increment, with: { K, key: n } }
  - { id: expire, use: redis.expire, with: { K, key: n, ttl: 10m } }
  - { id: ttl, use: redis.command, with: { K, command: [TTL, n], repeatable: true } }
  - { use: redis.expire, with: { K, key: n } }
  - { id: forever, use: redis.command, with: { K, command: [TTL, n] } }
  - { use: redis.hash_set, with: { K, key: h, values: { name: Ada, born: 1815 } } }
  - { id: hash, use: redis.hash_get, with: { K, key: h } }
  - { id: field, use: redis.hash_get, with: { K, key: h, fields: [born, died], as: json } }
  - { id: pushed, use: redis.list_push, with: { K, key: l, values: [1, two, { three: 3 }] } }
  - { id: all, use: redis.list_get, with: { K, key: l } }
  - { id: popped, use: redis.list_pop, with: { K, key: l, count: 2 } }
  - { id: last, use: redis.list_pop, with: { K, key: l, side: right, as: json } }
  - { id: empty, use: redis.list_pop, with: { K, key: l, wait: 50ms } }
  - { id: added, use: redis.set_add, with: { K, key: s, members: [1, 2, 2] } }
  - { id: member, use: redis.set_members, with: { K, key: s, contains: 2 } }
  - { id: members, use: redis.set_members, with: { K, key: s } }
  - { id: gone, use: redis.set_remove, with: { K, key: s, members: [2, 9] } }
  - { id: keys, use: redis.keys, with: { K, pattern: "[hs]" } }
  - { id: heard, use: redis.publish, with: { K, channel: c, message: hi } }
  - { id: deleted, use: redis.delete, with: { K, key: [order, nothing] } }
"#
    .replace(
        "K,",
        &format!(
            "server: \"redis://{}\", credential: cache,",
            server.address()
        ),
    );

    let outputs = office
        .outputs(&format!(
            r#"steps:{steps}outputs:
  lock: "{{{{ [steps.first.written, steps.second.written] }}}}"
  order: "{{{{ steps.order.value }}}}"
  none: "{{{{ [steps.none.exists, steps.none.value] }}}}"
  numbers: "{{{{ [steps.n.value, steps.f.value, steps.f2.value] }}}}"
  ttl: "{{{{ [steps.expire.exists, steps.ttl.result > 590, steps.forever.result] }}}}"
  hash: "{{{{ [steps.hash.values, steps.field.values] }}}}"
  list: "{{{{ [steps.pushed.length, steps.all.values, steps.popped.values, steps.last.value, steps.empty.count] }}}}"
  set: "{{{{ [steps.added.added, steps.member.found, steps.members.members, steps.gone.removed] }}}}"
  keys: "{{{{ steps.keys.keys }}}}"
  rest: "{{{{ [steps.heard.receivers, steps.deleted.count] }}}}"
"#
        ))
        .await;

    assert_eq!(
        outputs,
        json!({
            "lock": [true, false],
            "order": { "id": 17, "tags": ["a", "ö"] },
            "none": [false, null],
            "numbers": [3, 3.5, 4.5],
            "ttl": [true, true, -1],
            "hash": [{ "name": "Ada", "born": "1815" }, { "born": 1815 }],
            "list": [3, ["1", "two", "{\"three\":3}"], ["1", "two"], { "three": 3 }, 0],
            "set": [2, true, ["1", "2"], 1],
            "keys": ["h", "s"],
            "rest": [0, 1],
        })
    );
}

#[tokio::test]
async fn failures_are_told_without_the_password() {
    let server = RedisServer::start(true);
    let office = office().credential("cache", &[("password", "wrong-but-secret-99")]);
    let step = |with: &str| format!("steps:\n  - use: redis.get\n    with: {{ {with}, key: a }}\n");

    let wrong = office
        .failure(&step(&format!(
            "server: \"redis://{}\", credential: cache",
            server.address()
        )))
        .await;
    let nobody = office
        .failure(&step("server: \"redis://127.0.0.1:1\""))
        .await;
    let refused = office
        .failure("steps:\n  - use: redis.command\n    with: { server: \"redis://127.0.0.1:1\", command: [subscribe, a] }\n")
        .await;

    assert_eq!(wrong.kind, ErrorKind::Denied, "{}", wrong.message);
    assert_eq!(nobody.kind, ErrorKind::Unavailable, "{}", nobody.message);
    assert_eq!(refused.kind, ErrorKind::Invalid, "{}", refused.message);
    let told = json!([wrong.message, wrong.help]);
    remote::assert_silent_about(&office, "wrong-but-secret-99", &told);
}

#[tokio::test]
async fn a_lock_keeps_others_out_until_its_block_ends() {
    let server = RedisServer::start(false);
    let office = office();
    let lock = |more: &str| {
        format!(
            "use: redis.lock\n    with: {{ server: \"redis://{}\", key: door, {more} }}",
            server.address()
        )
    };
    let (outer, inner) = (
        lock("ttl: 1s"),
        lock("wait: 100ms").replace("    ", "          "),
    );

    office
        .outputs(&format!(
            r#"steps:
  - {outer}
    do:
      - use: flow.wait
        with: {{ duration: 1500ms }}
      - use: flow.try
        do:
        - {inner}
          do: []
        catch:
          conflict:
            - use: log.write
              with: {{ message: "{{{{ error.message }}}}" }}
  - {outer}
    do: []
"#
        ))
        .await;
    let lost = office
        .failure(&format!(
            r#"steps:
  - {}
    do:
      - use: redis.delete
        with: {{ server: "redis://{}", key: door }}
"#,
            lock("ttl: 1s"),
            server.address()
        ))
        .await;

    let heard = office.heard();
    assert!(
        heard.contains("somebody else holds the lock `door`"),
        "{heard}"
    );
    assert_eq!(lost.kind, ErrorKind::Conflict, "{}", lost.message);
    assert!(lost.message.contains("was lost while"), "{}", lost.message);
}

#[tokio::test]
async fn examples_run() {
    let server = RedisServer::start(false);
    let office = Office::with_fixtures(all());
    for node in casare_connectors::standard() {
        if node.name().starts_with("redis.") {
            let replaced = [("redis.example.com:6379", server.address())];
            let replaced = replaced.each_ref().map(|(from, to)| (*from, to.as_str()));
            let outcome = office.example(node.name(), &replaced).await;
            let state = outcome.state;
            assert_eq!(
                state,
                RunState::Succeeded,
                "{}: {:?}",
                node.name(),
                outcome.error
            );
        }
    }
}
