//! Which steps of the three documents are one, which are kept, and in which list.

use std::collections::HashMap;

use super::{Conflict, Side, Three};
use crate::diff::{
    matching::Matching,
    outline::{ListKey, Outline, Place, StepNo},
};

/// A step of the merged document, by its place in [`Pieces::all`]. 0 is the workflow itself.
pub(super) type PieceNo = usize;

/// Where a step stands: in this list of this step.
pub(super) type Home = (PieceNo, ListKey);

/// One step, as each of the three documents has it.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) steps: Three<Option<StepNo>>,
    /// The list it stands in; none for the workflow itself and for what is left out.
    pub(super) home: Option<Home>,
    pub(super) kept: bool,
}

/// All steps of the three documents.
#[derive(Debug)]
pub(super) struct Pieces<'d> {
    pub(super) outlines: Three<Outline<'d>>,
    pub(super) all: Vec<Piece>,
    of: Three<Vec<PieceNo>>,
    prefer: Side,
}

impl<'d> Pieces<'d> {
    /// Finds out which steps are one; conflicts about whether and where a step is kept are decided
    /// for `prefer`.
    pub(super) fn new(
        outlines: Three<Outline<'d>>,
        prefer: Side,
        conflicts: &mut Vec<Conflict>,
    ) -> Self {
        let ours = Matching::of(&outlines.base, &outlines.ours);
        let theirs = Matching::of(&outlines.base, &outlines.theirs);
        let mut pieces = Self {
            of: outlines.map(|outline| vec![PieceNo::MAX; outline.len()]),
            outlines,
            all: Vec::new(),
            prefer,
        };
        for step in 0..pieces.outlines.base.len() {
            pieces.add(Three {
                base: Some(step),
                ours: ours.to_new[step],
                theirs: theirs.to_new[step],
            });
        }
        pieces.add_new(&ours, &theirs);
        for side in [Side::Ours, Side::Theirs] {
            pieces.removed_by(side, conflicts);
        }
        pieces.find_homes(conflicts);
        pieces
    }

    fn add(&mut self, steps: Three<Option<StepNo>>) {
        let piece = self.all.len();
        if let Some(step) = steps.base {
            self.of.base[step] = piece;
        }
        if let Some(step) = steps.ours {
            self.of.ours[step] = piece;
        }
        if let Some(step) = steps.theirs {
            self.of.theirs[step] = piece;
        }
        self.all.push(Piece {
            steps,
            home: None,
            // What both removed stays out.
            kept: steps.ours.is_some() || steps.theirs.is_some(),
        });
    }

    /// Steps that one side or both added: with the same id, or the same step in the same place.
    fn add_new(&mut self, ours: &Matching, theirs: &Matching) {
        let our_ids = self.outlines.ours.ids();
        let mut alike: HashMap<(u64, Home), Vec<StepNo>> = HashMap::new();
        for step in (0..self.outlines.ours.len()).filter(|step| ours.to_old[*step].is_none()) {
            self.add(Three {
                ours: Some(step),
                ..Three::default()
            });
            if let Some(home) = self.home_in(Side::Ours, self.of.ours[step]) {
                let whole = self.outlines.ours.places[step].whole;
                alike.entry((whole, home)).or_default().push(step);
            }
        }
        for steps in alike.values_mut() {
            steps.reverse();
        }
        for step in (0..self.outlines.theirs.len()).filter(|step| theirs.to_old[*step].is_none()) {
            let place = &self.outlines.theirs.places[step];
            let by_id = place
                .text("id")
                .and_then(|id| our_ids.get(id).copied())
                .filter(|same| ours.to_old[*same].is_none());
            let home = place.home.as_ref();
            let home = home.map(|(parent, key)| (self.of.theirs[*parent], key.clone()));
            let likeness = home.map(|home| (place.whole, home));
            let same = by_id.or_else(|| alike.get_mut(&likeness?)?.pop());
            let same = same.filter(|same| {
                let piece = &self.all[self.of.ours[*same]];
                piece.steps.theirs.is_none()
            });
            match same {
                Some(same) => {
                    let piece = self.of.ours[same];
                    self.of.theirs[step] = piece;
                    self.all[piece].steps.theirs = Some(step);
                }
                None => self.add(Three {
                    theirs: Some(step),
                    ..Three::default()
                }),
            }
        }
    }

    /// A side's own version of a step.
    pub(super) fn place(&self, side: Side, piece: PieceNo) -> Option<&Place<'d>> {
        let step = (*self.all[piece].steps.side(side))?;
        Some(&self.outlines.side(side).places[step])
    }

    pub(super) fn base_place(&self, piece: PieceNo) -> Option<&Place<'d>> {
        Some(&self.outlines.base.places[self.all[piece].steps.base?])
    }

    /// What people call the step.
    pub(super) fn title(&self, piece: PieceNo) -> String {
        let place = self
            .place(Side::Ours, piece)
            .or_else(|| self.place(Side::Theirs, piece))
            .or_else(|| self.base_place(piece));
        place
            .map(|place| place.title().to_owned())
            .unwrap_or_default()
    }

    fn home_in(&self, side: Side, piece: PieceNo) -> Option<Home> {
        let (parent, key) = self.place(side, piece)?.home.as_ref()?;
        Some((self.of.side(side)[*parent], key.clone()))
    }

    fn home_in_base(&self, piece: PieceNo) -> Option<Home> {
        let (parent, key) = self.base_place(piece)?.home.as_ref()?;
        Some((self.of.base[*parent], key.clone()))
    }

    fn is_removed_by(&self, side: Side, piece: PieceNo) -> bool {
        let steps = &self.all[piece].steps;
        steps.base.is_some() && steps.side(side).is_none() && steps.side(side.other()).is_some()
    }

    /// Leaves out what `side` removed, unless the other side did something to it.
    fn removed_by(&mut self, side: Side, conflicts: &mut Vec<Conflict>) {
        let other = side.other();
        for step in 1..self.outlines.side(other).len() {
            let piece = self.of.side(other)[step];
            let parent = self.home_in(other, piece).map(|(parent, _)| parent);
            let is_top = parent.is_some_and(|parent| !self.is_removed_by(side, parent));
            if !self.is_removed_by(side, piece) || !is_top {
                continue;
            }
            let (tree, changed) = self.removed_tree(side, piece);
            if changed {
                let data =
                    |place: Option<&Place<'_>>| place.map(|place| place.child.node.to_json());
                let (base, left) = (data(self.base_place(piece)), data(self.place(other, piece)));
                let mut values = [base, None, None];
                values[if other == Side::Ours { 1 } else { 2 }] = left;
                conflicts.push(Conflict {
                    step: Some(self.title(piece)),
                    setting: String::new(),
                    reason: format!("was changed by {other} and removed by {side}"),
                    values,
                });
                if self.prefer == other {
                    continue;
                }
            }
            for piece in tree {
                let steps = &self.all[piece].steps;
                if steps.side(side).is_none() {
                    self.all[piece].kept = false;
                }
            }
        }
    }

    /// The steps in a step that `side` removed, as the other side has it, without those that are
    /// elsewhere now; and whether the other side did anything to them.
    fn removed_tree(&self, side: Side, top: PieceNo) -> (Vec<PieceNo>, bool) {
        let other = side.other();
        let (mut tree, mut changed) = (Vec::new(), false);
        let mut open = vec![top];
        while let Some(piece) = open.pop() {
            let Some(place) = self.place(other, piece) else {
                continue;
            };
            let is_in_side = self.all[piece].steps.side(side).is_some();
            match self.base_place(piece) {
                Some(base) => {
                    let was_elsewhere = self.home_in(other, piece).map(|(parent, _)| parent)
                        != self.home_in_base(piece).map(|(parent, _)| parent);
                    if is_in_side && !was_elsewhere {
                        // The side took it out of what it removed.
                        continue;
                    }
                    changed |= was_elsewhere || (!is_in_side && place.own != base.own);
                }
                None => changed = true,
            }
            tree.push(piece);
            if is_in_side {
                continue;
            }
            for (_, list) in &place.lists {
                open.extend(list.iter().map(|step| self.of.side(other)[*step]));
            }
        }
        (tree, changed)
    }

    fn find_homes(&mut self, conflicts: &mut Vec<Conflict>) {
        for piece in 1..self.all.len() {
            if self.all[piece].kept {
                self.all[piece].home = self.chosen_home(piece, conflicts);
            }
        }
        self.follow_neighbours();
        self.break_circles(conflicts);
    }

    fn chosen_home(&self, piece: PieceNo, conflicts: &mut Vec<Conflict>) -> Option<Home> {
        let (ours, theirs) = (
            self.home_in(Side::Ours, piece),
            self.home_in(Side::Theirs, piece),
        );
        let (Some(our), Some(their)) = (&ours, &theirs) else {
            return ours.or(theirs);
        };
        let base = self.home_in_base(piece);
        let chosen = if our == their || base.as_ref() == Some(their) {
            Side::Ours
        } else if base.as_ref() == Some(our) {
            Side::Theirs
        } else {
            conflicts.push(Conflict {
                step: Some(self.title(piece)),
                setting: String::new(),
                reason: format!(
                    "was moved by both: to {} by ours, to {} by theirs",
                    self.home_name(our),
                    self.home_name(their)
                ),
                values: [None, None, None],
            });
            self.prefer
        };
        let (first, second) = match chosen {
            Side::Ours => (our, their),
            Side::Theirs => (their, our),
        };
        // A step may have been moved into what a conflict leaves out.
        Some(
            if self.all[first.0].kept {
                first
            } else {
                second
            }
            .clone(),
        )
    }

    fn home_name(&self, (parent, key): &Home) -> String {
        if *parent == 0 {
            return format!("`{key}`");
        }
        format!("`{key}` of `{}`", self.title(*parent))
    }

    /// A new step between two that are in another list now (because somebody put a block around
    /// them) goes with them.
    fn follow_neighbours(&mut self) {
        let mut follow = Vec::new();
        for (piece, found) in self.all.iter().enumerate().skip(1) {
            let side = match (found.steps.base, found.steps.ours, found.steps.theirs) {
                (None, Some(_), None) => Side::Ours,
                (None, None, Some(_)) => Side::Theirs,
                _ => continue,
            };
            let Some((parent, key)) = self.place(side, piece).and_then(|place| place.home.clone())
            else {
                continue;
            };
            let list = self.outlines.side(side).places[parent].list(&key);
            let pieces = list.iter().map(|step| self.of.side(side)[*step]);
            let pieces: Vec<PieceNo> = pieces.collect();
            let Some(at) = pieces.iter().position(|other| *other == piece) else {
                continue;
            };
            let is_old = |other: &&PieceNo| self.all[**other].steps.base.is_some();
            let before = pieces[..at].iter().rev().find(is_old);
            let after = pieces[at..].iter().find(is_old);
            if let (Some(before), Some(after)) = (before, after)
                && let Some(home) = &self.all[*before].home
                && self.all[*after].home.as_ref() == Some(home)
                && found.kept
            {
                follow.push((piece, home.clone()));
            }
        }
        for (piece, home) in follow {
            self.all[piece].home = Some(home);
        }
    }

    /// Each side may have moved a step into the other's.
    fn break_circles(&mut self, conflicts: &mut Vec<Conflict>) {
        let Some(piece) = (1..self.all.len()).find(|piece| self.is_in_circle(*piece)) else {
            return;
        };
        conflicts.push(Conflict {
            step: Some(self.title(piece)),
            setting: String::new(),
            reason: "was moved by both sides, into a step that is inside it now".to_owned(),
            values: [None, None, None],
        });
        for piece in 1..self.all.len() {
            if let Some(home) = self.home_in(self.prefer, piece)
                && self.all[piece].kept
            {
                self.all[piece].home = Some(home);
            }
        }
    }

    fn is_in_circle(&self, piece: PieceNo) -> bool {
        let mut above = piece;
        for _ in 0..self.all.len() {
            match &self.all[above].home {
                Some((parent, _)) if *parent == piece => return true,
                Some((parent, _)) => above = *parent,
                None => return false,
            }
        }
        true
    }
}
