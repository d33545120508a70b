//! The real binary against real files, servers and signals.

mod kill;
