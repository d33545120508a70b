//! Healing while a workflow runs: what is known of a target, and one attempt to find it another way.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, Hasher},
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use casare_browser::{
    BrowserError, Locator, Page, Target as Bundle,
    healing::{HealOptions, Healed, Healing, Purpose, Refusal, Tier},
};
use casare_engine::{HealingPolicy, LogLevel, NodeError, StepContext, StepOrigin};
use parking_lot::Mutex;
use tokio::time::{Instant, timeout_at};

use super::{
    known::{KnownElement, KnownElements, MOST_OF_A_SETTING},
    project::{Project, Repository},
    proposal::{Proposals, State},
    report::proposal_of,
    risk::destructive_word,
};
use crate::browser::{
    aim::{Aim, Intent},
    target::Target,
};

/// How long a page may take to load before it is not healed.
const LOADED: &str = "() => document.readyState === 'complete' || new Promise((done) => \
                      addEventListener('load', () => setTimeout(done, 0, true), { once: true }))";
/// What of the time that is kept for healing a page may use to load.
const LOADING_SHARE: u32 = 2;
/// More settings than this are not remembered by a session: selectors that are computed anew each time.
const MOST_PLACES: usize = 10_000;

/// What a session knows of its targets, and what it may do when one is not found.
#[derive(Debug)]
pub(in crate::browser) struct Healer {
    policy: HealingPolicy,
    learns: bool,
    pub(super) project: Project,
    repository: OnceLock<Result<Arc<Repository>, String>>,
    memory: Mutex<Memory>,
    hasher: foldhash::fast::RandomState,
}

#[derive(Debug, Default)]
struct Memory {
    places: HashMap<u64, Remembered>,
    known: HashMap<PathBuf, KnownElements>,
    /// How many selectors of one setting of one step were looked at: one that is computed is another each time.
    learned: HashMap<u64, usize>,
}

/// What a session remembers of one selector of one setting of one step.
#[derive(Debug, Clone, Default)]
struct Remembered {
    /// What earlier runs knew of a plain selector, or this one.
    target: Option<Arc<Bundle>>,
    /// What found it when its selector did not.
    healed: Option<Arc<Repair>>,
    is_to_be_learned: bool,
}

/// What is known of one aim's target.
#[derive(Debug, Clone)]
pub(in crate::browser) struct Known {
    /// With the selector of the workflow.
    pub(super) target: Arc<Bundle>,
    place: u64,
    may_heal: bool,
    healed: Option<Arc<Repair>>,
    is_to_be_learned: bool,
}

/// What one attempt came to.
#[derive(Debug)]
pub(in crate::browser) enum Attempt {
    /// The element is there, under another selector.
    Found(Arc<Repair>),
    /// Nothing that could be meant with enough certainty.
    Refused { reason: String, took: Duration },
}

/// The element that a target means now.
#[derive(Debug)]
pub(in crate::browser) struct Repair {
    /// The target as it would be recorded now.
    pub(super) target: Bundle,
    pub(super) tier: String,
    pub(super) confidence: f64,
    pub(super) margin: f64,
    pub(super) evidence: serde_json::Value,
    pub(super) took: Duration,
    /// Its proposal, if it could be written.
    pub(super) proposal: Option<String>,
    /// The step goes on with it.
    pub(in crate::browser) is_used: bool,
}

impl Repair {
    /// What finds the element now.
    pub(in crate::browser) fn selector(&self) -> &Locator {
        &self.target.selector
    }
}

impl Known {
    /// The selector of the workflow.
    pub(in crate::browser) fn selector(&self) -> &Locator {
        &self.target.selector
    }

    /// Whether another way may be looked for, and there is something to look by.
    pub(in crate::browser) fn can_heal(&self) -> bool {
        self.may_heal && self.target.can_heal()
    }

    /// Whether its selector has failed in this session already.
    pub(in crate::browser) fn was_healed(&self) -> bool {
        self.healed.is_some()
    }

    /// Whether it is nothing but a selector, and not looked at yet.
    pub(in crate::browser) fn is_to_be_learned(&self) -> bool {
        self.is_to_be_learned
    }
}

impl Healer {
    /// For a session; what the person at the terminal said comes before `policy`.
    pub(in crate::browser) fn new(
        cx: &StepContext,
        policy: Option<HealingPolicy>,
        learn: Option<bool>,
    ) -> Self {
        let policy = cx.healing().or(policy).unwrap_or_default();
        let folder = cx
            .origin()
            .and_then(|origin| Some(origin.file.parent()?.to_owned()));
        let project = Project::around(&folder.unwrap_or_else(|| cx.file("")));
        Healer {
            policy,
            learns: policy != HealingPolicy::Off && learn.unwrap_or(false),
            project,
            repository: OnceLock::new(),
            memory: Mutex::default(),
            hasher: foldhash::fast::RandomState::default(),
        }
    }

    /// What is known of what a step aims at.
    pub(in crate::browser) fn known(
        &self,
        cx: &StepContext,
        aim: &Aim<'_>,
        heal: Option<bool>,
    ) -> Result<Known, NodeError> {
        let target = self.resolve(aim.target)?;
        let may_heal = self.policy != HealingPolicy::Off
            && heal != Some(false)
            && (aim.intent != Intent::Assert || heal == Some(true));
        if self.policy == HealingPolicy::Off {
            return Ok(Known {
                target,
                place: 0,
                may_heal,
                healed: None,
                is_to_be_learned: false,
            });
        }
        let place = self.place(cx, aim, Some(&target.selector));
        let remembered = {
            let memory = self.memory.lock();
            memory.places.get(&place).cloned()
        };
        let remembered = match remembered {
            Some(remembered) => remembered,
            None => self.first_time(cx, aim, &target, place),
        };
        Ok(Known {
            target: remembered.target.unwrap_or(target),
            place,
            may_heal,
            healed: remembered.healed,
            is_to_be_learned: remembered.is_to_be_learned,
        })
    }

    fn resolve(&self, target: &Target) -> Result<Arc<Bundle>, NodeError> {
        let name = match target {
            Target::Here(target) => return Ok(Arc::clone(target)),
            Target::Object(name) => name,
        };
        let found = self.repository()?.get(name).cloned();
        found.map(Arc::new).map_err(|error| {
            NodeError::invalid(error.to_string()).with_help("`casare objects list` lists them all")
        })
    }

    /// The project's object repository, read once.
    pub(super) fn repository(&self) -> Result<Arc<Repository>, NodeError> {
        let read = self.repository.get_or_init(|| {
            let read = self.project.repository();
            read.map(Arc::new).map_err(|error| error.to_string())
        });
        let wrong = |reason: String| {
            NodeError::invalid(format!("the object repository can't be read: {reason}"))
        };
        read.clone().map_err(wrong)
    }

    /// One number for a selector of a setting of a step, whatever the pass of a loop.
    fn place(&self, cx: &StepContext, aim: &Aim<'_>, selector: Option<&Locator>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for list in cx.path().lists() {
            (list.step.index, &*list.block).hash(&mut hasher);
        }
        (cx.path().index, aim.setting, selector).hash(&mut hasher);
        hasher.finish()
    }

    fn first_time(
        &self,
        cx: &StepContext,
        aim: &Aim<'_>,
        target: &Arc<Bundle>,
        place: u64,
    ) -> Remembered {
        let mut remembered = Remembered::default();
        let is_plain = !target.can_heal() && matches!(aim.target, Target::Here(_));
        if is_plain
            && aim.intent != Intent::Assert
            && let Some(origin) = cx.origin()
        {
            let (step, setting) = (origin.at.to_string(), setting_of(aim));
            let selector = &target.selector;
            let now = jiff::Timestamp::now();
            let mut memory = self.memory.lock();
            let known = memory
                .known
                .entry(origin.file)
                .or_insert_with_key(|file| KnownElements::read(&self.project, file));
            if let Some(known) = known.get(&step, &setting, selector) {
                remembered.target = Some(Arc::new(known.target.clone()));
            }
            let is_fresh = known.is_fresh(&step, &setting, selector, now);
            let learned = memory.learned.entry(self.place(cx, aim, None)).or_default();
            remembered.is_to_be_learned = self.learns && !is_fresh && *learned < MOST_OF_A_SETTING;
            *learned += usize::from(remembered.is_to_be_learned);
        }
        let mut memory = self.memory.lock();
        if memory.places.len() < MOST_PLACES {
            memory.places.insert(place, remembered.clone());
        } else {
            remembered.is_to_be_learned = false;
        }
        remembered
    }

    /// Looks at the element that a plain selector finds, to know it again: once a session.
    ///
    /// # Errors
    ///
    /// That it is not there, or there several times.
    pub(in crate::browser) async fn learn(
        &self,
        cx: &StepContext,
        page: &Page,
        aim: &Aim<'_>,
        known: &mut Known,
        until: Instant,
    ) -> Result<(), BrowserError> {
        let selector = known.selector().clone();
        let described = page.describe_target(&selector, until).await;
        let mut described = match described {
            Err(error @ (BrowserError::NotActionable { .. } | BrowserError::Ambiguous { .. })) => {
                return Err(error);
            }
            described => described.ok(),
        };
        known.is_to_be_learned = false;
        if let Some(target) = &mut described {
            let found = std::mem::replace(&mut target.selector, selector);
            target.alternatives.retain(|one| *one != target.selector);
            if found != target.selector {
                target.alternatives.insert(0, found);
            }
        }
        let mut memory = self.memory.lock();
        if let (Some(target), Some(origin)) = (&described, cx.origin()) {
            let known = memory.known.entry(origin.file).or_default();
            known.remember(KnownElement {
                step: origin.at.to_string(),
                setting: setting_of(aim),
                seen: jiff::Timestamp::now(),
                target: target.clone(),
            });
        }
        if let Some(remembered) = memory.places.get_mut(&known.place) {
            remembered.is_to_be_learned = false;
            if let Some(target) = described {
                remembered.target = Some(Arc::new(target));
            }
        }
        Ok(())
    }

    /// Writes what was learned.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub(in crate::browser) fn keep(&self) -> Result<(), NodeError> {
        let mut memory = self.memory.lock();
        memory
            .known
            .iter_mut()
            .try_for_each(|(workflow, known)| known.write(&self.project, workflow))
    }

    /// Looks for the element another way. Acts on nothing.
    pub(in crate::browser) async fn attempt(
        &self,
        cx: &StepContext,
        page: &Page,
        aim: &Aim<'_>,
        known: &Known,
        heal: Option<bool>,
        until: Instant,
    ) -> Attempt {
        let started = Instant::now();
        let refused = |reason: String| Attempt::Refused {
            reason,
            took: started.elapsed(),
        };
        if let Some(repair) = &known.healed {
            return Attempt::Found(Arc::clone(repair));
        }
        let loading = until - until.saturating_duration_since(started) / LOADING_SHARE;
        if page.evaluate(LOADED, &[], loading).await.is_err() {
            return refused("the page was still loading".to_owned());
        }
        let origin = cx.origin();
        let title = origin.as_ref().map_or("", |origin| &*origin.info.title);
        let purpose = match purpose(aim.intent, &known.target, title) {
            Ok(purpose) => purpose,
            Err(word) if heal == Some(true) => {
                cx.log(
                    LogLevel::Warn,
                    format!(
                        "`{}` says `{word}`, and its step allows healing",
                        aim.target
                    ),
                );
                Purpose::Destructive
            }
            Err(word) => {
                return refused(format!(
                    "it says `{word}`, and what cannot be undone is not healed unless its step says `heal: true`"
                ));
            }
        };
        let options = HealOptions {
            purpose,
            allow_risky: heal == Some(true),
        };
        let found = match find(page, &known.target, options, until).await {
            Ok(found) => found,
            Err(reason) => return refused(reason),
        };
        if aim.intent == Intent::Press
            && heal != Some(true)
            && let Some(word) = destructive_word(&found.target, "")
        {
            return refused(format!("what comes near says `{word}`"));
        }
        let mut repair = Repair {
            target: found.target,
            tier: found.tier.to_string(),
            confidence: found.confidence,
            margin: found.margin,
            evidence: found.evidence,
            took: started.elapsed(),
            proposal: None,
            is_used: self.policy == HealingPolicy::Provisional,
        };
        if let Some(reason) = self.rejected(aim, known, &repair, origin.as_ref()) {
            return refused(reason);
        }
        if repair.is_used {
            repair.proposal = self.propose(cx, page, aim, known, &repair).await;
        }
        let repair = Arc::new(repair);
        if let Some(remembered) = self.memory.lock().places.get_mut(&known.place)
            && repair.is_used
        {
            remembered.healed = Some(Arc::clone(&repair));
        }
        Attempt::Found(repair)
    }

    /// Why a repair is not to be used that a person has said to be wrong.
    fn rejected(
        &self,
        aim: &Aim<'_>,
        known: &Known,
        repair: &Repair,
        origin: Option<&StepOrigin>,
    ) -> Option<String> {
        let proposal = proposal_of(self, aim, known, repair, origin?, "", "")?;
        let before = Proposals::of(&self.project).get(&proposal.id)?;
        (before.state == State::Rejected).then(|| {
            format!(
                "`{}` was rejected as a repair (`casare heal show {}`)",
                repair.selector(),
                before.id
            )
        })
    }
}

/// The setting in one word.
pub(super) fn setting_of(aim: &Aim<'_>) -> String {
    aim.keys().collect::<Vec<_>>().join(".")
}

/// What healing may be for, or the word that says that it cannot be undone.
fn purpose(intent: Intent, target: &Bundle, title: &str) -> Result<Purpose, String> {
    Ok(match intent {
        Intent::Read => Purpose::Read,
        Intent::Assert => Purpose::Assert,
        Intent::Fill => Purpose::Act,
        Intent::Press => match destructive_word(target, title) {
            Some(word) => return Err(word),
            None => Purpose::Act,
        },
    })
}

/// An element that was found another way.
pub(super) struct Found {
    pub(super) target: Bundle,
    pub(super) tier: Tier,
    pub(super) confidence: f64,
    pub(super) margin: f64,
    pub(super) evidence: serde_json::Value,
}

/// Finds what `target` means by everything that is known of it, or says why nothing can be told.
pub(super) async fn find(
    page: &Page,
    target: &Bundle,
    options: HealOptions,
    until: Instant,
) -> Result<Found, String> {
    if target.fingerprint.is_none() {
        return by_alternatives(page, target, options, until).await;
    }
    let answer = timeout_at(until, page.heal(target, options, until)).await;
    match answer {
        Ok(Ok(Healing::Healed(healed))) => {
            let Healed {
                target,
                tier,
                confidence,
                margin,
                evidence,
                ..
            } = *healed;
            Ok(Found {
                target,
                tier,
                confidence,
                margin,
                evidence: serde_json::to_value(evidence).unwrap_or_default(),
            })
        }
        Ok(Ok(Healing::Refused(refused))) => {
            let nearest = refused.nearest.first();
            let veto = nearest.and_then(|(_, candidate)| candidate.veto);
            Err(match (refused.reason, veto) {
                (Refusal::Vetoed, Some(veto)) => format!("{}: {veto}", refused.reason),
                (reason, _) => reason.to_string(),
            })
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("there was no time left to look for it".to_owned()),
    }
}

/// Of a target without a fingerprint: the one element that all alternatives find which find one at all.
async fn by_alternatives(
    page: &Page,
    target: &Bundle,
    options: HealOptions,
    until: Instant,
) -> Result<Found, String> {
    let is_risky = matches!(options.purpose, Purpose::Assert | Purpose::Destructive);
    if is_risky && !options.allow_risky {
        return Err(Refusal::Purpose.to_string());
    }
    let sights = page.sights(std::slice::from_ref(target), until).await;
    let sight = sights
        .map_err(|error| error.to_string())?
        .into_iter()
        .next()
        .unwrap_or_default();
    let mut found: Option<(usize, &Locator)> = None;
    for (selector, matches) in target.alternatives.iter().zip(&sight.matches) {
        let [one] = matches[..] else {
            continue;
        };
        match found {
            Some((before, _)) if before != one => return Err(Refusal::Ambiguous.to_string()),
            Some(_) => {}
            None => found = Some((one, selector)),
        }
    }
    let Some((at, selector)) = found else {
        return Err("no alternative selector finds one element".to_owned());
    };
    if sight.looks.get(at).is_some_and(|look| !look.visible) {
        return Err("what an alternative selector finds cannot be seen".to_owned());
    }
    let described = page.describe_target(selector, until).await;
    let mut healed = described.map_err(|error| error.to_string())?;
    if healed.selector != *selector {
        let named = std::mem::replace(&mut healed.selector, selector.clone());
        healed.alternatives.retain(|one| one != selector);
        healed.alternatives.insert(0, named);
    }
    Ok(Found {
        target: healed,
        tier: Tier::Alternatives,
        confidence: 1.0,
        margin: 1.0,
        evidence: serde_json::Value::Array(Vec::new()),
    })
}
