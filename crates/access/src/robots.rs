//! How a robot comes to belong here: an administrator makes a one-time token, the robot trades it
//! for a key of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use casare_store::{
    DatabaseError, Moment, RobotId, RobotRecord, TenantId, execute, fetch_all, fetch_optional,
    new_uuid, row, statements,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    Access, AccessError, Principal,
    secret::{Kind, hash, token},
};

/// Where robots that use a token are put.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Placement {
    /// Works in all of them when empty.
    pub environments: BTreeSet<String>,
    pub pools: BTreeSet<String>,
    pub labels: BTreeMap<String, String>,
}

/// A token to make.
#[derive(Debug, Clone)]
pub struct NewEnrolmentToken {
    pub name: String,
    pub placement: Placement,
    /// How many robots may use it.
    pub uses: u32,
    pub lasts: Duration,
}

row! {
    /// A token, without its secret.
    #[derive(Debug, Clone, PartialEq)]
    pub struct EnrolmentToken {
        pub id: Uuid,
        pub name: String,
        pub placement: Json<Placement>,
        pub uses_left: i64,
        pub created_by: String,
        pub created_at: Moment,
        pub expires_at: Moment,
    }
    struct Used {
        tenant_id: TenantId,
        placement: Json<Placement>,
    }
    struct Found {
        robot_id: RobotId,
        tenant_id: Option<TenantId>,
        last_used_at: Option<Moment>,
    }
}

/// A robot that was enrolled; its key is shown once.
#[derive(Debug, Clone)]
pub struct EnrolledRobot {
    pub id: RobotId,
    pub tenant: TenantId,
    pub key: SecretString,
}

/// A robot that showed its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RobotIdentity {
    pub id: RobotId,
    /// Works for all tenants without one.
    pub tenant: Option<TenantId>,
}

statements! {
    ADD_TOKEN: "INSERT INTO robot_tokens (id, hash, tenant_id, name, placement, uses_left,
            created_by, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    TOKENS: "SELECT id, name, placement, uses_left, created_by, created_at, expires_at
        FROM robot_tokens WHERE tenant_id = $1 AND expires_at > $2 AND uses_left > 0 ORDER BY id";
    DROP_TOKEN: "DELETE FROM robot_tokens WHERE tenant_id = $1 AND id = $2";
    USE_TOKEN: "UPDATE robot_tokens SET uses_left = uses_left - 1
        WHERE hash = $1 AND expires_at > $2 AND uses_left > 0
        RETURNING tenant_id, placement";
    ADD_ROBOT_KEY: "INSERT INTO robot_keys (hash, robot_id, tenant_id, created_at)
        VALUES ($1, $2, $3, $4)";
    FIND_ROBOT_KEY: "SELECT k.robot_id, k.tenant_id, k.last_used_at
        FROM robot_keys k WHERE k.hash = $1 AND k.revoked_at IS NULL";
    ROBOT_KEY_USED: "UPDATE robot_keys SET last_used_at = $2 WHERE hash = $1";
    REVOKE_ROBOT_KEYS: "UPDATE robot_keys SET revoked_at = $3
        WHERE robot_id = $1 AND tenant_id = $2 AND revoked_at IS NULL";
}

impl Access {
    /// Makes a token with which robots enrol.
    pub async fn create_enrolment_token(
        &self,
        by: &Principal,
        new: &NewEnrolmentToken,
    ) -> Result<(Uuid, SecretString), AccessError> {
        if !(1..=1_000).contains(&new.uses) {
            return Err(AccessError::Invalid {
                what: "the number of uses",
                why: "it must be between 1 and 1000".to_owned(),
            });
        }
        if new.lasts > Duration::from_hours(24 * 30) {
            return Err(AccessError::Invalid {
                what: "the time it lasts",
                why: "it must not be longer than 30 days".to_owned(),
            });
        }
        let now = self.now();
        let (secret, hash) = token(Kind::Enrolment);
        let id = new_uuid(now);
        let mut work = self.store.tenant(by.tenant).begin().await?;
        execute!(
            work.link(),
            ADD_TOKEN,
            id,
            hash,
            by.tenant,
            new.name.as_str(),
            Json(&new.placement),
            i64::from(new.uses),
            by.actor(),
            now,
            now + new.lasts
        )?;
        let details = json!({ "name": new.name, "uses": new.uses });
        self.note_in(&mut work, by, "robot.token", &id.to_string(), &details)
            .await?;
        work.commit().await?;
        Ok((id, secret))
    }

    /// The tokens that can still be used.
    pub async fn enrolment_tokens(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<EnrolmentToken>, AccessError> {
        let mut reader = self.store.tenant(tenant).reader().await?;
        let now = self.now();
        Ok(fetch_all!(
            reader.link(),
            EnrolmentToken,
            TOKENS,
            tenant,
            now
        )?)
    }

    pub async fn revoke_enrolment_token(
        &self,
        by: &Principal,
        id: Uuid,
    ) -> Result<(), AccessError> {
        let mut work = self.store.tenant(by.tenant).begin().await?;
        if execute!(work.link(), DROP_TOKEN, by.tenant, id)? == 0 {
            let what = "enrolment token";
            return Err(DatabaseError::Missing { what }.into());
        }
        self.note_in(
            &mut work,
            by,
            "robot.token_revoke",
            &id.to_string(),
            &json!({}),
        )
        .await?;
        Ok(work.commit().await?)
    }

    /// Enrols a robot: takes one use of the token and gives a key.
    ///
    /// # Errors
    ///
    /// `Unknown` for the token; `Exists` when a robot of the tenant has this name.
    pub async fn enroll_robot(
        &self,
        presented: &SecretString,
        name: &str,
        slots: u32,
    ) -> Result<EnrolledRobot, AccessError> {
        let hash = hash(Kind::Enrolment, presented)?;
        let now = self.now();
        let mut work = self.store.begin().await?;
        let used = fetch_optional!(work.link(), Used, USE_TOKEN, hash, now)?
            .ok_or(AccessError::Unknown)?;
        let robot = RobotRecord {
            id: RobotId::new(now),
            tenant_id: Some(used.tenant_id),
            name: robot_name(name)?,
            status: "offline".to_owned(),
            slots: i32::try_from(slots.clamp(1, 1_000)).unwrap_or(1),
            environments: Json(used.placement.0.environments),
            pools: Json(used.placement.0.pools),
            capabilities: Json(BTreeSet::new()),
            labels: Json(used.placement.0.labels),
            version: None,
            enrolled_at: now,
            seen_at: None,
        };
        let id = robot.id;
        let tenant = self.store.tenant(used.tenant_id);
        tenant.add_robot(&mut work, robot).await?;
        let key = self
            .add_robot_key(&mut work, id, Some(used.tenant_id))
            .await?;
        tenant
            .audit(
                &mut work,
                &format!("robot:{id}"),
                "robot.enroll",
                &id.to_string(),
                &json!({ "name": name }),
            )
            .await?;
        work.commit().await?;
        Ok(EnrolledRobot {
            id,
            tenant: used.tenant_id,
            key,
        })
    }

    /// Makes a robot and its key without a token: the one inside `casare serve`.
    pub async fn add_own_robot(
        &self,
        tenant: TenantId,
        name: &str,
        slots: u32,
    ) -> Result<EnrolledRobot, AccessError> {
        let by = Principal::server(tenant, "serve");
        let new = NewEnrolmentToken {
            name: "the robot of this server".to_owned(),
            placement: Placement::default(),
            uses: 1,
            lasts: Duration::from_mins(1),
        };
        let (_, secret) = self.create_enrolment_token(&by, &new).await?;
        self.enroll_robot(&secret, name, slots).await
    }

    async fn add_robot_key(
        &self,
        work: &mut casare_store::Work,
        robot: RobotId,
        tenant: Option<TenantId>,
    ) -> Result<SecretString, AccessError> {
        let (secret, hash) = token(Kind::RobotKey);
        execute!(work.link(), ADD_ROBOT_KEY, hash, robot, tenant, self.now())?;
        Ok(secret)
    }

    /// Which robot shows this key.
    ///
    /// # Errors
    ///
    /// `Unknown`.
    pub async fn robot_key(&self, presented: &SecretString) -> Result<RobotIdentity, AccessError> {
        let hash = hash(Kind::RobotKey, presented)?;
        let mut reader = self.store.reader().await?;
        let found = fetch_optional!(reader.link(), Found, FIND_ROBOT_KEY, hash.as_slice())?
            .ok_or(AccessError::Unknown)?;
        drop(reader);
        let now = self.now();
        if found
            .last_used_at
            .is_none_or(|used| now.since(used) > Duration::from_mins(1))
        {
            let mut work = self.store.begin().await?;
            execute!(work.link(), ROBOT_KEY_USED, hash.as_slice(), now)?;
            work.commit().await?;
        }
        Ok(RobotIdentity {
            id: found.robot_id,
            tenant: found.tenant_id,
        })
    }

    /// From now on a robot does not get in any more.
    pub async fn revoke_robot(&self, by: &Principal, robot: RobotId) -> Result<(), AccessError> {
        let mut work = self.store.tenant(by.tenant).begin().await?;
        execute!(work.link(), REVOKE_ROBOT_KEYS, robot, by.tenant, self.now())?;
        self.note_in(
            &mut work,
            by,
            "robot.revoke",
            &robot.to_string(),
            &json!({}),
        )
        .await?;
        Ok(work.commit().await?)
    }
}

fn robot_name(text: &str) -> Result<String, AccessError> {
    let name = text.trim();
    if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
        return Err(AccessError::Invalid {
            what: "the name of the robot",
            why: "it must have 1 to 100 bytes, all printable".to_owned(),
        });
    }
    Ok(name.to_owned())
}
