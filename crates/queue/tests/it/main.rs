//! The queue on both databases.

#![expect(
    clippy::unwrap_used,
    reason = "what tests share may panic as tests do"
)]

mod life;
mod office;
mod statements;
