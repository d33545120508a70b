//! What becomes of a workflow's targets on the pages as they are now. Nothing is acted on: pages are opened whose
//! addresses are known before a run, and every target that belongs there is looked for.

use std::{path::Path, time::Duration};

use casare_browser::{
    Locator, Page, Target as Bundle, Until,
    healing::{HealOptions, Purpose, decide},
};
use casare_workflow::{
    Block, Catalogue, Step, Template, Value, Workflow,
    value::{from_json, to_json},
};
use serde::Serialize;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::{
    attempt::find,
    known::KnownElements,
    project::{Project, Repository, RepositoryError},
    uses::{TargetUse, targets_of},
};
use crate::browser::target::Target;

/// How long a page may take to come.
const OPENING: Duration = Duration::from_secs(30);
/// How long a target may be late on a page that has come.
const LATE: Duration = Duration::from_secs(3);
/// How long a look at a page may take.
const LOOKING: Duration = Duration::from_secs(10);
/// Nodes after which the page may be another one, or another state of it.
#[rustfmt::skip]
const ACTING: &[&str] = &[
    "browser.click", "browser.tap", "browser.drag", "browser.press", "browser.fill_form", "browser.evaluate",
    "browser.history", "browser.tab", "browser.login", "browser.select", "browser.check", "browser.download",
    "browser.upload", "browser.hover", "browser.type", "browser.fill",
];

/// What became of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// Its selector finds it.
    Found,
    /// Its selector finds nothing; it would be healed.
    Healed,
    /// Its selector finds several.
    Ambiguous,
    /// Its selector finds nothing, and nothing else does for sure.
    Gone,
    /// Its page could not be reached without acting.
    NotReached,
    /// An expression makes it.
    Computed,
}

/// One target, and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Probed {
    /// Where the step is written.
    pub at: String,
    /// The step's title.
    pub step: String,
    /// The node.
    pub node: String,
    /// The setting.
    pub setting: String,
    /// What is written.
    pub target: String,
    /// What became of it.
    pub found: Found,
    /// The page on which it was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How like the element is what was recorded, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub likeness: Option<f64>,
    /// How far the next best element is behind, from 0 to 1: what is left until it could not be healed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// How many of the alternative selectors find only this element, and of how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alternatives: Option<(usize, usize)>,
    /// The selector that would find it, if it would be healed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// What it would rest on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Why it was not reached, or not found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Probed {
    /// Whether the page is no longer as the workflow expects it.
    pub fn is_drift(&self) -> bool {
        matches!(self.found, Found::Healed | Found::Ambiguous | Found::Gone)
    }
}

/// A look at the pages of one workflow.
pub struct Probe<'a> {
    /// The project that it belongs to.
    pub project: &'a Project,
    /// The nodes.
    pub catalogue: &'a dyn Catalogue,
    /// Its file.
    pub file: &'a Path,
    /// The inputs of the run that is not made.
    pub inputs: Json,
}

impl Probe<'_> {
    /// Looks for all targets of `workflow` on `page`, which is led from page to page.
    ///
    /// # Errors
    ///
    /// When the object repository can't be read.
    pub async fn look(
        &self,
        workflow: &Workflow,
        page: &Page,
    ) -> Result<Vec<Probed>, RepositoryError> {
        let scope = from_json(&json!({ "inputs": self.inputs }));
        let mut look = Look {
            probe: self,
            page,
            scope,
            repository: self.project.repository()?,
            known: KnownElements::read(self.project, self.file),
            standing: Standing::Nowhere("no page is open".to_owned()),
            probed: Vec::new(),
        };
        let mut open: Vec<&Step> = workflow.steps.iter().rev().collect();
        while let Some(step) = open.pop() {
            if step.disabled {
                continue;
            }
            look.step(step).await;
            let lists = step.blocks.values().flat_map(Block::lists);
            let below: Vec<&Step> = lists.flat_map(|(_, steps)| steps).collect();
            open.extend(below.into_iter().rev());
        }
        Ok(look.probed)
    }
}

/// Where the look stands.
enum Standing {
    /// On a page that the workflow opens.
    On,
    /// On such a page, but a step has acted before that was not done.
    After(String),
    /// On no page that the workflow would have.
    Nowhere(String),
}

struct Look<'a> {
    probe: &'a Probe<'a>,
    page: &'a Page,
    /// What expressions see that are evaluated without a run.
    scope: Value,
    repository: Repository,
    known: KnownElements,
    standing: Standing,
    probed: Vec<Probed>,
}

impl Look<'_> {
    async fn step(&mut self, step: &Step) {
        match step.uses.as_str() {
            "browser.session" | "browser.goto" => self.go(step).await,
            "flow.call" => {
                let title = step.title();
                self.standing =
                    Standing::Nowhere(format!("`{title}` calls another workflow before"));
            }
            _ => {}
        }
        for used in targets_of(step, self.probe.catalogue) {
            let probed = self.target(&used).await;
            self.probed.push(probed);
        }
        let acts = ACTING.contains(&&*step.uses);
        // Filling a field leaves the page as it is, for all that is known.
        let is_gentle = matches!(&*step.uses, "browser.fill" | "browser.hover")
            || step.uses == "browser.fill_form" && !step.with.contains_key("submit");
        if acts && !is_gentle && matches!(self.standing, Standing::On) {
            self.standing = Standing::After(step.title().to_owned());
        }
    }

    /// Opens the page of a session or `browser.goto`, if its address is known.
    async fn go(&mut self, step: &Step) {
        let Some(url) = step.with.get("url") else {
            self.standing = Standing::Nowhere(format!("`{}` opens an empty page", step.title()));
            return;
        };
        let Some(url) = self.evaluated(url) else {
            let title = step.title();
            let reason = format!("the address in `{title}` is known only while it runs");
            self.standing = Standing::Nowhere(reason);
            return;
        };
        let until = Instant::now() + OPENING;
        self.standing = match self.page.goto(&url, Until::Load, until).await {
            Ok(_) => Standing::On,
            Err(error) => Standing::Nowhere(error.to_string()),
        };
    }

    /// A text without expressions, or with such that need only inputs.
    fn evaluated(&self, text: &Json) -> Option<String> {
        let template = Template::compile(text).ok()?;
        let value = template.evaluate(&self.scope).ok()?;
        let text = to_json(&value);
        text.as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    async fn target(&self, used: &TargetUse) -> Probed {
        let written = match &used.value {
            Json::String(text) => text.clone(),
            bundle => bundle["selector"].as_str().unwrap_or_default().to_owned(),
        };
        let mut probed = Probed {
            at: used.step.to_string(),
            step: used.title.clone(),
            node: used.node.clone(),
            setting: used.setting.clone(),
            target: written,
            found: Found::NotReached,
            url: None,
            likeness: None,
            margin: None,
            alternatives: None,
            selector: None,
            tier: None,
            reason: None,
        };
        let target = match self.bundle(used) {
            Ok(Some(target)) => target,
            Ok(None) => {
                probed.found = Found::Computed;
                probed.reason = Some("it is known only while the workflow runs".to_owned());
                return probed;
            }
            Err(reason) => {
                probed.found = Found::Gone;
                probed.reason = Some(reason);
                return probed;
            }
        };
        if let Standing::Nowhere(reason) = &self.standing {
            probed.reason = Some(reason.clone());
            return probed;
        }
        probed.url = Some(self.page.url());
        self.look_for(&target, used, &mut probed).await;
        probed
    }

    /// What is known of a target; `None` for one that only a run makes.
    fn bundle(&self, used: &TargetUse) -> Result<Option<Bundle>, String> {
        let mut value = used.value.clone();
        if used.is_computed() {
            match self.evaluated(&value) {
                Some(text) => value = text.into(),
                None => return Ok(None),
            }
        }
        if used.is_key
            && let Json::String(text) = &value
            && !text.starts_with(crate::browser::target::OBJECT)
        {
            let field = Locator::of_field(text).map_err(|error| error.to_string())?;
            return Ok(Some(self.learned(Bundle::plain(field), used)));
        }
        let target: Target = serde_json::from_value(value).map_err(|error| error.to_string())?;
        match target {
            Target::Here(bundle) => Ok(Some(self.learned((*bundle).clone(), used))),
            Target::Object(name) => {
                let found = self.repository.get(&name).cloned();
                found.map(Some).map_err(|error| error.to_string())
            }
        }
    }

    /// With what green runs have learned of a plain selector.
    fn learned(&self, bundle: Bundle, used: &TargetUse) -> Bundle {
        if bundle.can_heal() {
            return bundle;
        }
        let step = used.step.to_string();
        let known = self.known.get(&step, &used.setting, &bundle.selector);
        known.map_or(bundle, |known| known.target.clone())
    }

    async fn look_for(&self, target: &Bundle, used: &TargetUse, probed: &mut Probed) {
        let late = Instant::now() + LATE;
        let attached = casare_browser::Expect::Attached;
        // That it does not come is told by the count.
        let _ = self.page.wait_for(&target.selector, &attached, late).await;
        let until = Instant::now() + LOOKING;
        let count = match self.page.count(&target.selector, until).await {
            Ok(count) => count,
            Err(error) => {
                probed.reason = Some(error.to_string());
                return;
            }
        };
        let wants_one = !is_many(used);
        probed.found = match count {
            0 => Found::Gone,
            1 => Found::Found,
            _ if wants_one => Found::Ambiguous,
            _ => Found::Found,
        };
        if probed.found == Found::Found {
            self.measure(target, probed, until).await;
            return;
        }
        if let Standing::After(step) = &self.standing {
            probed.found = Found::NotReached;
            probed.reason = Some(format!(
                "it may come only after `{step}`, which was not done"
            ));
            return;
        }
        if !target.can_heal() {
            probed.reason = Some("nothing but its selector is known".to_owned());
            return;
        }
        // Looked for as if to read it: a look does no harm.
        let options = HealOptions {
            purpose: Purpose::Read,
            allow_risky: false,
        };
        match find(self.page, target, options, until).await {
            Ok(found) => {
                probed.found = Found::Healed;
                probed.selector = Some(found.target.selector.to_string());
                probed.tier = Some(found.tier.to_string());
                probed.likeness = Some(found.confidence);
                probed.margin = Some(found.margin);
            }
            Err(reason) => probed.reason = Some(reason),
        }
    }

    /// How well a target would be found if its selector failed now.
    async fn measure(&self, target: &Bundle, probed: &mut Probed, until: Instant) {
        let sights = self.page.sights(std::slice::from_ref(target), until).await;
        let Some(sight) = sights.ok().and_then(|sights| sights.into_iter().next()) else {
            return;
        };
        if !target.alternatives.is_empty() {
            let finding = sight
                .matches
                .iter()
                .filter(|found| **found == sight.primary);
            probed.alternatives = Some((finding.count(), target.alternatives.len()));
        }
        if target.fingerprint.is_none() {
            return;
        }
        let options = HealOptions {
            purpose: Purpose::Read,
            allow_risky: false,
        };
        let (choice, ranked) = decide(target, &sight, options);
        let own = ranked.iter().find(|one| sight.primary.contains(&one.at));
        probed.likeness = own.map(|one| one.score);
        probed.margin = match (&choice, own) {
            (Ok(choice), Some(own)) if choice.candidate.at == own.at => Some(choice.margin),
            // Healing would not find it: nothing is left.
            (_, Some(_)) => Some(0.0),
            _ => None,
        };
    }
}

/// Whether a target may well be several elements.
fn is_many(used: &TargetUse) -> bool {
    matches!(&*used.node, "browser.extract" | "browser.wait_for") && used.setting == "target"
}
