-- Who may do what, what is secret, and what the server remembers of its callers.

-- A person. Which tenants they belong to stands in `members`.
CREATE TABLE users (
    id         BLOB PRIMARY KEY,
    email      TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    -- argon2id, as PHC text; without one nobody signs in by password.
    password   TEXT,
    disabled_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    tenant_id  BLOB NOT NULL REFERENCES tenants,
    user_id    BLOB NOT NULL REFERENCES users ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'operator', 'viewer')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
) STRICT;
CREATE INDEX members_user ON members (user_id);

-- Secrets are kept as their SHA-256: they are long and random.
CREATE TABLE sessions (
    hash       BLOB PRIMARY KEY,
    id         BLOB NOT NULL UNIQUE,
    user_id    BLOB NOT NULL REFERENCES users ON DELETE CASCADE,
    tenant_id  BLOB NOT NULL,
    agent      TEXT NOT NULL,
    address    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_keys (
    id           BLOB PRIMARY KEY,
    tenant_id    BLOB NOT NULL REFERENCES tenants,
    name         TEXT NOT NULL,
    hash         BLOB NOT NULL UNIQUE,
    -- How it begins, to tell keys apart.
    hint         TEXT NOT NULL,
    role         TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;
CREATE INDEX api_keys_of_tenant ON api_keys (tenant_id, id);

-- One-time links: the first administrator, invitations, new passwords.
CREATE TABLE login_links (
    hash       BLOB PRIMARY KEY,
    purpose    TEXT NOT NULL CHECK (purpose IN ('first_owner', 'invitation', 'password')),
    tenant_id  BLOB NOT NULL,
    email      TEXT,
    role       TEXT,
    user_id    BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- How often signing in failed, for each account and address.
CREATE TABLE sign_in_failures (
    key      TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE robot_tokens (
    id         BLOB PRIMARY KEY,
    hash       BLOB NOT NULL UNIQUE,
    tenant_id  BLOB NOT NULL REFERENCES tenants,
    name       TEXT NOT NULL,
    placement  TEXT NOT NULL,
    uses_left  INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE robot_keys (
    hash         BLOB PRIMARY KEY,
    robot_id     BLOB NOT NULL REFERENCES robots ON DELETE CASCADE,
    tenant_id    BLOB,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;
CREATE INDEX robot_keys_robot ON robot_keys (robot_id);

-- A data key per tenant, wrapped by the master key, which is not in the database.
CREATE TABLE vault_keys (
    tenant_id  BLOB PRIMARY KEY REFERENCES tenants,
    wrapped    BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE credentials (
    tenant_id   BLOB NOT NULL REFERENCES tenants,
    -- Empty: in every environment that does not say otherwise.
    environment TEXT NOT NULL,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    description TEXT,
    -- The names of its fields; the values are sealed.
    fields      TEXT NOT NULL,
    sealed      BLOB NOT NULL,
    revision    INTEGER NOT NULL DEFAULT 1,
    updated_by  TEXT NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, environment, name)
) STRICT;

-- Answers of requests that carried an idempotency key.
CREATE TABLE answers (
    tenant_id  BLOB NOT NULL,
    caller     TEXT NOT NULL,
    key        TEXT NOT NULL,
    digest     BLOB NOT NULL,
    -- Nothing while the first request is under way.
    status     INTEGER,
    headers    TEXT,
    body       BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, caller, key)
) STRICT;
CREATE INDEX answers_age ON answers (created_at);

CREATE TABLE calendars (
    tenant_id  BLOB NOT NULL REFERENCES tenants,
    name       TEXT NOT NULL,
    spec       TEXT NOT NULL,
    revision   INTEGER NOT NULL DEFAULT 1,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT;

-- What starts runs is noted, whether it did or not.
CREATE TABLE trigger_deliveries (
    id         BLOB PRIMARY KEY,
    tenant_id  BLOB NOT NULL,
    trigger_id BLOB NOT NULL REFERENCES triggers ON DELETE CASCADE,
    at         INTEGER NOT NULL,
    outcome    TEXT NOT NULL,
    job_id     BLOB,
    detail     TEXT
) STRICT;
CREATE INDEX trigger_deliveries_of_trigger ON trigger_deliveries (trigger_id, id);

-- Whom to tell of what happens.
CREATE TABLE hooks (
    id         BLOB PRIMARY KEY,
    tenant_id  BLOB NOT NULL REFERENCES tenants,
    name       TEXT NOT NULL,
    url        TEXT NOT NULL,
    events     TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    enabled    INTEGER NOT NULL,
    revision   INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant_id, name)
) STRICT;

CREATE TABLE hook_deliveries (
    id           BLOB PRIMARY KEY,
    tenant_id    BLOB NOT NULL,
    hook_id      BLOB NOT NULL REFERENCES hooks ON DELETE CASCADE,
    event        TEXT NOT NULL,
    payload      TEXT NOT NULL,
    -- When to try next; nothing when it has arrived or was given up.
    next_at      INTEGER,
    attempts     INTEGER NOT NULL DEFAULT 0,
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up')),
    status       INTEGER,
    error        TEXT,
    created_at   INTEGER NOT NULL,
    finished_at  INTEGER
) STRICT;
CREATE INDEX hook_deliveries_due ON hook_deliveries (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX hook_deliveries_of_hook ON hook_deliveries (hook_id, id);

-- How far a reader of the outbox has come that must see everything once.
CREATE TABLE outbox_readers (
    name TEXT PRIMARY KEY,
    seq  INTEGER NOT NULL
) STRICT;
