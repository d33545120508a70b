use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use casare_engine::{BlockEnd, ErrorKind, Node, NodeError, Opened, Resource, StepContext};
use casare_workflow::{Effect, Span};
use rand::Rng as _;
use redis::{Cmd, RedisError, aio::ConnectionManager, cmd};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{connection::fault, settings::redis_settings};

redis_settings! {
    /// Keeps others out while the steps inside run.
    ///
    /// Only one block at a time holds the lock, on whatever machine it runs. It is given back when
    /// the block ends. While the block runs the lock is renewed; if the machine dies, it is free
    /// again after `ttl`. Should the server lose it meanwhile, the block's end fails with
    /// `conflict`: another one may have run at the same time.
    pub(super) struct Lock {
        /// The key that stands for what is kept to oneself, such as `lock:invoices`.
        key: String,
        /// How long to wait for the one that holds it (`5m`); not at all if not set.
        wait: Option<Span>,
        /// After what time it is free again if this machine stops renewing it.
        #[serde(default = "half_a_minute")]
        ttl: Span,
    }
}

fn half_a_minute() -> Span {
    Span::from_secs(30)
}

/// The lock that was got.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Locked {
    /// How long it was waited for, in seconds.
    waited: f64,
}

pub(super) fn node() -> Node {
    Node::session("redis.lock", open)
        .effect(Effect::Live)
        .icon("lock")
        .fails(
            ErrorKind::Conflict,
            "Somebody else holds the lock for longer than `wait`, or it was lost while the block ran.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: redis.lock
  with: { server: "redis://redis.example.com:6379/0", key: "lock:invoices", wait: 1m }
  do:
    - use: log.write
      with: { message: "nobody else books invoices now" }
"#;

/// Longer than an answer takes, so that the last renewal is not late.
const SHORTEST: Duration = Duration::from_secs(1);

async fn open(cx: &StepContext, settings: Lock) -> Result<Opened<Locked>, NodeError> {
    let ttl: Duration = settings.ttl.into();
    if ttl < SHORTEST {
        return Err(NodeError::invalid(
            "setting `ttl`: it is less than a second",
        ));
    }
    let mut held = Held {
        connection: settings.server().connection(cx).await?,
        key: settings.key,
        mark: Uuid::new_v4().to_string(),
        ttl,
    };
    let wait: Duration = settings.wait.map_or(Duration::ZERO, Into::into);
    let begun = Instant::now();
    while !held.take().await? {
        let left = wait.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(NodeError::conflict(format!(
                "somebody else holds the lock `{}`",
                held.key
            ))
            .with_help("set a longer `wait`, or try again later"));
        }
        // Not all who wait ask at the same moment.
        let pause = Duration::from_millis(rand::rng().random_range(50..150));
        tokio::time::sleep(pause.min(left)).await;
    }
    let lost = Arc::new(AtomicBool::new(false));
    let renewing = tokio::spawn(held.clone().renew(lost.clone()));
    Ok(Opened {
        resource: Arc::new(Open {
            held,
            lost,
            renewing,
        }),
        outputs: Locked {
            waited: begun.elapsed().as_secs_f64(),
        },
    })
}

/// A lock, known from those of others by its mark.
#[derive(Clone)]
struct Held {
    connection: ConnectionManager,
    key: String,
    mark: String,
    ttl: Duration,
}

impl Held {
    fn milliseconds(&self) -> u64 {
        self.ttl.as_millis() as u64
    }

    /// Whether it was free.
    async fn take(&mut self) -> Result<bool, NodeError> {
        let mut set = cmd("SET");
        set.arg(&self.key).arg(&self.mark).arg("NX");
        set.arg("PX").arg(self.milliseconds());
        let answer: Result<Option<String>, _> = set.query_async(&mut self.connection).await;
        answer
            .map(|written| written.is_some())
            .map_err(|error| fault("the lock can't be taken", &error))
    }

    /// Does `what` with the key where it still has this mark; whether it has.
    async fn if_mine(&mut self, what: &str, arguments: &[u64]) -> Result<bool, RedisError> {
        let script = format!(
            "if redis.call('get', KEYS[1]) == ARGV[1] then return {what} else return 0 end"
        );
        let mut eval: Cmd = cmd("EVAL");
        eval.arg(script).arg(1).arg(&self.key).arg(&self.mark);
        for argument in arguments {
            eval.arg(*argument);
        }
        eval.query_async(&mut self.connection).await
    }

    /// Renews it until somebody else has it, or nobody could be told for as long as it lasts.
    async fn renew(mut self, lost: Arc<AtomicBool>) {
        let mut renewed = Instant::now();
        while renewed.elapsed() < self.ttl {
            tokio::time::sleep(self.ttl / 3).await;
            let asked = Instant::now();
            let ttl = self.milliseconds();
            match self
                .if_mine("redis.call('pexpire', KEYS[1], ARGV[2])", &[ttl])
                .await
            {
                Ok(true) => renewed = asked,
                Ok(false) => break,
                Err(_) => {}
            }
        }
        lost.store(true, Ordering::SeqCst);
    }
}

/// The lock while its block runs.
struct Open {
    held: Held,
    lost: Arc<AtomicBool>,
    renewing: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

#[async_trait]
impl Resource for Open {
    async fn close(&self, _: BlockEnd) -> Result<(), NodeError> {
        self.renewing.abort();
        let mut held = self.held.clone();
        let mine = held
            .if_mine("redis.call('del', KEYS[1])", &[])
            .await
            .map_err(|error| fault("the lock can't be given back", &error))?;
        if mine && !self.lost.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(NodeError::conflict(format!(
            "the lock `{}` was lost while the steps inside ran",
            held.key
        ))
        .permanent()
        .with_help(
            "another one may have run at the same time: look at what both did, and set a longer \
             `ttl` if the server was away",
        ))
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
