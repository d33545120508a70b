//! What the server does now and then: forgetting what need not be kept.

use std::time::Duration;

use crate::{
    Orchestrator, OrchestratorError, alerts, hooks, loads, problem::chain, repeat, triggers,
};

/// How often it looks.
const OFTEN: Duration = Duration::from_mins(1);
/// Every so many looks it does what takes longer.
const RARELY: u32 = 60;
/// Answers of repeated requests are known for a day.
const ANSWERS: Duration = Duration::from_hours(24);
/// Keys of orders and settled dead letters.
const KEYS: Duration = Duration::from_hours(24 * 30);

/// Tidies up until the server shuts down.
pub(crate) async fn keep_tidy(server: Orchestrator) {
    let mut looks = 0_u32;
    loop {
        // Not at once: a server that starts has other things to do.
        tokio::select! {
            () = server.closing.cancelled() => return,
            () = tokio::time::sleep(OFTEN) => {}
        }
        if let Err(error) = server.tidy(looks.is_multiple_of(RARELY)).await {
            tracing::warn!(error = %chain(&error), "tidying up waits for the database");
        }
        looks = looks.wrapping_add(1);
    }
}

impl Orchestrator {
    async fn tidy(&self, thoroughly: bool) -> Result<(), OrchestratorError> {
        let now = self.queue.now();
        self.rates.forget();
        self.access.expire_sessions().await?;
        self.access.expire_links().await?;
        self.access.forget_failures().await?;
        repeat::forget(&self.store, now - ANSWERS).await?;
        self.queue.tick_items().await?;
        self.store
            .forget_told(now - self.settings.retention.told)
            .await?;
        if !thoroughly {
            return Ok(());
        }
        self.store.retain(&self.settings.retention).await?;
        self.queue.forget_before(now - KEYS).await?;
        let events = now - self.settings.retention.events;
        hooks::forget(&self.store, events).await?;
        triggers::forget(&self.store, events).await?;
        alerts::forget(&self.store, events).await?;
        loads::forget(&self.store, now - loads::KEPT).await?;
        self.store.make_partitions().await?;
        for tenant in self.store.tenants().await? {
            self.store
                .tenant(tenant.id)
                .forget_artifacts(&self.artifacts, now - self.settings.retention.events)
                .await?;
        }
        Ok(())
    }
}
