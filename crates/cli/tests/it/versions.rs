//! Comparing and merging versions, by hand and by git.

use std::{fs, process::Command};

use crate::world::{Answer, GREET, World};

/// `git` in the world, with the tested program in its path.
fn git(world: &World, args: &[&str]) -> Answer {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_casare"));
    let old = std::env::vars().find(|(name, _)| name == "PATH").unwrap().1;
    let path = format!("{}:{old}", program.parent().unwrap().display());
    let mut command = Command::new("git");
    command
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
        .args([
            "-c",
            "init.defaultBranch=main",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(args)
        .current_dir(world.path("."))
        .env("PATH", path)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    Answer::of(command.output().unwrap())
}

fn commit(world: &World, text: &str, message: &str) {
    fs::write(world.path("greet.workflow.yaml"), text).unwrap();
    assert_eq!(git(world, &["commit", "-qam", message]).code, 0);
}

/// A repository as `casare init --git` leaves it, with a workflow in its only commit.
fn repository() -> World {
    let world = World::new();
    let answer = world.call(&["init", ".", "--git", "--json"]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    fs::write(world.path("greet.workflow.yaml"), GREET).unwrap();
    assert_eq!(git(&world, &["add", "-A"]).code, 0);
    commit(&world, GREET, "first");
    assert_eq!(git(&world, &["branch", "-M", "main"]).code, 0);
    world
}

#[test]
fn a_difference_is_told_by_step_and_setting_and_exits_with_1() {
    let world = World::with("old.yaml", GREET);
    let new = GREET
        .replace("default: world", "default: you")
        .replace("Hello", "Good day");
    fs::write(world.path("new.yaml"), new).unwrap();

    let answer = world.call(&["diff", "old.yaml", "new.yaml"]);

    assert_eq!(answer.code, 1);
    insta::assert_snapshot!(answer.out, @r#"
    --- old.yaml
    +++ new.yaml

    inputs.who.default: "world" → "you"

    ~ data.set, line 8
        with.value: "Hello, {{ inputs.who }}" → "Good day, {{ inputs.who }}"

    1 step changed, 1 change outside the steps
    "#);
    let json = world
        .call(&["diff", "old.yaml", "new.yaml", "--json"])
        .json();
    assert_eq!(json["same"], false);
    assert_eq!(json["steps"][0]["step"]["path"], "steps[0]");
    assert_eq!(json["steps"][0]["values"][0]["path"], "with.value");
}

#[test]
fn equal_workflows_exit_with_0_whatever_their_layout() {
    let world = World::with("old.yaml", GREET);
    fs::write(world.path("new.yaml"), format!("# new\n{GREET}")).unwrap();

    let answer = world.call(&["diff", "old.yaml", "new.yaml"]);

    assert_eq!((answer.code, answer.out.as_str()), (0, ""));
    assert!(answer.err.contains("only comments"), "{}", answer.err);
}

#[test]
fn a_file_alone_is_compared_with_what_was_committed() {
    let world = repository();
    fs::write(
        world.path("greet.workflow.yaml"),
        GREET.replace("Hello", "Good day"),
    )
    .unwrap();

    let answer = world.call(&["diff", "greet.workflow.yaml"]);

    assert_eq!(answer.code, 1, "{}", answer.err);
    assert!(answer.out.contains("Good day"), "{}", answer.out);
    let named = world.call(&[
        "diff",
        "HEAD:greet.workflow.yaml",
        "HEAD:./greet.workflow.yaml",
    ]);
    assert_eq!(named.code, 0, "{}", named.err);
}

#[test]
fn git_shows_changes_by_step() {
    let world = repository();
    let new = GREET.replace(
        "steps:\n",
        "steps:\n  - use: flow.wait\n    with: { duration: 1s }\n",
    );
    fs::write(world.path("greet.workflow.yaml"), new).unwrap();

    let answer = git(&world, &["diff"]);

    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(
        answer.out.contains("+ flow.wait, line 8, in steps"),
        "{}",
        answer.out
    );
}

#[test]
fn git_merges_what_lines_could_not() {
    let world = repository();
    assert_eq!(git(&world, &["checkout", "-qb", "other"]).code, 0);
    // One line, two settings of one step.
    commit(&world, &GREET.replace("Hello", "Good day"), "theirs");
    assert_eq!(git(&world, &["checkout", "-q", "main"]).code, 0);
    let ours = GREET.replace("name: greeting, value", "name: greeting,  value");
    let ours = ours.replace(
        "    with: { name: greeting",
        "    timeout: 5s\n    with: { name: greeting",
    );
    commit(&world, &ours, "ours");

    let merge = git(&world, &["merge", "-q", "other", "-m", "both"]);

    assert_eq!(merge.code, 0, "{}{}", merge.out, merge.err);
    let merged = fs::read_to_string(world.path("greet.workflow.yaml")).unwrap();
    assert!(
        merged.contains("timeout: 5s") && merged.contains("Good day"),
        "{merged}"
    );
    assert_eq!(world.call(&["check", "greet.workflow.yaml"]).code, 0);
}

#[test]
fn a_conflict_names_its_step_and_stops_the_merge() {
    let world = repository();
    assert_eq!(git(&world, &["checkout", "-qb", "other"]).code, 0);
    commit(&world, &GREET.replace("Hello", "Good day"), "theirs");
    assert_eq!(git(&world, &["checkout", "-q", "main"]).code, 0);
    commit(&world, &GREET.replace("Hello", "Welcome"), "ours");

    let merge = git(&world, &["merge", "other", "-m", "both"]);

    assert_eq!(merge.code, 1);
    assert!(
        merge.err.contains(
            "conflict: greet.workflow.yaml: `with.value` of step `data.set` was changed by both"
        ),
        "{}",
        merge.err
    );
    let marked = fs::read_to_string(world.path("greet.workflow.yaml")).unwrap();
    assert!(
        marked.contains("<<<<<<< ours\n    with: { name: greeting, value: \"Welcome"),
        "{marked}"
    );
    assert_eq!(marked.matches("<<<<<<<").count(), 1);
    let check = world.call(&["check", "greet.workflow.yaml"]);
    assert_eq!(check.code, 3, "nobody runs a file with markers");
}

#[test]
fn what_is_valid_on_both_sides_and_broken_together_is_not_called_merged() {
    let world = World::new();
    let with_id = GREET.replace("  - use: log.write", "  - id: said\n    use: log.write");
    fs::write(world.path("base.yaml"), &with_id).unwrap();
    fs::write(
        world.path("ours.yaml"),
        with_id.replace("id: said", "id: told"),
    )
    .unwrap();
    let theirs = with_id.replace(
        "outputs:\n",
        "  - use: log.write\n    with: { message: \"{{ steps.said }}\" }\noutputs:\n",
    );
    fs::write(world.path("theirs.yaml"), theirs).unwrap();

    let answer = world.call(&["merge", "base.yaml", "ours.yaml", "theirs.yaml"]);

    assert_eq!(answer.code, 1, "{}", answer.err);
    assert!(
        answer
            .err
            .contains("both versions are valid, but not what comes of them"),
        "{}",
        answer.err
    );
}

#[test]
fn what_is_no_yaml_is_left_to_a_person_line_by_line() {
    let world = World::with("base.yaml", GREET);
    fs::write(world.path("ours.yaml"), GREET.replace("Hello", "Welcome")).unwrap();
    fs::write(
        world.path("theirs.yaml"),
        GREET.replace("steps:", "steps: ["),
    )
    .unwrap();

    let answer = world.call(&["merge", "base.yaml", "ours.yaml", "theirs.yaml", "-o", "-"]);

    assert_eq!(answer.code, 1);
    assert!(
        answer.out.contains("<<<<<<< ours\nsteps:\n"),
        "{}",
        answer.out
    );
    assert_eq!(
        fs::read_to_string(world.path("ours.yaml"))
            .unwrap()
            .matches("<<<")
            .count(),
        0
    );
}
