-- What starts runs by looking: how far each trigger has come, and why it can't go on.
CREATE TABLE trigger_places (
    trigger_id uuid PRIMARY KEY REFERENCES triggers ON DELETE CASCADE,
    tenant_id  uuid NOT NULL,
    place      jsonb NOT NULL,
    revision   bigint NOT NULL DEFAULT 1,
    looked_at  bigint NOT NULL,
    problem    text
);

-- What came to a trigger that waits until nothing more comes.
CREATE TABLE trigger_gatherings (
    trigger_id uuid PRIMARY KEY REFERENCES triggers ON DELETE CASCADE,
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    due_at     bigint NOT NULL,
    amount     bigint NOT NULL,
    came       jsonb NOT NULL
);
CREATE INDEX trigger_gatherings_due ON trigger_gatherings (due_at);

-- What was refused can be tried again.
ALTER TABLE trigger_deliveries ADD COLUMN came jsonb;

-- Work that one server at a time does; another one takes over when it is not heard of.
CREATE TABLE leaders (
    name   text PRIMARY KEY,
    holder uuid NOT NULL,
    until  bigint NOT NULL
);

-- What is promised of a workflow.
CREATE TABLE service_levels (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    workflow_id uuid NOT NULL,
    spec        jsonb NOT NULL,
    enabled     boolean NOT NULL,
    revision    bigint NOT NULL DEFAULT 1,
    updated_at  bigint NOT NULL,
    PRIMARY KEY (tenant_id, workflow_id)
);

-- What somebody should look at.
CREATE TABLE alerts (
    id              uuid PRIMARY KEY,
    tenant_id       uuid NOT NULL REFERENCES tenants,
    -- What it is about, once while it is open.
    key             text NOT NULL,
    kind            text NOT NULL,
    workflow_id     uuid,
    job_id          uuid,
    message         text NOT NULL,
    details         jsonb NOT NULL,
    opened_at       bigint NOT NULL,
    closed_at       bigint,
    acknowledged_at bigint,
    acknowledged_by text
);
CREATE UNIQUE INDEX alerts_open ON alerts (tenant_id, key) WHERE closed_at IS NULL;
CREATE INDEX alerts_of_tenant ON alerts (tenant_id, id);

-- How a hook writes: as the Standard Webhooks specification says, or a line of text for a chat.
ALTER TABLE hooks ADD COLUMN format text NOT NULL DEFAULT 'standard';

-- What robots' machines were like, once a minute.
CREATE TABLE robot_loads (
    robot_id  uuid NOT NULL,
    at        bigint NOT NULL,
    load      jsonb NOT NULL,
    PRIMARY KEY (robot_id, at)
);
CREATE INDEX robot_loads_age ON robot_loads (at);

SELECT casare_isolate('trigger_places');
SELECT casare_isolate('trigger_gatherings');
SELECT casare_isolate('service_levels');
SELECT casare_isolate('alerts');
