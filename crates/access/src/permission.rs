//! What can be allowed, and what each role is allowed. Nothing else is.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal for $role:ident;)*) => {
        /// Something that is allowed or not. Each belongs to a role and to all roles above it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $($(#[$doc])* $name,)*
        }

        impl Permission {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The least role that has it.
            pub fn role(self) -> Role {
                match self { $(Self::$name => Role::$role,)* }
            }
        }
    };
}

permissions! {
    /// One's own account and session.
    OwnAccount = "account:own" for Viewer;
    WorkflowRead = "workflow:read" for Viewer;
    JobRead = "job:read" for Viewer;
    RobotRead = "robot:read" for Viewer;
    QueueRead = "queue:read" for Viewer;
    AssetRead = "asset:read" for Viewer;
    ScheduleRead = "schedule:read" for Viewer;
    TriggerRead = "trigger:read" for Viewer;
    HookRead = "hook:read" for Viewer;
    TaskRead = "task:read" for Viewer;
    MetricsRead = "metrics:read" for Viewer;
    WorkflowRun = "workflow:run" for Operator;
    /// Cancel, kill, resume, retry; dead letters.
    JobControl = "job:control" for Operator;
    /// Pause, resume, drain.
    RobotControl = "robot:control" for Operator;
    /// Items of transaction queues.
    QueueUse = "queue:use" for Operator;
    TaskAnswer = "task:answer" for Operator;
    /// Which credentials there are; never their values.
    CredentialRead = "credential:read" for Operator;
    WorkflowWrite = "workflow:write" for Developer;
    /// Publish, activate, roll back.
    WorkflowPublish = "workflow:publish" for Developer;
    QueueWrite = "queue:write" for Developer;
    AssetWrite = "asset:write" for Developer;
    ScheduleWrite = "schedule:write" for Developer;
    TriggerWrite = "trigger:write" for Developer;
    HookWrite = "hook:write" for Developer;
    CredentialWrite = "credential:write" for Admin;
    /// Enrol, place and remove robots; pools; limits.
    RobotWrite = "robot:write" for Admin;
    UserRead = "user:read" for Admin;
    UserWrite = "user:write" for Admin;
    KeyRead = "key:read" for Admin;
    KeyWrite = "key:write" for Admin;
    AuditRead = "audit:read" for Admin;
    TenantWrite = "tenant:write" for Owner;
}

/// What somebody is in a tenant. Each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees what runs.
    Viewer,
    /// Runs workflows and looks after robots.
    Operator,
    /// Makes workflows and what starts them.
    Developer,
    /// Decides who takes part, and what is secret.
    Admin,
    /// Decides about the tenant as a whole.
    Owner,
}

impl Role {
    pub const ALL: [Self; 5] = [
        Self::Viewer,
        Self::Operator,
        Self::Developer,
        Self::Admin,
        Self::Owner,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Developer => "developer",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    pub fn may(self, permission: Permission) -> bool {
        self >= permission.role()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or(())
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Permission {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .iter()
            .find(|permission| permission.name() == text)
            .copied()
            .ok_or(())
    }
}

impl Serialize for Permission {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|()| serde::de::Error::custom(format!("there is no permission `{text}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_only_reads() {
        let writes: Vec<_> = Permission::ALL
            .iter()
            .filter(|permission| Role::Viewer.may(**permission))
            .filter(|permission| !permission.name().ends_with(":read"))
            .collect();

        assert_eq!(writes, [&Permission::OwnAccount]);
    }

    #[test]
    fn names_and_permissions_belong_to_each_other() {
        for permission in Permission::ALL {
            assert_eq!(permission.name().parse(), Ok(*permission));
        }
    }
}
