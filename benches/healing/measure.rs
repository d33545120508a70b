//! Lets every way choose, and counts.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use casare_browser::healing::{HealOptions, decide};

use crate::{
    record::{Case, Pair},
    rivals,
};

#[derive(Debug, Default, Clone, Copy, serde::Serialize)]
struct Count {
    right: usize,
    refused: usize,
    wrong: usize,
    gone_refused: usize,
    gone_wrong: usize,
}

impl Count {
    fn add(&mut self, truth: Option<&String>, answer: Option<&String>) {
        let place = match (truth, answer) {
            (Some(truth), Some(answer)) if truth == answer => &mut self.right,
            (Some(_), Some(_)) => &mut self.wrong,
            (Some(_), None) => &mut self.refused,
            (None, Some(_)) => &mut self.gone_wrong,
            (None, None) => &mut self.gone_refused,
        };
        *place += 1;
    }

    fn row(&self, name: &str) -> String {
        let there = (self.right + self.refused + self.wrong).max(1);
        let gone = self.gone_refused + self.gone_wrong;
        let percent = |count: usize, all: usize| 100.0 * count as f64 / all.max(1) as f64;
        format!(
            "| {name} | {} ({:.1} %) | {} ({:.1} %) | {} ({:.2} %) | {} of {gone} | {} |",
            self.right,
            percent(self.right, there),
            self.refused,
            percent(self.refused, there),
            self.wrong,
            percent(self.wrong, there),
            self.gone_refused,
            self.right as i64 - self.wrong as i64 - self.gone_wrong as i64,
        )
    }
}

const HEAD: &str =
    "| | right | refused | wrong | gone: refused | right − wrong |\n|---|---|---|---|---|---|";

struct Answer {
    path: Option<String>,
    tier: String,
}

fn casare(pair: &Pair, case: &Case) -> (Answer, String, Duration) {
    let sight = pair.sight(case);
    let started = Instant::now();
    let (choice, near) = decide(&case.target, &sight, HealOptions::default());
    let took = started.elapsed();
    let path = |at: usize| pair.looks[at].print.path.clone();
    let mut told = String::new();
    let truth = |at: usize| case.truth.as_ref() == Some(&pair.looks[at].print.path);
    for (rank, one) in near
        .iter()
        .enumerate()
        .filter(|(rank, one)| *rank < 2 || truth(one.at))
    {
        let look = &pair.looks[one.at];
        let mark = if truth(one.at) { "TRUE" } else { "    " };
        told += &format!(
            "   {mark} #{rank} {:.3} votes {:.1} {:?} {} {:?} {:?} item {:?}\n",
            one.score,
            one.votes,
            one.veto,
            look.print.path,
            look.print.name,
            look.print.attributes,
            look.anchors.item
        );
        if std::env::var_os("EVIDENCE").is_some() {
            for part in &one.evidence {
                told += &format!(
                    "          {} {:.2} × {:.2}\n",
                    part.what, part.weight, part.likeness
                );
            }
        }
    }
    let answer = match choice {
        Ok(choice) => Answer {
            path: Some(path(choice.candidate.at)),
            tier: format!(
                "{} {:.3} margin {:.3}",
                choice.tier, choice.candidate.score, choice.margin
            ),
        },
        Err(reason) => Answer {
            path: None,
            tier: format!("{reason:?}"),
        },
    };
    (answer, told, took)
}

pub(crate) fn run(folder: &Path, rest: &[String]) {
    let mut files: Vec<_> = fs::read_dir(folder.join("pairs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let pairs: Vec<Pair> = files
        .iter()
        .map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap())
        .collect();
    let explain = rest.iter().any(|one| one == "--explain");
    let trained_only = rest.iter().any(|one| one == "--train");
    let weights = rivals::weights(&pairs);
    let bar = rivals::similo_bar(&pairs);
    let mut tables: BTreeMap<String, BTreeMap<&str, Count>> = BTreeMap::new();
    let mut tiers: BTreeMap<String, Count> = BTreeMap::new();
    let mut times = Vec::new();
    for pair in &pairs {
        for case in &pair.cases {
            let truth = case.truth.as_ref();
            let (answer, told, took) = casare(pair, case);
            times.push(took);
            let similo = rivals::similo(pair, case);
            let answers = [
                ("casare", answer.path.clone()),
                ("Similo", similo.clone().map(|(_, path)| path)),
                (
                    "Similo, refusing below its best bar",
                    similo.filter(|(sum, _)| *sum >= bar).map(|(_, path)| path),
                ),
                (
                    "weighted multi-locator",
                    rivals::multi_locator(case, &weights),
                ),
                ("XPath from the nearest id", rivals::nearest_id(case)),
            ];
            let broken =
                !matches!(case.primary[..], [one] if Some(&pair.looks[one].print.path) == truth);
            let half = if pair.held_out() {
                "held out"
            } else {
                "for the weights"
            };
            let kind = if pair.change == "release" {
                "releases"
            } else {
                "changed by program"
            };
            let mut sets = vec![
                "all".to_owned(),
                half.to_owned(),
                kind.to_owned(),
                format!("recipe {}", pair.change),
            ];
            if broken {
                sets.push("selector broken".to_owned());
            }
            for set in sets {
                for (name, answer) in &answers {
                    tables
                        .entry(set.clone())
                        .or_default()
                        .entry(name)
                        .or_default()
                        .add(truth, answer.as_ref());
                }
            }
            let tier = answer.tier.split(' ').next().unwrap_or_default().to_owned();
            tiers
                .entry(tier)
                .or_default()
                .add(truth, answer.path.as_ref());
            let bad = answer.path.as_ref() != truth;
            if explain && bad && !(trained_only && pair.held_out()) {
                let print = case.target.fingerprint.clone().unwrap_or_default();
                let what = match (truth, &answer.path) {
                    (Some(_), None) => "REFUSED",
                    (Some(_), Some(_)) => "WRONG",
                    _ => "NOT GONE",
                };
                println!("{what} {} {} [{}]", pair.page, pair.change, answer.tier);
                println!(
                    "   meant {} {:?} label {:?} text {:?} icon {:?} twins {} told {:?} shared {:?} among {:?} {:?}\n      item {:?} column {:?} others {:?} known {:?}",
                    print.path,
                    print.name,
                    print.label,
                    print.text,
                    print.icon,
                    print.twins,
                    print.told_by,
                    print.shared,
                    print.among,
                    print.attributes,
                    case.target.anchors.item,
                    case.target.anchors.column,
                    case.target.anchors.others,
                    case.known
                );
                print!("{told}");
            }
        }
    }
    let pairs_count = pairs.len();
    let cases: usize = pairs.iter().map(|pair| pair.cases.len()).sum();
    println!(
        "{} page pairs, {cases} elements; locator weights {weights:.2?}, Similo's bar {bar:.2}\n",
        pairs.len()
    );
    for (set, table) in &tables {
        println!("{set}\n{HEAD}");
        for (name, count) in table {
            println!("{}", count.row(name));
        }
        println!();
    }
    let results = serde_json::json!({ "pairs": pairs_count, "elements": cases, "sets": tables, "tiers": tiers });
    fs::write(folder.join("results.json"), results.to_string()).unwrap();
    println!("by tier or reason\n{HEAD}");
    for (tier, count) in &tiers {
        println!("{}", count.row(tier));
    }
    times.sort();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    println!(
        "\ndeciding: median {:?}, 95 % {:?}, longest {:?}",
        at(0.5),
        at(0.95),
        at(1.0)
    );
}
