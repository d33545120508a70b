-- The queue of jobs. What runs and what waits stands in `jobs`, what has ended in `job_history`.

-- Jobs with the same demands wait in the same lane. A lane never changes.
CREATE TABLE lanes (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    digest      BLOB NOT NULL UNIQUE,
    tenant_id   BLOB NOT NULL,
    workflow_id BLOB NOT NULL,
    demands     TEXT NOT NULL
) STRICT;

-- What limits can be set on, for each lane.
CREATE TABLE lane_keys (
    key     TEXT NOT NULL,
    lane_id INTEGER NOT NULL REFERENCES lanes,
    PRIMARY KEY (key, lane_id)
) STRICT;

CREATE TABLE jobs (
    id               BLOB PRIMARY KEY,
    tenant_id        BLOB NOT NULL,
    workflow_id      BLOB NOT NULL,
    lane_id          INTEGER NOT NULL,
    due_at           INTEGER NOT NULL,
    -- When something must be done about it: it becomes due, its lease runs out, …
    timer_at         INTEGER,
    lease_epoch      INTEGER NOT NULL DEFAULT 0,
    leased_at        INTEGER,
    started_at       INTEGER,
    workflow_version INTEGER,
    -- For a job that prefers a robot: where it waits, and for how long until any other may have it.
    spill_lane       INTEGER,
    spill_wait       INTEGER,
    attempt          INTEGER NOT NULL DEFAULT 0,
    -- 100 less its priority: the smallest goes first.
    rank             INTEGER NOT NULL CHECK (rank BETWEEN 0 AND 100),
    robot_id         BLOB,
    state            TEXT NOT NULL CHECK (state IN ('scheduled', 'queued', 'leased', 'running',
                                                    'suspended', 'needs_decision')),
    stop             TEXT CHECK (stop IN ('cancel', 'kill')),
    inputs           TEXT NOT NULL,
    options          TEXT,
    carry            TEXT
) STRICT;
CREATE INDEX jobs_ready ON jobs (lane_id, rank, due_at, id) WHERE state = 'queued';
CREATE INDEX jobs_timer ON jobs (timer_at) WHERE timer_at IS NOT NULL;
CREATE INDEX jobs_held_by_robot ON jobs (robot_id) WHERE robot_id IS NOT NULL;
CREATE INDEX jobs_held_in_lane ON jobs (lane_id) WHERE state IN ('leased', 'running');
CREATE INDEX jobs_stopping ON jobs (robot_id) WHERE stop IS NOT NULL;

CREATE TABLE job_history (
    id               BLOB NOT NULL,
    tenant_id        BLOB NOT NULL,
    workflow_id      BLOB NOT NULL,
    lane_id          INTEGER NOT NULL,
    due_at           INTEGER NOT NULL,
    lease_epoch      INTEGER NOT NULL,
    leased_at        INTEGER,
    started_at       INTEGER,
    finished_at      INTEGER NOT NULL,
    workflow_version INTEGER,
    attempt          INTEGER NOT NULL,
    rank             INTEGER NOT NULL,
    robot_id         BLOB,
    state            TEXT NOT NULL CHECK (state IN ('succeeded', 'failed', 'cancelled', 'dead')),
    error_kind       TEXT,
    error_message    TEXT,
    inputs           TEXT NOT NULL,
    options          TEXT,
    outputs          TEXT
) STRICT;
CREATE INDEX job_history_id ON job_history (id);
CREATE INDEX job_history_of_tenant ON job_history (tenant_id, finished_at);

-- The attempts that did not end their job; the last one stands with the job.
CREATE TABLE job_attempts (
    job_id        BLOB NOT NULL,
    lease_epoch   INTEGER NOT NULL,
    tenant_id     BLOB NOT NULL,
    attempt       INTEGER NOT NULL,
    robot_id      BLOB,
    leased_at     INTEGER,
    started_at    INTEGER,
    ended_at      INTEGER NOT NULL,
    outcome       TEXT NOT NULL,
    error_kind    TEXT,
    error_message TEXT,
    PRIMARY KEY (job_id, lease_epoch)
) STRICT;

CREATE TABLE job_keys (
    tenant_id  BLOB NOT NULL,
    key        TEXT NOT NULL,
    job_id     BLOB NOT NULL,
    digest     BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, key)
) STRICT;
CREATE INDEX job_keys_age ON job_keys (created_at);

CREATE TABLE dead_letters (
    job_id      BLOB PRIMARY KEY,
    tenant_id   BLOB NOT NULL,
    workflow_id BLOB NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('open', 'replayed', 'discarded')),
    error_kind  TEXT NOT NULL,
    died_at     INTEGER NOT NULL,
    settled_at  INTEGER,
    settled_by  TEXT,
    replayed_as BLOB,
    note        TEXT
) STRICT;
CREATE INDEX dead_letters_of_tenant ON dead_letters (tenant_id, state, job_id);

-- Limits and pauses; the version tells processes that keep a copy to read them again.
CREATE TABLE queue_rules (
    tenant_id BLOB,
    kind      TEXT NOT NULL CHECK (kind IN ('limit', 'pause')),
    key       TEXT NOT NULL,
    value     INTEGER NOT NULL,
    reason    TEXT,
    set_by    TEXT,
    set_at    INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT;
CREATE TABLE queue_version (version INTEGER NOT NULL) STRICT;
INSERT INTO queue_version VALUES (1);
