//! Where runs are kept: the local journal in SQLite.
