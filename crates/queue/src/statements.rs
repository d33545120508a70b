//! Every statement of the job queue: constant text, so that a test can prepare them all.
//!
//! Changes of a job name its lease epoch and the state it must be in. Lists go in as one parameter:
//! as arrays where it is hot on PostgreSQL, as JSON elsewhere.
//!
//! PostgreSQL keeps the plan that it made when the table was empty. So jobs are found by
//! `id = ANY (…)`, for which there is one way to go, and never by a join whose order it could turn
//! round; what belongs to each is found in a sorted array by `width_bucket`.

use casare_store::statements;

statements! {
    // Rules and lanes.

    VERSION_AND_TIMER:
        "SELECT (SELECT version FROM queue_version) AS version,
                (SELECT timer_at FROM jobs WHERE timer_at IS NOT NULL
                 ORDER BY timer_at LIMIT 1) AS next_timer";
    ALL_RULES: "SELECT kind, key, value, reason, set_by, set_at FROM queue_rules";
    WEIGHTS: "SELECT id, CAST(weight AS bigint) AS weight FROM tenants WHERE weight <> 1";
    SET_WEIGHT: "UPDATE tenants SET weight = $2 WHERE id = $1";
    SET_RULE: "INSERT INTO queue_rules (tenant_id, kind, key, value, reason, set_by, set_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, reason = excluded.reason,
            set_by = excluded.set_by, set_at = excluded.set_at";
    DROP_RULE: "DELETE FROM queue_rules WHERE kind = $1 AND key = $2";
    NEXT_VERSION: "UPDATE queue_version SET version = version + 1";
    ALL_LANES: "SELECT id, tenant_id, workflow_id, demands FROM lanes";
    LANES:
        "SELECT id, tenant_id, workflow_id, demands FROM lanes
         WHERE id IN (SELECT value FROM json_each($1))",
        "SELECT id, tenant_id, workflow_id, demands FROM lanes
         WHERE id = ANY (ARRAY (SELECT jsonb_array_elements_text($1)::bigint))";
    ADD_LANE: "INSERT INTO lanes (digest, tenant_id, workflow_id, demands) VALUES ($1, $2, $3, $4)
        ON CONFLICT (digest) DO NOTHING";
    FIND_LANE: "SELECT id FROM lanes WHERE digest = $1";
    ADD_LANE_KEY: "INSERT INTO lane_keys (key, lane_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";

    // Submitting.

    ENQUEUE:
        "INSERT INTO jobs (id, tenant_id, workflow_id, lane_id, due_at, timer_at, workflow_version,
                           spill_lane, spill_wait, rank, state, inputs, options)
         SELECT unhex(value->>0, '-'), unhex(value->>1, '-'), unhex(value->>2, '-'), value->>3,
                value->>4, value->>5, value->>6, value->>7, value->>8, value->>9, value->>10,
                value->11, nullif(value->12, 'null')
         FROM json_each($1)",
        "WITH added AS (
             INSERT INTO jobs (id, tenant_id, workflow_id, lane_id, due_at, timer_at,
                               workflow_version, spill_lane, spill_wait, rank, state, inputs,
                               options)
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[],
                                  $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
                                  $10::smallint[], $11::text[], $12::jsonb[], $13::jsonb[])
             RETURNING id, tenant_id, workflow_id, state)
         INSERT INTO outbox (tenant_id, topic, payload, at)
         SELECT tenant_id, 'jobs', jsonb_agg(jsonb_build_array(id, state, workflow_id)), $14
         FROM added GROUP BY tenant_id";
    CLAIM_KEY: "INSERT INTO job_keys (tenant_id, key, job_id, digest, created_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, key) DO NOTHING";
    FIND_KEY: "SELECT job_id, digest FROM job_keys WHERE tenant_id = $1 AND key = $2";
    FORGET_KEYS: "DELETE FROM job_keys WHERE created_at < $1";

    // Leasing.

    /// The first job of each lane that has one.
    SCAN:
        "",
        "WITH RECURSIVE heads AS (
             (SELECT lane_id, rank, due_at, id FROM jobs WHERE state = 'queued'
              ORDER BY lane_id, rank, due_at, id LIMIT 1)
             UNION ALL
             SELECT next.* FROM heads CROSS JOIN LATERAL (
                 SELECT j.lane_id, j.rank, j.due_at, j.id FROM jobs j
                 WHERE j.state = 'queued' AND j.lane_id > heads.lane_id
                 ORDER BY j.lane_id, j.rank, j.due_at, j.id LIMIT 1) next)
         SELECT lane_id, rank, due_at, id FROM heads";
    /// The same for the first lane after $1.
    NEXT_LANE:
        "SELECT lane_id, rank, due_at, id FROM jobs WHERE state = 'queued' AND lane_id > $1
         ORDER BY lane_id, rank, due_at, id LIMIT 1";
    /// The first $5 jobs of lanes, from where their first one is known to be.
    HEADS:
        "SELECT lane_id, rank, due_at, id FROM jobs
         WHERE state = 'queued' AND lane_id = $1 AND (rank, due_at, id) >= ($2, $3, $4)
         ORDER BY rank, due_at, id LIMIT $5",
        "SELECT head.* FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::uuid[])
                            AS lane (lane_id, rank, due_at, id)
         CROSS JOIN LATERAL (
             SELECT j.lane_id, j.rank, j.due_at, j.id FROM jobs j
             WHERE j.state = 'queued' AND j.lane_id = lane.lane_id
               AND (j.rank, j.due_at, j.id) >= (lane.rank, lane.due_at, lane.id)
             ORDER BY j.rank, j.due_at, j.id LIMIT $5) head";
    /// How many jobs are held under each of these keys.
    HELD_UNDER:
        "SELECT k.key AS key, count(*) AS held FROM json_each($1) wanted
         CROSS JOIN lane_keys k ON k.key = wanted.value
         CROSS JOIN jobs j ON j.lane_id = k.lane_id AND j.state IN ('leased', 'running')
         GROUP BY k.key",
        "SELECT k.key AS key, count(*) AS held FROM lane_keys k
         JOIN jobs j ON j.lane_id = k.lane_id AND j.state IN ('leased', 'running')
         WHERE k.key = ANY (ARRAY (SELECT jsonb_array_elements_text($1))) GROUP BY k.key";
    HELD_BY_TENANTS: "SELECT tenant_id, count(*) AS held FROM jobs
        WHERE state IN ('leased', 'running')
        GROUP BY tenant_id";
    HELD_BY_ROBOT: "SELECT count(*) AS held FROM jobs WHERE robot_id = $1";
    /// Takes the first jobs of lanes and gives the nth of each to a robot that has room for it.
    ///
    /// $1-$5 lanes, how many of each, from where; $6 where a lane's picks begin in $7 (the place of
    /// the robot in $9) and $8 (how many more this robot has got before, counted from one); $9, $10
    /// robots and their slots; $11 now, $12 until when.
    LEASE:
        "UPDATE jobs SET state = 'leased', lease_epoch = lease_epoch + 1, attempt = attempt + 1,
                robot_id = $2, leased_at = $3, started_at = NULL, timer_at = $4
         WHERE id IN (SELECT unhex(value) FROM json_each($1)) AND state = 'queued'
         RETURNING id, tenant_id, workflow_id, workflow_version, lane_id, rank, due_at, lease_epoch,
                   attempt, robot_id, timer_at, inputs, options, carry",
        "WITH wanted AS (
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[],
                                  $5::uuid[], $6::bigint[])
                           AS w (lane_id, count, rank, due_at, id, first)),
         chosen AS MATERIALIZED (
             SELECT w.lane_id, w.first, j.id, j.rank, j.due_at FROM wanted w CROSS JOIN LATERAL (
                 SELECT j.id, j.rank, j.due_at FROM jobs j
                 WHERE j.state = 'queued' AND j.lane_id = w.lane_id
                   AND (j.rank, j.due_at, j.id) >= (w.rank, w.due_at, w.id)
                 ORDER BY j.rank, j.due_at, j.id LIMIT w.count
                 FOR UPDATE SKIP LOCKED) j),
         numbered AS (
             SELECT id, first + row_number() OVER (PARTITION BY lane_id
                                                   ORDER BY rank, due_at, id) AS pick
             FROM chosen),
         room AS MATERIALIZED (
             SELECT array_agg(slots - (SELECT count(*) FROM jobs h WHERE h.robot_id = r.robot)
                              ORDER BY place) AS room
             FROM unnest($9::uuid[], $10::bigint[]) WITH ORDINALITY AS r (robot, slots, place)),
         given AS MATERIALIZED (
             SELECT array_agg(id ORDER BY id) AS ids, array_agg(robot ORDER BY id) AS robots FROM (
                 SELECT id, ($9::uuid[])[($7::integer[])[pick::integer]] AS robot FROM numbered
                 WHERE ($8::bigint[])[pick::integer]
                       <= ((SELECT room FROM room))[($7::integer[])[pick::integer]]) AS g),
         leased AS (
             UPDATE jobs SET state = 'leased', lease_epoch = lease_epoch + 1, attempt = attempt + 1,
                    robot_id = ((SELECT robots FROM given))[
                        width_bucket(jobs.id, (SELECT ids FROM given))],
                    leased_at = $11, started_at = NULL, timer_at = $12
             WHERE jobs.id = ANY ((SELECT ids FROM given)::uuid[])
             RETURNING jobs.id, tenant_id, workflow_id, workflow_version, lane_id, rank, due_at,
                       lease_epoch, attempt, robot_id, timer_at, inputs, options, carry),
         told AS (
             INSERT INTO outbox (tenant_id, topic, payload, at)
             SELECT tenant_id, 'jobs', jsonb_agg(jsonb_build_array(id, 'leased', workflow_id)), $11
             FROM leased GROUP BY tenant_id)
         SELECT * FROM leased";

    // While it runs.

    START:
        "UPDATE jobs SET state = 'running', started_at = $2
         FROM (SELECT unhex(value->>0, '-') AS id, value->>1 AS epoch FROM json_each($1)) AS l
         WHERE jobs.id = l.id AND jobs.lease_epoch = l.epoch AND jobs.state = 'leased'
         RETURNING jobs.id",
        "UPDATE jobs SET state = 'running', started_at = $2
         FROM (SELECT (l->>0)::uuid AS id, (l->>1)::bigint AS epoch
               FROM jsonb_array_elements($1) AS l) AS l
         WHERE jobs.id = ANY (ARRAY (SELECT (o->>0)::uuid FROM jsonb_array_elements($1) AS o))
           AND jobs.id = l.id AND jobs.lease_epoch = l.epoch AND jobs.state = 'leased'
         RETURNING jobs.id";
    /// What is to be killed gets no more time.
    RENEW:
        "UPDATE jobs SET timer_at = CASE WHEN stop = 'kill' THEN timer_at ELSE $2 END
         FROM (SELECT unhex(value->>0, '-') AS id, value->>1 AS epoch FROM json_each($1)) AS l
         WHERE jobs.id = l.id AND jobs.lease_epoch = l.epoch AND jobs.state IN ('leased', 'running')
         RETURNING jobs.id, jobs.lease_epoch, jobs.timer_at, jobs.stop",
        "UPDATE jobs SET timer_at = CASE WHEN stop = 'kill' THEN timer_at ELSE $2 END
         FROM (SELECT (l->>0)::uuid AS id, (l->>1)::bigint AS epoch
               FROM jsonb_array_elements($1) AS l) AS l
         WHERE jobs.id = ANY (ARRAY (SELECT (o->>0)::uuid FROM jsonb_array_elements($1) AS o))
           AND jobs.id = l.id AND jobs.lease_epoch = l.epoch AND jobs.state IN ('leased', 'running')
         RETURNING jobs.id, jobs.lease_epoch, jobs.timer_at, jobs.stop";
    /// Whoever gives the job to another robot waits for the end of this transaction.
    HELD:
        "SELECT jobs.id, jobs.lease_epoch, jobs.timer_at
         FROM (SELECT unhex(value->>0, '-') AS id, value->>1 AS epoch FROM json_each($1)) AS l
         JOIN jobs ON jobs.id = l.id AND jobs.lease_epoch = l.epoch
         WHERE jobs.state IN ('leased', 'running')",
        "SELECT jobs.id, jobs.lease_epoch, jobs.timer_at
         FROM (SELECT (l->>0)::uuid AS id, (l->>1)::bigint AS epoch
               FROM jsonb_array_elements($1) AS l) AS l
         JOIN jobs ON jobs.id = l.id AND jobs.lease_epoch = l.epoch
         WHERE jobs.id = ANY (ARRAY (SELECT (o->>0)::uuid FROM jsonb_array_elements($1) AS o))
           AND jobs.state IN ('leased', 'running')
         ORDER BY jobs.id FOR UPDATE OF jobs";
    STOPPING: "SELECT id, lease_epoch, stop, robot_id FROM jobs WHERE stop IS NOT NULL
        AND robot_id IS NOT NULL";

    // Ends.

    /// Moves what succeeded to the history; $1 is sorted. SQLite copies first and removes then.
    FINISH:
        "INSERT INTO job_history (id, tenant_id, workflow_id, lane_id, due_at, lease_epoch, leased_at,
             started_at, finished_at, workflow_version, attempt, rank, robot_id, state, inputs,
             options, outputs)
         SELECT j.id, tenant_id, workflow_id, lane_id, due_at, lease_epoch, leased_at, started_at,
                $2, workflow_version, attempt, rank, robot_id, 'succeeded', inputs, options,
                nullif(e.value->2, 'null')
         FROM json_each($1) e CROSS JOIN jobs j ON j.id = unhex(e.value->>0, '-')
         WHERE j.lease_epoch = e.value->>1 AND j.state IN ('leased', 'running')
         RETURNING id, tenant_id, workflow_id, lease_epoch",
        "WITH gone AS (
             DELETE FROM jobs j
             WHERE j.id = ANY ($1::uuid[])
               AND j.lease_epoch = ($2::bigint[])[width_bucket(j.id, $1::uuid[])]
               AND j.state IN ('leased', 'running')
             RETURNING j.*, ($3::jsonb[])[width_bucket(j.id, $1::uuid[])] AS outputs),
         kept AS (
             INSERT INTO job_history (id, tenant_id, workflow_id, lane_id, due_at, lease_epoch,
                 leased_at, started_at, finished_at, workflow_version, attempt, rank, robot_id,
                 state, inputs, options, outputs)
             SELECT id, tenant_id, workflow_id, lane_id, due_at, lease_epoch, leased_at, started_at,
                    $4, workflow_version, attempt, rank, robot_id, 'succeeded', inputs, options,
                    outputs
             FROM gone),
         told AS (
             INSERT INTO outbox (tenant_id, topic, payload, at)
             SELECT tenant_id, 'jobs', jsonb_agg(jsonb_build_array(id, 'succeeded', workflow_id)), $4
             FROM gone GROUP BY tenant_id)
         SELECT id, tenant_id, workflow_id, lease_epoch FROM gone";
    REMOVE_FINISHED:
        "DELETE FROM jobs WHERE id IN (SELECT unhex(value) FROM json_each($1))", "";
    /// The jobs with these ids, for this transaction alone.
    LOCK_JOBS:
        "SELECT id, tenant_id, workflow_id, lane_id, rank, due_at, lease_epoch, leased_at, started_at,
                attempt, robot_id, state, stop, options, carry
         FROM jobs WHERE id IN (SELECT unhex(value, '-') FROM json_each($1))",
        "SELECT id, tenant_id, workflow_id, lane_id, rank, due_at, lease_epoch, leased_at, started_at,
                attempt, robot_id, state, stop, options, carry
         FROM jobs WHERE id = ANY (ARRAY (SELECT jsonb_array_elements_text($1)::uuid))
         ORDER BY id FOR UPDATE";
    /// Those whose lease has run out.
    LOCK_LOST:
        "SELECT id, tenant_id, workflow_id, lane_id, rank, due_at, lease_epoch, leased_at, started_at,
                attempt, robot_id, state, stop, options, carry
         FROM jobs WHERE timer_at <= $1 AND robot_id IS NOT NULL ORDER BY timer_at LIMIT $2",
        "SELECT id, tenant_id, workflow_id, lane_id, rank, due_at, lease_epoch, leased_at, started_at,
                attempt, robot_id, state, stop, options, carry
         FROM jobs WHERE timer_at <= $1 AND robot_id IS NOT NULL ORDER BY timer_at LIMIT $2
         FOR UPDATE SKIP LOCKED";
    /// Moves jobs on to another state in which they wait.
    MOVE:
        "UPDATE jobs SET state = m.value->>3, due_at = m.value->>4, timer_at = m.value->>5,
                carry = nullif(m.value->6, 'null'), attempt = attempt - (m.value->>7),
                robot_id = NULL, leased_at = NULL, started_at = NULL, stop = NULL
         FROM json_each($1) m
         WHERE jobs.id = unhex(m.value->>0, '-') AND jobs.lease_epoch = m.value->>1
           AND jobs.state = m.value->>2
         RETURNING jobs.id, lane_id, rank, due_at, state, timer_at",
        "UPDATE jobs SET state = m->>3, due_at = (m->>4)::bigint, timer_at = (m->>5)::bigint,
                carry = nullif(m->6, 'null'::jsonb), attempt = attempt - (m->>7)::integer,
                robot_id = NULL, leased_at = NULL, started_at = NULL, stop = NULL
         FROM jsonb_array_elements($1) AS m
         WHERE jobs.id = ANY (ARRAY (SELECT (o->>0)::uuid FROM jsonb_array_elements($1) AS o))
           AND jobs.id = (m->>0)::uuid AND jobs.lease_epoch = (m->>1)::bigint
           AND jobs.state = m->>2
         RETURNING jobs.id, lane_id, rank, due_at, state, timer_at";
    /// Copies jobs to the history as they end. They are removed after.
    CLOSE:
        "INSERT INTO job_history (id, tenant_id, workflow_id, lane_id, due_at, lease_epoch, leased_at,
             started_at, finished_at, workflow_version, attempt, rank, robot_id, state, error_kind,
             error_message, inputs, options, outputs)
         SELECT j.id, tenant_id, workflow_id, lane_id, due_at, lease_epoch, leased_at, started_at,
                $2, workflow_version, attempt, rank, robot_id, e.value->>3, e.value->>4,
                e.value->>5, inputs, options, NULL
         FROM json_each($1) e CROSS JOIN jobs j ON j.id = unhex(e.value->>0, '-')
         WHERE j.lease_epoch = e.value->>1 AND j.state = e.value->>2
         RETURNING id",
        "WITH gone AS (
             DELETE FROM jobs j USING (
                 SELECT (e->>0)::uuid AS id, (e->>1)::bigint AS epoch, e->>2 AS was, e->>3 AS ended,
                        e->>4 AS error_kind, e->>5 AS error_message
                 FROM jsonb_array_elements($1) AS e) AS e
             WHERE j.id = ANY (ARRAY (SELECT (o->>0)::uuid FROM jsonb_array_elements($1) AS o))
               AND j.id = e.id AND j.lease_epoch = e.epoch AND j.state = e.was
             RETURNING j.*, e.ended, e.error_kind, e.error_message)
         INSERT INTO job_history (id, tenant_id, workflow_id, lane_id, due_at, lease_epoch, leased_at,
             started_at, finished_at, workflow_version, attempt, rank, robot_id, state, error_kind,
             error_message, inputs, options, outputs)
         SELECT id, tenant_id, workflow_id, lane_id, due_at, lease_epoch, leased_at, started_at,
                $2, workflow_version, attempt, rank, robot_id, ended, error_kind, error_message,
                inputs, options, NULL
         FROM gone RETURNING id";
    ADD_ATTEMPT: "INSERT INTO job_attempts (job_id, lease_epoch, tenant_id, attempt, robot_id,
            leased_at, started_at, ended_at, outcome, error_kind, error_message)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (job_id, lease_epoch) DO NOTHING";
    BURY: "INSERT INTO dead_letters (job_id, tenant_id, workflow_id, state, error_kind, died_at)
        VALUES ($1, $2, $3, 'open', $4, $5) ON CONFLICT (job_id) DO NOTHING";
    ENDED_AS: "SELECT state, lease_epoch FROM job_history WHERE id = $1 AND finished_at >= $2";

    // Timers.

    PROMOTE:
        "UPDATE jobs SET state = 'queued',
                timer_at = CASE WHEN spill_lane IS NULL THEN NULL ELSE $1 + spill_wait END
         WHERE id IN (SELECT id FROM jobs WHERE timer_at <= $1 AND state = 'scheduled'
                      ORDER BY timer_at LIMIT $2)
         RETURNING id, tenant_id, workflow_id, lane_id, rank, due_at, state, timer_at",
        "UPDATE jobs SET state = 'queued',
                timer_at = CASE WHEN spill_lane IS NULL THEN NULL ELSE $1 + spill_wait END
         WHERE id = ANY (ARRAY (SELECT id FROM jobs WHERE timer_at <= $1 AND state = 'scheduled'
                                ORDER BY timer_at LIMIT $2 FOR UPDATE SKIP LOCKED))
         RETURNING id, tenant_id, workflow_id, lane_id, rank, due_at, state, timer_at";
    /// The robot that was preferred has not come.
    SPILL:
        "UPDATE jobs SET lane_id = spill_lane, spill_lane = NULL, timer_at = NULL
         WHERE id IN (SELECT id FROM jobs WHERE timer_at <= $1 AND state = 'queued'
                      ORDER BY timer_at LIMIT $2)
         RETURNING id, tenant_id, workflow_id, lane_id, rank, due_at, state, timer_at",
        "UPDATE jobs SET lane_id = spill_lane, spill_lane = NULL, timer_at = NULL
         WHERE id = ANY (ARRAY (SELECT id FROM jobs WHERE timer_at <= $1 AND state = 'queued'
                                ORDER BY timer_at LIMIT $2 FOR UPDATE SKIP LOCKED))
         RETURNING id, tenant_id, workflow_id, lane_id, rank, due_at, state, timer_at";
    /// What waited for a time goes on.
    WAKE_SUSPENDED:
        "UPDATE jobs SET state = 'queued', timer_at = NULL
         WHERE id IN (SELECT id FROM jobs WHERE timer_at <= $1 AND state = 'suspended'
                      ORDER BY timer_at LIMIT $2)
         RETURNING id, tenant_id, workflow_id, lane_id, rank, due_at, state, timer_at",
        "UPDATE jobs SET state = 'queued', timer_at = NULL
         WHERE id = ANY (ARRAY (SELECT id FROM jobs WHERE timer_at <= $1 AND state = 'suspended'
                                ORDER BY timer_at LIMIT $2 FOR UPDATE SKIP LOCKED))
         RETURNING id, tenant_id, workflow_id, lane_id, rank, due_at, state, timer_at";

    // Control.

    ASK_TO_STOP: "UPDATE jobs SET stop = $3,
            timer_at = CASE WHEN $4 < timer_at THEN $4 ELSE timer_at END
        WHERE id = $1 AND lease_epoch = $2 AND state IN ('leased', 'running')";
    SET_PRIORITY: "UPDATE jobs SET rank = $2 WHERE id = $1 AND state IN ('scheduled', 'queued')
        RETURNING id, tenant_id, workflow_id, lane_id, rank, due_at, state, timer_at";

    // Looking.

    LIVE_JOB: "SELECT id, tenant_id, workflow_id, workflow_version, lane_id, rank, due_at, timer_at,
            lease_epoch, attempt, robot_id, leased_at, started_at, state, stop, inputs, options, carry
        FROM jobs WHERE id = $1";
    ENDED_JOB: "SELECT id, tenant_id, workflow_id, workflow_version, lane_id, rank, due_at,
            lease_epoch, attempt, robot_id, leased_at, started_at, finished_at, state, error_kind,
            error_message, inputs, options, outputs
        FROM job_history WHERE id = $1 AND finished_at >= $2";
    ATTEMPTS: "SELECT lease_epoch, attempt, robot_id, leased_at, started_at, ended_at, outcome,
            error_kind, error_message
        FROM job_attempts WHERE job_id = $1 ORDER BY lease_epoch";
    /// How many of the lane go before, up to $5.
    AHEAD: "SELECT count(*) AS held FROM (
            SELECT 1 FROM jobs WHERE state = 'queued' AND lane_id = $1
                AND (rank, due_at, id) < ($2, $3, $4) LIMIT $5) AS ahead";
    COUNTS: "SELECT state, count(*) AS held FROM jobs WHERE tenant_id = $1 GROUP BY state";

    // Dead letters.

    LETTERS: "SELECT d.job_id, d.workflow_id, d.state, d.error_kind, h.error_message, d.died_at,
            d.settled_at, d.settled_by, d.replayed_as, d.note
        FROM dead_letters d LEFT JOIN job_history h ON h.id = d.job_id
        WHERE d.tenant_id = $1 AND d.state = $2 AND d.job_id > $3 ORDER BY d.job_id LIMIT $4";
    LETTER_STATS: "SELECT error_kind AS key, count(*) AS held FROM dead_letters
        WHERE tenant_id = $1 AND state = 'open' GROUP BY error_kind";
    SETTLE_LETTER: "UPDATE dead_letters SET state = $3, settled_at = $4, settled_by = $5, note = $6,
            replayed_as = $7
        WHERE tenant_id = $1 AND job_id = $2 AND state = 'open'";
    NOTE_LETTER: "UPDATE dead_letters SET note = $3 WHERE tenant_id = $1 AND job_id = $2";
    PURGE_LETTERS: "DELETE FROM dead_letters WHERE state <> 'open' AND settled_at < $1";

    TELL: "INSERT INTO outbox (tenant_id, topic, payload, at) VALUES ($1, 'jobs', $2, $3)";
}
