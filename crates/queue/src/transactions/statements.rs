//! Every statement of the transaction queues.

use casare_store::statements;

statements! {
    CREATE: "INSERT INTO queues (id, tenant_id, name, description, schema, unique_reference,
            max_attempts, retry, lease_us, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (tenant_id, name) DO NOTHING";
    CHANGE: "UPDATE queues SET description = $3, schema = $4, unique_reference = $5,
            max_attempts = $6, retry = $7, lease_us = $8, revision = revision + 1
        WHERE tenant_id = $1 AND name = $2";
    FIND: "SELECT id, name, description, schema, unique_reference, max_attempts, retry, lease_us,
            paused_at, revision, created_at
        FROM queues WHERE tenant_id = $1 AND name = $2";
    LIST: "SELECT id, name, description, schema, unique_reference, max_attempts, retry, lease_us,
            paused_at, revision, created_at
        FROM queues WHERE tenant_id = $1 AND name > $2 ORDER BY name LIMIT $3";
    REMOVE: "DELETE FROM queues WHERE tenant_id = $1 AND name = $2";
    PAUSE: "UPDATE queues SET paused_at = $3, revision = revision + 1
        WHERE tenant_id = $1 AND name = $2";
    ADD:
        "INSERT INTO queue_items (id, queue_id, tenant_id, reference, unique_key, state, rank, due_at,
                                  deadline_at, timer_at, payload, retry_of)
         SELECT unhex(value->>0, '-'), unhex(value->>1, '-'), unhex(value->>2, '-'), value->>3,
                value->>4, value->>5, value->>6, value->>7, value->>8, value->>9, value->10,
                unhex(value->>11, '-')
         FROM json_each($1) WHERE true
         ON CONFLICT (queue_id, unique_key) WHERE unique_key IS NOT NULL DO NOTHING
         RETURNING id",
        "INSERT INTO queue_items (id, queue_id, tenant_id, reference, unique_key, state, rank, due_at,
                                  deadline_at, timer_at, payload, retry_of)
         SELECT (i->>0)::uuid, (i->>1)::uuid, (i->>2)::uuid, i->>3, i->>4, i->>5,
                (i->>6)::smallint, (i->>7)::bigint, (i->>8)::bigint, (i->>9)::bigint, i->10,
                (i->>11)::uuid
         FROM jsonb_array_elements($1) AS i
         ON CONFLICT (queue_id, unique_key) WHERE unique_key IS NOT NULL DO NOTHING
         RETURNING id";
    TAKE:
        "UPDATE queue_items SET state = 'in_progress', lease_epoch = lease_epoch + 1,
                attempt = attempt + 1, holder = $3, taken_at = $4, timer_at = $5, progress = NULL
         WHERE id IN (SELECT id FROM queue_items WHERE queue_id = $1 AND state = 'new'
                      ORDER BY rank, due_at, id LIMIT $2)
         RETURNING id, reference, rank, due_at, deadline_at, lease_epoch, attempt, timer_at, payload",
        "UPDATE queue_items SET state = 'in_progress', lease_epoch = lease_epoch + 1,
                attempt = attempt + 1, holder = $3, taken_at = $4, timer_at = $5, progress = NULL
         WHERE id = ANY (ARRAY (SELECT id FROM queue_items WHERE queue_id = $1 AND state = 'new'
                                ORDER BY rank, due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED))
         RETURNING id, reference, rank, due_at, deadline_at, lease_epoch, attempt, timer_at, payload";
    RENEW_ITEM: "UPDATE queue_items SET timer_at = $3, progress = coalesce($4, progress)
        WHERE id = $1 AND lease_epoch = $2 AND state = 'in_progress'";
    COMPLETE: "UPDATE queue_items SET state = 'completed', output = $3, finished_at = $4,
            timer_at = NULL, error_kind = NULL, error_message = NULL
        WHERE id = $1 AND lease_epoch = $2 AND state = 'in_progress'";
    HELD_ITEM:
        "SELECT i.id, i.queue_id, i.attempt, i.deadline_at, q.max_attempts, q.retry, q.lease_us
         FROM queue_items i JOIN queues q ON q.id = i.queue_id
         WHERE i.id = $1 AND i.lease_epoch = $2 AND i.state = 'in_progress'",
        "SELECT i.id, i.queue_id, i.attempt, i.deadline_at, q.max_attempts, q.retry, q.lease_us
         FROM queue_items i JOIN queues q ON q.id = i.queue_id
         WHERE i.id = $1 AND i.lease_epoch = $2 AND i.state = 'in_progress' FOR UPDATE OF i";
    FAIL: "UPDATE queue_items SET state = $3, due_at = coalesce($4, due_at), timer_at = $4,
            finished_at = $5, error_kind = $6, error_message = $7, holder = NULL, review = $8
        WHERE id = $1 AND lease_epoch = $2 AND state = 'in_progress'";
    DEFER: "UPDATE queue_items SET state = 'deferred', due_at = $3, timer_at = $3, holder = NULL,
            attempt = attempt - 1
        WHERE id = $1 AND lease_epoch = $2 AND state = 'in_progress'";
    REVIEW: "UPDATE queue_items SET review = $4
        WHERE tenant_id = $1 AND id = $2 AND state IN ('failed', 'abandoned') AND review = $3";
    REMOVE_ITEM: "UPDATE queue_items SET state = 'deleted', timer_at = NULL, unique_key = NULL,
            finished_at = $3
        WHERE tenant_id = $1 AND id = $2 AND state IN ('new', 'deferred', 'failed', 'abandoned')";
    FREE_KEY: "UPDATE queue_items SET unique_key = NULL, review = 'retried'
        WHERE tenant_id = $1 AND id = $2 AND state IN ('failed', 'abandoned')";
    ITEM: "SELECT id, queue_id, reference, state, review, rank, due_at, deadline_at, attempt, holder,
            taken_at, finished_at, payload, output, progress, error_kind, error_message, retry_of
        FROM queue_items WHERE tenant_id = $1 AND id = $2";
    ITEMS: "SELECT id, queue_id, reference, state, review, rank, due_at, deadline_at, attempt, holder,
            taken_at, finished_at, payload, output, progress, error_kind, error_message, retry_of
        FROM queue_items WHERE tenant_id = $1 AND queue_id = $2 AND id > $3
            AND (CAST($4 AS text) IS NULL OR state = $4)
        ORDER BY id LIMIT $5";
    STATISTICS: "SELECT state AS key, count(*) AS held FROM queue_items
        WHERE tenant_id = $1 AND queue_id = $2 GROUP BY state";

    UNDEFER: "UPDATE queue_items SET state = 'new', timer_at = deadline_at
        WHERE timer_at <= $1 AND state = 'deferred'";
    EXPIRE: "UPDATE queue_items SET state = 'abandoned', timer_at = NULL, finished_at = $1,
            error_kind = 'deadline', error_message = 'its deadline passed', review = 'pending'
        WHERE timer_at <= $1 AND state = 'new'";
    LOSE: "UPDATE queue_items SET holder = NULL, error_kind = 'lost',
            error_message = 'its lease ran out',
            state = CASE WHEN attempt >= (SELECT max_attempts FROM queues q WHERE q.id = queue_id)
                         THEN 'abandoned' ELSE 'new' END,
            review = CASE WHEN attempt >= (SELECT max_attempts FROM queues q WHERE q.id = queue_id)
                          THEN 'pending' END,
            finished_at = CASE WHEN attempt >= (SELECT max_attempts FROM queues q
                                                WHERE q.id = queue_id) THEN $1 END,
            timer_at = CASE WHEN attempt >= (SELECT max_attempts FROM queues q WHERE q.id = queue_id)
                            THEN NULL ELSE deadline_at END
        WHERE timer_at <= $1 AND state = 'in_progress'";
    FORGET_ITEMS: "DELETE FROM queue_items
        WHERE finished_at < $1 AND state IN ('completed', 'failed', 'abandoned', 'deleted')";
}
