//! What a case can be given, and what can be expected of it.

use insta::assert_snapshot;

use crate::bench::{Bench, told};

const ORDERS: &str = r#"casare: 1
name: orders
inputs:
  day: { type: string, default: today }
variables:
  sent: 0
env: [REGION]
steps:
  - id: orders
    use: http.request
    with: { url: "https://shop.example/orders?day={{ inputs.day }}", credential: shop }
    retry: { attempts: 2, delay: 10m, jitter: false }
  - use: flow.if
    with: { condition: "{{ steps.orders.status == 404 }}" }
    then:
      - use: flow.fail
        with: { message: "no orders of {{ inputs.day }}", kind: business }
  - name: Each line
    use: flow.for_each
    with: { items: "{{ steps.orders.body | split(',') }}", as: line }
    do:
      - name: Keep it
        use: note.write
        with: { path: "{{ line }}.txt", text: "{{ env.REGION }}: {{ line }}" }
      - use: data.set
        with: { name: sent, value: "{{ vars.sent + 1 }}" }
  - name: Tell
    use: note.write
    when: "{{ vars.sent > 0 }}"
    with: { path: told.txt, text: "{{ vars.sent }} kept" }
outputs:
  sent: "{{ vars.sent }}"
"#;

fn orders(cases: &str) -> Bench {
    Bench::new(ORDERS, &format!("env: {{ REGION: north }}\n{cases}"))
}

#[tokio::test]
async fn a_stub_answers_in_the_place_of_a_step() {
    let bench = orders(
        r"
stubs:
  - step: orders
    outputs: { status: 200, body: 'a,b' }
expect:
  outputs: { sent: 2 }
  variables: { sent: { $above: 1 } }
  calls:
    - { step: orders, times: 1, with: { url: { $ends: day=today }, credential: shop } }
    - { step: Keep it, times: 2, with: { text: { $regex: '^north: .$' } } }
    - { node: flow.fail, times: 0 }
  order: [orders, Keep it, Tell]
  files:
    a.txt: 'north: a'
    told.txt: { content: { $starts: '2' }, lines: 1 }
    c.txt: false
",
    );

    assert_eq!(bench.told().await, "");
}

#[tokio::test]
async fn a_sequence_answers_one_call_after_the_other_and_waits_pass_at_once() {
    let bench = orders(
        r"
clock: 2026-03-01T09:00:00Z
stubs:
  - step: orders
    sequence:
      - error: { kind: unavailable, message: not now }
      - outputs: { status: 200, body: 'a' }
expect:
  calls: [{ step: orders, times: 2 }]
",
    );

    let report = bench.run().await;

    assert_eq!(told(&report), "");
    assert!(
        report.took.as_secs() < 60,
        "ten minutes were not waited for"
    );
}

#[tokio::test]
async fn errors_are_expected_by_kind_message_and_step() {
    let bench = orders(
        r"
cases:
  - name: no orders
    inputs: { day: monday }
    stubs: [{ step: orders, outputs: { status: 404 } }]
    expect:
      error: { kind: business, message: of monday, step: flow.fail }
  - name: another error
    stubs: [{ step: orders, error: { kind: denied, message: go away } }]
    expect:
      error: { kind: business, message: go home }
",
    );

    assert_snapshot!(bench.told().await, @r#"
    14 the run failed with another error [orders, line 9]
        error.kind: expected "business", got "denied"
        error.message: expected {"$contains":"go home"}, got "go away" (is not something that contains "go home")
    "#);
}

#[tokio::test]
async fn what_is_not_as_expected_is_told_with_its_place_and_both_values() {
    let bench = orders(
        r"
stubs:
  - step: orders
    outputs: { status: 200, body: 'a,b' }
expect:
  outputs:
    sent: 3
  calls:
    - { step: Keep it, times: 3 }
    - { step: Keep it, with: { path: c.txt } }
  order: [Tell, orders]
  files:
    a.txt: 'south: a'
    c.txt: true
",
    );

    assert_snapshot!(bench.told().await, @r#"
    10 outputs.sent is not as expected
        outputs.sent: expected 3, got 2
    12 step `Keep it` was executed twice, expected 3 times [Keep it, line 22]
    13 step `Keep it` was never executed with these settings, expected at least once [Keep it, line 22]
        with.path: expected "c.txt", got "a.txt"
        | it was executed twice in all
    14 step `orders` was not executed after `Tell`
    16 `a.txt` is not as expected
        a.txt: expected "south: a", got "north: a"
    17 there is no file `c.txt`
    "#);
}

#[tokio::test]
async fn http_servers_are_answered_for_and_nothing_else_goes_out() {
    let bench = orders(
        r"
credentials: { shop: { token: made-up } }
cases:
  - name: answered
    http:
      - request: { method: GET, url: https://shop.example/orders*, headers: { accept: text/plain } }
        answer: { body: 'a,b,c' }
    expect:
      outputs: { sent: 3 }
      http: [{ url: { $contains: day=today }, times: 1 }]
  - name: not foreseen
    http:
      - request: { url: https://other.example/ }
        answer: { status: 204 }
    expect: { error: no answer }
",
    );

    assert_snapshot!(bench.told().await, @r"
    14 the test has no answer for GET https://shop.example/orders?day=today (http, step 0)
        | add it under `http`: a `request` and its `answer`
    ");
}

#[tokio::test]
async fn real_credentials_are_out_of_reach() {
    let bench =
        orders("expect: { error: { kind: denied, message: the test has no credential `shop` } }\n");

    assert_eq!(bench.told().await, "");
}

#[tokio::test]
async fn steps_without_a_stub_can_be_refused() {
    let bench = orders(
        r"
unstubbed: pure
stubs: [{ step: orders, outputs: { status: 200, body: a } }]
",
    );

    assert_snapshot!(bench.told().await, @r"
    1 the test has no stub for `Keep it` (note.write) [Keep it, line 22]
        | add a stub for it, or change `unstubbed`
    1 the run failed: denied: the test has no stub for `Keep it` (note.write) [Keep it, line 22]
    ");
}

#[tokio::test]
async fn variables_time_and_chance_are_what_the_case_says() {
    let workflow = r#"casare: 1
name: w
variables: { count: 1 }
steps:
  - use: flow.fail
    when: "{{ vars.count != 41 }}"
    with: { message: "another count" }
  - { id: one, use: date.look }
  - { id: two, use: date.look }
  - { use: flow.wait, with: { duration: 1h } }
  - { id: three, use: date.look }
outputs:
  times: "{{ [steps.one.at, steps.two.at, steps.three.at] }}"
  same: "{{ steps.one.pips }}"
  began: "{{ run.started_at }}"
"#;
    let test = r"
variables: { count: 41 }
clock: { at: 2026-03-01T09:00:00Z, tick: 1s }
cases:
  - name: time goes on as it is told
    expect:
      outputs:
        times: ['2026-03-01T09:00:00Z', '2026-03-01T09:00:01Z', '2026-03-01T10:00:02Z']
        began: '2026-03-01T09:00:00Z'
      steps: { one: { pips: { $type: integer } } }
  - name: chance is the same each time
    seed: 3
    expect: { snapshot: true }
";
    let bench = Bench::new(workflow, test);

    assert_eq!(told(&bench.run_in(true).await), "");
    assert_eq!(bench.told().await, "");
}

#[tokio::test]
async fn a_case_that_takes_too_long_is_ended() {
    let workflow = "casare: 1\nname: w\nsteps:\n  - { use: flow.wait, with: { duration: 1h } }\n";
    let bench = Bench::new(workflow, "timeout: 50ms\n");

    assert_snapshot!(bench.told().await, @r"
    1 it took longer than 50ms
        | raise `timeout`, or give it a `clock` so that waits pass
    ");
}

#[tokio::test]
async fn snapshots_are_kept_compared_and_may_hold_matchers() {
    let bench = orders(
        r"
stubs: [{ step: orders, outputs: { status: 200, body: 'a,b' } }]
expect: { snapshot: [outputs, variables] }
",
    );
    assert!(
        bench
            .told()
            .await
            .contains("there is no snapshot of this case yet")
    );

    assert_eq!(told(&bench.run_in(true).await), "");
    let snapshot = std::fs::read_to_string(bench.path("w.test.snap.yaml")).unwrap();
    assert_eq!(
        snapshot,
        "w:\n  outputs: { sent: 2 }\n  variables: { sent: 2 }\n"
    );
    assert_eq!(bench.told().await, "");

    bench.put(
        "w.test.snap.yaml",
        &snapshot.replacen("sent: 2", "sent: { $type: integer }", 1),
    );
    assert_eq!(bench.run_in(true).await.updated, 0, "it still fits");
    bench.put("w.test.snap.yaml", &snapshot.replace("sent: 2", "sent: 5"));
    assert_snapshot!(bench.told().await, @r"
    6 it is not like its snapshot
        outputs.sent: expected 5, got 2
        variables.sent: expected 5, got 2
        | if this is right now, keep it with `casare test --update`
    ");
}

#[tokio::test]
async fn coverage_tells_steps_and_branches_that_no_case_reached() {
    let bench = orders(
        r"
stubs: [{ step: orders, outputs: { status: 200, body: a } }]
",
    );

    let report = bench.run().await;

    let workflow = report.coverage.workflows.values().next().unwrap();
    let (steps, branches) = (workflow.steps(), workflow.branches());
    assert_eq!((steps.covered, steps.all), (6, 7));
    assert_eq!((branches.covered, branches.all), (2, 4));
    assert_eq!(workflow.missed(), ["13 (then)", "16", "27 (when false)"]);
}

#[tokio::test]
async fn files_are_copied_into_a_folder_of_the_case() {
    let workflow = r#"casare: 1
name: w
steps:
  - { id: old, use: note.read, with: { path: in/a.txt } }
  - use: note.write
    with: { path: in/a.txt, text: "{{ steps.old.content }}!" }
"#;
    let test = r"
files: { in/a.txt: fixtures/a.txt, in/b.json: { json: { n: 1 } } }
expect:
  files:
    in/a.txt: hello!
    in/b.json: { json: { n: { $at_least: 1 } } }
";
    let bench = Bench::new(workflow, test);
    bench.put("fixtures/a.txt", "hello");

    assert_eq!(bench.told().await, "");
    let fixture = std::fs::read_to_string(bench.path("fixtures/a.txt")).unwrap();
    assert_eq!(fixture, "hello", "the fixture is as it was");
}

#[tokio::test]
async fn ci_systems_get_junit_xml() {
    let bench = orders(
        r"
cases:
  - name: fine & well
    stubs: [{ step: orders, outputs: { status: 200, body: a } }]
  - { name: later, skip: not yet }
  - name: wrong
    stubs: [{ step: orders, outputs: { status: 200, body: a } }]
    expect: { outputs: { sent: 7 } }
",
    );
    let mut xml = Vec::new();

    casare_testing::junit::write(&bench.run().await, &mut xml).unwrap();

    let xml = String::from_utf8(xml).unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r#"time="[0-9.]+""#, r#"time="…""#);
    settings.add_filter(r"/[^ ]*/w\.test\.yaml", "w.test.yaml");
    settings.add_filter(r#""[^"]*w\.test\.yaml""#, r#""w.test.yaml""#);
    settings.bind(|| {
        assert_snapshot!(xml, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="casare test" tests="3" failures="1" errors="0" skipped="1" time="…">
          <testsuite name="w.test.yaml" tests="3" failures="1" errors="0" skipped="1" time="…">
            <testcase classname="w.test.yaml" name="fine &amp; well" file="w.test.yaml" line="6" time="…"/>
            <testcase classname="w.test.yaml" name="later" file="w.test.yaml" line="8" time="…">
              <skipped message="not yet"/>
            </testcase>
            <testcase classname="w.test.yaml" name="wrong" file="w.test.yaml" line="9" time="…">
              <failure message="outputs.sent is not as expected">w.test.yaml:11: outputs.sent is not as expected
          outputs.sent: expected 7, got 1</failure>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    });
}
