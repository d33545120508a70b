//! The robot: takes jobs, runs each in a process of its own, and tells the server all that happens.
//!
//! One task holds the state. Connections come and go beside it; runs go on meanwhile.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBuilder};
use casare_tunnel::{
    Assignment, Events, FromRobot, FromServer, Hello, Lease, MOST_EVENTS, Outcome, PROTOCOL, Stop,
    Welcome,
};
use serde_json::Value;
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval, sleep_until},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Identity, RobotError,
    attempt::{Attempt, LEASE, Report, Workshop},
    files::{Files, Sent},
    identity::make_folder,
    link::Link,
    load::Meter,
    pipe::{EVENTS, FromRun, ToRun},
    spool::Unsent,
};

/// Events on their way that the server has not answered yet, for each run.
const IN_FLIGHT: u64 = 8 * MOST_EVENTS as u64;
/// How long a run that was cancelled may take: a bit more than its own grace.
const GRACE: Duration = Duration::from_secs(45);

/// Whose robot works in a folder.
const PID: &str = "robot.pid";
/// Until the server has said how often it wants to hear of a robot.
const FIRST_BEAT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// How a robot works.
#[derive(Debug, Clone)]
pub struct RobotSettings {
    /// Its files.
    pub home: PathBuf,
    /// The program that attends to one run, with its arguments: [`crate::attend`] on the other end.
    pub program: Vec<std::ffi::OsString>,
    /// Bytes of memory that a run may hold; it is ended when it holds more. Only Linux tells how much that is.
    pub run_memory: Option<u64>,
    /// What it found out that it can do.
    pub capabilities: BTreeSet<String>,
    /// Of casare.
    pub version: String,
}

/// A robot at work.
#[derive(Debug)]
pub struct Robot {
    identity: Identity,
    settings: RobotSettings,
    workshop: Workshop,
    works: HashMap<Lease, Work>,
    reports: mpsc::UnboundedSender<(Lease, News)>,
    link: Option<Link>,
    status: String,
    slots: u32,
    wanted: u32,
    /// Questions of runs, under numbers of the robot's own.
    asks: HashMap<u64, (Lease, u64)>,
    next_ask: u64,
}

/// What happens in this robot.
#[derive(Debug)]
enum News {
    Run(Report),
    /// A file of a run has been sent, or stays here.
    Sent,
}

/// An attempt, from its assignment until the server knows all of it.
#[derive(Debug)]
struct Work {
    folder: PathBuf,
    run: Uuid,
    attempt: Option<Attempt>,
    unsent: Unsent,
    /// Events in the file.
    count: u64,
    /// Events that the server keeps.
    kept: u64,
    /// Events that the run wants to be known before it goes on, and its question whether it may; not asked yet.
    waits: Option<(u64, u64)>,
    /// The same, on its way.
    asked: Option<(u64, u64)>,
    uploads: usize,
    ended: Option<Outcome>,
    stopping: Option<Stop>,
    kill_at: Option<Instant>,
    /// Nobody wants to know how it ends.
    lost: bool,
}

impl Robot {
    /// Works until `shutdown`, or until the server refuses this robot. Runs that are under way then are ended at
    /// once: their leases run out, and other robots go on with them.
    ///
    /// # Errors
    ///
    /// `Refused`; `InUse`; what keeps it from its files.
    pub async fn run(
        identity: Identity,
        settings: RobotSettings,
        shutdown: CancellationToken,
    ) -> Result<(), RobotError> {
        make_folder(&settings.home)?;
        let _lock = lock(&settings.home)?;
        let (tell, mut reports) = mpsc::unbounded_channel();
        let mut robot = Self {
            workshop: Workshop {
                program: Arc::from(settings.program.clone()),
                files: Files::new(&identity.server, identity.key.clone()),
                keep: settings.home.join("kept"),
                most_memory: settings.run_memory,
            },
            works: leftovers(&jobs(&settings.home))?,
            reports: tell,
            link: None,
            status: "online".to_owned(),
            slots: 0,
            wanted: 0,
            asks: HashMap::new(),
            next_ask: 0,
            identity,
            settings,
        };
        let mut beat = beats(FIRST_BEAT);
        let mut meter = Meter::new(&robot.settings.home);
        let mut waits = waits();
        let mut opening: Opening = Box::pin(open(robot.identity.clone(), Instant::now()));
        loop {
            let kill_at = robot.works.values().filter_map(|work| work.kill_at).min();
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                opened = &mut opening, if robot.link.is_none() => match opened {
                    Ok(link) => {
                        waits = self::waits();
                        robot.greet(link).await;
                        opening = robot.reopen(&mut waits);
                    }
                    Err(error @ RobotError::Unreachable { .. }) => {
                        tracing::warn!(%error, "tries again");
                        opening = robot.reopen(&mut waits);
                    }
                    Err(error) => return Err(error),
                },
                heard = hear(&mut robot.link) => if let Some(message) = heard {
                    if let FromServer::Welcome(welcome) = &message {
                        beat = beats(Duration::from_millis(welcome.beat_ms.max(100)));
                    }
                    robot.heard(message).await;
                } else {
                    tracing::warn!("the connection to the server is broken");
                    robot.link = None;
                    opening = robot.reopen(&mut waits);
                },
                Some((lease, news)) = reports.recv() => robot.news(lease, news).await,
                _ = beat.tick() => {
                    let load = meter.read(robot.running());
                    let held = robot.works.iter().filter(|(_, work)| !work.lost);
                    let held = held.map(|(lease, _)| *lease).collect();
                    robot.say(FromRobot::Beat { held, load }).await;
                }
                () = at(kill_at) => robot.kill_the_slow(),
            }
        }
    }

    /// The next try to connect, a bit later than the one before.
    fn reopen(&self, waits: &mut impl Iterator<Item = Duration>) -> Opening {
        let wait = waits.next().unwrap_or(LONGEST_WAIT);
        Box::pin(open(self.identity.clone(), Instant::now() + wait))
    }

    fn running(&self) -> usize {
        let running = |work: &&Work| work.attempt.is_some();
        self.works.values().filter(running).count()
    }

    /// Says it, if there is a connection. What counts is said again after the next hello.
    async fn say(&mut self, message: FromRobot) {
        if let Some(link) = &self.link
            && !link.say(message).await
        {
            self.link = None;
        }
    }

    async fn greet(&mut self, link: Link) {
        self.wanted = 0;
        let hello = Hello {
            protocol: PROTOCOL,
            version: self.settings.version.clone(),
            capabilities: self.settings.capabilities.clone(),
            leases: self.works.keys().copied().collect(),
        };
        if link.say(FromRobot::Hello(hello)).await {
            self.link = Some(link);
        }
    }

    async fn heard(&mut self, message: FromServer) {
        match message {
            FromServer::Welcome(welcome) => self.welcomed(welcome).await,
            FromServer::Assign(assignment) => self.assigned(*assignment),
            FromServer::Kept {
                lease,
                next,
                ask,
                left_ms,
            } => {
                if let Some(work) = self.works.get_mut(&lease) {
                    work.kept = work.kept.max(next);
                    work.answered(ask, left_ms);
                    self.go_on(lease).await;
                }
            }
            FromServer::Settled { lease } => {
                if let Some(work) = self.works.remove(&lease) {
                    work.clear();
                }
            }
            FromServer::Lost { lease } => {
                if let Some(work) = self.works.get_mut(&lease) {
                    work.lost = true;
                    if let Some(attempt) = &work.attempt {
                        attempt.kill();
                    }
                    self.go_on(lease).await;
                }
            }
            FromServer::Stop { lease, stop } => self.stop(lease, stop),
            FromServer::Credential { ask, given } => {
                if let Some((lease, ask)) = self.asks.remove(&ask)
                    && let Some(work) = self.works.get(&lease)
                {
                    work.tell(ToRun::Credential { ask, given });
                }
            }
            FromServer::Placed { status, slots } => {
                self.status = status;
                self.slots = slots;
                self.want().await;
            }
            FromServer::Unknown => {}
        }
    }

    async fn welcomed(&mut self, welcome: Welcome) {
        tracing::info!(robot = %welcome.robot, name = welcome.name, "connected");
        self.status = welcome.status;
        self.slots = welcome.slots;
        let next: HashMap<Lease, u64> = welcome.next.into_iter().collect();
        let leases: Vec<Lease> = self.works.keys().copied().collect();
        for lease in leases {
            let Some(next) = next.get(&lease) else {
                // The server knows nothing of it.
                if let Some(work) = self.works.remove(&lease) {
                    work.clear();
                }
                continue;
            };
            if let Some(work) = self.works.get_mut(&lease) {
                work.kept = *next;
                if let Err(error) = work.unsent.seek(*next) {
                    tracing::error!(%error, "events of a run cannot be read");
                }
                // The answer may have been on its way.
                work.waits = work.waits.or(work.asked.take());
                self.go_on(lease).await;
            }
        }
        self.want().await;
    }

    /// Asks for as many jobs as there is room for.
    async fn want(&mut self) {
        let busy = u32::try_from(self.running()).unwrap_or(u32::MAX);
        let count = if self.status == "online" {
            self.slots.saturating_sub(busy)
        } else {
            0
        };
        if count != self.wanted {
            self.wanted = count;
            self.say(FromRobot::Want { count }).await;
        }
    }

    fn assigned(&mut self, assignment: Assignment) {
        let lease = assignment.lease;
        self.wanted = self.wanted.saturating_sub(1);
        if self.works.contains_key(&lease) {
            return;
        }
        tracing::info!(job = %lease.job, workflow = assignment.workflow.name, "begins");
        let folder = jobs(&self.settings.home).join(format!("{}-{}", lease.job, lease.epoch));
        let (reports, mut heard) = mpsc::unbounded_channel();
        let tell = self.reports.clone();
        tokio::spawn(async move {
            while let Some((lease, report)) = heard.recv().await {
                if tell.send((lease, News::Run(report))).is_err() {
                    return;
                }
            }
        });
        let mut work = Work::new(folder.clone(), assignment.run);
        work.attempt = Some(Attempt::start(
            self.workshop.clone(),
            assignment,
            folder,
            reports,
        ));
        self.works.insert(lease, work);
    }

    fn stop(&mut self, lease: Lease, stop: Stop) {
        // Whose job it is makes no difference.
        let work = self
            .works
            .iter_mut()
            .find(|(known, _)| known.job == lease.job && known.epoch == lease.epoch);
        let Some((_, work)) = work else {
            return;
        };
        if work.stopping == Some(stop) {
            return;
        }
        work.stopping = Some(stop);
        match stop {
            Stop::Cancel => {
                work.tell(ToRun::Cancel);
                work.kill_at = Some(Instant::now() + GRACE);
            }
            Stop::Kill => {
                if let Some(attempt) = &work.attempt {
                    attempt.kill();
                }
            }
        }
    }

    fn kill_the_slow(&mut self) {
        let now = Instant::now();
        for work in self.works.values_mut() {
            if work.kill_at.is_some_and(|at| at <= now) {
                work.kill_at = None;
                if let Some(attempt) = &work.attempt {
                    attempt.kill();
                }
            }
        }
    }

    async fn news(&mut self, lease: Lease, news: News) {
        let Some(work) = self.works.get_mut(&lease) else {
            return;
        };
        match news {
            News::Sent => work.uploads = work.uploads.saturating_sub(1),
            News::Run(Report::Said(said)) => match said {
                FromRun::Started => return self.say(FromRobot::Started { lease }).await,
                FromRun::Told { count } => work.count = work.count.max(count),
                FromRun::Waits { count, ask } => {
                    work.count = work.count.max(count);
                    work.waits = Some((count, ask));
                }
                FromRun::Credential { ask, name } => {
                    self.next_ask += 1;
                    self.asks.insert(self.next_ask, (lease, ask));
                    let ask = self.next_ask;
                    return self.say(FromRobot::Credential { ask, lease, name }).await;
                }
                FromRun::Ended { count, outcome } => {
                    work.count = work.count.max(count);
                    work.ended = Some(outcome);
                }
            },
            News::Run(Report::Gone(why)) => {
                work.attempt = None;
                work.kill_at = None;
                // What a process wrote before it was killed stands in its file, told or not.
                if let Ok(count) = work.unsent.count() {
                    work.count = work.count.max(count);
                }
                let outcome = match (work.ended.take(), work.stopping) {
                    (Some(ended), _) => ended,
                    (None, Some(_)) => Outcome::Cancelled,
                    (None, None) => why,
                };
                work.ended = Some(outcome);
            }
        }
        self.go_on(lease).await;
        self.want().await;
    }

    /// Sends what can be sent of an attempt: events, files, and at last how it ended.
    async fn go_on(&mut self, lease: Lease) {
        let Some(work) = self.works.get_mut(&lease) else {
            return;
        };
        if self.link.is_none() {
            return;
        }
        let mut messages = Vec::new();
        while work.unsent.next() < work.count
            && work.unsent.next() - work.kept.min(work.unsent.next()) < IN_FLIGHT
        {
            let first = work.unsent.next();
            let events = match work.unsent.batch() {
                Ok(events) if !events.is_empty() => events,
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(%error, "events of a run cannot be read");
                    break;
                }
            };
            for event in &events {
                work.upload(lease, event, &self.workshop.files, &self.reports);
            }
            messages.push(FromRobot::Events(Events {
                lease,
                first,
                events,
                ask: None,
            }));
        }
        work.ask(lease, &mut messages);
        let is_told = work.kept >= work.count && work.uploads == 0 && work.attempt.is_none();
        if is_told && work.lost {
            if let Some(work) = self.works.remove(&lease) {
                work.clear();
            }
        } else if let (true, Some(outcome)) = (is_told, &work.ended) {
            messages.push(FromRobot::Ended {
                lease,
                outcome: outcome.clone(),
            });
        }
        for message in messages {
            self.say(message).await;
        }
    }
}

impl Work {
    fn new(folder: PathBuf, run: Uuid) -> Self {
        Self {
            unsent: Unsent::new(folder.join(EVENTS)),
            folder,
            run,
            attempt: None,
            count: 0,
            kept: 0,
            waits: None,
            asked: None,
            uploads: 0,
            ended: None,
            stopping: None,
            kill_at: None,
            lost: false,
        }
    }

    /// Asks for the run whether it may go on, behind the last event that it wants to be known.
    fn ask(&mut self, lease: Lease, messages: &mut Vec<FromRobot>) {
        let Some((count, ask)) = self.waits else {
            return;
        };
        if self.unsent.next() < count {
            return;
        }
        self.asked = self.waits.take();
        if let Some(FromRobot::Events(last)) = messages.last_mut() {
            last.ask = Some(ask);
        } else {
            messages.push(FromRobot::Events(Events {
                lease,
                first: self.unsent.next(),
                events: Vec::new(),
                ask: Some(ask),
            }));
        }
    }

    fn answered(&mut self, ask: Option<u64>, left_ms: Option<u64>) {
        if let (Some(ask), Some((_, asked))) = (ask, self.asked)
            && ask == asked
        {
            self.asked = None;
            // A run that nobody wants any more does not begin a step.
            let left_ms = left_ms.filter(|_| !self.lost);
            self.tell(ToRun::Holds { ask, left_ms });
        }
    }

    fn tell(&self, what: ToRun) {
        if let Some(attempt) = &self.attempt {
            // A process that has gone is told of as gone.
            let _ = attempt.line.send(what);
        }
    }

    /// Sends the file that an event tells of.
    fn upload(
        &mut self,
        lease: Lease,
        event: &Value,
        files: &Files,
        reports: &mpsc::UnboundedSender<(Lease, News)>,
    ) {
        let artifact = &event["artifact"];
        let (Some(name), Some(path)) = (artifact["name"].as_str(), artifact["path"].as_str())
        else {
            return;
        };
        if event["event"] != "artifact" || !Path::new(path).starts_with(&self.folder) {
            return;
        }
        self.uploads += 1;
        let media_type = artifact["media_type"]
            .as_str()
            .unwrap_or("application/octet-stream")
            .to_owned();
        let (name, path, run) = (name.to_owned(), PathBuf::from(path), self.run);
        let (files, reports) = (files.clone(), reports.clone());
        tokio::spawn(async move {
            if let Sent::Kept(why) = files.send(lease, run, &name, &media_type, &path).await {
                tracing::warn!(name, why, "a file of a run was not sent");
            }
            let _ = reports.send((lease, News::Sent));
        });
    }

    /// Everything is known to the server.
    fn clear(self) {
        let folder = self.folder.clone();
        drop(self);
        if let Err(error) = fs::remove_dir_all(&folder) {
            tracing::warn!(%error, folder = %folder.display(), "files of a run stay");
        }
    }
}

fn jobs(home: &Path) -> PathBuf {
    home.join("jobs")
}

/// Attempts of a robot that was ended before it had told all of them. Their runs are over.
fn leftovers(jobs: &Path) -> Result<HashMap<Lease, Work>, RobotError> {
    make_folder(jobs)?;
    let mut works = HashMap::new();
    for entry in fs::read_dir(jobs).map_err(RobotError::file("read", jobs))? {
        let folder = entry.map_err(RobotError::file("read", jobs))?.path();
        let lease = fs::read(folder.join(LEASE)).ok();
        let lease: Option<(Lease, Uuid)> =
            lease.and_then(|lease| serde_json::from_slice(&lease).ok());
        let Some((lease, run)) = lease else {
            // It was killed while it made the folder.
            let _ = fs::remove_dir_all(&folder);
            continue;
        };
        let mut work = Work::new(folder, run);
        work.count = work.unsent.count().unwrap_or(0);
        work.ended = Some(Outcome::Failed {
            kind: "crashed".to_owned(),
            message: "the robot was ended while the run was under way".to_owned(),
        });
        works.insert(lease, work);
    }
    Ok(works)
}

/// Held while a robot works in the folder.
fn lock(home: &Path) -> Result<fs::File, RobotError> {
    let path = home.join("lock");
    let file = fs::File::create(&path).map_err(RobotError::file("open", &path))?;
    match file.try_lock() {
        Ok(()) => {
            let own = std::process::id().to_string();
            fs::write(home.join(PID), own).map_err(RobotError::file("write", home.join(PID)))?;
            Ok(file)
        }
        Err(fs::TryLockError::WouldBlock) => Err(RobotError::InUse {
            home: home.to_owned(),
        }),
        Err(fs::TryLockError::Error(source)) => Err(RobotError::file("lock", &path)(source)),
    }
}

fn beats(every: Duration) -> Interval {
    let mut beat = interval(every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}

type Opening = std::pin::Pin<Box<dyn Future<Output = Result<Link, RobotError>> + Send>>;

/// Asks the robot that works in `home` to end, and waits until it has. Answers whether there was one.
///
/// # Errors
///
/// What keeps this process from its files, or from sending signals to it.
pub async fn stop(home: &Path) -> Result<bool, RobotError> {
    match lock(home) {
        // Its file names this process now; nobody else is there.
        Ok(_) => return Ok(false),
        Err(RobotError::InUse { .. }) => {}
        Err(error) => return Err(error),
    }
    let path = home.join(PID);
    let text = fs::read_to_string(&path).map_err(RobotError::file("read", &path))?;
    let pid = text
        .trim()
        .parse()
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    let pid = pid.ok_or_else(|| RobotError::Unreadable { path: path.clone() })?;
    rustix::process::kill_process(pid, rustix::process::Signal::TERM)
        .map_err(|error| RobotError::file("stop the process of", &path)(error.into()))?;
    while matches!(lock(home), Err(RobotError::InUse { .. })) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(true)
}

async fn open(identity: Identity, at: Instant) -> Result<Link, RobotError> {
    sleep_until(at).await;
    Link::open(&identity).await
}

async fn hear(link: &mut Option<Link>) -> Option<FromServer> {
    match link {
        Some(link) => link.hear().await,
        None => std::future::pending().await,
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn waits() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(LONGEST_WAIT)
        .without_max_times()
        .build()
}
