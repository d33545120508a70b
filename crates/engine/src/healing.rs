//! Elements that a run looked for in vain, and what came of looking for them another way.

use serde::{Deserialize, Serialize};

/// What a run may do when a selector finds nothing any more.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum HealingPolicy {
    /// Nothing: the step fails.
    Off,
    /// The step fails, and the repair is written down as a proposal.
    #[default]
    Propose,
    /// The step goes on with what was found, the run is marked as healed, and the repair is written down as a
    /// proposal.
    Provisional,
}

/// What came of an attempt to heal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealOutcome {
    /// The step went on with what was found.
    Used,
    /// It was found, but the step failed: a person decides.
    Proposed,
    /// Nothing that could be meant with enough certainty.
    Refused,
}

/// One attempt to heal, as events and reports show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heal {
    /// What came of it.
    pub outcome: HealOutcome,
    /// What the workflow names: a selector, or `object:` and a name.
    pub target: String,
    /// The selector that finds it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The proposal that repairs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<String>,
    /// What the heal rests on: `alternatives`, `fingerprint`, `anchors`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// From 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// How far the next best is behind, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Milliseconds it took.
    pub took_ms: u64,
}

impl Heal {
    /// One line for people.
    pub fn summary(&self) -> String {
        let found = self.found.as_deref().unwrap_or_default();
        match self.outcome {
            HealOutcome::Used => format!("healed: `{}` was found as `{found}`", self.target),
            HealOutcome::Proposed => format!("`{}` may now be `{found}`", self.target),
            HealOutcome::Refused => format!(
                "`{}` was not healed: {}",
                self.target,
                self.reason.as_deref().unwrap_or("nothing comes near")
            ),
        }
    }
}
