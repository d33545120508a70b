//! Runs a workflow: scopes, control flow, retries, journal, resume.
