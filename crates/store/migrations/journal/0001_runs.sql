-- The local journal of runs. Times are microseconds since 1970 in UTC, JSON is text.

-- "Casr": tells this file from other SQLite files.
PRAGMA application_id = 1130460018;

CREATE TABLE runs (
    -- The short name by which segments refer to their run.
    key         INTEGER PRIMARY KEY,
    -- UUIDv7, so that the order of ids is the order of starts.
    id          BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    state       TEXT NOT NULL
                CHECK (state IN ('running', 'succeeded', 'failed', 'cancelled', 'needs_decision')),
    attempt     INTEGER NOT NULL DEFAULT 1,
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    steps       INTEGER NOT NULL DEFAULT 0,
    duration_ms INTEGER NOT NULL DEFAULT 0,
    workflow    TEXT NOT NULL,
    file        TEXT,
    hash        TEXT NOT NULL,
    folder      TEXT NOT NULL,
    options     TEXT NOT NULL,
    inputs      TEXT NOT NULL,
    error       TEXT,
    outputs     TEXT,
    -- The workflow's text; LZ4 unless text_length, its length before, is NULL. Last, so that
    -- reading the columns before it does not read its pages.
    text_length INTEGER,
    text        BLOB NOT NULL
) STRICT;

-- What the engine journals, in the order it was appended. The bytes mean nothing here.
CREATE TABLE segments (
    run    INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    seq    INTEGER NOT NULL,
    -- LZ4 unless length, the number of bytes before, is NULL.
    length INTEGER,
    bytes  BLOB NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 1;
