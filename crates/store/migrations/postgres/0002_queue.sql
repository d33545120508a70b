-- The queue of jobs. What runs and what waits stands in `jobs`, what has ended in `job_history`.

-- Jobs with the same demands wait in the same lane. A lane never changes.
CREATE TABLE lanes (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest      bytea NOT NULL UNIQUE,
    tenant_id   uuid NOT NULL,
    workflow_id uuid NOT NULL,
    demands     jsonb NOT NULL
);

-- What limits can be set on, for each lane.
CREATE TABLE lane_keys (
    key     text NOT NULL,
    lane_id bigint NOT NULL REFERENCES lanes,
    PRIMARY KEY (key, lane_id)
);

CREATE TABLE jobs (
    id               uuid PRIMARY KEY,
    tenant_id        uuid NOT NULL,
    workflow_id      uuid NOT NULL,
    lane_id          bigint NOT NULL,
    due_at           bigint NOT NULL,
    -- When something must be done about it: it becomes due, its lease runs out, …
    timer_at         bigint,
    lease_epoch      bigint NOT NULL DEFAULT 0,
    leased_at        bigint,
    started_at       bigint,
    workflow_version bigint,
    -- For a job that prefers a robot: where it waits, and for how long until any other may have it.
    spill_lane       bigint,
    spill_wait       bigint,
    attempt          integer NOT NULL DEFAULT 0,
    -- 100 less its priority: the smallest goes first.
    rank             smallint NOT NULL CHECK (rank BETWEEN 0 AND 100),
    robot_id         uuid,
    state            text NOT NULL CHECK (state IN ('scheduled', 'queued', 'leased', 'running',
                                                    'suspended', 'needs_decision')),
    stop             text CHECK (stop IN ('cancel', 'kill')),
    inputs           jsonb NOT NULL,
    options          jsonb,
    carry            jsonb
) WITH (
    -- Rows come and go: clean up by count, not by share of the table.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX jobs_ready ON jobs (lane_id, rank, due_at, id) WHERE state = 'queued';
CREATE INDEX jobs_timer ON jobs (timer_at) WHERE timer_at IS NOT NULL;
CREATE INDEX jobs_held_by_robot ON jobs (robot_id) WHERE robot_id IS NOT NULL;
CREATE INDEX jobs_held_in_lane ON jobs (lane_id) WHERE state IN ('leased', 'running');
CREATE INDEX jobs_stopping ON jobs (robot_id) WHERE stop IS NOT NULL;

CREATE TABLE job_history (
    id               uuid NOT NULL,
    tenant_id        uuid NOT NULL,
    workflow_id      uuid NOT NULL,
    lane_id          bigint NOT NULL,
    due_at           bigint NOT NULL,
    lease_epoch      bigint NOT NULL,
    leased_at        bigint,
    started_at       bigint,
    finished_at      bigint NOT NULL,
    workflow_version bigint,
    attempt          integer NOT NULL,
    rank             smallint NOT NULL,
    robot_id         uuid,
    state            text NOT NULL CHECK (state IN ('succeeded', 'failed', 'cancelled', 'dead')),
    error_kind       text,
    error_message    text,
    inputs           jsonb NOT NULL,
    options          jsonb,
    outputs          jsonb
) PARTITION BY RANGE (finished_at);
CREATE INDEX job_history_id ON job_history (id);
CREATE INDEX job_history_of_tenant ON job_history (tenant_id, finished_at);
CREATE TABLE job_history_rest PARTITION OF job_history DEFAULT;

-- The attempts that did not end their job; the last one stands with the job.
CREATE TABLE job_attempts (
    job_id        uuid NOT NULL,
    lease_epoch   bigint NOT NULL,
    tenant_id     uuid NOT NULL,
    attempt       integer NOT NULL,
    robot_id      uuid,
    leased_at     bigint,
    started_at    bigint,
    ended_at      bigint NOT NULL,
    outcome       text NOT NULL,
    error_kind    text,
    error_message text,
    PRIMARY KEY (job_id, lease_epoch)
);

CREATE TABLE job_keys (
    tenant_id  uuid NOT NULL,
    key        text NOT NULL,
    job_id     uuid NOT NULL,
    digest     bytea NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX job_keys_age ON job_keys (created_at);

CREATE TABLE dead_letters (
    job_id      uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL,
    workflow_id uuid NOT NULL,
    state       text NOT NULL CHECK (state IN ('open', 'replayed', 'discarded')),
    error_kind  text NOT NULL,
    died_at     bigint NOT NULL,
    settled_at  bigint,
    settled_by  text,
    replayed_as uuid,
    note        text
);
CREATE INDEX dead_letters_of_tenant ON dead_letters (tenant_id, state, job_id);

-- Limits and pauses; the version tells processes that keep a copy to read them again.
CREATE TABLE queue_rules (
    tenant_id uuid,
    kind      text NOT NULL CHECK (kind IN ('limit', 'pause')),
    key       text NOT NULL,
    value     bigint NOT NULL,
    reason    text,
    set_by    text,
    set_at    bigint NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE TABLE queue_version (version bigint NOT NULL);
INSERT INTO queue_version VALUES (1);

SELECT casare_isolate('lanes');
SELECT casare_isolate('jobs');
SELECT casare_isolate('job_history');
SELECT casare_isolate('job_attempts');
SELECT casare_isolate('job_keys');
SELECT casare_isolate('dead_letters');
SELECT casare_isolate('queue_rules');
