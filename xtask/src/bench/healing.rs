//! Healing on pages that change: fetches the pages, lets every way find their elements again, and compares.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::{Scratch, table::Table};
use crate::{
    chromium,
    command::{self, cargo},
    failure::Failure,
    paths,
    steps::timed,
};

pub(super) fn bench(scratch: &Scratch) -> Result<Table, Failure> {
    chromium::ensure()?;
    let folder = paths::cache().join("healing");
    let packages = folder.join("packages");
    timed("Fetching the pages from npm", || {
        fetch_all(scratch, &packages)
    })?;
    timed("Building the benchmark (release profile)", || {
        let build = [
            "build",
            "--release",
            "--package",
            "casare-browser",
            "--example",
            "healing",
        ];
        command::run(&mut cargo(&build))
    })?;
    let program = paths::target().join("release/examples/healing");
    timed("Changing the pages", || {
        let pairs = folder.join("pairs");
        if pairs.is_dir() {
            fs::remove_dir_all(&pairs).map_err(Failure::io("remove the pairs of last time"))?;
        }
        command::run(Command::new(&program).arg("capture").arg(&folder))
    })?;
    command::run(Command::new(&program).arg("measure").arg(&folder))?;
    table(&folder)
}

/// The packages that `corpus.json` names, each once; only their pages and styles are kept.
fn fetch_all(scratch: &Scratch, packages: &Path) -> Result<(), Failure> {
    let corpus = paths::root().join("benches/healing/corpus.json");
    let named = read(&corpus)?;
    let named = named["packages"].as_object().cloned().unwrap_or_default();
    for (name, versions) in named {
        for version in versions.as_array().into_iter().flatten() {
            let version = version.as_str().unwrap_or_default();
            let folder = packages.join(format!("{}@{version}", name.replace('/', "+")));
            if !folder.is_dir() {
                fetch(scratch, &format!("{name}@{version}"), &folder)?;
            }
        }
    }
    Ok(())
}

fn fetch(scratch: &Scratch, package: &str, folder: &Path) -> Result<(), Failure> {
    let unpacked = scratch.0.join("unpacked");
    fs::create_dir_all(&unpacked).map_err(Failure::io("create a folder to unpack in"))?;
    let packed = command::output(
        Command::new("npm")
            .args(["pack", "--silent", "--pack-destination"])
            .arg(&scratch.0)
            .arg(package),
    )?;
    let file = String::from_utf8_lossy(&packed.stdout).trim().to_owned();
    if !packed.status.success() || file.is_empty() {
        return Err(Failure::Missing {
            what: format!("{package} from npm"),
            how: String::from_utf8_lossy(&packed.stderr).trim().to_owned(),
        });
    }
    command::run(
        Command::new("tar")
            .arg("xzf")
            .arg(scratch.0.join(file))
            .arg("-C")
            .arg(&unpacked)
            .arg("--strip-components=1"),
    )?;
    let io = || Failure::io(format!("keep the pages of {package}"));
    let part = folder.with_extension("part");
    keep(&unpacked, &part).map_err(io())?;
    fs::rename(&part, folder).map_err(io())?;
    fs::remove_dir_all(&unpacked).map_err(io())
}

/// Copies pages and styles; what the package brings of others' packages is left.
fn keep(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        if path.is_dir() && name != "node_modules" {
            keep(&path, &to.join(name))?;
        } else if path
            .extension()
            .is_some_and(|kind| kind == "html" || kind == "css")
        {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

fn read(path: &PathBuf) -> Result<Value, Failure> {
    let text = fs::read(path).map_err(Failure::io(format!("read {}", path.display())))?;
    serde_json::from_slice(&text)
        .map_err(|error| Failure::Unexpected(format!("{}: {error}", path.display())))
}

/// The figures that matter, beside the best of the others.
fn table(folder: &Path) -> Result<Table, Failure> {
    let results = read(&folder.join("results.json"))?;
    let mut table = Table::new(format!(
        "healing: {} page pairs, {} elements",
        results["pairs"], results["elements"]
    ));
    for (set, label) in [
        ("all", "all"),
        ("held out", "held out"),
        ("releases", "releases"),
    ] {
        let of =
            |way: &str, what: &str| results["sets"][set][way][what].as_f64().unwrap_or(f64::NAN);
        let net = |way: &str| of(way, "right") - of(way, "wrong") - of(way, "gone_wrong");
        let there = of("casare", "right") + of("casare", "refused") + of("casare", "wrong");
        let gone = of("casare", "gone_refused") + of("casare", "gone_wrong");
        let percent = |part: f64, of: f64| 100.0 * part / of;
        let rivals = results["sets"][set].as_object().into_iter().flatten();
        let best = rivals
            .map(|(way, _)| way.as_str())
            .filter(|way| *way != "casare")
            .max_by(|a, b| net(a).total_cmp(&net(b)));
        table.plain(
            &format!("{label}: right where it is still there"),
            percent(of("casare", "right"), there),
            "%",
            "≥ 95",
        );
        table.plain(
            &format!("{label}: wrong where it is still there"),
            percent(of("casare", "wrong"), there),
            "%",
            "< 0.5",
        );
        table.plain(
            &format!("{label}: refused where it has gone"),
            percent(of("casare", "gone_refused"), gone),
            "%",
            "100",
        );
        if let Some(best) = best {
            table.compare(
                &format!("{label}: right minus wrong"),
                net("casare"),
                (best, net(best)),
                "",
                "> 1",
            );
        }
    }
    Ok(table)
}
