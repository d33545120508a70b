//! One-time links: for the first owner of a server, for those who are invited, and for those who
//! forgot their password.

use std::time::Duration;

use casare_store::{
    DatabaseError, Moment, TenantId, execute, fetch_optional, new_uuid, row, statements,
};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::{
    Access, AccessError, Principal, Role, SignedIn, User,
    secret::{Kind, hash, token},
    users::email_of,
};

const FIRST_OWNER: Duration = Duration::from_hours(24 * 365);
const INVITATION: Duration = Duration::from_hours(24 * 7);
const PASSWORD: Duration = Duration::from_hours(24);

/// The tenant that a new server begins with.
const FIRST_TENANT: &str = "default";

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    FirstOwner,
    Invitation,
    Password,
}

impl LinkPurpose {
    fn name(self) -> &'static str {
        match self {
            Self::FirstOwner => "first_owner",
            Self::Invitation => "invitation",
            Self::Password => "password",
        }
    }
}

/// A link that was made; its token is shown once.
#[derive(Debug, Clone)]
pub struct Invitation {
    pub token: SecretString,
    pub expires_at: Moment,
}

row! {
    struct LinkRow {
        purpose: String,
        tenant_id: TenantId,
        email: Option<String>,
        role: Option<String>,
        user_id: Option<Uuid>,
    }
}

statements! {
    ADD_LINK: "INSERT INTO login_links (hash, purpose, tenant_id, email, role, user_id, created_at,
            expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    DROP_FIRST_LINKS: "DELETE FROM login_links WHERE purpose = 'first_owner'";
    FIND_LINK: "SELECT purpose, tenant_id, email, role, user_id FROM login_links
        WHERE hash = $1 AND expires_at > $2";
    USE_LINK: "DELETE FROM login_links WHERE hash = $1 AND expires_at > $2
        RETURNING purpose, tenant_id, email, role, user_id";
    EXPIRE_LINKS: "DELETE FROM login_links WHERE expires_at < $1";
}

impl Access {
    /// The tenant that a new server begins with, made if there is none.
    pub async fn first_tenant(&self) -> Result<TenantId, AccessError> {
        if let Some(tenant) = self.store.tenants().await?.first() {
            return Ok(tenant.id);
        }
        match self.store.create_tenant(FIRST_TENANT).await {
            Ok(id) => Ok(id),
            // Another server began at the same time.
            Err(DatabaseError::Exists { .. }) => {
                let found = self.store.tenant_named(FIRST_TENANT).await?;
                Ok(found.map(|tenant| tenant.id).ok_or(AccessError::Closed)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A link that makes the first owner, while nobody has an account. Older ones end.
    pub async fn first_link(&self) -> Result<Option<Invitation>, AccessError> {
        if self.has_users().await? {
            return Ok(None);
        }
        let tenant = self.first_tenant().await?;
        let mut work = self.store.begin().await?;
        execute!(work.link(), DROP_FIRST_LINKS)?;
        let (secret, hash) = token(Kind::Link);
        let now = self.now();
        execute!(
            work.link(),
            ADD_LINK,
            hash,
            LinkPurpose::FirstOwner.name(),
            tenant,
            None::<String>,
            Role::Owner.name(),
            None::<Uuid>,
            now,
            now + FIRST_OWNER
        )?;
        work.commit().await?;
        Ok(Some(Invitation {
            token: secret,
            expires_at: now + FIRST_OWNER,
        }))
    }

    /// Invites somebody into the tenant.
    ///
    /// # Errors
    ///
    /// `AboveOwnRole`, `Invalid`.
    pub async fn invite(
        &self,
        by: &Principal,
        email: &str,
        role: Role,
    ) -> Result<Invitation, AccessError> {
        by.require_role(role)?;
        let email = email_of(email)?;
        let (secret, hash) = token(Kind::Link);
        let now = self.now();
        let mut work = self.store.tenant(by.tenant).begin().await?;
        execute!(
            work.link(),
            ADD_LINK,
            hash,
            LinkPurpose::Invitation.name(),
            by.tenant,
            Some(email.as_str()),
            Some(role.name()),
            None::<Uuid>,
            now,
            now + INVITATION
        )?;
        let details = json!({ "role": role });
        self.note_in(&mut work, by, "user.invite", &email, &details)
            .await?;
        work.commit().await?;
        Ok(Invitation {
            token: secret,
            expires_at: now + INVITATION,
        })
    }

    /// A link with which a member sets a new password.
    pub async fn password_link(
        &self,
        by: &Principal,
        user: Uuid,
    ) -> Result<Invitation, AccessError> {
        let member = self.member(by.tenant, user).await?;
        let role = member.role.parse().map_err(|()| AccessError::Unknown)?;
        by.require_role(role)?;
        let (secret, hash) = token(Kind::Link);
        let now = self.now();
        let mut work = self.store.tenant(by.tenant).begin().await?;
        execute!(
            work.link(),
            ADD_LINK,
            hash,
            LinkPurpose::Password.name(),
            by.tenant,
            Some(member.email.as_str()),
            None::<String>,
            Some(user),
            now,
            now + PASSWORD
        )?;
        self.note_in(
            &mut work,
            by,
            "user.password_link",
            &user.to_string(),
            &json!({}),
        )
        .await?;
        work.commit().await?;
        Ok(Invitation {
            token: secret,
            expires_at: now + PASSWORD,
        })
    }

    /// Uses a link: makes the account or sets its password, and begins a session. It works once.
    ///
    /// # Errors
    ///
    /// `Unknown`, `Invalid`.
    pub async fn use_link(
        &self,
        link: &SecretString,
        email: Option<&str>,
        name: &str,
        password: &SecretString,
        from: (&str, &str),
    ) -> Result<SignedIn, AccessError> {
        let hash = hash(Kind::Link, link)?;
        let now = self.now();
        let mut reader = self.store.reader().await?;
        let found = fetch_optional!(reader.link(), LinkRow, FIND_LINK, hash.as_slice(), now)?
            .ok_or(AccessError::Unknown)?;
        drop(reader);
        let email = email_of(found.email.as_deref().or(email).unwrap_or_default())?;
        // Before the link is used up: a password that is refused leaves it as it is.
        let hashed = self.passwords.hash(password, &email).await?;
        let mut work = self.store.begin().await?;
        let link = fetch_optional!(work.link(), LinkRow, USE_LINK, hash.as_slice(), now)?
            .ok_or(AccessError::Unknown)?;
        let user = if let Some(user) = link.user_id {
            self.user(user).await?
        } else {
            let role = link.role.as_deref().unwrap_or_default();
            let new = User {
                id: new_uuid(now),
                email: email.clone(),
                name: name.trim().chars().take(200).collect(),
                created_at: now,
                disabled_at: None,
            };
            let role = role.parse().map_err(|()| AccessError::Unknown)?;
            let user = self
                .add_user(&mut work, &new, Some(&hashed), link.tenant_id, role)
                .await?;
            if user.id != new.id {
                // Somebody of another tenant: the link proves nothing about their account.
                work.commit().await?;
                return Err(AccessError::Invalid {
                    what: "this link",
                    why: "the address has an account already, which now is a member here, too; \
                          sign in with its password"
                        .to_owned(),
                });
            }
            user
        };
        if link.purpose == LinkPurpose::Password.name() {
            self.set_password(&mut work, user.id, &hashed).await?;
        }
        work.commit().await?;
        self.begin_session(user.id, &user.email, from.0, from.1)
            .await
    }

    /// Removes links that have expired.
    pub async fn expire_links(&self) -> Result<u64, AccessError> {
        let mut work = self.store.begin().await?;
        let gone = execute!(work.link(), EXPIRE_LINKS, self.now())?;
        work.commit().await?;
        Ok(gone)
    }
}
