//! Tasks recorded through real input, and their workflows run again and again.
//!
//! Each task is replayed twice here. `CASARE_REPLAYS=20` replays each 20 times as it was recorded, 20 times with every
//! request 200 ms slower, more or less, and 20 times in a window of another size.

mod site;
mod studio;
mod tasks;

use std::{env, fs, time::Duration};

use site::Site;
use studio::{Person, Studio, signal, soon};

use crate::world::World;

/// Where and how a recording is replayed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    AsRecorded,
    Slow,
    OtherSize,
}

/// Records what `person` does on a page, checks the workflow, and runs it until all replays were as the original.
async fn round_trip(
    page: &str,
    inputs: &[&str],
    world: World,
    act: impl AsyncFn(&Person, &World),
) -> String {
    let site = Site::serve();
    let studio = Studio::open(&world, &site, page, &[]).await;
    act(&studio.person, &world).await;
    let answer = studio.stop().await;
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(answer.json()["problems"], serde_json::json!([]));
    let original = site.done();
    let text = fs::read_to_string(world.path("task.workflow.yaml")).unwrap();
    let checked = world.call(&["check", "task.workflow.yaml"]);
    assert_eq!(checked.code, 0, "{}\n{text}", checked.err);
    let (manners, times) = replays();
    for manner in manners {
        let red = replay(&world, &site, &text, inputs, manner, times, &original).await;
        assert!(
            red.is_empty(),
            "{page} {manner:?}: {} of {times} not green\n{}",
            red.len(),
            red.join("\n")
        );
    }
    text
}

fn replays() -> (Vec<Manner>, usize) {
    let times = env::var_os("CASARE_REPLAYS");
    match times.and_then(|times| times.to_str()?.parse().ok()) {
        Some(times) => (
            vec![Manner::AsRecorded, Manner::Slow, Manner::OtherSize],
            times,
        ),
        None => (vec![Manner::Slow, Manner::OtherSize], 1),
    }
}

async fn replay(
    world: &World,
    site: &Site,
    text: &str,
    inputs: &[&str],
    manner: Manner,
    times: usize,
    original: &[String],
) -> Vec<String> {
    site.set_slow(manner == Manner::Slow);
    if manner == Manner::OtherSize {
        let line = text
            .lines()
            .find(|line| line.contains("viewport: {"))
            .unwrap();
        let narrow = text.replace(line, "      viewport: { width: 640, height: 900 }");
        fs::write(world.path("task.workflow.yaml"), narrow).unwrap();
    }
    let mut red = Vec::new();
    for _ in 0..times {
        let mut arguments = vec!["run", "task.workflow.yaml", "--json"];
        for input in inputs {
            arguments.extend(["-i", input]);
        }
        let mut command = world.command(&arguments);
        command.env(
            "CASARE_CREDENTIAL_127_0_0_1",
            r#"{"username": "ada", "password": "correct-horse", "card_number": "4111 1111 1111 1111"}"#,
        );
        let ran = tokio::task::spawn_blocking(move || command.output().unwrap());
        let ran = crate::world::Answer::of(ran.await.unwrap());
        // What the page sends last may still be on its way.
        let mut done = site.done();
        let until = soon() - Duration::from_secs(27);
        while done.len() < original.len() && tokio::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
            done.extend(site.done());
        }
        if ran.code != 0 || done != original {
            red.push(format!(
                "{}\n{}\n{done:?}\nnot {original:?}\n{text}",
                ran.out, ran.err
            ));
        }
    }
    site.set_slow(false);
    fs::write(world.path("task.workflow.yaml"), text).unwrap();
    red
}

/// Waits until so many actions of a kind are in the record.
async fn recorded(world: &World, did: &str, times: usize) {
    let wanted = format!("\"did\":\"{did}\"");
    let until = soon();
    loop {
        let text = fs::read_to_string(world.path("task.recording.jsonl")).unwrap();
        if text.matches(&wanted).count() >= times {
            return;
        }
        assert!(tokio::time::Instant::now() < until, "{text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_killed_keeps_what_was_done_until_then() {
    let (world, site) = (World::new(), Site::serve());
    let mut studio = Studio::open(&world, &site, "form", &[]).await;
    studio.person.types("label=First name", "Ada").await;
    studio.person.types("label=Last name", "Byron").await;
    // Less than a second: what is typed is told all the time.
    tokio::time::sleep(Duration::from_millis(900)).await;

    studio.recorder.kill().unwrap();
    studio.recorder.wait().unwrap();
    let refused = world.call(&["record", "example.com", "-o", "task.workflow.yaml"]);
    let made = world.call(&["record", "--events", "task.recording.jsonl", "--json"]);

    assert!(
        refused.err.contains("--events task.recording.jsonl"),
        "{}",
        refused.err
    );
    assert_eq!(made.code, 0, "{}", made.err);
    let text = fs::read_to_string(world.path("task.workflow.yaml")).unwrap();
    assert!(text.contains("Ada") && text.contains("Byron"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_writes_the_workflow_and_nothing_is_replaced_unasked() {
    let (world, site) = (World::new(), Site::serve());
    let studio = Studio::open(&world, &site, "login", &["--export", "devtools"]).await;
    studio.person.types("label=User name", "ada").await;
    studio.person.types("label=Password", "correct-horse").await;
    signal(&studio.recorder, "-INT");
    let answer = studio.finish().await;
    let again = world.call(&["record", &site.url("login"), "-o", "task.workflow.yaml"]);

    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(
        answer.json()["credentials"]["127-0-0-1"],
        serde_json::json!(["password", "username"])
    );
    assert!(again.err.contains("--force"), "{}", again.err);
    for file in [
        "task.workflow.yaml",
        "task.recording.jsonl",
        "task.devtools.json",
    ] {
        let text = fs::read_to_string(world.path(file)).unwrap();
        assert!(!text.contains("correct-horse"), "{file}");
    }
    assert!(!answer.err.contains("correct-horse"));
    // DevTools' form of it comes back as a workflow.
    let back = world.call(&[
        "record",
        "--from",
        "task.devtools.json",
        "-o",
        "back.workflow.yaml",
    ]);
    assert_eq!(back.code, 0, "{}{}", back.out, back.err);
    assert_eq!(world.call(&["check", "back.workflow.yaml"]).code, 0);
}
