-- Work to be done, and who does it. A finished item is deleted: what is here is unfinished or was given up.
CREATE TABLE work (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    organization_id text NOT NULL,
    payload jsonb NOT NULL,
    state text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'leased', 'parked')),
    lane text,
    key text,
    -- Only this worker may take the item; none: any worker.
    worker text,
    -- By the clock of the server that asked for it; none: at once.
    due_at timestamptz,
    starts integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    -- The type of the last exception, never its message, which could hold anything.
    last_error text,
    leased_by text,
    -- The fencing token: a new one for each start, named by every write of the worker that holds it.
    lease bigint,
    -- By the database's clock, so that machines whose clocks differ agree.
    leased_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT work_lease CHECK ((state = 'leased') = (leased_by IS NOT NULL AND lease IS NOT NULL AND leased_until IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

CREATE SEQUENCE work_leases AS bigint;

CREATE INDEX work_ready ON work (kind, COALESCE(due_at, created_at), id) WHERE state = 'ready';
CREATE INDEX work_leased ON work (leased_by) WHERE state = 'leased';
CREATE INDEX work_worker ON work (worker) WHERE worker IS NOT NULL;
CREATE INDEX work_lane ON work (lane, id) WHERE lane IS NOT NULL AND state <> 'parked';
-- Two items of one lane are never done at once, whatever the claiming statement believes.
CREATE UNIQUE INDEX work_one_per_lane ON work (lane) WHERE lane IS NOT NULL AND state = 'leased';
CREATE UNIQUE INDEX work_one_per_key ON work (kind, key) WHERE key IS NOT NULL AND state <> 'parked';

CREATE TABLE workers (
    id text PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
);
