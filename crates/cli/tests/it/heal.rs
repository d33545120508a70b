//! Pages that change between two runs.

use std::{fs, process::Stdio};

use serde_json::Value as Json;

use crate::world::{Answer, World};

const ORDER: &str = r#"<!doctype html><title>Order</title>
<h1>Order 7</h1>
<label>Remark <input id=remark></label>
<button id=save onclick="done.textContent = 'saved'">Save changes</button>
<button id=cancel onclick="done.textContent = 'cancelled'">Cancel</button>
<p id=done></p>"#;

const WORKFLOW: &str = r##"casare: 1
name: order

steps:
  - use: browser.session
    with: { url: "{{ inputs.page }}", learn: true }
    do:
      # The one that keeps the order.
      - use: browser.click
        with: { target: "#save" } # not Cancel
        timeout: 4s
      - id: done
        use: browser.extract
        with: { target: "#done" }
outputs:
  done: "{{ steps.done.text }}"
inputs:
  page: { type: string, required: true }
"##;

/// The page with other ids, and more on it.
fn changed(page: &str) -> String {
    page.replace("id=save", "id=btn-primary class=wide")
        .replace("id=del", "id=act-2")
        .replace("<h1>", "<nav><a href=/>Home</a></nav><h1>")
}

fn world(page: &str, workflow: &str) -> World {
    let world = World::with("order.workflow.yaml", workflow);
    fs::create_dir(world.path(".casare")).unwrap();
    fs::write(world.path("order.html"), page).unwrap();
    world
}

fn run(world: &World, more: &[&str]) -> Answer {
    let page = format!("page=file://{}", world.path("order.html").display());
    let mut args = vec!["run", "order.workflow.yaml", "--json", "-i", &page];
    args.extend(more);
    world.call(&args)
}

/// After a green run, the page changes.
fn change(world: &World, page: &str) {
    let green = run(world, &[]);
    assert_eq!(green.code, 0, "{}", green.err);
    assert!(green.json().get("healed").is_none());
    fs::write(world.path("order.html"), changed(page)).unwrap();
}

fn proposals(world: &World) -> Vec<Json> {
    let listed = world.call(&["heal", "list", "--json"]).json();
    listed["proposals"].as_array().unwrap().clone()
}

#[test]
fn a_selector_that_broke_is_proposed_accepted_and_green_again() {
    let world = world(ORDER, WORKFLOW);
    change(&world, ORDER);

    let failed = run(&world, &[]);
    assert_eq!(failed.code, 1);
    let error = &failed.json()["error"];
    let id = error["details"]["proposal"].as_str().unwrap().to_owned();
    assert_eq!(error["kind"], "not_found");
    let help = error["help"].as_str().unwrap();
    assert!(help.contains(&format!("casare heal accept {id}")), "{help}");

    // The same repair again is the same proposal.
    run(&world, &[]);
    let listed = proposals(&world);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["times"], 2);
    let shown = world.call(&["heal", "show", &id, "--json"]).json();
    assert_eq!(shown["proposal"]["before"], "css=#save");
    assert!(
        shown["proposal"]["found"]
            .as_str()
            .unwrap()
            .contains("Save changes")
    );
    assert!(fs::metadata(shown["pictures"]["after"].as_str().unwrap()).is_ok());

    let accepted = world.call(&["heal", "accept", &id, "--json"]);
    assert_eq!(accepted.code, 0, "{}", accepted.err);
    let text = fs::read_to_string(world.path("order.workflow.yaml")).unwrap();
    assert!(text.contains("# The one that keeps the order."), "{text}");
    assert!(
        text.contains("# not Cancel") && !text.contains("#save"),
        "{text}"
    );
    let green = run(&world, &[]);
    assert_eq!(green.code, 0, "{}", green.err);
    assert_eq!(green.json()["outputs"]["done"], "saved");
    assert!(proposals(&world).is_empty());
}

#[test]
fn a_provisional_run_goes_on_is_marked_as_healed_and_proposes() {
    let world = world(ORDER, WORKFLOW);
    change(&world, ORDER);

    let healed = run(&world, &["--healing", "provisional", "--events"]);

    assert_eq!(healed.code, 0, "{}", healed.err);
    let json = healed.json();
    assert_eq!(json["outputs"]["done"], "saved");
    assert_eq!(json["healed"], 1);
    assert!(healed.out.contains(r#""event":"healing""#));
    assert!(healed.out.contains(r#""outcome":"used""#));
    assert!(healed.report().contains("Healed"));
    let runs = world.call(&["runs", "list"]);
    assert!(runs.out.contains("succeeded (healed)"), "{}", runs.out);
    assert_eq!(proposals(&world).len(), 1);
    let stats = world.call(&["heal", "stats", "--json"]).json();
    assert_eq!(stats["targets"][0]["sum"]["healed"], 1);

    let off = run(&world, &["--healing", "off"]);
    assert_eq!(off.code, 1);
    assert!(off.json()["error"]["details"].get("healing").is_none());
}

#[test]
fn a_repair_that_was_rejected_is_not_used_and_one_for_a_changed_file_is_refused() {
    let world = world(ORDER, WORKFLOW);
    change(&world, ORDER);
    let failed = run(&world, &[]).json();
    let id = failed["error"]["details"]["proposal"].as_str().unwrap();

    assert_eq!(world.call(&["heal", "reject", id]).code, 0);
    let again = run(&world, &["--healing", "provisional"]);
    assert_eq!(again.code, 1);
    let reason = again.json()["error"]["details"]["healing"]["reason"].clone();
    assert!(
        reason.as_str().unwrap().contains("was rejected"),
        "{reason}"
    );

    let other = WORKFLOW.replace("#save", "#keep");
    fs::write(world.path("order.workflow.yaml"), &other).unwrap();
    let refused = world.call(&["heal", "accept", id, "--json"]);
    assert_eq!(refused.code, 2);
    let message = refused.json()["error"]["message"].clone();
    assert!(
        message.as_str().unwrap().contains("has changed there"),
        "{message}"
    );
    assert_eq!(
        fs::read_to_string(world.path("order.workflow.yaml")).unwrap(),
        other
    );
}

#[test]
fn what_cannot_be_undone_and_what_is_ambiguous_is_not_healed() {
    const ACCOUNT: &str = r#"<!doctype html><title>Account</title><h1>Account</h1>
<button id=del onclick="done.textContent = 'deleted'">Delete account</button><p id=done></p>"#;
    let delete = WORKFLOW.replace("#save", "#del");
    let world = world(ACCOUNT, &delete);
    change(&world, ACCOUNT);

    let refused = run(&world, &["--healing", "provisional"]);
    assert_eq!(refused.code, 1);
    let healing = refused.json()["error"]["details"]["healing"].clone();
    assert_eq!(healing["outcome"], "refused");
    assert!(
        healing["reason"].as_str().unwrap().contains("`delete`"),
        "{healing}"
    );
    assert!(proposals(&world).is_empty());

    let allowed = delete.replace("target: \"#del\"", "target: \"#del\", heal: true");
    fs::write(world.path("order.workflow.yaml"), allowed).unwrap();
    let healed = run(&world, &["--healing", "provisional"]);
    assert_eq!(healed.code, 0, "{}", healed.out);
    assert_eq!(healed.json()["healed"], 1);

    let several = r"<!doctype html><title>Account</title><h1>Account</h1><p id=done></p>
<div><button>Keep</button></div><div><button>Keep</button></div>";
    fs::write(world.path("order.workflow.yaml"), WORKFLOW).unwrap();
    let one = ORDER.replace("Save changes", "Keep");
    fs::write(world.path("order.html"), &one).unwrap();
    assert_eq!(run(&world, &[]).code, 0);
    fs::write(world.path("order.html"), several).unwrap();
    let refused = run(&world, &["--healing", "provisional"]);
    assert_eq!(refused.code, 1);
    assert_eq!(
        refused.json()["error"]["details"]["healing"]["outcome"],
        "refused"
    );
}

#[test]
fn a_probe_tells_found_from_drifted_without_acting_and_says_what_it_cannot_reach() {
    let workflow = WORKFLOW.replace(
        "      - id: done",
        "      - use: browser.click\n        with: { target: \"#later\" }\n        when: false\n      - id: done",
    );
    let world = world(ORDER, &workflow);
    let page = format!("page=file://{}", world.path("order.html").display());
    let probe = |code: i32| {
        let answer = world.call(&[
            "heal",
            "probe",
            "order.workflow.yaml",
            "-i",
            &page,
            "--json",
        ]);
        assert_eq!(answer.code, code, "{} {}", answer.out, answer.err);
        answer.json()["targets"].clone()
    };
    assert_eq!(run(&world, &[]).code, 0);

    let targets = probe(0);
    assert_eq!(targets[0]["found"], "found");
    assert!(targets[0]["margin"].as_f64().unwrap() > 0.0, "{targets}");
    assert_eq!(targets[1]["found"], "not_reached");
    assert_eq!(targets[2]["found"], "found");

    fs::write(world.path("order.html"), changed(ORDER)).unwrap();
    let targets = probe(1);
    assert_eq!(targets[0]["found"], "healed");
    assert!(
        targets[0]["selector"]
            .as_str()
            .unwrap()
            .contains("Save changes")
    );

    fs::write(
        world.path("order.html"),
        "<title>Gone</title><p id=done></p>",
    )
    .unwrap();
    assert_eq!(probe(1)[0]["found"], "gone");
}

#[test]
fn a_run_that_is_killed_while_it_heals_leaves_whole_proposals() {
    let world = world(ORDER, WORKFLOW);
    change(&world, ORDER);
    let page = format!("page=file://{}", world.path("order.html").display());
    let folder = world.path(".casare/healing/proposals");
    let entries = || fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut child = world
        .command(&["run", "order.workflow.yaml", "-i", &page])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();

    while entries().next().is_none() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();

    for entry in entries() {
        let path = entry.path();
        if path.extension().is_some_and(|end| end == "json") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(serde_json::from_str::<Json>(&text).is_ok(), "{text}");
        }
    }
    let listed = proposals(&world).len();
    run(&world, &[]);
    assert_eq!(proposals(&world).len(), 1, "{listed} before");
}
