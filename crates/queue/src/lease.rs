//! Giving jobs to robots.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use casare_store::{
    DatabaseError, JobId, Link, Moment, RobotId, Store, TenantId, WorkflowId, fetch_all, fetch_one,
    fetch_optional, row,
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, types::Json};
use uuid::Uuid;

use crate::{
    Carry, JobOptions, JobState, Lease, LeasedJob, Priority, Queue, QueueError, Robot,
    queue::{Hot, News, VersionAndTimer, tell},
    ready::Position,
    rules::Rules,
    sharing::{Offer, Pick, Shares, share_out},
    statements::{
        HEADS, HELD_BY_ROBOT, HELD_BY_TENANTS, HELD_UNDER, LEASE, NEXT_LANE, SCAN,
        VERSION_AND_TIMER,
    },
};

pub(crate) type Leased = Result<Vec<LeasedJob>, QueueError>;

/// A robot that asks for jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct LeaseRequest {
    pub robot: Arc<Robot>,
    /// How many it has room for now. It never gets more than its slots.
    pub count: usize,
}

row! {
    struct HeadRow {
        lane_id: i64,
        rank: i16,
        due_at: Moment,
        id: Uuid,
    }
    struct LeasedRow {
        id: JobId,
        tenant_id: TenantId,
        workflow_id: WorkflowId,
        workflow_version: Option<i64>,
        lane_id: i64,
        rank: i16,
        due_at: Moment,
        lease_epoch: i64,
        attempt: i32,
        robot_id: RobotId,
        timer_at: Moment,
        inputs: Json<Value>,
        options: Option<Json<JobOptions>>,
        carry: Option<Json<Carry>>,
    }
    pub(crate) struct HeldUnder {
        pub(crate) key: String,
        pub(crate) held: i64,
    }
    struct HeldByTenant {
        tenant_id: TenantId,
        held: i64,
    }
    pub(crate) struct Held {
        pub(crate) held: i64,
    }
}

impl HeadRow {
    fn position(&self) -> Position {
        Position {
            rank: self.rank,
            due: self.due_at,
            id: self.id,
        }
    }
}

/// A lane that suits somebody who asks.
struct Candidate {
    lane: Arc<crate::matching::Lane>,
    from: Position,
    suits: Vec<usize>,
}

/// What one round of leasing works on.
struct Round<'a> {
    requests: &'a [LeaseRequest],
    wanted: &'a [usize],
    candidates: Vec<Candidate>,
    rules: Arc<Rules>,
    now: Moment,
    until: Moment,
}

impl Queue {
    /// Leases up to `count` jobs for a robot: by priority, then by due time, then by id, of those
    /// that it may have. None when there is none.
    pub async fn lease(&self, robot: &Arc<Robot>, count: usize) -> Leased {
        let request = LeaseRequest {
            robot: Arc::clone(robot),
            count,
        };
        self.lease_all(vec![request])
            .await
            .pop()
            .unwrap_or(Ok(Vec::new()))
    }

    /// Leases for several robots at a time.
    pub async fn lease_all(&self, requests: Vec<LeaseRequest>) -> Vec<Leased> {
        let mut hot = self.inner.leasing.lock().await;
        let mut given: Vec<Vec<LeasedJob>> = requests.iter().map(|_| Vec::new()).collect();
        match self.lease_in_rounds(&mut hot, &requests, &mut given).await {
            Ok(()) => given.into_iter().map(Ok).collect(),
            Err(error) => {
                hot.drop_connection();
                self.inner.ready.lock().doubt();
                // What was leased in earlier rounds is the robots'.
                let answer = |jobs: Vec<LeasedJob>| {
                    if jobs.is_empty() {
                        Err(error.clone())
                    } else {
                        Ok(jobs)
                    }
                };
                given.into_iter().map(answer).collect()
            }
        }
    }

    async fn lease_in_rounds(
        &self,
        hot: &mut Hot,
        requests: &[LeaseRequest],
        given: &mut [Vec<LeasedJob>],
    ) -> Result<(), QueueError> {
        let mut looked = false;
        loop {
            let wanted: Vec<usize> = requests
                .iter()
                .zip(&*given)
                .map(|(request, jobs)| {
                    let most = request.count.min(request.robot.slots as usize);
                    most.saturating_sub(jobs.len())
                })
                .collect();
            if wanted.iter().all(|count| *count == 0) {
                return Ok(());
            }
            looked |= self.refresh(hot).await?;
            let now = self.now();
            if self
                .inner
                .ready
                .lock()
                .next_timer()
                .is_some_and(|next| next <= now)
            {
                self.tick_at(now).await?;
            }
            let candidates = self.candidates(requests, &wanted);
            let got = if candidates.is_empty() {
                0
            } else {
                let rules = Arc::clone(&self.inner.rules.read());
                let round = Round {
                    requests,
                    wanted: &wanted,
                    candidates,
                    rules,
                    now,
                    until: now + self.inner.settings.lease,
                };
                self.lease_round(hot, &round, given).await?
            };
            if got == 0 {
                if looked {
                    return Ok(());
                }
                // Nothing where work was known to be: look once more before saying so.
                if !self.has_doubts() {
                    return Ok(());
                }
                looked = self.refresh(hot).await?;
            }
        }
    }

    fn has_doubts(&self) -> bool {
        let foreign = self.inner.store.queue().foreign();
        self.inner.ready.lock().is_stale(foreign)
    }

    /// Looks where work waits, if what is known is old. Answers whether it looked.
    async fn refresh(&self, hot: &mut Hot) -> Result<bool, QueueError> {
        let foreign = self.inner.store.queue().foreign();
        {
            let mut ready = self.inner.ready.lock();
            if !ready.is_stale(foreign) {
                return Ok(false);
            }
            ready.begin();
        }
        let (heads, state) = match &self.inner.store {
            Store::Postgres(store) => {
                let connection = hot.get(store.server()).await?;
                let heads = fetch_all!(Link::Postgres(connection), HeadRow, SCAN)?;
                let link = Link::Postgres(connection);
                (heads, fetch_one!(link, VersionAndTimer, VERSION_AND_TIMER)?)
            }
            Store::Sqlite(_) => {
                let mut reader = self.inner.store.reader().await?;
                let mut heads: Vec<HeadRow> = Vec::new();
                while let Some(head) = {
                    let after = heads.last().map_or(0, |head| head.lane_id);
                    fetch_optional!(reader.link(), HeadRow, NEXT_LANE, after)?
                } {
                    heads.push(head);
                }
                (
                    heads,
                    fetch_one!(reader.link(), VersionAndTimer, VERSION_AND_TIMER)?,
                )
            }
        };
        self.keep_rules(&heads, state.version).await?;
        let heads = heads.iter().map(|head| (head.lane_id, head.position()));
        self.inner
            .ready
            .lock()
            .scanned(heads, state.next_timer, foreign);
        Ok(true)
    }

    /// Reads rules that have changed, and lanes that others have made.
    async fn keep_rules(&self, heads: &[HeadRow], version: i64) -> Result<(), QueueError> {
        let rules = Arc::clone(&self.inner.rules.read());
        let unknown = rules.unknown(heads.iter().map(|head| head.lane_id));
        if unknown.is_empty() && rules.version == version {
            return Ok(());
        }
        let mut reader = self.inner.store.reader().await?;
        if !unknown.is_empty() {
            self.learn_lanes(reader.link(), &unknown).await?;
        }
        if rules.version != version {
            self.reload_settings(reader.link(), version).await?;
        }
        Ok(())
    }

    /// The lanes with work that is not paused and suits somebody.
    fn candidates(&self, requests: &[LeaseRequest], wanted: &[usize]) -> Vec<Candidate> {
        let rules = Arc::clone(&self.inner.rules.read());
        let ready = self.inner.ready.lock();
        let mut unknown = false;
        let mut found: Vec<Candidate> = ready
            .lanes()
            .filter_map(|(id, from)| {
                let Some(lane) = rules.lanes.get(&id) else {
                    unknown = true;
                    return None;
                };
                if rules.pause_of(lane).is_some() {
                    return None;
                }
                let suits: Vec<usize> = (0..requests.len())
                    .filter(|index| wanted[*index] > 0 && lane.suits(&requests[*index].robot))
                    .collect();
                (!suits.is_empty()).then(|| Candidate {
                    lane: Arc::clone(lane),
                    from,
                    suits,
                })
            })
            .collect();
        drop(ready);
        if unknown {
            self.inner.ready.lock().doubt();
        }
        found.sort_unstable_by_key(|candidate| candidate.lane.id);
        found
    }

    /// One transaction: counts what is limited, chooses and leases. Answers how many were leased.
    async fn lease_round(
        &self,
        hot: &mut Hot,
        round: &Round<'_>,
        given: &mut [Vec<LeasedJob>],
    ) -> Result<usize, QueueError> {
        self.inner.ready.lock().begin();
        let (rows, asked) = match &self.inner.store {
            Store::Postgres(store) => {
                let connection = hot.get(store.server()).await?;
                let begin = AssertSqlSafe(begin_and_lock(&round.lock_keys()));
                let mut work = connection
                    .begin_with(begin)
                    .await
                    .map_err(|error| DatabaseError::from_sqlx("BEGIN", error))?;
                let result = round.run(Link::Postgres(&mut work)).await?;
                work.commit()
                    .await
                    .map_err(|error| DatabaseError::from_sqlx("COMMIT", error))?;
                result
            }
            Store::Sqlite(_) => {
                let mut work = self.inner.store.begin().await?;
                let result = round.run(work.link()).await?;
                work.commit().await?;
                result
            }
        };
        self.remember(round, &rows, &asked);
        let count = rows.len();
        if count > 0 {
            self.set_timer(Some(round.until));
            self.told();
        }
        for row in rows {
            let robot = row.robot_id;
            let request = round
                .requests
                .iter()
                .zip(&*given)
                .position(|(request, jobs)| request.robot.id == robot && jobs.len() < request.count)
                .or_else(|| round.requests.iter().position(|one| one.robot.id == robot));
            if let Some(request) = request {
                let lane = round.rules.lanes.get(&row.lane_id);
                let environment = lane.and_then(|lane| lane.demands.environment.clone());
                given[request].push(row.into_job(environment));
            }
        }
        Ok(count)
    }

    /// Keeps where each lane goes on.
    fn remember(&self, round: &Round<'_>, rows: &[LeasedRow], asked: &BTreeMap<i64, usize>) {
        let mut last: HashMap<i64, (usize, Position)> = HashMap::new();
        for row in rows {
            let position = Position {
                rank: row.rank,
                due: row.due_at,
                id: row.id.0,
            };
            last.entry(row.lane_id)
                .and_modify(|(count, last)| {
                    *count += 1;
                    *last = position.max(*last);
                })
                .or_insert((1, position));
        }
        let mut ready = self.inner.ready.lock();
        let mut short = false;
        let seen: Vec<(i64, Option<Position>)> = asked
            .iter()
            .map(|(lane, asked)| match last.get(lane) {
                Some((count, position)) if count == asked => (*lane, Some(*position)),
                // Empty, or others are at it, or a robot had no room: the next look tells.
                _ => {
                    short = true;
                    (*lane, None)
                }
            })
            .collect();
        ready.leased(seen.into_iter());
        // Candidates whose heads were none.
        if short || (rows.is_empty() && !round.candidates.is_empty() && asked.is_empty()) {
            ready.doubt();
        }
    }
}

impl Round<'_> {
    /// What nobody else may count on meanwhile: robots and limits.
    fn lock_keys(&self) -> Vec<i64> {
        let robots = self
            .requests
            .iter()
            .zip(self.wanted)
            .filter(|(_, wanted)| **wanted > 0)
            .map(|(request, _)| lock_key(&format!("robot:{}", request.robot.id)));
        let limits = self.candidates.iter().flat_map(|candidate| {
            self.rules
                .limits_of(&candidate.lane)
                .map(|(key, _)| lock_key(key))
                .collect::<Vec<_>>()
        });
        let mut keys: Vec<i64> = robots.chain(limits).collect();
        // In one order, so that nobody waits for each other.
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    async fn run(
        &self,
        mut link: Link<'_>,
    ) -> Result<(Vec<LeasedRow>, BTreeMap<i64, usize>), QueueError> {
        let mut wanted = self.wanted.to_vec();
        let sqlite = matches!(link, Link::Sqlite(_));
        if sqlite {
            self.cap_by_slots(&mut link, &mut wanted).await?;
        }
        let total: usize = wanted.iter().sum();
        if total == 0 {
            return Ok((Vec::new(), BTreeMap::new()));
        }
        let (limits, mut room) = self.count_limits(&mut link).await?;
        let tenants: HashSet<TenantId> =
            self.candidates.iter().map(|one| one.lane.tenant).collect();
        let mut held = HashMap::new();
        if tenants.len() > 1 {
            for row in fetch_all!(link.again(), HeldByTenant, HELD_BY_TENANTS)? {
                held.insert(row.tenant_id, row.held);
            }
        }
        let offers = self.offers(&mut link, total, &limits).await?;
        let weight = |tenant| self.rules.weight(tenant);
        let shares = Shares {
            held: &held,
            weight: &weight,
        };
        let picks = share_out(&offers, &mut wanted, &mut room, &shares);
        let mut asked = BTreeMap::new();
        for pick in &picks {
            *asked.entry(offers[pick.offer].lane).or_insert(0) += 1;
        }
        if picks.is_empty() {
            // Lanes that turned out to be empty are forgotten.
            let empty = offers.iter().filter(|offer| offer.heads.is_empty());
            asked.extend(empty.map(|offer| (offer.lane, 1)));
            return Ok((Vec::new(), asked));
        }
        let rows = match link {
            Link::Postgres(connection) => {
                self.take(Link::Postgres(connection), &offers, &picks)
                    .await?
            }
            Link::Sqlite(connection) => {
                self.take_exactly(Link::Sqlite(connection), &offers, &picks)
                    .await?
            }
        };
        Ok((rows, asked))
    }

    /// Wants no more than each robot has free slots.
    async fn cap_by_slots(
        &self,
        link: &mut Link<'_>,
        wanted: &mut [usize],
    ) -> Result<(), QueueError> {
        let mut free: HashMap<RobotId, usize> = HashMap::new();
        for (request, wanted) in self.requests.iter().zip(wanted) {
            if *wanted == 0 {
                continue;
            }
            let robot = &request.robot;
            let free = match free.entry(robot.id) {
                std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::hash_map::Entry::Vacant(entry) => {
                    let held = fetch_one!(link.again(), Held, HELD_BY_ROBOT, robot.id)?.held;
                    entry.insert((i64::from(robot.slots) - held).max(0) as usize)
                }
            };
            *wanted = (*wanted).min(*free);
            *free -= *wanted;
        }
        Ok(())
    }

    /// The limits that matter now, and how many more jobs each lets through.
    async fn count_limits(
        &self,
        link: &mut Link<'_>,
    ) -> Result<(HashMap<String, usize>, Vec<i64>), QueueError> {
        let mut limits = HashMap::new();
        let mut room = Vec::new();
        for candidate in &self.candidates {
            for (key, limit) in self.rules.limits_of(&candidate.lane) {
                limits.entry(key.to_owned()).or_insert_with(|| {
                    room.push(limit);
                    room.len() - 1
                });
            }
        }
        if !limits.is_empty() {
            let keys: Vec<&String> = limits.keys().collect();
            for row in fetch_all!(link.again(), HeldUnder, HELD_UNDER, Json(keys))? {
                if let Some(index) = limits.get(&row.key) {
                    room[*index] -= row.held;
                }
            }
        }
        Ok((limits, room))
    }

    /// The first jobs of the candidates, as many as could be leased.
    async fn offers(
        &self,
        link: &mut Link<'_>,
        total: usize,
        limits: &HashMap<String, usize>,
    ) -> Result<Vec<Offer>, QueueError> {
        // Much is read in vain when many lanes have much: less of each, and more rounds.
        let lanes = self.candidates.len();
        let depth = if lanes > 8 {
            (8 * total / lanes).max(1)
        } else {
            total
        };
        let mut heads: HashMap<i64, Vec<Position>> = HashMap::new();
        match link {
            // The only lane: it is known where it begins, and what is there is seen when leasing.
            Link::Postgres(_) if lanes == 1 => {
                let only = &self.candidates[0];
                heads.insert(only.lane.id, vec![only.from; total]);
            }
            Link::Postgres(connection) => {
                let of = |get: fn(&Candidate) -> i64| -> Vec<i64> {
                    self.candidates.iter().map(get).collect()
                };
                let ranks: Vec<i16> = self.candidates.iter().map(|one| one.from.rank).collect();
                let ids: Vec<Uuid> = self.candidates.iter().map(|one| one.from.id).collect();
                let rows: Vec<HeadRow> = sqlx::query_as(HEADS.postgres)
                    .bind(of(|one| one.lane.id))
                    .bind(ranks)
                    .bind(of(|one| one.from.due.micros()))
                    .bind(ids)
                    .bind(depth as i64)
                    .fetch_all(&mut **connection)
                    .await
                    .map_err(|error| DatabaseError::from_sqlx(HEADS.name, error))?;
                for row in rows {
                    heads.entry(row.lane_id).or_default().push(row.position());
                }
            }
            Link::Sqlite(connection) => {
                for one in &self.candidates {
                    let rows = fetch_all!(
                        Link::Sqlite(connection),
                        HeadRow,
                        HEADS,
                        one.lane.id,
                        one.from.rank,
                        one.from.due,
                        one.from.id,
                        depth as i64
                    )?;
                    let found = rows.iter().map(HeadRow::position).collect();
                    heads.insert(one.lane.id, found);
                }
            }
        }
        let offer = |candidate: &Candidate| {
            let heads = heads.remove(&candidate.lane.id).unwrap_or_default();
            let keys = self.rules.limits_of(&candidate.lane);
            Offer {
                lane: candidate.lane.id,
                tenant: candidate.lane.tenant,
                more: heads.len() >= depth && depth < total,
                heads,
                limits: keys
                    .filter_map(|(key, _)| limits.get(key).copied())
                    .collect(),
                suits: candidate.suits.clone(),
            }
        };
        Ok(self.candidates.iter().map(offer).collect())
    }

    /// Takes the first jobs of lanes that nobody else is taking.
    async fn take(
        &self,
        link: Link<'_>,
        offers: &[Offer],
        picks: &[Pick],
    ) -> Result<Vec<LeasedRow>, QueueError> {
        let Link::Postgres(connection) = link else {
            return Ok(Vec::new());
        };
        // A robot may ask twice at the same time; its slots count once.
        let mut robots: Vec<&Robot> = Vec::new();
        let mut place_of: HashMap<RobotId, i32> = HashMap::new();
        let mut got: HashMap<RobotId, i64> = HashMap::new();
        let mut by_offer: BTreeMap<usize, Vec<(i32, i64)>> = BTreeMap::new();
        // In the order of the picks: a robot that has too little room gets the first of them.
        for pick in picks {
            let robot = &*self.requests[pick.request].robot;
            let place = *place_of.entry(robot.id).or_insert_with(|| {
                robots.push(robot);
                robots.len() as i32
            });
            let nth = got.entry(robot.id).or_insert(0);
            *nth += 1;
            by_offer.entry(pick.offer).or_default().push((place, *nth));
        }
        let (mut lanes, mut counts, mut ranks, mut dues, mut ids, mut firsts) =
            (vec![], vec![], vec![], vec![], vec![], vec![]);
        let (mut places, mut nths) = (vec![], vec![]);
        for (offer, given) in by_offer {
            let from = self.candidates[offer].from;
            lanes.push(offers[offer].lane);
            counts.push(given.len() as i64);
            ranks.push(from.rank);
            dues.push(from.due.micros());
            ids.push(from.id);
            firsts.push(places.len() as i64);
            for (place, nth) in given {
                places.push(place);
                nths.push(nth);
            }
        }
        let rows = sqlx::query_as(LEASE.postgres)
            .bind(lanes)
            .bind(counts)
            .bind(ranks)
            .bind(dues)
            .bind(ids)
            .bind(firsts)
            .bind(places)
            .bind(nths)
            .bind(robots.iter().map(|robot| robot.id.0).collect::<Vec<_>>())
            .bind(
                robots
                    .iter()
                    .map(|robot| i64::from(robot.slots))
                    .collect::<Vec<_>>(),
            )
            .bind(self.now)
            .bind(self.until)
            .fetch_all(connection)
            .await
            .map_err(|error| DatabaseError::from_sqlx(LEASE.name, error))?;
        Ok(sorted(rows))
    }

    /// Takes exactly these jobs: nobody else writes meanwhile.
    async fn take_exactly(
        &self,
        mut link: Link<'_>,
        offers: &[Offer],
        picks: &[Pick],
    ) -> Result<Vec<LeasedRow>, QueueError> {
        let mut by_robot: BTreeMap<RobotId, Vec<String>> = BTreeMap::new();
        let mut taken = vec![0; offers.len()];
        for pick in picks {
            let head = offers[pick.offer].heads[taken[pick.offer]];
            taken[pick.offer] += 1;
            let ids = by_robot
                .entry(self.requests[pick.request].robot.id)
                .or_default();
            ids.push(head.id.simple().to_string());
        }
        let mut rows = Vec::new();
        for (robot, ids) in by_robot {
            let leased = fetch_all!(
                link.again(),
                LeasedRow,
                LEASE,
                Json(ids),
                robot,
                self.now,
                self.until
            )?;
            rows.extend(leased);
        }
        let news: Vec<News> = rows
            .iter()
            .map(|row: &LeasedRow| News {
                job: row.id,
                tenant: row.tenant_id,
                workflow: row.workflow_id,
                state: JobState::Leased,
            })
            .collect();
        tell(link, &news, self.now).await?;
        Ok(sorted(rows))
    }
}

fn sorted(mut rows: Vec<LeasedRow>) -> Vec<LeasedRow> {
    rows.sort_unstable_by_key(|row| (row.rank, row.due_at, row.id));
    rows
}

impl LeasedRow {
    fn into_job(self, environment: Option<String>) -> LeasedJob {
        LeasedJob {
            lease: Lease {
                job: self.id,
                epoch: self.lease_epoch,
            },
            tenant: self.tenant_id,
            workflow: self.workflow_id,
            version: self.workflow_version,
            inputs: self.inputs.0,
            options: self.options.map(|options| options.0).unwrap_or_default(),
            priority: Priority::from_rank(self.rank),
            robot: self.robot_id,
            environment,
            attempt: u32::try_from(self.attempt).unwrap_or(0),
            due: self.due_at,
            until: self.timer_at,
            carry: self.carry.map(|carry| carry.0),
        }
    }
}

/// Begins a transaction and takes locks in one message. They end with it.
fn begin_and_lock(keys: &[i64]) -> String {
    let locks = keys
        .iter()
        .map(|key| format!("SELECT pg_advisory_xact_lock({key});"));
    format!("BEGIN;{}", locks.collect::<String>())
}

fn lock_key(key: &str) -> i64 {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(key.as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    i64::from_le_bytes(bytes)
}
