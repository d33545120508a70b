//! Whoever makes a request.

use casare_store::{RobotId, TenantId};
use serde::Serialize;
use uuid::Uuid;

use crate::{AccessError, Permission, Role};

/// Whoever makes a request, in one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub tenant: TenantId,
    pub who: Who,
    pub role: Role,
    /// What of the role a key is limited to; everything when empty.
    pub scopes: Vec<Permission>,
}

/// What kind of caller it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Who {
    User {
        id: Uuid,
        email: String,
        session: Uuid,
    },
    Key {
        id: Uuid,
        name: String,
    },
    Robot {
        id: RobotId,
    },
    /// The server itself: schedules, triggers.
    Server {
        part: &'static str,
    },
}

impl Principal {
    /// The server itself, working for a tenant.
    pub fn server(tenant: TenantId, part: &'static str) -> Self {
        Self {
            tenant,
            who: Who::Server { part },
            role: Role::Operator,
            scopes: Vec::new(),
        }
    }

    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission) && (self.scopes.is_empty() || self.scopes.contains(&permission))
    }

    /// The one place that says yes or no.
    ///
    /// # Errors
    ///
    /// `Forbidden`.
    pub fn require(&self, permission: Permission) -> Result<(), AccessError> {
        if self.may(permission) {
            return Ok(());
        }
        Err(AccessError::Forbidden { needed: permission })
    }

    /// Nobody gives a role that is above their own.
    pub fn require_role(&self, wanted: Role) -> Result<(), AccessError> {
        if wanted <= self.role {
            return Ok(());
        }
        Err(AccessError::AboveOwnRole { wanted })
    }

    /// As the audit names them.
    pub fn actor(&self) -> String {
        match &self.who {
            Who::User { email, .. } => format!("user:{email}"),
            Who::Key { id, name } => format!("key:{name}:{id}"),
            Who::Robot { id } => format!("robot:{id}"),
            Who::Server { part } => format!("server:{part}"),
        }
    }

    /// What tells callers apart, for rates and repeated requests.
    pub fn identity(&self) -> String {
        match &self.who {
            Who::User { id, .. } => format!("user:{id}"),
            Who::Key { id, .. } => format!("key:{id}"),
            Who::Robot { id } => format!("robot:{id}"),
            Who::Server { part } => format!("server:{part}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use casare_store::Clock;

    use super::*;

    #[test]
    fn a_key_may_what_its_role_and_its_scopes_both_allow() {
        let mut key = Principal::server(TenantId::new(Clock::System.now()), "test");
        key.scopes = vec![Permission::JobRead, Permission::UserWrite];

        assert!(key.may(Permission::JobRead));
        assert!(!key.may(Permission::WorkflowRun), "not in its scopes");
        assert!(!key.may(Permission::UserWrite), "not in its role");
    }
}
