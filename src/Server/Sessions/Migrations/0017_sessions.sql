CREATE TABLE sessions (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    status text COLLATE "C" NOT NULL CHECK (status IN ('queued', 'running', 'idle', 'completing', 'completed', 'failed')),
    source_id text COLLATE "C",
    credential_id text COLLATE "C",
    -- The worker that holds the browser; NULL before it is opened and after it is closed.
    worker_id text COLLATE "C",
    started_at timestamptz,
    idle_since timestamptz,
    ended_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX sessions_page ON sessions (organization_id, created_at DESC, id DESC);
CREATE INDEX sessions_open ON sessions (status) WHERE status NOT IN ('completed', 'failed');
