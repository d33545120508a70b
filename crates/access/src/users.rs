//! People, and what they are in a tenant.

use casare_store::{
    DatabaseError, Moment, TenantId, Work, execute, fetch_all, fetch_one, fetch_optional, row,
    statements,
};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Access, AccessError, Principal, Role, Who, sessions};

row! {
    /// A person.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct User {
        pub id: Uuid,
        pub email: String,
        pub name: String,
        pub created_at: Moment,
        pub disabled_at: Option<Moment>,
    }
    /// A person in a tenant.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Member {
        pub id: Uuid,
        pub email: String,
        pub name: String,
        /// `owner`, `admin`, `developer`, `operator` or `viewer`.
        pub role: String,
        pub created_at: Moment,
        pub disabled_at: Option<Moment>,
    }
    struct Count {
        count: i64,
    }
    struct TenantRow {
        id: TenantId,
        name: String,
    }
    struct PasswordRow {
        password: Option<String>,
        email: String,
    }
}

statements! {
    ANY_USER: "SELECT count(*) AS count FROM (SELECT 1 FROM users LIMIT 1) AS one";
    ADD_USER: "INSERT INTO users (id, email, name, password, created_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (email) DO NOTHING";
    USER_OF_EMAIL: "SELECT id, email, name, created_at, disabled_at FROM users WHERE email = $1";
    USER: "SELECT id, email, name, created_at, disabled_at FROM users WHERE id = $1";
    ADD_MEMBER: "INSERT INTO members (tenant_id, user_id, role, created_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant_id, user_id) DO NOTHING";
    MEMBERS: "SELECT u.id, u.email, u.name, m.role, m.created_at, u.disabled_at
        FROM members m JOIN users u ON u.id = m.user_id
        WHERE m.tenant_id = $1 AND u.email > $2 ORDER BY u.email LIMIT $3";
    MEMBER: "SELECT u.id, u.email, u.name, m.role, m.created_at, u.disabled_at
        FROM members m JOIN users u ON u.id = m.user_id
        WHERE m.tenant_id = $1 AND m.user_id = $2";
    OTHER_OWNERS: "SELECT count(*) AS count FROM members m JOIN users u ON u.id = m.user_id
        WHERE m.tenant_id = $1 AND m.user_id <> $2 AND m.role = 'owner' AND u.disabled_at IS NULL";
    SET_ROLE: "UPDATE members SET role = $3 WHERE tenant_id = $1 AND user_id = $2";
    REMOVE_MEMBER: "DELETE FROM members WHERE tenant_id = $1 AND user_id = $2";
    TENANTS_OF: "SELECT t.id, t.name FROM members m JOIN tenants t ON t.id = m.tenant_id
        WHERE m.user_id = $1 AND t.archived_at IS NULL ORDER BY t.name";
    PASSWORD: "SELECT password, email FROM users WHERE id = $1";
    SET_PASSWORD: "UPDATE users SET password = $2 WHERE id = $1";
}

/// An address as it is kept: without case, and plausible.
pub(crate) fn email_of(text: &str) -> Result<String, AccessError> {
    let email = text.trim().to_lowercase();
    let plausible = email.len() <= 254
        && !email.chars().any(|c| c.is_control() || c.is_whitespace())
        && email.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains('@')
        });
    if plausible {
        return Ok(email);
    }
    Err(AccessError::Invalid {
        what: "the e-mail address",
        why: "it must look like `name@host`".to_owned(),
    })
}

fn missing() -> AccessError {
    DatabaseError::Missing { what: "user" }.into()
}

impl Access {
    /// Whether anybody has an account.
    pub async fn has_users(&self) -> Result<bool, AccessError> {
        let mut reader = self.store.reader().await?;
        Ok(fetch_one!(reader.link(), Count, ANY_USER)?.count > 0)
    }

    /// Adds a person and makes them a member. One who is there already stays as they are.
    pub(crate) async fn add_user(
        &self,
        work: &mut Work,
        new: &User,
        password: Option<&str>,
        tenant: TenantId,
        role: Role,
    ) -> Result<User, AccessError> {
        execute!(
            work.link(),
            ADD_USER,
            new.id,
            new.email.as_str(),
            new.name.as_str(),
            password,
            new.created_at
        )?;
        let user = fetch_optional!(work.link(), User, USER_OF_EMAIL, new.email.as_str())?
            .ok_or_else(missing)?;
        execute!(
            work.link(),
            ADD_MEMBER,
            tenant,
            user.id,
            role.name(),
            new.created_at
        )?;
        Ok(user)
    }

    pub(crate) async fn set_password(
        &self,
        work: &mut Work,
        user: Uuid,
        hash: &str,
    ) -> Result<(), AccessError> {
        execute!(work.link(), SET_PASSWORD, user, hash)?;
        // Whoever knew the old one may be signed in.
        execute!(work.link(), sessions::END_SESSIONS, user)?;
        Ok(())
    }

    /// Members of the tenant by e-mail address, those after `after`.
    pub async fn members(
        &self,
        tenant: TenantId,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Member>, AccessError> {
        let mut reader = self.store.reader().await?;
        let limit = i64::from(limit.clamp(1, 1_000));
        Ok(fetch_all!(
            reader.link(),
            Member,
            MEMBERS,
            tenant,
            after,
            limit
        )?)
    }

    pub async fn member(&self, tenant: TenantId, user: Uuid) -> Result<Member, AccessError> {
        let mut reader = self.store.reader().await?;
        let found = fetch_optional!(reader.link(), Member, MEMBER, tenant, user)?;
        found.ok_or_else(missing)
    }

    pub(crate) async fn user(&self, user: Uuid) -> Result<User, AccessError> {
        let mut reader = self.store.reader().await?;
        let found = fetch_optional!(reader.link(), User, USER, user)?;
        found.ok_or_else(missing)
    }

    /// The tenants that somebody can work in, with their names.
    pub async fn tenants_of(&self, me: &Principal) -> Result<Vec<(TenantId, String)>, AccessError> {
        let Who::User { id, .. } = me.who else {
            let tenants = self.store.tenants().await?;
            let own = tenants.into_iter().filter(|tenant| tenant.id == me.tenant);
            return Ok(own.map(|tenant| (tenant.id, tenant.name)).collect());
        };
        let mut reader = self.store.reader().await?;
        let rows = fetch_all!(reader.link(), TenantRow, TENANTS_OF, id)?;
        Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
    }

    /// Makes a tenant whose owner is whoever makes it.
    ///
    /// # Errors
    ///
    /// `Exists`; `Invalid` for a key, which cannot be an owner.
    pub async fn create_tenant(&self, by: &Principal, name: &str) -> Result<TenantId, AccessError> {
        let Who::User { id, .. } = by.who else {
            return Err(AccessError::Invalid {
                what: "a key",
                why: "only a person can own a tenant".to_owned(),
            });
        };
        let tenant = self.store.create_tenant(name).await?;
        let mut work = self.store.begin().await?;
        execute!(
            work.link(),
            ADD_MEMBER,
            tenant,
            id,
            Role::Owner.name(),
            self.now()
        )?;
        let details = json!({ "tenant": tenant, "name": name });
        self.note_in(&mut work, by, "tenant.create", name, &details)
            .await?;
        work.commit().await?;
        Ok(tenant)
    }

    /// Changes what somebody is in the tenant.
    ///
    /// # Errors
    ///
    /// `AboveOwnRole` when either role is; `LastOwner`.
    pub async fn set_role(
        &self,
        by: &Principal,
        user: Uuid,
        role: Role,
    ) -> Result<(), AccessError> {
        by.require_role(role)?;
        let mut work = self.store.tenant(by.tenant).begin().await?;
        self.may_change(&mut work, by, user, role).await?;
        execute!(work.link(), SET_ROLE, by.tenant, user, role.name())?;
        self.note_in(
            &mut work,
            by,
            "user.role",
            &user.to_string(),
            &json!({ "role": role }),
        )
        .await?;
        Ok(work.commit().await?)
    }

    /// Takes somebody out of the tenant; their sessions there end at once.
    pub async fn remove_member(&self, by: &Principal, user: Uuid) -> Result<(), AccessError> {
        let mut work = self.store.tenant(by.tenant).begin().await?;
        self.may_change(&mut work, by, user, Role::Viewer).await?;
        execute!(work.link(), REMOVE_MEMBER, by.tenant, user)?;
        self.note_in(&mut work, by, "user.remove", &user.to_string(), &json!({}))
            .await?;
        Ok(work.commit().await?)
    }

    async fn may_change(
        &self,
        work: &mut Work,
        by: &Principal,
        user: Uuid,
        role: Role,
    ) -> Result<(), AccessError> {
        let now = fetch_optional!(work.link(), Member, MEMBER, by.tenant, user)?;
        let now: Role = now
            .ok_or_else(missing)?
            .role
            .parse()
            .map_err(|()| AccessError::Unknown)?;
        by.require_role(now)?;
        if now == Role::Owner && role != Role::Owner {
            let others = fetch_one!(work.link(), Count, OTHER_OWNERS, by.tenant, user)?;
            if others.count == 0 {
                return Err(AccessError::LastOwner);
            }
        }
        Ok(())
    }

    /// Changes one's own password; all sessions end.
    ///
    /// # Errors
    ///
    /// `WrongPassword`, `TooMany`, `Invalid`.
    pub async fn change_password(
        &self,
        user: Uuid,
        old: &SecretString,
        new: &SecretString,
        address: &str,
    ) -> Result<(), AccessError> {
        let mut reader = self.store.reader().await?;
        let row =
            fetch_optional!(reader.link(), PasswordRow, PASSWORD, user)?.ok_or_else(missing)?;
        drop(reader);
        self.count_attempt(&row.email, address).await?;
        if !self.passwords.verify(old, row.password.as_deref()).await? {
            return Err(AccessError::WrongPassword);
        }
        let hash = self.passwords.hash(new, &row.email).await?;
        let mut work = self.store.begin().await?;
        self.set_password(&mut work, user, &hash).await?;
        self.forgive(&mut work, &row.email, address).await?;
        Ok(work.commit().await?)
    }

    /// Notes in the audit of the tenant what somebody did.
    pub(crate) async fn note(
        &self,
        by: &Principal,
        action: &str,
        subject: &str,
    ) -> Result<(), AccessError> {
        let mut work = self.store.tenant(by.tenant).begin().await?;
        self.note_in(&mut work, by, action, subject, &json!({}))
            .await?;
        Ok(work.commit().await?)
    }

    pub(crate) async fn note_in(
        &self,
        work: &mut Work,
        by: &Principal,
        action: &str,
        subject: &str,
        details: &Value,
    ) -> Result<(), AccessError> {
        let tenant = self.store.tenant(by.tenant);
        tenant
            .audit(work, &by.actor(), action, subject, details)
            .await?;
        Ok(())
    }
}
