//! Opens the pages, changes them, and writes what the algorithms may see.

use std::{collections::HashMap, fs, path::Path, time::Duration};

use casare_browser::{Browser, LaunchOptions, Locator, Page, Target, Until};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    record::{Case, Corpus, Pair, Release, SimiloLook},
    serve::serve,
};

const CHANGE: &str = include_str!("change.js");
const RIVALS: &str = include_str!("rivals.js");
/// Elements that are marked on each page that is changed by program.
const MARKS: usize = 12;
/// How many of them are removed.
const GONE: usize = 2;

/// Where a marked element is.
#[derive(Debug, Deserialize)]
struct Place {
    id: usize,
    path: Option<String>,
    visible: bool,
}

/// What is remembered of the marked elements of an old page.
struct Marked {
    id: usize,
    target: Target,
    locators: Value,
    similo: Option<SimiloLook>,
}

fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

/// `rest` may name parts of pages to capture only those.
pub(crate) fn run(folder: &Path, rest: &[String]) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/healing");
    let read = |name: &str| fs::read_to_string(here.join(name)).unwrap();
    let corpus: Corpus = serde_json::from_str(&read("corpus.json")).unwrap();
    let releases: Vec<Release> = serde_json::from_str(&read("releases.json")).unwrap();
    let pairs = folder.join("pairs");
    fs::create_dir_all(&pairs).unwrap();
    let releases_only = rest.iter().any(|one| one == "--releases");
    let rest: Vec<&String> = rest.iter().filter(|one| !one.starts_with("--")).collect();
    let wanted =
        |page: &str| rest.is_empty() || rest.iter().any(|part| page.contains(part.as_str()));
    let address = serve(folder.join("packages"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let browser = Browser::launch(LaunchOptions::default()).await.unwrap();
        let page = browser.default_context().new_page(soon()).await.unwrap();
        let mut seed = 0_u32;
        for name in &corpus.pages {
            for (change, recipe) in &corpus.recipes {
                seed += 1;
                if wanted(name) && !releases_only {
                    let pair = changed(&page, &address, name, (change, recipe), seed).await;
                    write(&pairs, seed, &pair);
                }
            }
        }
        for release in &releases {
            seed += 1;
            if wanted(&release.from) {
                let pair = released(&page, &address, release).await;
                write(&pairs, seed, &pair);
            }
        }
        browser.close().await.unwrap();
    });
}

fn write(folder: &Path, number: u32, pair: &Pair) {
    let gone = pair
        .cases
        .iter()
        .filter(|case| case.truth.is_none())
        .count();
    eprintln!(
        "{number:4} {} {}: {} cases, {gone} gone, {} looks",
        pair.page,
        pair.change,
        pair.cases.len(),
        pair.looks.len()
    );
    let file = fs::File::create(folder.join(format!("{number:04}.json"))).unwrap();
    serde_json::to_writer(std::io::BufWriter::new(file), pair).unwrap();
}

async fn open(page: &Page, address: &str, name: &str) {
    page.goto(&format!("{address}/{name}"), Until::Load, soon())
        .await
        .unwrap();
    for script in [CHANGE, RIVALS] {
        let installed = script.trim().trim_end_matches(';').to_owned() + ", null";
        page.evaluate(&installed, &[], soon()).await.unwrap();
    }
}

async fn ask<T: serde::de::DeserializeOwned>(page: &Page, function: &str, args: &[Value]) -> T {
    let value = page.evaluate(function, args, soon()).await.unwrap();
    serde_json::from_value(value).unwrap()
}

async fn changed(
    page: &Page,
    address: &str,
    name: &str,
    (change, recipe): (&String, &Value),
    seed: u32,
) -> Pair {
    open(page, address, name).await;
    let places: Vec<Place> = ask(
        page,
        "(seed, count) => change.mark(seed, count)",
        &[json!(seed), json!(MARKS)],
    )
    .await;
    let marked = remember(page, &places).await;
    let gone: Vec<usize> = marked
        .iter()
        .map(|one| one.id)
        .filter(|id| id % (MARKS / GONE) == 0)
        .collect();
    let after: Vec<Place> = ask(
        page,
        "(seed, recipe, gone) => change.apply(seed, recipe, gone)",
        &[json!(seed), recipe.clone(), json!(gone)],
    )
    .await;
    see(page, name, change, marked, &after).await
}

/// Finds what was marked by hand: a CSS selector, or `tag: text`, or `tag: text @1` for the second of these.
const AT: &str = r"(marks) => {
  const squeeze = (text) => (text ?? '').replace(/\s+/g, ' ').trim();
  const shown = (css) => [...document.querySelectorAll(css)].filter((el) => el.getBoundingClientRect().width > 0);
  const one = (mark) => {
    const by = /^(\w+): (.*?)(?: @(\d+))?$/.exec(mark);
    const says = (el) => squeeze(el.innerText || el.value || el.placeholder || el.alt);
    let found = by ? shown(by[1]).filter((el) => says(el) === by[2]) : shown(mark);
    if (by?.[3]) found = found.slice(Number(by[3]), Number(by[3]) + 1);
    return found.length === 1 ? change.pathOf(found[0]) : `${mark} finds ${found.length}`;
  };
  return marks.map((mark) => mark && one(mark));
}";

async fn released(page: &Page, address: &str, release: &Release) -> Pair {
    open(page, address, &release.from).await;
    let selectors: Vec<&String> = release.marks.iter().map(|mark| &mark.0).collect();
    let paths: Vec<String> = ask(page, AT, &[json!(selectors)]).await;
    assert_found(&release.from, &paths);
    let places: Vec<Place> = ask(page, "(paths) => change.markAt(paths)", &[json!(paths)]).await;
    let marked = remember(page, &places).await;
    open(page, address, &release.to).await;
    let selectors: Vec<&Option<String>> = release.marks.iter().map(|mark| &mark.1).collect();
    let paths: Vec<Option<String>> = ask(page, AT, &[json!(selectors)]).await;
    assert_found(&release.to, paths.iter().flatten());
    let after: Vec<Place> = paths
        .into_iter()
        .enumerate()
        .map(|(id, path)| Place {
            id,
            path,
            visible: true,
        })
        .collect();
    let name = format!("{} → {}", release.from, release.to);
    see(page, &name, "release", marked, &after).await
}

/// A mark that finds nothing, or several, would make every figure wrong.
fn assert_found<'a>(page: &str, paths: impl IntoIterator<Item = &'a String>) {
    let lost: Vec<&String> = paths
        .into_iter()
        .filter(|path| !path.starts_with('/'))
        .collect();
    assert!(lost.is_empty(), "{page}: {lost:#?}");
}

async fn remember(page: &Page, places: &[Place]) -> Vec<Marked> {
    let similo: Vec<SimiloLook> = ask(page, "() => rivals.looks()", &[]).await;
    let by_path: HashMap<&str, &SimiloLook> = similo
        .iter()
        .map(|look| (look.path.as_str(), look))
        .collect();
    let mut marked = Vec::new();
    for place in places {
        let Some(path) = &place.path else { continue };
        let locator: Locator = format!("xpath={path}").parse().unwrap();
        match page.describe_target(&locator, soon()).await {
            Ok(target) => marked.push(Marked {
                id: place.id,
                target,
                locators: ask::<Vec<Value>>(
                    page,
                    "(paths) => rivals.make(paths)",
                    &[json!([path])],
                )
                .await
                .remove(0),
                similo: by_path.get(path.as_str()).map(|look| (*look).clone()),
            }),
            Err(error) => eprintln!("  left out: {error}"),
        }
    }
    marked
}

async fn see(page: &Page, name: &str, change: &str, marked: Vec<Marked>, after: &[Place]) -> Pair {
    let targets: Vec<Target> = marked.iter().map(|one| one.target.clone()).collect();
    let sights = page.sights(&targets, soon()).await.unwrap();
    let locators: Vec<&Value> = marked.iter().map(|one| &one.locators).collect();
    let located: Vec<Vec<Option<String>>> = ask(
        page,
        "(locators) => rivals.tryAll(locators)",
        &[json!(locators)],
    )
    .await;
    let similo = ask(page, "() => rivals.looks()", &[]).await;
    let (looks, total) = sights
        .first()
        .map(|sight| (sight.looks.clone(), sight.total))
        .unwrap_or_default();
    let place = |id: usize| after.iter().find(|place| place.id == id);
    let cases = marked.into_iter().zip(sights).zip(located);
    let cases = cases
        // What is there but cannot be seen is neither there nor gone.
        .filter(|((one, _), _)| {
            place(one.id).is_none_or(|place| place.path.is_none() || place.visible)
        })
        .map(|((one, sight), located)| Case {
            truth: place(one.id).and_then(|place| place.path.clone()),
            target: one.target,
            primary: sight.primary,
            matches: sight.matches,
            known: sight.known,
            located,
            similo: one.similo,
        });
    Pair {
        page: name.to_owned(),
        change: change.to_owned(),
        looks,
        total,
        cases: cases.collect(),
        similo,
    }
}
