CREATE TABLE sources (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    name text,
    url text NOT NULL,
    login_url text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX sources_page ON sources (organization_id, created_at DESC, id DESC);
