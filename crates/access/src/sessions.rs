//! Signing in, and what stays of it: a session in a cookie.

use std::time::Duration;

use casare_store::{
    Moment, TenantId, execute, fetch_all, fetch_optional, new_uuid, row, statements,
};
use secrecy::SecretString;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    Access, AccessError, Principal, Role, Who,
    secret::{Kind, hash, token},
};

/// A session ends when it is not used for so long, and after so long in any case.
const IDLE: Duration = Duration::from_hours(12);
const LONGEST: Duration = Duration::from_hours(24 * 7);
/// The oldest ends when there are more.
const MOST: i64 = 20;
/// Being seen is written down this often at most.
const SEEN_EVERY: Duration = Duration::from_mins(1);

/// What somebody signs in with.
#[derive(Debug)]
pub struct SignIn<'a> {
    pub email: &'a str,
    pub password: &'a SecretString,
    /// Where the request comes from.
    pub address: &'a str,
    /// What program sends it.
    pub agent: &'a str,
}

/// A session that has begun.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// For the cookie; it is not kept.
    pub token: SecretString,
    pub principal: Principal,
    pub lasts: Duration,
}

row! {
    /// A session of a user.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Session {
        pub id: Uuid,
        pub agent: String,
        pub address: String,
        pub created_at: Moment,
        pub seen_at: Moment,
        pub expires_at: Moment,
    }
    struct Account {
        id: Uuid,
        password: Option<String>,
        disabled_at: Option<Moment>,
    }
    struct Membership {
        tenant_id: TenantId,
        role: String,
    }
    struct Found {
        id: Uuid,
        user_id: Uuid,
        email: String,
        tenant_id: TenantId,
        role: String,
        seen_at: Moment,
    }
}

statements! {
    ACCOUNT: "SELECT id, password, disabled_at FROM users WHERE email = $1";
    MEMBERSHIPS: "SELECT m.tenant_id, m.role FROM members m JOIN tenants t ON t.id = m.tenant_id
        WHERE m.user_id = $1 AND t.archived_at IS NULL ORDER BY m.created_at, m.tenant_id";
    ADD_SESSION: "INSERT INTO sessions (hash, id, user_id, tenant_id, agent, address, created_at,
            seen_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)";
    EVICT: "DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1000 OFFSET $2)";
    /// The role is what it is now: taking it away has effect at once.
    FIND_SESSION: "SELECT s.id, s.user_id, u.email, m.tenant_id, m.role, s.seen_at
        FROM sessions s JOIN users u ON u.id = s.user_id
        JOIN members m ON m.user_id = s.user_id AND m.tenant_id = s.tenant_id
        JOIN tenants t ON t.id = m.tenant_id
        WHERE s.hash = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND u.disabled_at IS NULL
            AND t.archived_at IS NULL";
    SEEN: "UPDATE sessions SET seen_at = $2 WHERE id = $1";
    SWITCH: "UPDATE sessions SET tenant_id = $3 WHERE id = $1 AND user_id = $2 AND EXISTS (
        SELECT 1 FROM members m WHERE m.user_id = $2 AND m.tenant_id = $3)";
    SESSIONS: "SELECT id, agent, address, created_at, seen_at, expires_at FROM sessions
        WHERE user_id = $1 AND expires_at > $2 AND seen_at > $3 ORDER BY created_at DESC";
    END_SESSION: "DELETE FROM sessions WHERE id = $1 AND user_id = $2";
    END_SESSIONS: "DELETE FROM sessions WHERE user_id = $1";
    EXPIRE_SESSIONS: "DELETE FROM sessions WHERE expires_at < $1 OR seen_at < $2";
}

impl Access {
    /// Begins a session for whoever knows the password.
    ///
    /// # Errors
    ///
    /// `WrongPassword`, whatever of it is wrong; `TooMany`.
    pub async fn sign_in(&self, sign_in: &SignIn<'_>) -> Result<SignedIn, AccessError> {
        let email =
            crate::users::email_of(sign_in.email).map_err(|_| AccessError::WrongPassword)?;
        self.count_attempt(&email, sign_in.address).await?;
        let mut reader = self.store.reader().await?;
        let account = fetch_optional!(reader.link(), Account, ACCOUNT, email.as_str())?;
        drop(reader);
        let kept = account
            .as_ref()
            .and_then(|account| account.password.as_deref());
        let right = self.passwords.verify(sign_in.password, kept).await?;
        let account = account.filter(|account| right && account.disabled_at.is_none());
        let account = account.ok_or(AccessError::WrongPassword)?;
        self.begin_session(account.id, &email, sign_in.address, sign_in.agent)
            .await
    }

    /// A session of a user who has proved who they are.
    pub(crate) async fn begin_session(
        &self,
        user: Uuid,
        email: &str,
        address: &str,
        agent: &str,
    ) -> Result<SignedIn, AccessError> {
        let now = self.now();
        let (secret, hash) = token(Kind::Session);
        let id = new_uuid(now);
        let mut work = self.store.begin().await?;
        let memberships = fetch_all!(work.link(), Membership, MEMBERSHIPS, user)?;
        let first = memberships.first().ok_or(AccessError::WrongPassword)?;
        let role: Role = first.role.parse().map_err(|()| AccessError::Unknown)?;
        let agent: String = agent.chars().take(200).collect();
        execute!(
            work.link(),
            ADD_SESSION,
            hash,
            id,
            user,
            first.tenant_id,
            agent,
            address,
            now,
            now + LONGEST
        )?;
        execute!(work.link(), EVICT, user, MOST)?;
        self.forgive(&mut work, email, address).await?;
        work.commit().await?;
        let principal = Principal {
            tenant: first.tenant_id,
            who: Who::User {
                id: user,
                email: email.to_owned(),
                session: id,
            },
            role,
            scopes: Vec::new(),
        };
        self.note(&principal, "session.begin", &id.to_string())
            .await?;
        Ok(SignedIn {
            token: secret,
            principal,
            lasts: LONGEST,
        })
    }

    /// Who a session belongs to.
    ///
    /// # Errors
    ///
    /// `Unknown`.
    pub async fn session(&self, presented: &SecretString) -> Result<Principal, AccessError> {
        let hash = hash(Kind::Session, presented)?;
        let now = self.now();
        let mut reader = self.store.reader().await?;
        let found = fetch_optional!(reader.link(), Found, FIND_SESSION, hash, now, now - IDLE)?;
        drop(reader);
        let found = found.ok_or(AccessError::Unknown)?;
        if now.since(found.seen_at) > SEEN_EVERY {
            let mut work = self.store.begin().await?;
            execute!(work.link(), SEEN, found.id, now)?;
            work.commit().await?;
        }
        Ok(Principal {
            tenant: found.tenant_id,
            role: found.role.parse().map_err(|()| AccessError::Unknown)?,
            who: Who::User {
                id: found.user_id,
                email: found.email,
                session: found.id,
            },
            scopes: Vec::new(),
        })
    }

    /// Works in another tenant from now on.
    ///
    /// # Errors
    ///
    /// `Unknown` when the user is not a member of it.
    pub async fn switch_tenant(
        &self,
        user: Uuid,
        session: Uuid,
        tenant: TenantId,
    ) -> Result<(), AccessError> {
        let mut work = self.store.begin().await?;
        let changed = execute!(work.link(), SWITCH, session, user, tenant)?;
        work.commit().await?;
        if changed == 0 {
            return Err(AccessError::Unknown);
        }
        Ok(())
    }

    pub async fn sessions(&self, user: Uuid) -> Result<Vec<Session>, AccessError> {
        let now = self.now();
        let mut reader = self.store.reader().await?;
        Ok(fetch_all!(
            reader.link(),
            Session,
            SESSIONS,
            user,
            now,
            now - IDLE
        )?)
    }

    /// Ends one session of a user.
    pub async fn end_session(&self, user: Uuid, session: Uuid) -> Result<(), AccessError> {
        let mut work = self.store.begin().await?;
        let ended = execute!(work.link(), END_SESSION, session, user)?;
        work.commit().await?;
        if ended == 0 {
            return Err(AccessError::Unknown);
        }
        Ok(())
    }

    /// Removes sessions that have expired.
    pub async fn expire_sessions(&self) -> Result<u64, AccessError> {
        let now = self.now();
        let mut work = self.store.begin().await?;
        let gone = execute!(work.link(), EXPIRE_SESSIONS, now, now - IDLE)?;
        work.commit().await?;
        Ok(gone)
    }
}
