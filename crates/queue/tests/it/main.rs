//! The queue on both databases.

#![expect(clippy::unwrap_used, reason = "what tests share may panic as tests do")]

mod crashes;
mod life;
mod model;
mod office;
mod statements;
mod transactions;
