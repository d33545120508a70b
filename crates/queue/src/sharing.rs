//! Who gets which job: priorities within a tenant, fair shares among tenants, limits for all.

use std::collections::{BTreeMap, HashMap};

use casare_store::TenantId;

use crate::ready::Position;

/// A lane that somebody could get jobs of.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) lane: i64,
    pub(crate) tenant: TenantId,
    /// Its first jobs, in order.
    pub(crate) heads: Vec<Position>,
    /// There may be more after these.
    pub(crate) more: bool,
    /// Indexes of the limits that it falls under.
    pub(crate) limits: Vec<usize>,
    /// Indexes of the requests that it suits.
    pub(crate) suits: Vec<usize>,
}

/// A job to lease: the next one of `offer`, for `request`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pick {
    pub(crate) offer: usize,
    pub(crate) request: usize,
}

/// How jobs are shared out.
pub(crate) struct Shares<'a> {
    /// Jobs that each tenant's robots have now.
    pub(crate) held: &'a HashMap<TenantId, i64>,
    pub(crate) weight: &'a (dyn Fn(TenantId) -> i64 + Sync),
}

/// Shares the first jobs of `offers` out to requests that want `wanted` each, while there is
/// `room` under each limit.
///
/// Of tenants, the one that has the least for its weight is next; of its jobs, the first by
/// priority, time and id; of the requests that it suits, the one that got the least so far.
/// Stops where what follows is not known, so that no later job goes before an earlier one.
pub(crate) fn share_out(
    offers: &[Offer],
    wanted: &mut [usize],
    room: &mut [i64],
    shares: &Shares<'_>,
) -> Vec<Pick> {
    let mut picks = Vec::new();
    let mut taken = vec![0_usize; offers.len()];
    let mut got = vec![0_usize; wanted.len()];
    let mut held: BTreeMap<TenantId, i64> = offers
        .iter()
        .map(|offer| {
            (
                offer.tenant,
                shares.held.get(&offer.tenant).copied().unwrap_or(0),
            )
        })
        .collect();
    let mut left: usize = wanted.iter().sum();
    while left > 0 {
        let next = offers
            .iter()
            .enumerate()
            .filter_map(|(index, offer)| {
                let head = offer.heads.get(taken[index])?;
                let open = offer.limits.iter().all(|limit| room[*limit] > 0);
                let request = offer
                    .suits
                    .iter()
                    .copied()
                    .filter(|request| wanted[*request] > 0)
                    .min_by_key(|request| got[*request])?;
                open.then_some((index, request, head))
            })
            .min_by(|(a, _, first), (b, _, second)| {
                let (a, b) = (offers[*a].tenant, offers[*b].tenant);
                // held/weight, compared without dividing.
                let (left, right) = (
                    (held[&a] + 1) * (shares.weight)(b),
                    (held[&b] + 1) * (shares.weight)(a),
                );
                left.cmp(&right).then_with(|| first.cmp(second))
            });
        let Some((index, request, _)) = next else {
            break;
        };
        let offer = &offers[index];
        picks.push(Pick {
            offer: index,
            request,
        });
        taken[index] += 1;
        got[request] += 1;
        wanted[request] -= 1;
        left -= 1;
        *held.entry(offer.tenant).or_default() += 1;
        for limit in &offer.limits {
            room[*limit] -= 1;
        }
        if taken[index] == offer.heads.len() && offer.more {
            break;
        }
    }
    picks
}

#[cfg(test)]
mod tests {
    use casare_store::Moment;
    use uuid::Uuid;

    use super::*;

    fn tenant(number: u128) -> TenantId {
        TenantId(Uuid::from_u128(number))
    }

    fn lane(lane: i64, owner: u128, ranks: &[i16]) -> Offer {
        Offer {
            lane,
            tenant: tenant(owner),
            heads: ranks
                .iter()
                .enumerate()
                .map(|(place, rank)| Position {
                    rank: *rank,
                    due: Moment::from_micros(place as i64),
                    id: Uuid::nil(),
                })
                .collect(),
            more: false,
            limits: Vec::new(),
            suits: vec![0],
        }
    }

    fn picked(
        offers: &[Offer],
        wanted: usize,
        room: &mut [i64],
        held: &[(u128, i64)],
        weights: &[(u128, i64)],
    ) -> Vec<i64> {
        let held: HashMap<TenantId, i64> = held.iter().map(|(id, n)| (tenant(*id), *n)).collect();
        let weights: HashMap<TenantId, i64> =
            weights.iter().map(|(id, n)| (tenant(*id), *n)).collect();
        let weight = |id| weights.get(&id).copied().unwrap_or(1);
        let shares = Shares {
            held: &held,
            weight: &weight,
        };
        share_out(offers, &mut [wanted], room, &shares)
            .iter()
            .map(|pick| offers[pick.offer].lane)
            .collect()
    }

    #[test]
    fn within_a_tenant_the_most_urgent_goes_first_from_whichever_lane() {
        let offers = [lane(1, 1, &[50, 50]), lane(2, 1, &[10, 90])];

        assert_eq!(picked(&offers, 9, &mut [], &[], &[]), [2, 1, 1, 2]);
    }

    #[test]
    fn tenants_take_turns_and_who_has_more_waits() {
        let offers = [lane(1, 1, &[0; 6]), lane(2, 2, &[50; 6])];

        assert_eq!(picked(&offers, 4, &mut [], &[], &[]), [1, 2, 1, 2]);
        assert_eq!(picked(&offers, 4, &mut [], &[(1, 3)], &[]), [2, 2, 2, 1]);
        assert_eq!(
            picked(&offers, 6, &mut [], &[], &[(2, 2)]),
            [2, 1, 2, 2, 1, 2]
        );
    }

    #[test]
    fn a_limit_that_is_reached_closes_its_lanes_alone() {
        let mut offers = [lane(1, 1, &[0; 4]), lane(2, 1, &[50; 4])];
        offers[0].limits.push(0);

        assert_eq!(picked(&offers, 4, &mut [1], &[], &[]), [1, 2, 2, 2]);
    }

    #[test]
    fn nothing_is_given_out_past_what_is_known_of_a_lane() {
        let mut offers = [lane(1, 1, &[0, 0]), lane(2, 1, &[50; 4])];
        offers[0].more = true;

        assert_eq!(picked(&offers, 9, &mut [], &[], &[]), [1, 1]);
    }

    #[test]
    fn robots_share_what_suits_them_all() {
        let mut offers = [lane(1, 1, &[0; 4]), lane(2, 1, &[50; 4])];
        offers[0].suits = vec![0, 1];
        offers[1].suits = vec![1];
        let shares = Shares {
            held: &HashMap::new(),
            weight: &|_| 1,
        };

        let picks = share_out(&offers, &mut [2, 3], &mut [], &shares);

        let given: Vec<(i64, usize)> = picks
            .iter()
            .map(|pick| (offers[pick.offer].lane, pick.request))
            .collect();
        assert_eq!(given, [(1, 0), (1, 1), (1, 0), (1, 1), (2, 1)]);
    }
}
