//! Plans by the hash of their text, so that a workflow is compiled once.

use std::{collections::HashMap, path::Path, sync::Arc};

use parking_lot::Mutex;

use super::Plan;

/// How many plans are kept.
const MOST: usize = 64;

/// Plans by name, folder and content. One that calls other workflows is not kept: they may change
/// while its own text stays the same.
#[derive(Debug, Default)]
pub(crate) struct PlanCache(Mutex<HashMap<blake3::Hash, Arc<Plan>>>);

impl PlanCache {
    pub(crate) fn key(name: &str, text: &str, folder: &Path) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for part in [
            name.as_bytes(),
            folder.as_os_str().as_encoded_bytes(),
            text.as_bytes(),
        ] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize()
    }

    pub(crate) fn get(&self, key: &blake3::Hash) -> Option<Arc<Plan>> {
        self.0.lock().get(key).cloned()
    }

    pub(crate) fn keep(&self, key: blake3::Hash, plan: &Arc<Plan>) {
        if !plan.called.is_empty() {
            return;
        }
        let mut plans = self.0.lock();
        if plans.len() >= MOST {
            // Any one: a plan that is used again is compiled again in well under a millisecond.
            if let Some(oldest) = plans.keys().next().copied() {
                plans.remove(&oldest);
            }
        }
        plans.insert(key, plan.clone());
    }
}
