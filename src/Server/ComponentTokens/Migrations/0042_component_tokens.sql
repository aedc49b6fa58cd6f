-- Short-lived keys for one user in a browser, known by their hash only. A token ends with the key that made it.
CREATE TABLE component_tokens (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    api_key_id text COLLATE "C" NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    hash bytea NOT NULL UNIQUE,
    source_id text COLLATE "C",
    external_id text,
    task_id text COLLATE "C",
    allowed_origins text[] NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX component_tokens_origins ON component_tokens USING gin (allowed_origins);
CREATE INDEX component_tokens_age ON component_tokens (expires_at);
