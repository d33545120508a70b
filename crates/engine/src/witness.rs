//! Who has to know of a step before it happens.

use async_trait::async_trait;

use crate::NodeError;

/// Somebody beside the journal on this machine who keeps what a run tells: if this machine is lost, another one goes
/// on from there. A `once` step waits for it, so that whoever goes on knows that the step may have happened.
#[async_trait]
pub trait Witness: Send + Sync {
    /// Comes back when everything that the run has told so far is kept elsewhere.
    ///
    /// # Errors
    ///
    /// When it can't be: the step is not begun then.
    async fn knows(&self) -> Result<(), NodeError>;
}
