//! One line for each attempt to heal, and what they add up to.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, BufReader, Write},
    path::PathBuf,
};

use casare_engine::HealOutcome;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::project::Project;

/// When the file is this large, a new one is begun and the one before is kept.
const LARGEST: u64 = 8 << 20;

/// One attempt to heal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HealAttempt {
    /// When.
    pub at: Timestamp,
    /// In which run.
    pub run: String,
    /// In which workflow: its file, from the project's folder.
    pub workflow: String,
    /// In which step: `steps[1].do[0]`.
    pub step: String,
    /// The selector that found nothing, or the object.
    pub target: String,
    /// Scheme, host and port of the page.
    pub site: String,
    /// What came of it.
    pub outcome: HealOutcome,
    /// What the heal rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// How far the next best was behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Milliseconds it took.
    pub took_ms: u64,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What attempts add up to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Sum {
    /// How many.
    pub attempts: u64,
    /// How many found the element.
    pub healed: u64,
    /// Of all, from 0 to 1.
    pub success: f64,
    /// The mean margin of those that found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// The smallest of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_margin: Option<f64>,
    /// The mean time in milliseconds.
    pub took_ms: u64,
    /// When one was last made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
}

/// What attempts are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The selector or object.
    Target,
    /// What the heal rests on.
    Tier,
    /// The site.
    Site,
}

fn files(project: &Project) -> [PathBuf; 2] {
    let folder = project.healing();
    ["attempts.old.jsonl", "attempts.jsonl"].map(|name| folder.join(name))
}

/// Adds an attempt.
///
/// # Errors
///
/// When the file can't be written.
pub fn add(project: &Project, attempt: &HealAttempt) -> io::Result<()> {
    project.make_healing()?;
    let [before, path] = files(project);
    if fs::metadata(&path).is_ok_and(|file| file.len() > LARGEST) {
        fs::rename(&path, before)?;
    }
    let mut line = serde_json::to_vec(attempt).map_err(io::Error::other)?;
    line.push(b'\n');
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)?;
    // One write: lines of runs side by side do not mix.
    file.write_all(&line)
}

/// All attempts that are remembered, the oldest first. A line that was cut off by a crash is passed over.
///
/// # Errors
///
/// When a file can't be read.
pub fn all(project: &Project) -> io::Result<Vec<HealAttempt>> {
    let mut attempts = Vec::new();
    for path in files(project) {
        let file = match fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for line in BufReader::new(file).split(b'\n') {
            attempts.extend(serde_json::from_slice::<HealAttempt>(&line?).ok());
        }
    }
    Ok(attempts)
}

/// The sums of all groups, the largest first.
pub fn sums(attempts: &[HealAttempt], by: By) -> Vec<(String, Sum)> {
    let mut groups: BTreeMap<String, Vec<&HealAttempt>> = BTreeMap::new();
    for attempt in attempts {
        let group = match by {
            By::Target => attempt.target.clone(),
            By::Tier => attempt.tier.clone().unwrap_or_else(|| "none".to_owned()),
            By::Site => attempt.site.clone(),
        };
        groups.entry(group).or_default().push(attempt);
    }
    let mut sums: Vec<(String, Sum)> = groups
        .into_iter()
        .map(|(group, attempts)| (group, sum(&attempts)))
        .collect();
    sums.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.attempts));
    sums
}

fn sum(attempts: &[&HealAttempt]) -> Sum {
    let count = attempts.len() as u64;
    let healed = attempts
        .iter()
        .filter(|attempt| attempt.outcome != HealOutcome::Refused);
    let margins: Vec<f64> = healed
        .clone()
        .filter_map(|attempt| attempt.margin)
        .collect();
    let healed = healed.count() as u64;
    let took: u64 = attempts.iter().map(|attempt| attempt.took_ms).sum();
    Sum {
        attempts: count,
        healed,
        success: healed as f64 / count.max(1) as f64,
        margin: (!margins.is_empty()).then(|| margins.iter().sum::<f64>() / margins.len() as f64),
        least_margin: margins.iter().copied().min_by(f64::total_cmp),
        took_ms: took / count.max(1),
        last_at: attempts.iter().map(|attempt| attempt.at).max(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_add_up_by_target_and_a_cut_line_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let project = Project::around(root.path());
        let attempt = |target: &str, outcome, margin| HealAttempt {
            at: Timestamp::UNIX_EPOCH,
            run: "r".into(),
            workflow: "w".into(),
            step: "steps[0]".into(),
            target: target.into(),
            site: "https://a.example".into(),
            outcome,
            tier: None,
            margin,
            took_ms: 10,
            reason: None,
        };
        add(&project, &attempt("css=#a", HealOutcome::Used, Some(0.2))).unwrap();
        add(&project, &attempt("css=#a", HealOutcome::Refused, None)).unwrap();
        add(
            &project,
            &attempt("css=#b", HealOutcome::Proposed, Some(0.4)),
        )
        .unwrap();
        let path = project.healing().join("attempts.jsonl");
        let mut text = fs::read_to_string(&path).unwrap();
        text.push_str("{\"at\":\"19");
        fs::write(path, text).unwrap();

        let sums = sums(&all(&project).unwrap(), By::Target);

        assert_eq!(sums[0].0, "css=#a");
        assert_eq!((sums[0].1.attempts, sums[0].1.healed), (2, 1));
        assert_eq!(sums[1].1.margin, Some(0.4));
    }
}
