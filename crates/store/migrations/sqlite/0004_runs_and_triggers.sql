-- What runs leave behind, and what starts them.

CREATE TABLE run_events (
    run_id    BLOB NOT NULL,
    seq       INTEGER NOT NULL,
    tenant_id BLOB NOT NULL,
    at        INTEGER NOT NULL,
    event     TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
) STRICT;
CREATE INDEX run_events_age ON run_events (at);

CREATE TABLE artifacts (
    tenant_id  BLOB NOT NULL,
    run_id     BLOB NOT NULL,
    name       TEXT NOT NULL,
    media_type TEXT NOT NULL,
    hash       TEXT NOT NULL,
    size       INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, run_id, name)
) STRICT;
CREATE INDEX artifacts_hash ON artifacts (tenant_id, hash);
CREATE INDEX artifacts_age ON artifacts (created_at);

CREATE TABLE schedules (
    id          BLOB PRIMARY KEY,
    tenant_id   BLOB NOT NULL REFERENCES tenants,
    name        TEXT NOT NULL,
    workflow_id BLOB NOT NULL,
    spec        TEXT NOT NULL,
    enabled     INTEGER NOT NULL,
    next_at     INTEGER,
    revision    INTEGER NOT NULL DEFAULT 1,
    created_at  INTEGER NOT NULL,
    UNIQUE (tenant_id, name)
) STRICT;
CREATE INDEX schedules_next ON schedules (next_at) WHERE enabled AND next_at IS NOT NULL;

-- A schedule fires once for each time, whoever comes first.
CREATE TABLE schedule_firings (
    schedule_id BLOB NOT NULL REFERENCES schedules ON DELETE CASCADE,
    fire_at     INTEGER NOT NULL,
    tenant_id   BLOB NOT NULL,
    fired_at    INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    job_id      BLOB,
    PRIMARY KEY (schedule_id, fire_at)
) STRICT;

CREATE TABLE triggers (
    id          BLOB PRIMARY KEY,
    tenant_id   BLOB NOT NULL REFERENCES tenants,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    workflow_id BLOB NOT NULL,
    spec        TEXT NOT NULL,
    enabled     INTEGER NOT NULL,
    revision    INTEGER NOT NULL DEFAULT 1,
    created_at  INTEGER NOT NULL,
    UNIQUE (tenant_id, name)
) STRICT;
