//! What a navigation that no page asked for was: an address typed, or a way back.

use crate::cdp::page::GetNavigationHistoryReply;

/// A tab's history: its entries, and which of them is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct History {
    pub(super) entries: Vec<i64>,
    pub(super) at: usize,
}

impl History {
    pub(super) fn of(reply: &GetNavigationHistoryReply) -> Self {
        History {
            entries: reply.entries.iter().map(|entry| entry.id).collect(),
            at: usize::try_from(reply.current_index).unwrap_or_default(),
        }
    }
}

/// How a tab has come from one entry of its history to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Back(usize),
    Forward(usize),
    /// The same entry again.
    Reload,
    /// One that was not there before.
    New,
}

pub(super) fn moved(before: &History, now: &History) -> Move {
    let shown = now.entries.get(now.at);
    let known = before.entries.iter().position(|entry| Some(entry) == shown);
    match known {
        Some(place) if place < before.at => Move::Back(before.at - place),
        Some(place) if place > before.at => Move::Forward(place - before.at),
        Some(_) => Move::Reload,
        None => Move::New,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_entry_is_a_way_back_or_forward_and_the_same_one_a_reload() {
        let before = History {
            entries: vec![1, 2, 3],
            at: 1,
        };
        let to = |entries: &[i64], at| {
            moved(
                &before,
                &History {
                    entries: entries.to_vec(),
                    at,
                },
            )
        };

        assert_eq!(to(&[1, 2, 3], 0), Move::Back(1));
        assert_eq!(to(&[1, 2, 3], 2), Move::Forward(1));
        assert_eq!(to(&[1, 2, 3], 1), Move::Reload);
        assert_eq!(to(&[1, 2, 7], 2), Move::New);
    }
}
