-- Transaction queues: business items that runs produce and consume.

CREATE TABLE queues (
    id                BLOB PRIMARY KEY,
    tenant_id         BLOB NOT NULL REFERENCES tenants,
    name              TEXT NOT NULL,
    description       TEXT,
    schema            TEXT,
    unique_reference  INTEGER NOT NULL,
    max_attempts      INTEGER NOT NULL CHECK (max_attempts BETWEEN 1 AND 100),
    retry             TEXT NOT NULL,
    lease_us          INTEGER NOT NULL,
    paused_at         INTEGER,
    revision          INTEGER NOT NULL DEFAULT 1,
    created_at        INTEGER NOT NULL,
    UNIQUE (tenant_id, name)
) STRICT;

CREATE TABLE queue_items (
    id            BLOB PRIMARY KEY,
    queue_id      BLOB NOT NULL REFERENCES queues ON DELETE CASCADE,
    tenant_id     BLOB NOT NULL,
    reference     TEXT,
    -- The reference once more where the queue wants it unique.
    unique_key    TEXT,
    state         TEXT NOT NULL CHECK (state IN ('new', 'deferred', 'in_progress', 'completed',
                                                 'failed', 'abandoned', 'deleted')),
    review        TEXT CHECK (review IN ('pending', 'in_review', 'verified', 'retried')),
    rank          INTEGER NOT NULL CHECK (rank BETWEEN 0 AND 100),
    due_at        INTEGER NOT NULL,
    deadline_at   INTEGER,
    timer_at      INTEGER,
    lease_epoch   INTEGER NOT NULL DEFAULT 0,
    attempt       INTEGER NOT NULL DEFAULT 0,
    holder        TEXT,
    taken_at      INTEGER,
    finished_at   INTEGER,
    payload       TEXT NOT NULL,
    output        TEXT,
    progress      TEXT,
    error_kind    TEXT,
    error_message TEXT,
    retry_of      BLOB
) STRICT;
CREATE UNIQUE INDEX queue_items_reference ON queue_items (queue_id, unique_key)
    WHERE unique_key IS NOT NULL;
CREATE INDEX queue_items_ready ON queue_items (queue_id, rank, due_at, id) WHERE state = 'new';
CREATE INDEX queue_items_timer ON queue_items (timer_at) WHERE timer_at IS NOT NULL;
CREATE INDEX queue_items_of_queue ON queue_items (queue_id, id);
