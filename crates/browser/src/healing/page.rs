//! Healing on a real page.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::time::Instant;

use super::{
    decide::{Candidate, HealOptions, Refusal, Tier, decide, known_texts, only_interactive},
    look::{Description, Scan, Sight},
    traits::Evidence,
};
use crate::{
    error::BrowserError,
    locator::Locator,
    page::Page,
    program::{Program, steps_of},
    target::{Fingerprint, Target},
};

/// At most so many candidates are looked at closely; of more, the most likely.
const CANDIDATES: usize = 1500;

/// How many candidates a refusal shows.
const NEAREST: usize = 5;

/// Tells scans apart, so that an element of another one is never described.
static SCANS: AtomicU64 = AtomicU64::new(1);

/// What came of an attempt to heal.
#[derive(Debug)]
pub enum Healing {
    Healed(Box<Healed>),
    Refused(Refused),
}

/// An element that is the one meant, as far as can be told.
#[derive(Debug)]
pub struct Healed {
    /// Finds it, and only it.
    pub selector: Locator,
    /// The target as it would be recorded now.
    pub target: Target,
    pub tier: Tier,
    /// From 0 to 1.
    pub confidence: f64,
    /// How far the next best is behind, in score.
    pub margin: f64,
    pub evidence: Vec<Evidence>,
    /// From the question to the answer.
    pub took: Duration,
}

/// Nothing that could be meant with enough certainty.
#[derive(Debug)]
pub struct Refused {
    pub reason: Refusal,
    /// What came nearest, the best first, each with its outline and what spoke against it.
    pub nearest: Vec<(Fingerprint, Candidate)>,
    pub took: Duration,
}

impl Page {
    /// What the one element that matches is like, to know it again.
    ///
    /// # Errors
    ///
    /// As for every action: not found, found twice, the page is gone.
    pub async fn fingerprint(
        &self,
        locator: &Locator,
        deadline: Instant,
    ) -> Result<Fingerprint, BrowserError> {
        let target = self.describe_target(locator, deadline).await?;
        Ok(target.fingerprint.unwrap_or_default())
    }

    /// Everything by which the one element that matches can be found again: ranked selectors that find only it,
    /// its fingerprint and its anchors. The given locator is used to find it now and not kept.
    ///
    /// # Errors
    ///
    /// As for every action: not found, found twice, the page is gone.
    pub async fn describe_target(
        &self,
        locator: &Locator,
        deadline: Instant,
    ) -> Result<Target, BrowserError> {
        let program = Program::new("describe", locator).repeatable();
        let description: Description = self.run(&program, deadline).await?.value;
        target_of(description, locator)
    }

    /// What the page has now for each of some targets: what their selectors find, and all candidates. One look
    /// serves them all; [`decide`] chooses among them.
    ///
    /// # Errors
    ///
    /// The page is gone or does not answer.
    pub async fn sights(
        &self,
        targets: &[Target],
        deadline: Instant,
    ) -> Result<Vec<Sight>, BrowserError> {
        self.scan(targets, 0, deadline).await
    }

    async fn scan(
        &self,
        targets: &[Target],
        scan: u64,
        deadline: Instant,
    ) -> Result<Vec<Sight>, BrowserError> {
        let prints: Vec<&Fingerprint> = targets
            .iter()
            .filter_map(|target| target.fingerprint.as_ref())
            .collect();
        let selectors: Vec<_> = targets
            .iter()
            .flat_map(|target| std::iter::once(&target.selector).chain(&target.alternatives))
            .map(steps_of)
            .collect();
        let known: Vec<String> = targets.iter().flat_map(known_texts).collect();
        let readable = !prints.iter().all(|print| only_interactive(print));
        let settings = [
            ("scan", json!(scan)),
            ("readable", json!(readable)),
            ("limit", json!(CANDIDATES)),
            ("selectors", json!(selectors)),
            ("known", json!(known)),
            ("wanted", json!(prints)),
        ];
        let found: Scan = self.run_here_with("scan", settings, deadline).await?;
        let looks = Arc::new(found.looks);
        let (mut matches, mut known) = (found.matches.into_iter(), found.known.into_iter());
        let sight = |target: &Target| Sight {
            looks: Arc::clone(&looks),
            primary: matches.next().unwrap_or_default(),
            matches: matches.by_ref().take(target.alternatives.len()).collect(),
            total: found.total,
            known: known.by_ref().take(known_texts(target).len()).collect(),
        };
        Ok(targets.iter().map(sight).collect())
    }

    /// Looks for the element that a target means after its selector has stopped finding it. Acts on nothing.
    ///
    /// # Errors
    ///
    /// The page is gone or does not answer. That nothing was found is not an error, but [`Healing::Refused`].
    pub async fn heal(
        &self,
        target: &Target,
        options: HealOptions,
        deadline: Instant,
    ) -> Result<Healing, BrowserError> {
        let started = Instant::now();
        let scan = SCANS.fetch_add(1, Ordering::Relaxed);
        let sights = self
            .scan(std::slice::from_ref(target), scan, deadline)
            .await?;
        let sight = sights.into_iter().next().unwrap_or_default();
        let (choice, near) = decide(target, &sight, options);
        let refused = |reason: Refusal| {
            let nearest = near
                .iter()
                .take(NEAREST)
                .map(|one| (sight.looks[one.at].print.clone(), one.clone()))
                .collect();
            Ok(Healing::Refused(Refused {
                reason,
                nearest,
                took: started.elapsed(),
            }))
        };
        let choice = match choice {
            Ok(choice) => choice,
            Err(reason) => return refused(reason),
        };
        let settings = [("scan", json!(scan)), ("at", json!(choice.candidate.at))];
        let described: Option<Description> = self
            .run_here_with("describe-held", settings, deadline)
            .await?;
        // An element that has gone meanwhile, or that no selector finds alone, cannot be used.
        let Some(healed) = described.and_then(|one| target_of(one, &target.selector).ok()) else {
            return refused(Refusal::Ambiguous);
        };
        Ok(Healing::Healed(Box::new(Healed {
            selector: healed.selector.clone(),
            target: healed,
            tier: choice.tier,
            confidence: choice.confidence,
            margin: choice.margin,
            evidence: choice.candidate.evidence,
            took: started.elapsed(),
        })))
    }
}

/// A target as the page describes it; `asked` is told where the page knows no way to the element.
fn target_of(description: Description, asked: &Locator) -> Result<Target, BrowserError> {
    let mut selectors = Vec::new();
    for way in &description.selectors {
        selectors.push(way.selector.parse::<Locator>()?);
    }
    if selectors.is_empty() {
        return Err(BrowserError::Unusable {
            locator: Box::new(asked.clone()),
            reason: "no other selector finds this element alone".to_owned(),
        });
    }
    let selector = selectors.remove(0);
    Ok(Target {
        selector,
        alternatives: selectors,
        fingerprint: Some(description.look.print),
        anchors: description
            .look
            .anchors
            .with(description.others, description.taken),
        picture: None,
    })
}
