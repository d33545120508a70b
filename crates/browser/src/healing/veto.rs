//! What a candidate must not be, however alike it is.

use std::{collections::BTreeSet, fmt};

use serde::Serialize;

use super::{
    likeness::{self, plain},
    look::Look,
    meaning::{Relation, has_grown, relation, words_of},
};
use crate::target::{Fingerprint, Target};

/// Why a candidate cannot be the element that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Veto {
    /// It cannot be seen.
    Hidden,
    /// Another kind: a field for a button, a password field for another.
    Kind,
    /// It has the name that a neighbour of the target had.
    Neighbour,
    /// Its name says the opposite.
    Opposite,
    /// Its name says something else, and nothing else proves that it is the one.
    Name,
    /// Another picture, and nothing else proves that it is the one.
    Icon,
    /// Others had the same name, and nothing that told it from them is there any more.
    Twin,
    /// The page speaks another language, and nothing else proves that it is the one.
    Unproven,
    /// It stands in another row, list item or card.
    Item,
    /// It stands in another column.
    Column,
    /// It stands in another group of fields.
    Group,
}

impl Veto {
    /// Whether it says that nothing proves the candidate, rather than that something speaks against it.
    pub(super) fn is_doubt(self) -> bool {
        matches!(
            self,
            Veto::Name | Veto::Icon | Veto::Twin | Veto::Unproven | Veto::Item | Veto::Group
        )
    }
}

impl fmt::Display for Veto {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Veto::Hidden => "it cannot be seen",
            Veto::Kind => "it is of another kind",
            Veto::Neighbour => "it was a neighbour of the one meant",
            Veto::Opposite => "its name says the opposite",
            Veto::Name => "its name says something else",
            Veto::Icon => "it shows another picture",
            Veto::Twin => "it cannot be told from others of its name",
            Veto::Unproven => "nothing but its place speaks for it",
            Veto::Item => "it stands in another row or item",
            Veto::Column => "it stands in another column",
            Veto::Group => "it stands in another group",
        })
    }
}

/// What people know an element by: its name, its label or its text.
pub(super) fn saying(print: &Fingerprint) -> &str {
    [&print.name, &print.label, &print.text]
        .into_iter()
        .find(|text| !text.is_empty())
        .map_or("", String::as_str)
}

/// What can be done with an element; only elements of one kind can stand for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Press,
    Text,
    Password,
    File,
    List,
    Check,
    Radio,
    Slide,
    Picture,
    Read,
}

pub(super) fn kind(print: &Fingerprint) -> Kind {
    let kind = print.attributes.get("type").map(String::as_str);
    if print.tag == "input" {
        match kind {
            Some("password") => return Kind::Password,
            Some("file") => return Kind::File,
            Some("checkbox") => return Kind::Check,
            Some("radio") => return Kind::Radio,
            Some("range") => return Kind::Slide,
            _ => {}
        }
    }
    if print.tag == "select" {
        return Kind::List;
    }
    match print.role.as_str() {
        "button" | "link" | "menuitem" | "tab" | "option" | "treeitem" => Kind::Press,
        "textbox" | "searchbox" | "spinbutton" => Kind::Text,
        "combobox" if print.tag == "input" => Kind::Text,
        "combobox" | "listbox" => Kind::List,
        "checkbox" | "switch" | "menuitemcheckbox" => Kind::Check,
        "radio" | "menuitemradio" => Kind::Radio,
        "slider" => Kind::Slide,
        "img" => Kind::Picture,
        _ if print.interactive => Kind::Press,
        _ => Kind::Read,
    }
}

/// What the vetoes need to know beside the two elements.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) translated: bool,
    /// How many things of its own prove the candidate: attributes that only it has, as only the target had them.
    pub(super) proofs: f64,
    /// All that can be seen of the target's kind.
    pub(super) peers: &'a [&'a Look],
}

/// Proofs that outweigh another name.
const ENOUGH: f64 = 2.0;
/// Proofs that outweigh a name of which a part is left.
const SOME: f64 = 1.0;
/// A part of a name.
const PART: f64 = 0.4;

pub(super) fn veto(
    target: &Target,
    print: &Fingerprint,
    look: &Look,
    case: Case<'_>,
) -> Option<Veto> {
    let found = &look.print;
    if !look.visible {
        return Some(Veto::Hidden);
    }
    if kind(print) != kind(found) {
        return Some(Veto::Kind);
    }
    let (wanted, said) = (saying(print), saying(found));
    if plain(wanted) != plain(said) && was_neighbour(target, print, look) {
        return Some(Veto::Neighbour);
    }
    name(target, print, look, case)
        .or_else(|| place(target, print, look, case))
        .or_else(|| twin(target, print, look, case))
}

/// Whether it has a name or an attribute that a neighbour of the target had.
fn was_neighbour(target: &Target, print: &Fingerprint, look: &Look) -> bool {
    let said = plain(saying(&look.print));
    let named = !said.is_empty()
        && target
            .anchors
            .others
            .iter()
            .any(|other| plain(other) == said);
    let marked = target.anchors.taken.iter().any(|taken| {
        let Some((name, value)) = taken.split_once('=') else {
            return false;
        };
        let (own, found) = (print.attributes.get(name), look.print.attributes.get(name));
        let grown = |found: &String| {
            matches!(name, "id" | "name")
                && has_grown(value, found)
                && own.is_none_or(|own| value.len() > own.len() || !has_grown(own, found))
        };
        found.is_some_and(|found| (found == value && own != Some(found)) || grown(found))
    });
    named || marked
}

fn name(target: &Target, print: &Fingerprint, look: &Look, case: Case<'_>) -> Option<Veto> {
    let found = &look.print;
    let (wanted, said) = (saying(print), saying(found));
    let between = relation(wanted, said);
    if !case.translated && between == Relation::Opposite {
        return Some(Veto::Opposite);
    }
    let in_its_place = !target.anchors.column.is_empty()
        && plain(&target.anchors.column) == plain(&look.anchors.column)
        && same_item(&target.anchors.item, &look.anchors.item);
    let content = kind(print) == Kind::Read && in_its_place;
    let kept_place = in_same_rank(print, found) && beside_the_same(target, look);
    let other_words = match between {
        Relation::Different | Relation::Opposite => {
            let part = likeness::text(wanted, said) >= PART;
            let proofs = case.proofs + if kept_place && part { SOME } else { 0.0 };
            !case.translated && !content && proofs < if part { SOME } else { ENOUGH }
        }
        Relation::Silent => !wanted.is_empty() && case.proofs < SOME,
        Relation::Partial => {
            !case.translated
                && case.proofs < SOME
                && !in_same_rank(print, found)
                && !beside_the_same(target, look)
        }
        Relation::Same | Relation::Close => false,
    };
    if other_words {
        return Some(Veto::Name);
    }
    if destroys(wanted)
        && matches!(
            between,
            Relation::Silent | Relation::Different | Relation::Opposite
        )
    {
        return Some(Veto::Name);
    }
    if wanted.is_empty()
        && let Some(veto) = picture(print, found, case)
    {
        return Some(veto);
    }
    let speaks = between == Relation::Same && !wanted.is_empty();
    let alone = || {
        case.peers
            .iter()
            .filter(|peer| peer.print.among == print.among && peer.print.tag == found.tag)
            .count()
            == 1
    };
    let placed = in_same_rank(print, found) && alone();
    if case.translated && !speaks && case.proofs < SOME && !placed {
        return Some(Veto::Unproven);
    }
    None
}

/// What has no name is known by its picture; where that is not told any more, by its place.
fn picture(print: &Fingerprint, found: &Fingerprint, case: Case<'_>) -> Option<Veto> {
    if other_icon(&print.icon, &found.icon) {
        return (case.proofs < ENOUGH).then_some(Veto::Icon);
    }
    let same_icon = !print.icon.is_empty() && !found.icon.is_empty();
    if same_icon || case.proofs >= SOME {
        return None;
    }
    if !saying(found).is_empty() {
        return Some(Veto::Name);
    }
    let lost = !print.icon.is_empty() && !in_same_rank(print, found);
    lost.then_some(Veto::Icon)
}

/// Whether two pictures show different things; their names may have got new parts.
fn other_icon(a: &str, b: &str) -> bool {
    !a.is_empty() && !b.is_empty() && icons(a).is_disjoint(&icons(b))
}

fn icons(icon: &str) -> BTreeSet<&str> {
    icon.split_whitespace().collect()
}

/// Whether it has the same place among as many.
fn in_same_rank(print: &Fingerprint, found: &Fingerprint) -> bool {
    print.among == found.among
}

/// Whether the texts before or after it are as they were.
fn beside_the_same(target: &Target, look: &Look) -> bool {
    let same = |a: &str, b: &str| !a.is_empty() && plain(a) == plain(b);
    same(&target.anchors.before, &look.anchors.before)
        || same(&target.anchors.after, &look.anchors.after)
}

/// Where others had the same name, something has to tell it from them now as it did then.
fn twin(target: &Target, print: &Fingerprint, look: &Look, case: Case<'_>) -> Option<Veto> {
    if print.twins == 0 || case.proofs >= SOME {
        return None;
    }
    let said = plain(saying(&look.print));
    let same: Vec<&&Look> = case
        .peers
        .iter()
        .filter(|peer| plain(saying(&peer.print)) == said)
        .filter(|peer| !said.is_empty() || !other_icon(&print.icon, &peer.print.icon))
        .collect();
    // What stands beside it, or its number, is what another one has as soon as one of them has gone.
    let complete = same.len() > print.twins;
    let as_many = same.len() == print.twins + 1;
    let told = print.told_by.iter().any(|part| {
        let fits = |look: &Look| match part.as_str() {
            "among" => as_many && in_same_rank(print, &look.print),
            "before" | "after" if !complete => false,
            "item" => same_item(&target.anchors.item, &look.anchors.item),
            part => plain(target.anchors.part(part)) == plain(look.anchors.part(part)),
        };
        fits(look) && same.iter().filter(|peer| fits(peer)).count() == 1
    });
    (!told).then_some(Veto::Twin)
}

/// Whether a press may destroy something or cost money.
pub(super) fn destroys(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "delete",
        "remove",
        "destroy",
        "drop",
        "erase",
        "pay",
        "buy",
        "purchase",
        "terminate",
        "deactivate",
        "revoke",
        "format",
        "wipe",
    ];
    words_of(name)
        .iter()
        .any(|word| WORDS.contains(&word.as_str()))
}

fn place(target: &Target, print: &Fingerprint, look: &Look, case: Case<'_>) -> Option<Veto> {
    if case.translated {
        return None;
    }
    let (anchors, around) = (&target.anchors, &look.anchors);
    let both = |a: &str, b: &str| !a.is_empty() && !b.is_empty();
    let in_table = !anchors.column.is_empty();
    // Where the name alone does not tell, the place has to.
    let needs_place = print.twins > 0 || saying(print).is_empty() || in_table;
    if needs_place && both(&anchors.item, &around.item) && !same_item(&anchors.item, &around.item) {
        return Some(Veto::Item);
    }
    let differ = |a: &str, b: &str| {
        both(a, b) && matches!(relation(a, b), Relation::Different | Relation::Opposite)
    };
    if in_table && differ(&anchors.column, &around.column) {
        return Some(Veto::Column);
    }
    if needs_place && differ(&anchors.group, &around.group) {
        return Some(Veto::Group);
    }
    None
}

/// Whether two texts are of one row: the numbers in them count, and how they begin.
fn same_item(a: &str, b: &str) -> bool {
    let numbers = |text: &str| -> Vec<String> {
        words_of(text)
            .into_iter()
            .filter(|word| word.chars().any(char::is_numeric))
            .collect()
    };
    let first = |text: &str| plain(text).split(' ').next().map(str::to_owned);
    plain(a) == plain(b)
        || (numbers(a) == numbers(b) && first(a) == first(b) && likeness::text(a, b) >= 0.6)
}
