//! The published JSON Schema of a workflow file.
