-- What runs leave behind, and what starts them.

CREATE TABLE run_events (
    run_id    uuid NOT NULL,
    seq       bigint NOT NULL,
    tenant_id uuid NOT NULL,
    at        bigint NOT NULL,
    event     jsonb NOT NULL,
    PRIMARY KEY (run_id, seq)
);
CREATE INDEX run_events_age ON run_events USING brin (at);

CREATE TABLE artifacts (
    tenant_id  uuid NOT NULL,
    run_id     uuid NOT NULL,
    name       text NOT NULL,
    media_type text NOT NULL,
    hash       text NOT NULL,
    size       bigint NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, run_id, name)
);
CREATE INDEX artifacts_hash ON artifacts (tenant_id, hash);
CREATE INDEX artifacts_age ON artifacts (created_at);

CREATE TABLE schedules (
    id          uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    name        text NOT NULL,
    workflow_id uuid NOT NULL,
    spec        jsonb NOT NULL,
    enabled     boolean NOT NULL,
    next_at     bigint,
    revision    bigint NOT NULL DEFAULT 1,
    created_at  bigint NOT NULL,
    UNIQUE (tenant_id, name)
);
CREATE INDEX schedules_next ON schedules (next_at) WHERE enabled AND next_at IS NOT NULL;

-- A schedule fires once for each time, whoever comes first.
CREATE TABLE schedule_firings (
    schedule_id uuid NOT NULL REFERENCES schedules ON DELETE CASCADE,
    fire_at     bigint NOT NULL,
    tenant_id   uuid NOT NULL,
    fired_at    bigint NOT NULL,
    outcome     text NOT NULL,
    job_id      uuid,
    PRIMARY KEY (schedule_id, fire_at)
);

CREATE TABLE triggers (
    id          uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    name        text NOT NULL,
    kind        text NOT NULL,
    workflow_id uuid NOT NULL,
    spec        jsonb NOT NULL,
    enabled     boolean NOT NULL,
    revision    bigint NOT NULL DEFAULT 1,
    created_at  bigint NOT NULL,
    UNIQUE (tenant_id, name)
);

SELECT casare_isolate('run_events');
SELECT casare_isolate('artifacts');
SELECT casare_isolate('schedules');
SELECT casare_isolate('schedule_firings');
SELECT casare_isolate('triggers');
