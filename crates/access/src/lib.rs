//! Who may do what: people and how they sign in, keys of programs and robots, roles; and the vault
//! of credentials.
//!
//! | module | what it holds |
//! |---|---|
//! | `permission` | what can be allowed, and what each role is allowed |
//! | `principal` | whoever makes a request, and the one place that says yes or no |
//! | `secret` | random tokens, of which only hashes are kept |
//! | `password`, `throttle`, `users`, `sessions`, `links` | people signing in |
//! | `keys` | API keys |
//! | `robots` | how robots are enrolled, and their keys |
//! | `vault` | credentials, encrypted |
//!
//! Every change notes in the audit who made it, in the same unit of work.

mod error;
mod keys;
mod links;
mod password;
mod permission;
mod principal;
mod robots;
mod secret;
mod sessions;
mod throttle;
mod users;
mod vault;

use std::sync::Arc;

use casare_store::{Moment, Sql, Store};

pub use error::AccessError;
pub use keys::{ApiKey, NewApiKey};
pub use links::{Invitation, LinkPurpose};
pub use permission::{Permission, Role};
pub use principal::{Principal, Who};
pub use robots::{EnrolledRobot, EnrolmentToken, NewEnrolmentToken, Placement, RobotIdentity};
pub use sessions::{Session, SignIn, SignedIn};
pub use users::{Member, User};
pub use vault::{CredentialMeta, MasterKey, NewCredential, Vault};

/// The people, keys and robots that a store knows. Clones share it.
#[derive(Debug, Clone)]
pub struct Access {
    store: Store,
    passwords: Arc<password::Passwords>,
}

impl Access {
    pub fn new(store: Store) -> Self {
        Self {
            store,
            passwords: Arc::default(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        self.store.clock().now()
    }
}

/// Every SQL text of access, for a test to prepare.
pub fn all_statements() -> Vec<Sql> {
    [
        keys::ALL,
        links::ALL,
        robots::ALL,
        sessions::ALL,
        throttle::ALL,
        users::ALL,
        vault::ALL,
    ]
    .concat()
}
