CREATE TABLE connections (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    source_id text COLLATE "C" NOT NULL,
    credential_id text COLLATE "C" NOT NULL,
    session_id text COLLATE "C",
    auth_method text COLLATE "C" NOT NULL,
    external_id text,
    status text COLLATE "C" NOT NULL CHECK (status IN ('connecting', 'interaction_required', 'connected', 'invalid', 'disconnected', 'terminated')),
    errors json NOT NULL DEFAULT '[]',
    -- The work that is signing it in; NULL when none is.
    work_id bigint,
    -- True from just before the first value is typed: from then on this sign-in is not started again by itself.
    site_touched boolean NOT NULL DEFAULT false,
    -- When the sign-in under way was asked for; its time limit counts from here.
    connecting_since timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX connections_page ON connections (organization_id, created_at DESC, id DESC);
CREATE INDEX connections_by_external_id ON connections (organization_id, external_id, created_at DESC, id DESC) WHERE external_id IS NOT NULL;
CREATE INDEX connections_of_credential ON connections (credential_id) WHERE status <> 'terminated';
CREATE INDEX connections_of_source ON connections (source_id) WHERE status <> 'terminated';
-- A session is kept for one connection at most.
CREATE UNIQUE INDEX connections_of_session ON connections (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX task_runs_of_connection ON task_runs (connection_id, created_at DESC) WHERE connection_id IS NOT NULL;
