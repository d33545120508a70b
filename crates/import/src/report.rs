//! What became of a file: what was converted, what changed, what was lost, what a person should look at.

use serde::Serialize;
use serde_json::{Value as Json, json};

/// How much a remark matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// There is nothing like it: the step fails when it is reached, or the setting is left out.
    Lost,
    /// It is there, but does not do exactly the same.
    Changed,
    /// It is probably right; a person should look at it.
    Look,
}

/// Something worth knowing about the import of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// How much it matters.
    pub weight: Weight,
    /// Where: the id of the original's node, or a part of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The original's type there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What happened, in a sentence.
    pub message: String,
}

/// The loss report of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Parts of the original that have a successor in the workflow.
    pub converted: usize,
    /// Parts in all.
    pub total: usize,
    /// The rest of the story.
    pub remarks: Vec<Remark>,
}

impl Report {
    pub(crate) fn add(&mut self, weight: Weight, at: Option<&str>, message: impl Into<String>) {
        let remark = Remark {
            weight,
            at: at.map(str::to_owned),
            kind: None,
            message: message.into(),
        };
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    pub(crate) fn about(
        &mut self,
        weight: Weight,
        (at, kind): (&str, &str),
        message: impl Into<String>,
    ) {
        let remark = Remark {
            weight,
            at: Some(at.to_owned()),
            kind: Some(kind.to_owned()),
            message: message.into(),
        };
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// How many remarks have this weight.
    pub fn count(&self, weight: Weight) -> usize {
        let of_weight = |remark: &&Remark| remark.weight == weight;
        self.remarks.iter().filter(of_weight).count()
    }

    /// Whether something of the original has no equivalent.
    pub fn lost_something(&self) -> bool {
        self.count(Weight::Lost) > 0
    }

    /// Whether something works differently now.
    pub fn changed_something(&self) -> bool {
        self.count(Weight::Changed) > 0
    }

    /// As people read it: one line of figures, then the remarks by weight.
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "{} of {} converted, {} changed in meaning, {} without equivalent, {} to look at\n",
            self.converted,
            self.total,
            self.count(Weight::Changed),
            self.count(Weight::Lost),
            self.count(Weight::Look),
        );
        for (weight, title) in [
            (Weight::Lost, "no equivalent"),
            (Weight::Changed, "changed in meaning"),
            (Weight::Look, "to look at"),
        ] {
            let of_weight: Vec<&Remark> = self
                .remarks
                .iter()
                .filter(|remark| remark.weight == weight)
                .collect();
            if of_weight.is_empty() {
                continue;
            }
            text.push_str("  ");
            text.push_str(title);
            text.push_str(":\n");
            for remark in of_weight {
                text.push_str("    - ");
                match (&remark.at, &remark.kind) {
                    (Some(at), Some(kind)) => text.push_str(&format!("{at} ({kind}): ")),
                    (Some(at), None) => text.push_str(&format!("{at}: ")),
                    _ => {}
                }
                text.push_str(&remark.message);
                text.push('\n');
            }
        }
        text
    }

    /// As programs read it.
    pub fn to_json(&self) -> Json {
        let of_weight = |weight: Weight| -> Vec<&Remark> {
            let remarks = self.remarks.iter();
            remarks.filter(|remark| remark.weight == weight).collect()
        };
        json!({
            "converted": self.converted,
            "total": self.total,
            "no_equivalent": of_weight(Weight::Lost),
            "changed": of_weight(Weight::Changed),
            "look": of_weight(Weight::Look),
        })
    }
}
