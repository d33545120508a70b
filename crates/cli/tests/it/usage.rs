use crate::world::World;

#[test]
fn help_tells_the_exit_codes() {
    let help = World::new().call(&["--help"]).out;

    assert!(
        help.contains("70  Casare itself could not do its work"),
        "{help}"
    );
}

#[test]
fn a_misspelt_command_is_recognised() {
    let answer = World::new().call(&["resum", "last"]);

    assert_eq!(answer.code, 2);
    assert!(answer.err.contains("'resume'"), "{}", answer.err);
}

#[test]
fn a_missing_file_is_a_wrong_command_line() {
    let answer = World::new().call(&["run", "nowhere.yaml"]);

    assert_eq!(answer.code, 2);
    assert!(
        answer.err.contains("could not read `nowhere.yaml`"),
        "{}",
        answer.err
    );
}

#[test]
fn a_data_folder_that_cannot_be_written_is_explained() {
    let world = World::with("home", "a file where the folder should be");

    let answer = world.call(&["runs", "list"]);

    assert_eq!(answer.code, 70);
    assert!(answer.err.contains("help:"), "{}", answer.err);
}

#[test]
fn shells_complete_the_subcommands() {
    let script = World::new().call(&["completions", "bash"]).out;

    assert!(script.contains("resume") && script.contains("--no-journal"));
}

#[test]
fn the_doctor_says_where_settings_come_from() {
    let world = World::new();

    let output = world
        .command(&["doctor", "--json"])
        .env("PATH", "")
        .output()
        .unwrap();
    let json = crate::world::Answer::of(output).json();

    assert_eq!(json["ok"], true);
    let home = &json["settings"][0];
    assert_eq!(
        (&home["name"], &home["from"]),
        (&"CASARE_HOME".into(), &"environment".into())
    );
    let checks = json["checks"].as_array().unwrap();
    let git = checks.iter().find(|check| check["name"] == "git").unwrap();
    assert!(git["state"] == "missing" && git["get"].is_string());
}
