-- What people work on and have not published: one draft for each person and workflow.
CREATE TABLE drafts (
    tenant_id  BLOB NOT NULL REFERENCES tenants,
    -- As the principal tells itself apart: `user:ID`.
    owner      TEXT NOT NULL,
    -- The name that the workflow has or will have.
    workflow   TEXT NOT NULL,
    -- Whose it is, for people.
    actor      TEXT NOT NULL,
    -- The version that it began from.
    base       INTEGER,
    text       TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, owner, workflow)
) STRICT;
CREATE INDEX drafts_of_workflow ON drafts (tenant_id, workflow, changed_at);
