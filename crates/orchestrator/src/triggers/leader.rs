//! Which server does what only one may do at a time.
//!
//! The leader's row says who it is and until when. It renews it well before, and stops in time when it can't; another
//! one takes over then. What the leader does is safe if two should do it for a moment: keys of jobs and revisions of
//! places see to that.

use std::time::Duration;

use casare_store::{DatabaseError, execute, statements};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Orchestrator, problem::chain};

/// For how long a leader is one.
const TERM: Duration = Duration::from_secs(20);
const RENEW: Duration = Duration::from_secs(5);

statements! {
    LEAD: "INSERT INTO leaders (name, holder, until) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
        WHERE leaders.holder = excluded.holder OR leaders.until < $4";
    STEP_DOWN: "DELETE FROM leaders WHERE name = $1 AND holder = $2";
}

/// What one server at a time does.
pub(crate) trait Leadership: Send + Sync + 'static {
    /// As other servers know it, too.
    const NAME: &'static str;

    /// Does it until `over` is cancelled.
    fn lead(server: Orchestrator, over: CancellationToken) -> impl Future<Output = ()> + Send;
}

/// Leads whenever nobody else does, until the server shuts down.
pub(crate) async fn lead_forever<L: Leadership>(server: Orchestrator) {
    let me = Uuid::new_v4();
    let mut term: Option<(CancellationToken, tokio::task::JoinHandle<()>, Instant)> = None;
    loop {
        let asked = Instant::now();
        // Who does not hear in time leads no more: somebody else may.
        let leads = match timeout(RENEW, lead(&server, L::NAME, me)).await {
            Ok(Ok(leads)) => Some(leads),
            Ok(Err(error)) => {
                tracing::warn!(error = %chain(&error), name = L::NAME, "the lead waits for the database");
                None
            }
            Err(_) => None,
        };
        term = match (term, leads) {
            (None, Some(true)) => {
                let over = server.closing.child_token();
                let work = tokio::spawn(L::lead(server.clone(), over.clone()));
                Some((over, work, asked))
            }
            (Some((over, work, _)), Some(true)) => Some((over, work, asked)),
            (Some((over, work, since)), None) if since.elapsed() + RENEW < TERM => {
                Some((over, work, since))
            }
            (Some((over, work, _)), _) => {
                over.cancel();
                let _ = work.await;
                None
            }
            (None, _) => None,
        };
        tokio::select! {
            () = server.closing.cancelled() => break,
            () = tokio::time::sleep(RENEW) => {}
        }
    }
    if let Some((over, work, _)) = term {
        over.cancel();
        let _ = work.await;
        if let Err(error) = step_down(&server, L::NAME, me).await {
            tracing::debug!(error = %chain(&error), "the next leader has to wait");
        }
    }
}

async fn lead(server: &Orchestrator, name: &str, me: Uuid) -> Result<bool, DatabaseError> {
    let now = server.queue.now();
    let mut work = server.store.begin().await?;
    let leads = execute!(work.link(), LEAD, name, me, now + TERM, now)? == 1;
    work.commit().await?;
    Ok(leads)
}

async fn step_down(server: &Orchestrator, name: &str, me: Uuid) -> Result<(), DatabaseError> {
    let mut work = server.store.begin().await?;
    execute!(work.link(), STEP_DOWN, name, me)?;
    work.commit().await
}
