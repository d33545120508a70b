-- Who may do what, what is secret, and what the server remembers of its callers.

-- A person. Which tenants they belong to stands in `members`.
CREATE TABLE users (
    id         uuid PRIMARY KEY,
    email      text NOT NULL UNIQUE,
    name       text NOT NULL,
    -- argon2id, as PHC text; without one nobody signs in by password.
    password   text,
    disabled_at bigint,
    created_at bigint NOT NULL
);

CREATE TABLE members (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role       text NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'operator', 'viewer')),
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX members_user ON members (user_id);

-- Secrets are kept as their SHA-256: they are long and random.
CREATE TABLE sessions (
    hash       bytea PRIMARY KEY,
    id         uuid NOT NULL UNIQUE,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    tenant_id  uuid NOT NULL,
    agent      text NOT NULL,
    address    text NOT NULL,
    created_at bigint NOT NULL,
    seen_at    bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    tenant_id    uuid NOT NULL REFERENCES tenants,
    name         text NOT NULL,
    hash         bytea NOT NULL UNIQUE,
    -- How it begins, to tell keys apart.
    hint         text NOT NULL,
    role         text NOT NULL,
    scopes       jsonb NOT NULL,
    created_by   text NOT NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint,
    last_used_at bigint,
    revoked_at   bigint
);
CREATE INDEX api_keys_of_tenant ON api_keys (tenant_id, id);

-- One-time links: the first administrator, invitations, new passwords.
CREATE TABLE login_links (
    hash       bytea PRIMARY KEY,
    purpose    text NOT NULL CHECK (purpose IN ('first_owner', 'invitation', 'password')),
    tenant_id  uuid NOT NULL,
    email      text,
    role       text,
    user_id    uuid,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);

-- How often signing in failed, for each account and address.
CREATE TABLE sign_in_failures (
    key      text PRIMARY KEY,
    failures bigint NOT NULL,
    last_at  bigint NOT NULL
);

CREATE TABLE robot_tokens (
    id         uuid PRIMARY KEY,
    hash       bytea NOT NULL UNIQUE,
    tenant_id  uuid NOT NULL REFERENCES tenants,
    name       text NOT NULL,
    placement  jsonb NOT NULL,
    uses_left  bigint NOT NULL,
    created_by text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);

CREATE TABLE robot_keys (
    hash         bytea PRIMARY KEY,
    robot_id     uuid NOT NULL REFERENCES robots ON DELETE CASCADE,
    tenant_id    uuid,
    created_at   bigint NOT NULL,
    last_used_at bigint,
    revoked_at   bigint
);
CREATE INDEX robot_keys_robot ON robot_keys (robot_id);

-- A data key per tenant, wrapped by the master key, which is not in the database.
CREATE TABLE vault_keys (
    tenant_id  uuid PRIMARY KEY REFERENCES tenants,
    wrapped    bytea NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE credentials (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    -- Empty: in every environment that does not say otherwise.
    environment text NOT NULL,
    name        text NOT NULL,
    kind        text NOT NULL,
    description text,
    -- The names of its fields; the values are sealed.
    fields      jsonb NOT NULL,
    sealed      bytea NOT NULL,
    revision    bigint NOT NULL DEFAULT 1,
    updated_by  text NOT NULL,
    updated_at  bigint NOT NULL,
    PRIMARY KEY (tenant_id, environment, name)
);

-- Answers of requests that carried an idempotency key.
CREATE TABLE answers (
    tenant_id  uuid NOT NULL,
    caller     text NOT NULL,
    key        text NOT NULL,
    digest     bytea NOT NULL,
    -- Nothing while the first request is under way.
    status     bigint,
    headers    jsonb,
    body       bytea,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, caller, key)
);
CREATE INDEX answers_age ON answers (created_at);

CREATE TABLE calendars (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    name       text NOT NULL,
    spec       jsonb NOT NULL,
    revision   bigint NOT NULL DEFAULT 1,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

-- What starts runs is noted, whether it did or not.
CREATE TABLE trigger_deliveries (
    id         uuid PRIMARY KEY,
    tenant_id  uuid NOT NULL,
    trigger_id uuid NOT NULL REFERENCES triggers ON DELETE CASCADE,
    at         bigint NOT NULL,
    outcome    text NOT NULL,
    job_id     uuid,
    detail     text
);
CREATE INDEX trigger_deliveries_of_trigger ON trigger_deliveries (trigger_id, id);

-- Whom to tell of what happens.
CREATE TABLE hooks (
    id         uuid PRIMARY KEY,
    tenant_id  uuid NOT NULL REFERENCES tenants,
    name       text NOT NULL,
    url        text NOT NULL,
    events     jsonb NOT NULL,
    sealed     bytea NOT NULL,
    enabled    boolean NOT NULL,
    revision   bigint NOT NULL DEFAULT 1,
    created_at bigint NOT NULL,
    UNIQUE (tenant_id, name)
);

CREATE TABLE hook_deliveries (
    id           uuid PRIMARY KEY,
    tenant_id    uuid NOT NULL,
    hook_id      uuid NOT NULL REFERENCES hooks ON DELETE CASCADE,
    event        text NOT NULL,
    payload      jsonb NOT NULL,
    -- When to try next; nothing when it has arrived or was given up.
    next_at      bigint,
    attempts     bigint NOT NULL DEFAULT 0,
    state        text NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up')),
    status       bigint,
    error        text,
    created_at   bigint NOT NULL,
    finished_at  bigint
);
CREATE INDEX hook_deliveries_due ON hook_deliveries (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX hook_deliveries_of_hook ON hook_deliveries (hook_id, id);

-- How far a reader of the outbox has come that must see everything once.
CREATE TABLE outbox_readers (
    name text PRIMARY KEY,
    seq  bigint NOT NULL
);

SELECT casare_isolate('members');
SELECT casare_isolate('sessions');
SELECT casare_isolate('api_keys');
SELECT casare_isolate('login_links');
SELECT casare_isolate('robot_tokens');
SELECT casare_isolate('robot_keys');
SELECT casare_isolate('vault_keys');
SELECT casare_isolate('credentials');
SELECT casare_isolate('answers');
SELECT casare_isolate('calendars');
SELECT casare_isolate('trigger_deliveries');
SELECT casare_isolate('hooks');
SELECT casare_isolate('hook_deliveries');
