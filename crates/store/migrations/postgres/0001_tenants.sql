-- Tenants, and what people make in them. Times are microseconds since 1970 in UTC.

-- The tenant that this transaction may see; nothing when none has been chosen.
CREATE FUNCTION casare_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(nullif(current_setting('casare.tenant', true), ''), 'all')::uuid $$;

-- Whether this connection is the server's own, which works for all tenants.
CREATE FUNCTION casare_all_tenants() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(current_setting('casare.tenant', true) = 'all', false) $$;

-- Says for a table what the repositories say: rows of other tenants do not exist.
CREATE FUNCTION casare_isolate(target regclass, shared boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY own_tenant ON %s USING
         ((SELECT casare_all_tenants()) OR tenant_id = (SELECT casare_tenant()))', target);
    IF shared THEN
        EXECUTE format('CREATE POLICY shared ON %s FOR SELECT USING (tenant_id IS NULL)', target);
    END IF;
END $$;

CREATE TABLE tenants (
    id          uuid PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    -- Its share of the robots when several tenants wait.
    weight      integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000),
    created_at  bigint NOT NULL,
    archived_at bigint
);

CREATE TABLE workflows (
    id             uuid PRIMARY KEY,
    tenant_id      uuid NOT NULL REFERENCES tenants,
    name           text NOT NULL,
    active_version bigint,
    revision       bigint NOT NULL DEFAULT 1,
    created_at     bigint NOT NULL,
    UNIQUE (tenant_id, name)
);

CREATE TABLE workflow_versions (
    workflow_id uuid NOT NULL REFERENCES workflows ON DELETE CASCADE,
    number      bigint NOT NULL,
    tenant_id   uuid NOT NULL,
    version     text NOT NULL,
    state       text NOT NULL CHECK (state IN ('draft', 'published', 'deprecated', 'archived')),
    hash        text NOT NULL,
    text        text NOT NULL,
    note        text,
    created_by  text NOT NULL,
    created_at  bigint NOT NULL,
    PRIMARY KEY (workflow_id, number),
    UNIQUE (workflow_id, version)
);
CREATE INDEX workflow_versions_hash ON workflow_versions (hash);

CREATE TABLE environments (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    name        text NOT NULL,
    parent      text,
    description text,
    created_at  bigint NOT NULL,
    PRIMARY KEY (tenant_id, name),
    FOREIGN KEY (tenant_id, parent) REFERENCES environments (tenant_id, name)
);

CREATE TABLE assets (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    -- Empty: in every environment that does not say otherwise.
    environment text NOT NULL,
    name        text NOT NULL,
    value       jsonb NOT NULL,
    revision    bigint NOT NULL DEFAULT 1,
    updated_at  bigint NOT NULL,
    PRIMARY KEY (tenant_id, environment, name)
);

CREATE TABLE robots (
    id           uuid PRIMARY KEY,
    -- Without a tenant it works for all of them.
    tenant_id    uuid REFERENCES tenants,
    name         text NOT NULL,
    status       text NOT NULL CHECK (status IN ('online', 'paused', 'draining', 'offline')),
    slots        integer NOT NULL CHECK (slots BETWEEN 1 AND 1000),
    environments jsonb NOT NULL,
    pools        jsonb NOT NULL,
    capabilities jsonb NOT NULL,
    labels       jsonb NOT NULL,
    version      text,
    enrolled_at  bigint NOT NULL,
    seen_at      bigint
);
CREATE UNIQUE INDEX robots_name ON robots
    (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), name);

CREATE TABLE robot_pools (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    name        text NOT NULL,
    description text,
    created_at  bigint NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE outbox (
    seq       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Sequence numbers are given before the commit: a reader waits until all transactions that
    -- could still commit a smaller one have ended.
    written   xid8 NOT NULL DEFAULT pg_current_xact_id(),
    tenant_id uuid,
    topic     text NOT NULL,
    payload   jsonb NOT NULL,
    at        bigint NOT NULL
);

CREATE TABLE audit (
    seq       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id uuid,
    at        bigint NOT NULL,
    actor     text NOT NULL,
    action    text NOT NULL,
    subject   text NOT NULL,
    details   jsonb NOT NULL
);
CREATE INDEX audit_of_tenant ON audit (tenant_id, seq);

SELECT casare_isolate('workflows');
SELECT casare_isolate('workflow_versions');
SELECT casare_isolate('environments');
SELECT casare_isolate('assets');
SELECT casare_isolate('robots', shared => true);
SELECT casare_isolate('robot_pools');
SELECT casare_isolate('outbox');
SELECT casare_isolate('audit');
