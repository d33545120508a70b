-- What starts runs by looking: how far each trigger has come, and why it can't go on.
CREATE TABLE trigger_places (
    trigger_id BLOB PRIMARY KEY REFERENCES triggers ON DELETE CASCADE,
    tenant_id  BLOB NOT NULL,
    place      TEXT NOT NULL,
    revision   INTEGER NOT NULL DEFAULT 1,
    looked_at  INTEGER NOT NULL,
    problem    TEXT
) STRICT;

-- What came to a trigger that waits until nothing more comes.
CREATE TABLE trigger_gatherings (
    trigger_id BLOB PRIMARY KEY REFERENCES triggers ON DELETE CASCADE,
    tenant_id  BLOB NOT NULL,
    id         BLOB NOT NULL,
    due_at     INTEGER NOT NULL,
    amount     INTEGER NOT NULL,
    came       TEXT NOT NULL
) STRICT;
CREATE INDEX trigger_gatherings_due ON trigger_gatherings (due_at);

-- What was refused can be tried again.
ALTER TABLE trigger_deliveries ADD COLUMN came TEXT;

-- Work that one server at a time does; another one takes over when it is not heard of.
CREATE TABLE leaders (
    name   TEXT PRIMARY KEY,
    holder BLOB NOT NULL,
    until  INTEGER NOT NULL
) STRICT;

-- What is promised of a workflow.
CREATE TABLE service_levels (
    tenant_id   BLOB NOT NULL REFERENCES tenants,
    workflow_id BLOB NOT NULL,
    spec        TEXT NOT NULL,
    enabled     INTEGER NOT NULL,
    revision    INTEGER NOT NULL DEFAULT 1,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, workflow_id)
) STRICT;

-- What somebody should look at.
CREATE TABLE alerts (
    id              BLOB PRIMARY KEY,
    tenant_id       BLOB NOT NULL REFERENCES tenants,
    -- What it is about, once while it is open.
    key             TEXT NOT NULL,
    kind            TEXT NOT NULL,
    workflow_id     BLOB,
    job_id          BLOB,
    message         TEXT NOT NULL,
    details         TEXT NOT NULL,
    opened_at       INTEGER NOT NULL,
    closed_at       INTEGER,
    acknowledged_at INTEGER,
    acknowledged_by TEXT
) STRICT;
CREATE UNIQUE INDEX alerts_open ON alerts (tenant_id, key) WHERE closed_at IS NULL;
CREATE INDEX alerts_of_tenant ON alerts (tenant_id, id);

-- How a hook writes: as the Standard Webhooks specification says, or a line of text for a chat.
ALTER TABLE hooks ADD COLUMN format TEXT NOT NULL DEFAULT 'standard';

-- What robots' machines were like, once a minute.
CREATE TABLE robot_loads (
    robot_id  BLOB NOT NULL,
    at        INTEGER NOT NULL,
    load      TEXT NOT NULL,
    PRIMARY KEY (robot_id, at)
) STRICT;
CREATE INDEX robot_loads_age ON robot_loads (at);
