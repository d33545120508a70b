//! Slowing down those who guess passwords. All servers count together.

use std::time::Duration;

use casare_store::{Moment, Work, execute, fetch_optional, row, statements};

use crate::{Access, AccessError};

/// Mistakes that cost nothing, of an account and of an address.
const FREE_OF_ACCOUNT: u32 = 5;
const FREE_OF_ADDRESS: u32 = 30;
/// No wait is longer, so that nobody is locked out by others for good.
const LONGEST: Duration = Duration::from_mins(15);
/// After that nothing is held against anybody.
const FORGOTTEN: Duration = Duration::from_hours(24);

row! {
    struct Failures {
        failures: i64,
        last_at: Moment,
    }
}

statements! {
    FAILURES: "SELECT failures, last_at FROM sign_in_failures WHERE key = $1";
    COUNT_FAILURE: "INSERT INTO sign_in_failures (key, failures, last_at) VALUES ($1, 1, $2)
        ON CONFLICT (key) DO UPDATE SET last_at = excluded.last_at,
            failures = CASE WHEN sign_in_failures.last_at < $3 THEN 1
                ELSE sign_in_failures.failures + 1 END";
    FORGIVE: "DELETE FROM sign_in_failures WHERE key = $1";
    FORGET_FAILURES: "DELETE FROM sign_in_failures WHERE last_at < $1";
}

/// How long to wait after so many failures.
fn wait(failures: i64, free: u32) -> Duration {
    let over = u32::try_from(failures)
        .unwrap_or(u32::MAX)
        .saturating_sub(free);
    if over == 0 {
        return Duration::ZERO;
    }
    Duration::from_secs(1 << (over - 1).min(20)).min(LONGEST)
}

fn keys(email: &str, address: &str) -> [(String, u32); 2] {
    [
        (format!("account:{email}"), FREE_OF_ACCOUNT),
        (format!("address:{address}"), FREE_OF_ADDRESS),
    ]
}

impl Access {
    /// Counts an attempt as failed before it is made: those made at the same time all count. A
    /// success takes it back.
    pub(crate) async fn count_attempt(
        &self,
        email: &str,
        address: &str,
    ) -> Result<(), AccessError> {
        let now = self.now();
        let mut work = self.store.begin().await?;
        for (key, free) in keys(email, address) {
            let found = fetch_optional!(work.link(), Failures, FAILURES, key.as_str())?;
            if let Some(found) = found.filter(|found| now.since(found.last_at) < FORGOTTEN) {
                let until = found.last_at + wait(found.failures, free);
                if until > now {
                    return Err(AccessError::TooMany {
                        after: until.since(now),
                    });
                }
            }
            execute!(
                work.link(),
                COUNT_FAILURE,
                key.as_str(),
                now,
                now - FORGOTTEN
            )?;
        }
        work.commit().await?;
        Ok(())
    }

    /// Whoever knew the password is forgiven.
    pub(crate) async fn forgive(
        &self,
        work: &mut Work,
        email: &str,
        address: &str,
    ) -> Result<(), AccessError> {
        for (key, _) in keys(email, address) {
            execute!(work.link(), FORGIVE, key.as_str())?;
        }
        Ok(())
    }

    /// Drops what no longer counts.
    pub async fn forget_failures(&self) -> Result<(), AccessError> {
        let mut work = self.store.begin().await?;
        execute!(work.link(), FORGET_FAILURES, self.now() - FORGOTTEN)?;
        work.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_mistakes_cost_nothing_and_many_cost_a_quarter_of_an_hour_each() {
        let seconds: Vec<u64> = [0, 5, 6, 7, 10, 16, 1_000_000]
            .map(|failures| wait(failures, FREE_OF_ACCOUNT).as_secs())
            .to_vec();

        assert_eq!(seconds, [0, 0, 1, 2, 16, 900, 900]);
    }
}
