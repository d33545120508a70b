//! What robots and the orchestrator say to each other: JSON texts over one WebSocket that the robot opens.
//!
//! A robot says hello, and how many jobs it has room for. It is given leases with all that a run needs, tells what
//! happens in them, event by event and counted, keeps each event until it hears that it was kept, says how they end,
//! and beats while it has some. Whatever was not answered is said again after a new connection: every message may come
//! twice.
//!
//! Names and kinds that a newer side added are passed over by an older one ([`FromServer::Unknown`],
//! [`FromRobot::Unknown`]); what can't be passed over raises [`PROTOCOL`].

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The version of this protocol. Both sides must have the same.
pub const PROTOCOL: u32 = 1;
/// The longest message, in bytes.
pub const MOST_BYTES: usize = 16 << 20;
/// Events of one message, at most.
pub const MOST_EVENTS: usize = 500;

/// The right to run a job once. Whoever comes with an older one changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Lease {
    pub tenant: Uuid,
    pub job: Uuid,
    /// One more for each time that the job was given to a robot.
    pub epoch: i64,
}

/// What a robot says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum FromRobot {
    /// The first message.
    Hello(Hello),
    /// It has room for so many jobs now.
    Want {
        count: u32,
    },
    /// The run has begun.
    Started {
        lease: Lease,
    },
    Events(Events),
    /// How the attempt has ended; all its events were kept before.
    Ended {
        lease: Lease,
        outcome: Outcome,
    },
    /// It is there, and has these.
    Beat {
        held: Vec<Lease>,
        load: Load,
    },
    /// A run wants a credential.
    Credential {
        ask: u64,
        lease: Lease,
        name: String,
    },
    #[serde(other)]
    Unknown,
}

/// Who a robot is, and where it stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hello {
    pub protocol: u32,
    /// Of casare.
    pub version: String,
    /// What it found out that it can do.
    pub capabilities: BTreeSet<String>,
    /// What it runs, or has still something to tell of.
    pub leases: Vec<Lease>,
}

/// What happened in a run, in order.
#[derive(Debug, Serialize, Deserialize)]
pub struct Events {
    pub lease: Lease,
    /// The number of the first one, counted from 0 in each attempt.
    pub first: u64,
    pub events: Vec<Value>,
    /// Asks whether the robot still has the job: the answer comes with [`FromServer::Kept`]. There may be no events
    /// then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<u64>,
}

/// What a robot's machine is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Of all cores, 0 to 1.
    pub cpu: f32,
    pub memory_used: u64,
    pub memory_total: u64,
    /// Where the robot keeps its files.
    pub disk_free: u64,
    pub running: u32,
}

/// How an attempt came to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    Succeeded {
        outputs: Value,
    },
    Failed {
        /// One of the kinds of nodes' errors, or `crashed`: the process ended without a word.
        kind: String,
        message: String,
    },
    Cancelled,
    /// It asks somebody something, and goes on with the answer, on any robot.
    Suspended {
        question: Value,
    },
    /// It does not know whether a step has happened.
    NeedsDecision {
        question: Value,
    },
    /// It was not begun: another robot may have it.
    Released {
        why: String,
    },
}

/// What the orchestrator says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum FromServer {
    /// The answer to hello.
    Welcome(Welcome),
    Assign(Box<Assignment>),
    /// The events before this number are kept.
    Kept {
        lease: Lease,
        next: u64,
        /// What was asked with them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ask: Option<u64>,
        /// How long the robot has the job for certain, from when it asked; nothing when it has it no more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left_ms: Option<u64>,
    },
    /// The end of the attempt was taken note of.
    Settled {
        lease: Lease,
    },
    /// Somebody else has the job, or it has ended: stop at once.
    Lost {
        lease: Lease,
    },
    /// The tenant of the lease may be left open.
    Stop {
        lease: Lease,
        stop: Stop,
    },
    Credential {
        ask: u64,
        given: Given,
    },
    /// An administrator has said so.
    Placed {
        status: String,
        slots: u32,
    },
    #[serde(other)]
    Unknown,
}

/// What a robot is told first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Welcome {
    pub robot: Uuid,
    pub name: String,
    /// `online`, `paused` or `draining`.
    pub status: String,
    /// Jobs at a time.
    pub slots: u32,
    /// How often the robot is to say that it is there.
    pub beat_ms: u64,
    /// Of each lease that the robot has named: the number of the event that is wanted next.
    pub next: Vec<(Lease, u64)>,
}

/// A job, and what its run needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Assignment {
    pub lease: Lease,
    /// The id of this attempt.
    pub run: Uuid,
    pub workflow: WorkflowText,
    /// Workflows that it calls, by the file that the call names.
    pub called: BTreeMap<String, String>,
    pub inputs: Value,
    /// What `env` shows.
    pub env: BTreeMap<String, String>,
    pub environment: Option<String>,
    /// Counted from 1.
    pub attempt: u32,
    /// Attempts whose events tell where to go on, the oldest first; empty to begin at the start.
    pub history: Vec<Uuid>,
    /// What the run asked when it stopped, and the answer.
    pub waited_for: Option<Value>,
    pub answer: Option<Value>,
}

/// A workflow as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowText {
    pub name: String,
    pub version: String,
    pub text: String,
}

/// What a robot is asked to do with an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// End gracefully: `finally` blocks run.
    Cancel,
    /// End at once.
    Kill,
}

/// The fields of a credential, or why there are none. Shows nothing of them.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "given", rename_all = "snake_case")]
pub enum Given {
    Fields {
        fields: BTreeMap<String, String>,
    },
    /// There is no such credential.
    Nothing,
    Refused {
        why: String,
    },
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fields { .. } => "Fields(…)",
            Self::Nothing => "Nothing",
            Self::Refused { .. } => "Refused",
        })
    }
}

/// What a robot sends to enrol: `POST /api/v1/robot/enroll`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Enrolment {
    pub token: String,
    pub name: String,
    pub slots: u32,
}

/// What it gets for its token.
#[derive(Clone, Serialize, Deserialize)]
pub struct Enrolled {
    pub robot: Uuid,
    /// Opens the tunnel from now on; shown once.
    pub key: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_newer_side_says_is_passed_over() {
        let heard: FromServer = serde_json::from_str(r#"{"say": "sing", "song": "la"}"#).unwrap();

        assert!(matches!(heard, FromServer::Unknown));
    }

    #[test]
    fn secrets_are_not_shown() {
        let given = Given::Fields {
            fields: [("password".to_owned(), "correct-horse".to_owned())].into(),
        };

        assert!(!format!("{given:?}").contains("horse"));
    }

    #[test]
    fn events_go_through_as_they_are() {
        let text = r#"{"say":"events","lease":{"tenant":"00000000-0000-0000-0000-000000000001","job":"00000000-0000-0000-0000-000000000002","epoch":1},"first":7,"events":[{"at":1,"event":"log"}]}"#;
        let heard: FromRobot = serde_json::from_str(text).unwrap();

        assert_eq!(serde_json::to_string(&heard).unwrap(), text);
    }
}
