-- Tenants, and what people make in them. Times are microseconds since 1970 in UTC.

CREATE TABLE tenants (
    id          BLOB PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    -- Its share of the robots when several tenants wait.
    weight      INTEGER NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000),
    created_at  INTEGER NOT NULL,
    archived_at INTEGER
) STRICT;

CREATE TABLE workflows (
    id             BLOB PRIMARY KEY,
    tenant_id      BLOB NOT NULL REFERENCES tenants,
    name           TEXT NOT NULL,
    active_version INTEGER,
    revision       INTEGER NOT NULL DEFAULT 1,
    created_at     INTEGER NOT NULL,
    UNIQUE (tenant_id, name)
) STRICT;

CREATE TABLE workflow_versions (
    workflow_id BLOB NOT NULL REFERENCES workflows ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    tenant_id   BLOB NOT NULL,
    version     TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('draft', 'published', 'deprecated', 'archived')),
    hash        TEXT NOT NULL,
    text        TEXT NOT NULL,
    note        TEXT,
    created_by  TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (workflow_id, number),
    UNIQUE (workflow_id, version)
) STRICT;
CREATE INDEX workflow_versions_hash ON workflow_versions (hash);

CREATE TABLE environments (
    tenant_id   BLOB NOT NULL REFERENCES tenants,
    name        TEXT NOT NULL,
    parent      TEXT,
    description TEXT,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name),
    FOREIGN KEY (tenant_id, parent) REFERENCES environments (tenant_id, name)
) STRICT;

CREATE TABLE assets (
    tenant_id   BLOB NOT NULL REFERENCES tenants,
    -- Empty: in every environment that does not say otherwise.
    environment TEXT NOT NULL,
    name        TEXT NOT NULL,
    value       TEXT NOT NULL,
    revision    INTEGER NOT NULL DEFAULT 1,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, environment, name)
) STRICT;

CREATE TABLE robots (
    id           BLOB PRIMARY KEY,
    -- Without a tenant it works for all of them.
    tenant_id    BLOB REFERENCES tenants,
    name         TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('online', 'paused', 'draining', 'offline')),
    slots        INTEGER NOT NULL CHECK (slots BETWEEN 1 AND 1000),
    environments TEXT NOT NULL,
    pools        TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    labels       TEXT NOT NULL,
    version      TEXT,
    enrolled_at  INTEGER NOT NULL,
    seen_at      INTEGER
) STRICT;
CREATE UNIQUE INDEX robots_name ON robots
    (coalesce(tenant_id, x''), name);

CREATE TABLE robot_pools (
    tenant_id   BLOB NOT NULL REFERENCES tenants,
    name        TEXT NOT NULL,
    description TEXT,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT;

CREATE TABLE outbox (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id BLOB,
    topic     TEXT NOT NULL,
    payload   TEXT NOT NULL,
    at        INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id BLOB,
    at        INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    action    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    details   TEXT NOT NULL
) STRICT;
CREATE INDEX audit_of_tenant ON audit (tenant_id, seq);
