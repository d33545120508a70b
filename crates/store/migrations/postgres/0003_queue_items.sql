-- Transaction queues: business items that runs produce and consume.

CREATE TABLE queues (
    id                uuid PRIMARY KEY,
    tenant_id         uuid NOT NULL REFERENCES tenants,
    name              text NOT NULL,
    description       text,
    schema            jsonb,
    unique_reference  boolean NOT NULL,
    max_attempts      integer NOT NULL CHECK (max_attempts BETWEEN 1 AND 100),
    retry             jsonb NOT NULL,
    lease_us          bigint NOT NULL,
    paused_at         bigint,
    revision          bigint NOT NULL DEFAULT 1,
    created_at        bigint NOT NULL,
    UNIQUE (tenant_id, name)
);

CREATE TABLE queue_items (
    id            uuid PRIMARY KEY,
    queue_id      uuid NOT NULL REFERENCES queues ON DELETE CASCADE,
    tenant_id     uuid NOT NULL,
    reference     text,
    -- The reference once more where the queue wants it unique.
    unique_key    text,
    state         text NOT NULL CHECK (state IN ('new', 'deferred', 'in_progress', 'completed',
                                                 'failed', 'abandoned', 'deleted')),
    review        text CHECK (review IN ('pending', 'in_review', 'verified', 'retried')),
    rank          smallint NOT NULL CHECK (rank BETWEEN 0 AND 100),
    due_at        bigint NOT NULL,
    deadline_at   bigint,
    timer_at      bigint,
    lease_epoch   bigint NOT NULL DEFAULT 0,
    attempt       integer NOT NULL DEFAULT 0,
    holder        text,
    taken_at      bigint,
    finished_at   bigint,
    payload       jsonb NOT NULL,
    output        jsonb,
    progress      text,
    error_kind    text,
    error_message text,
    retry_of      uuid
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_vacuum_cost_delay = 0);
CREATE UNIQUE INDEX queue_items_reference ON queue_items (queue_id, unique_key)
    WHERE unique_key IS NOT NULL;
CREATE INDEX queue_items_ready ON queue_items (queue_id, rank, due_at, id) WHERE state = 'new';
CREATE INDEX queue_items_timer ON queue_items (timer_at) WHERE timer_at IS NOT NULL;
CREATE INDEX queue_items_of_queue ON queue_items (queue_id, id);

SELECT casare_isolate('queues');
SELECT casare_isolate('queue_items');
