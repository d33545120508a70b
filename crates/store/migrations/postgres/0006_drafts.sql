-- What people work on and have not published: one draft for each person and workflow.
CREATE TABLE drafts (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    -- As the principal tells itself apart: `user:ID`.
    owner      text NOT NULL,
    -- The name that the workflow has or will have.
    workflow   text NOT NULL,
    -- Whose it is, for people.
    actor      text NOT NULL,
    -- The version that it began from.
    base       bigint,
    text       text NOT NULL,
    revision   bigint NOT NULL,
    changed_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, owner, workflow)
);
CREATE INDEX drafts_of_workflow ON drafts (tenant_id, workflow, changed_at);

SELECT casare_isolate('drafts');
