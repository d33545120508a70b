//! The tiers: which candidate is the one meant, or why none is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    likeness::plain,
    look::{Look, Sight},
    meaning::has_grown,
    traits::{Evidence, Setting, compare, score},
    veto::{Case, Kind, Veto, destroys, kind, saying, veto},
};
use crate::target::{Fingerprint, Target};

/// What the element is wanted for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To click or fill it.
    #[default]
    Act,
    /// To read it.
    Read,
    /// To check that it is there or what it says: a heal could hide what the check is for.
    Assert,
    /// To do what cannot be undone.
    Destructive,
}

/// What healing may do.
#[derive(Debug, Clone, Copy, Default)]
pub struct HealOptions {
    pub purpose: Purpose,
    /// Heals for assertions and destructive actions too, where the name is still the same.
    pub allow_risky: bool,
}

/// What a heal rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Other selectors of the target find it.
    Alternatives,
    /// It is alike in itself.
    Fingerprint,
    /// It stands where the target stood.
    Anchors,
    /// It looks like the target's picture.
    Picture,
}

impl fmt::Display for Tier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Tier::Alternatives => "alternatives",
            Tier::Fingerprint => "fingerprint",
            Tier::Anchors => "anchors",
            Tier::Picture => "picture",
        })
    }
}

/// One element of the page, weighed.
#[derive(Debug, Clone, Serialize)]
pub struct Candidate {
    /// Its place in the sight.
    pub at: usize,
    /// From 0 to 1: how alike it is.
    pub score: f64,
    /// What the alternatives that find it weigh.
    pub votes: f64,
    pub veto: Option<Veto>,
    pub evidence: Vec<Evidence>,
}

/// The element that a target means now.
#[derive(Debug, Clone, Serialize)]
pub struct Choice {
    pub candidate: Candidate,
    pub tier: Tier,
    /// From 0 to 1.
    pub confidence: f64,
    /// How far the next best is behind, in score.
    pub margin: f64,
}

/// Why nothing was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The target is only a selector: nothing is known to heal by.
    NothingKnown,
    /// The purpose forbids it.
    Purpose,
    /// The page has nothing of this kind.
    NoCandidate,
    /// All that come near are something else for sure.
    Vetoed,
    /// Nothing is alike enough.
    Unlike,
    /// Two or more are equally alike.
    Ambiguous,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Refusal::NothingKnown => {
                "the target is only a selector; record it again to make it one that can heal"
            }
            Refusal::Purpose => {
                "assertions and destructive steps are not healed unless their step allows it"
            }
            Refusal::NoCandidate => "the page has no element of this kind",
            Refusal::Vetoed => "the elements that come near are others for sure",
            Refusal::Unlike => "no element is alike enough",
            Refusal::Ambiguous => "several elements are equally alike",
        })
    }
}

/// Fewer remembered texts than this say nothing about a page's language.
const FEW: usize = 3;
/// A page that says less than this part of them was translated or worded anew.
const STILL_SAID: f64 = 0.34;

/// Weighs all candidates of a page. Answers the one that is meant, or why none can be told, and all
/// candidates, the best first.
pub fn decide(
    target: &Target,
    sight: &Sight,
    options: HealOptions,
) -> (Result<Choice, Refusal>, Vec<Candidate>) {
    let risky = matches!(options.purpose, Purpose::Assert | Purpose::Destructive);
    if risky && !options.allow_risky {
        return (Err(Refusal::Purpose), Vec::new());
    }
    let Some(print) = &target.fingerprint else {
        return (Err(Refusal::NothingKnown), Vec::new());
    };
    let translated = is_translated(sight);
    let mut ranked = rank(target, print, sight, translated);
    if risky {
        for one in &mut ranked {
            let said = saying(&sight.looks[one.at].print);
            if plain(said) != plain(saying(print)) {
                one.veto.get_or_insert(Veto::Name);
            }
        }
    }
    ranked.sort_by(|a, b| {
        let vetoed = a.veto.is_some().cmp(&b.veto.is_some());
        vetoed.then(b.score.total_cmp(&a.score))
    });
    let choice = choose(print, &ranked, sight, translated);
    let choice = match choice {
        Err(Refusal::Vetoed | Refusal::Ambiguous) if !risky => outweighed(print, &ranked, sight)
            .ok_or(Refusal::Vetoed)
            .or(choice),
        choice => choice,
    };
    (choice, ranked)
}

/// The one that is most alike where there is nothing against it but a doubt, and so much for it that the doubt
/// does not count.
fn outweighed(print: &Fingerprint, ranked: &[Candidate], sight: &Sight) -> Option<Choice> {
    if destroys(saying(print)) {
        return None;
    }
    let mut open: Vec<&Candidate> = ranked
        .iter()
        .filter(|one| one.veto.is_none_or(Veto::is_doubt))
        .collect();
    open.sort_by(|a, b| b.score.total_cmp(&a.score));
    let best = *open.first()?;
    let margin = open
        .get(1)
        .map_or(best.score, |next| best.score - next.score);
    let found = &sight.looks[best.at].print;
    let in_its_rank = found.among == print.among;
    let on_its_path = found.path == print.path;
    let enough = doubt::ENOUGH.iter().any(|enough| {
        Some(enough.veto) == best.veto
            && best.score >= enough.score
            && margin >= enough.margin
            && match enough.place {
                doubt::Place::Rank => in_its_rank,
                doubt::Place::Path => on_its_path,
            }
    });
    enough.then(|| Choice {
        candidate: best.clone(),
        tier: Tier::Fingerprint,
        confidence: best.score.min(0.9),
        margin,
    })
}

/// What outweighs a doubt, by what is doubted: how alike, how far before the next one, and that it stands where the
/// target stood. Found on half of the corpus, held to on the other half.
mod doubt {
    use super::Veto;

    /// What has to be as it was.
    pub(super) enum Place {
        /// It is the same one of as many of its kind.
        Rank,
        /// It stands under the same path.
        Path,
    }

    pub(super) struct Enough {
        pub(super) veto: Veto,
        pub(super) place: Place,
        pub(super) score: f64,
        pub(super) margin: f64,
    }

    const fn enough(veto: Veto, place: Place, score: f64, margin: f64) -> Enough {
        Enough {
            veto,
            place,
            score,
            margin,
        }
    }

    pub(super) const ENOUGH: &[Enough] = &[
        enough(Veto::Icon, Place::Rank, 0.6, 0.08),
        enough(Veto::Item, Place::Rank, 0.55, 0.03),
        enough(Veto::Name, Place::Rank, 0.75, 0.03),
        enough(Veto::Twin, Place::Path, 0.75, 0.03),
        enough(Veto::Unproven, Place::Rank, 0.8, 0.03),
        enough(Veto::Unproven, Place::Path, 0.7, 0.03),
    ];
}

fn is_translated(sight: &Sight) -> bool {
    let said = sight.known.iter().filter(|known| **known).count();
    sight.known.len() >= FEW && (said as f64) < STILL_SAID * sight.known.len() as f64
}

fn rank(target: &Target, print: &Fingerprint, sight: &Sight, translated: bool) -> Vec<Candidate> {
    let setting = Setting { translated };
    let wanted = kind(print);
    let peers: Vec<&Look> = sight
        .looks
        .iter()
        .filter(|look| look.visible && kind(&look.print) == wanted)
        .collect();
    let mut votes = vec![0.0; sight.looks.len()];
    for (selector, found) in target.alternatives.iter().zip(&sight.matches) {
        if let [one] = found[..]
            && let Some(votes) = votes.get_mut(one)
        {
            *votes += vote(&selector.to_string());
        }
    }
    let weigh = |(at, look): (usize, &Look)| {
        let evidence = compare(target, look, setting);
        let case = Case {
            translated,
            proofs: proofs(print, look, &peers),
            peers: &peers,
        };
        Candidate {
            at,
            score: score(&evidence),
            votes: votes[at],
            veto: veto(target, print, look, case),
            evidence,
        }
    };
    sight.looks.iter().enumerate().map(weigh).collect()
}

/// What one alternative weighs: the stabler what it goes by, the more.
fn vote(selector: &str) -> f64 {
    let by = |prefix: &str| selector.starts_with(prefix);
    if selector.contains(" >> ") {
        return 2.0;
    }
    match () {
        () if by("testid=") => 3.0,
        () if by("role=") || by("label=") => 2.0,
        () if by("placeholder=") || by("alt=") || by("title=") || by("text=") => 1.5,
        () if by("css=#") && !selector.contains(' ') => 1.5,
        () if by("css=") && selector.contains("[name=") => 1.5,
        () if by("css=") && selector.contains("[href=") => 1.5,
        () if by("css=") && selector.contains('[') => 0.8,
        () if by("css=") => 0.5,
        () => 0.3,
    }
}

/// Attributes of which one and the same value on both pages is a proof.
const PROVING: &[(&str, f64)] = &[
    ("testid", 2.0),
    ("id", 1.0),
    ("name", 1.0),
    ("href", 1.0),
    ("for", 1.0),
    ("src", 1.0),
    ("onclick", 1.0),
    ("aria-controls", 0.5),
    ("autocomplete", 0.5),
];

/// What of the candidate is as it was on the target, and on no other element of its kind.
fn proofs(print: &Fingerprint, look: &Look, peers: &[&Look]) -> f64 {
    let only = |same: &dyn Fn(&Look) -> bool| peers.iter().filter(|peer| same(peer)).count() == 1;
    let mut sum = 0.0;
    for (name, weight) in PROVING {
        if print.shared.iter().any(|shared| shared == name) {
            continue;
        }
        if let Some(value) = print.attributes.get(*name)
            && look.print.attributes.get(*name) == Some(value)
            && only(&|peer| peer.print.attributes.get(*name) == Some(value))
        {
            sum += weight;
        }
    }
    for name in ["id", "name"] {
        let grown = |look: &Look| {
            let (was, now) = (print.attributes.get(name), look.print.attributes.get(name));
            was.zip(now)
                .is_some_and(|(was, now)| was != now && has_grown(was, now))
        };
        if !print.shared.iter().any(|shared| shared == name) && grown(look) && only(&grown) {
            sum += 1.0;
        }
    }
    if !print.icon.is_empty()
        && !print.shared.iter().any(|shared| shared == "icon")
        && look.print.icon == print.icon
        && only(&|peer| peer.print.icon == print.icon)
    {
        sum += 1.0;
    }
    sum
}

/// What each tier asks for.
mod bar {
    pub(super) const VOTES: f64 = 1.5;
    pub(super) const VOTED: f64 = 0.5;
    pub(super) const ALIKE: f64 = 0.6;
    pub(super) const MARGIN: f64 = 0.04;
    pub(super) const TRANSLATED_MARGIN: f64 = 0.08;
    pub(super) const ANCHORED: f64 = 0.8;
    pub(super) const ANCHORED_ALIKE: f64 = 0.45;
    pub(super) const ANCHORS: usize = 3;
}

fn choose(
    print: &Fingerprint,
    ranked: &[Candidate],
    sight: &Sight,
    translated: bool,
) -> Result<Choice, Refusal> {
    let kind_of = |one: &Candidate| kind(&sight.looks[one.at].print);
    if !ranked.iter().any(|one| kind_of(one) == kind(print)) {
        return Err(Refusal::NoCandidate);
    }
    let mut able = ranked.iter().filter(|one| one.veto.is_none());
    let best = able.next().ok_or(Refusal::Vetoed)?;
    let next = able.next();
    let margin = next.map_or(best.score, |next| best.score - next.score);
    let own = own_margin(best, next);
    let wanted_margin = if translated {
        bar::TRANSLATED_MARGIN
    } else {
        bar::MARGIN
    };
    let answer = |tier: Tier| {
        Ok(Choice {
            candidate: best.clone(),
            tier,
            confidence: (best.score + margin.min(0.2)).min(1.0),
            margin,
        })
    };
    let doubted = ranked
        .iter()
        .filter(|one| one.veto.is_some_and(Veto::is_doubt))
        .any(|one| one.score > best.score);
    if doubted {
        return Err(Refusal::Ambiguous);
    }
    let rivalled = next.is_some_and(|next| next.votes >= best.votes);
    if best.votes >= bar::VOTES && !rivalled && best.score >= bar::VOTED && margin > 0.0 {
        return answer(Tier::Alternatives);
    }
    let clear = margin >= wanted_margin && own >= wanted_margin / 2.0;
    if best.score >= bar::ALIKE && clear {
        return answer(Tier::Fingerprint);
    }
    let (anchored, count) = anchored(best);
    if clear
        && count >= bar::ANCHORS
        && anchored >= bar::ANCHORED
        && best.score >= bar::ANCHORED_ALIKE
    {
        return answer(Tier::Anchors);
    }
    if best.score >= bar::ANCHORED_ALIKE && !clear {
        return Err(Refusal::Ambiguous);
    }
    Err(Refusal::Unlike)
}

/// Traits that change for every element when something is put in before it.
const SHIFTING: &[&str] = &["path", "id path", "position", "size"];

/// The margin without what shifts.
fn own_margin(best: &Candidate, next: Option<&Candidate>) -> f64 {
    let Some(next) = next else {
        return 1.0;
    };
    let steady = |one: &Candidate| {
        let kept: Vec<Evidence> = one
            .evidence
            .iter()
            .filter(|part| !SHIFTING.contains(&part.what))
            .cloned()
            .collect();
        score(&kept)
    };
    steady(best) - steady(next)
}

/// How well the anchors agree, and how many there are.
fn anchored(best: &Candidate) -> (f64, usize) {
    const ANCHORS: &[&str] = &[
        "label", "around", "heading", "group", "item", "column", "before", "after", "places",
    ];
    let found: Vec<Evidence> = best
        .evidence
        .iter()
        .filter(|part| ANCHORS.contains(&part.what))
        .cloned()
        .collect();
    let count = found.iter().filter(|part| part.likeness >= 0.9).count();
    (score(&found), count)
}

/// Texts around the target that tell whether the page still speaks as it did.
pub(super) fn known_texts(target: &Target) -> Vec<String> {
    let anchors = &target.anchors;
    let mut known: Vec<String> = anchors.others.clone();
    known.extend([&anchors.item, &anchors.group].map(Clone::clone));
    known.extend([&anchors.heading, &anchors.before, &anchors.after].map(Clone::clone));
    known.retain(|text| text.chars().filter(|letter| letter.is_alphabetic()).count() >= 3);
    known.sort_unstable();
    known.dedup();
    known
}

/// Whether only what people act on can be meant.
pub(super) fn only_interactive(print: &Fingerprint) -> bool {
    print.interactive || !matches!(kind(print), Kind::Read | Kind::Picture)
}
