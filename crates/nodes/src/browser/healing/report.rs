//! What a run tells of its heals: events, proposals, statistics, and the errors of steps that were not healed.

use casare_browser::{Page, Target as Bundle};
use casare_engine::{Heal, HealOutcome, LogLevel, NodeError, StepContext, StepOrigin};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use url::Url;

use super::{
    attempt::{Attempt, Healer, Known, Repair},
    attempts::{self, HealAttempt},
    picture,
    proposal::{Happened, Key, Place, Proposal, Proposals, State, id_of, keys},
};
use crate::browser::{aim::Aim, live, target::Target};

impl Healer {
    /// Tells that a step went on with what was found, if it did.
    pub(in crate::browser) fn used(&self, cx: &StepContext, aim: &Aim<'_>, attempt: &Attempt) {
        let Attempt::Found(repair) = attempt else {
            return;
        };
        if !repair.is_used {
            // The selector was only late.
            return;
        }
        let heal = heal_of(aim, repair, HealOutcome::Used);
        cx.log(LogLevel::Warn, heal.summary());
        self.count(cx, &heal);
        cx.tell_heal(heal);
    }

    /// Adds what healing has to say to the error of a step.
    pub(in crate::browser) async fn explain(
        &self,
        cx: &StepContext,
        page: &Page,
        aim: &Aim<'_>,
        known: &Known,
        attempt: Attempt,
        failure: NodeError,
    ) -> NodeError {
        let heal = match &attempt {
            Attempt::Refused { reason, took } => Heal {
                outcome: HealOutcome::Refused,
                target: aim.target.to_string(),
                found: None,
                proposal: None,
                tier: None,
                confidence: None,
                margin: None,
                reason: Some(reason.clone()),
                took_ms: took.as_millis() as u64,
            },
            // What was used and failed all the same is told as any failure.
            Attempt::Found(repair) if repair.is_used => {
                self.used(cx, aim, &attempt);
                return failure;
            }
            Attempt::Found(repair) => {
                let mut heal = heal_of(aim, repair, HealOutcome::Proposed);
                heal.proposal = self.propose(cx, page, aim, known, repair).await;
                heal
            }
        };
        self.count(cx, &heal);
        let failure = with_healing(failure, &heal);
        cx.tell_heal(heal);
        failure
    }

    /// Writes the proposal; answers its name. A run goes on without it, but not silently.
    pub(super) async fn propose(
        &self,
        cx: &StepContext,
        page: &Page,
        aim: &Aim<'_>,
        known: &Known,
        repair: &Repair,
    ) -> Option<String> {
        let origin = cx.origin()?;
        let url = without_secrets(&page.url());
        let proposal = proposal_of(self, aim, known, repair, &origin, &url, cx.run_id())?;
        let proposals = Proposals::of(&self.project);
        let mut proposal = masked(cx, proposal)?;
        if proposals.get(&proposal.id).is_none() {
            let print = repair.target.fingerprint.as_ref();
            let after = picture::of_element(page, repair.selector(), print).await;
            let keep = |which, content: Option<Vec<u8>>| {
                let kept = proposals.keep_picture(&proposal.id, which, &content?);
                kept.ok()
            };
            let before = known.target.picture.as_ref();
            let before = before.and_then(|name| recorded_picture(self, aim, &origin, name));
            (proposal.picture_before, proposal.picture_after) =
                (keep("before", before), keep("after", after));
        }
        match proposals.add(proposal) {
            Ok(proposal) => Some(proposal.id),
            Err(error) => {
                let message = format!("the repair could not be written down: {}", error.message());
                cx.log(LogLevel::Warn, message);
                None
            }
        }
    }

    fn count(&self, cx: &StepContext, heal: &Heal) {
        let Some(origin) = cx.origin() else {
            return;
        };
        let site = live::page(cx).map_or_else(|_| String::new(), |page| site_of(&page.url()));
        let attempt = HealAttempt {
            at: Timestamp::now(),
            run: cx.run_id().to_owned(),
            workflow: self.project.name_of(&origin.file),
            step: origin.at.to_string(),
            target: heal.target.clone(),
            site,
            outcome: heal.outcome,
            tier: heal.tier.clone(),
            margin: heal.margin,
            took_ms: heal.took_ms,
            reason: heal.reason.clone(),
        };
        let masked = serde_json::to_value(attempt).ok().and_then(|mut json| {
            cx.reporter().mask(&mut json);
            serde_json::from_value::<HealAttempt>(json).ok()
        });
        let added = masked.map(|attempt| attempts::add(&self.project, &attempt));
        if let Some(Err(error)) = added {
            let message = format!("the attempt to heal could not be counted: {error}");
            cx.log(LogLevel::Debug, message);
        }
    }
}

fn heal_of(aim: &Aim<'_>, repair: &Repair, outcome: HealOutcome) -> Heal {
    Heal {
        outcome,
        target: aim.target.to_string(),
        found: Some(repair.selector().to_string()),
        proposal: repair.proposal.clone(),
        tier: Some(repair.tier.clone()),
        confidence: Some(repair.confidence),
        margin: Some(repair.margin),
        reason: None,
        took_ms: repair.took.as_millis() as u64,
    }
}

fn with_healing(failure: NodeError, heal: &Heal) -> NodeError {
    let told = match (&heal.proposal, heal.outcome) {
        (Some(id), HealOutcome::Proposed) => Some(format!(
            "{} ({}, {:.0} %). `casare heal show {id}` shows why, `casare heal accept {id}` repairs it",
            heal.summary(),
            heal.tier.as_deref().unwrap_or_default(),
            heal.confidence.unwrap_or_default() * 100.0,
        )),
        (None, HealOutcome::Proposed) => Some(heal.summary()),
        _ => heal
            .reason
            .as_ref()
            .map(|reason| format!("not healed: {reason}")),
    };
    let help = match (failure.help(), told) {
        (Some(help), Some(told)) if heal.outcome == HealOutcome::Refused => {
            Some(format!("{help}; {told}"))
        }
        (_, Some(told)) => Some(told),
        (_, None) => None,
    };
    let mut details = match failure.details() {
        Some(Json::Object(details)) => details.clone(),
        _ => serde_json::Map::new(),
    };
    details.insert("healing".to_owned(), json!(heal));
    if let Some(id) = &heal.proposal {
        details.insert("proposal".to_owned(), id.as_str().into());
    }
    let failure = failure.with_details(Json::Object(details));
    match help {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}

/// The repair as a proposal; `None` for one that no file could take.
pub(super) fn proposal_of(
    healer: &Healer,
    aim: &Aim<'_>,
    known: &Known,
    repair: &Repair,
    origin: &StepOrigin,
    url: &str,
    run: &str,
) -> Option<Proposal> {
    let project = &healer.project;
    let place = match aim.target {
        Target::Object(name) => Place::Object {
            file: project.name_of(healer.repository().ok()?.file_of(name)?),
            name: name.to_string(),
        },
        Target::Here(_) => {
            let mut at = keys(&origin.at.key("with"));
            at.extend(aim.keys().map(|key| Key::Name(key.to_owned())));
            Place::Workflow {
                file: project.name_of(&origin.file),
                at,
                is_key: aim.is_key,
            }
        }
    };
    let (before, after) = before_and_after(healer, aim, known, &repair.target);
    let found = repair.selector().to_string();
    let now = Timestamp::now();
    Some(Proposal {
        id: id_of(&place, &before, &found),
        state: State::Open,
        place,
        before,
        after,
        selector: known.target.selector.to_string(),
        found,
        tier: repair.tier.clone(),
        confidence: repair.confidence,
        margin: repair.margin,
        evidence: repair.evidence.clone(),
        url: url.to_owned(),
        step: Happened {
            workflow: project.name_of(&origin.file),
            at: origin.at.to_string(),
            title: origin.info.title.clone(),
            node: origin.info.node.clone(),
            line: origin.info.line,
        },
        times: 1,
        runs: vec![run.to_owned()],
        first_at: now,
        last_at: now,
        picture_before: None,
        picture_after: None,
    })
}

/// What stands there, and what should: a selector stays a selector, a bundle a bundle.
fn before_and_after(
    healer: &Healer,
    aim: &Aim<'_>,
    known: &Known,
    healed: &Bundle,
) -> (Json, Json) {
    let written = match aim.target {
        Target::Here(target) => Some((**target).clone()),
        Target::Object(name) => {
            let repository = healer.repository().ok();
            repository.and_then(|repository| repository.get(name).ok().cloned())
        }
    };
    let written = written.unwrap_or_else(|| (*known.target).clone());
    if written == Bundle::plain(written.selector.clone()) || aim.is_key {
        let text = |target: &Bundle| Json::String(target.selector.to_string());
        return (text(&written), text(healed));
    }
    let mut after = healed.clone();
    after.picture.clone_from(&written.picture);
    let json = |target: &Bundle| serde_json::to_value(target).unwrap_or_default();
    (json(&written), json(&after))
}

/// Without the run's secrets; `None` if nothing readable is left.
fn masked(cx: &StepContext, proposal: Proposal) -> Option<Proposal> {
    let mut json = serde_json::to_value(proposal).ok()?;
    cx.reporter().mask(&mut json);
    serde_json::from_value(json).ok()
}

/// The picture that was recorded with a target lies beside the file that names it.
fn recorded_picture(
    healer: &Healer,
    aim: &Aim<'_>,
    origin: &StepOrigin,
    name: &str,
) -> Option<Vec<u8>> {
    const LARGEST: u64 = 8 << 20;
    let file = match aim.target {
        Target::Object(object) => healer.repository().ok()?.file_of(object)?.to_owned(),
        Target::Here(_) => origin.file.clone(),
    };
    let path = file.parent()?.join(name);
    let size = std::fs::metadata(&path).ok()?.len();
    if size > LARGEST {
        return None;
    }
    std::fs::read(path).ok()
}

/// The address without what may be secret: name and password, query and fragment.
fn without_secrets(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        return String::new();
    };
    if parsed.cannot_be_a_base() {
        // The content of the page itself.
        return format!("{}:", parsed.scheme());
    }
    parsed.set_query(None);
    parsed.set_fragment(None);
    // There is none in addresses that can't have one.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.to_string()
}

fn site_of(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) if url.has_host() => url.origin().ascii_serialization(),
        Ok(url) => format!("{}:", url.scheme()),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_without_what_may_be_secret() {
        assert_eq!(
            without_secrets("https://ada:pw@shop.example.com/cart?token=1#x"),
            "https://shop.example.com/cart"
        );
        assert_eq!(without_secrets("data:text/html,secret"), "data:");
        assert_eq!(
            site_of("https://shop.example.com:8443/cart"),
            "https://shop.example.com:8443"
        );
    }
}
