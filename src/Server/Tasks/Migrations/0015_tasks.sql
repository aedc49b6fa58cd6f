-- Documents are `json`, not `jsonb`: they come back exactly as the customer wrote them.
CREATE TABLE tasks (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    agent_id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    description text,
    prompt text,
    status text COLLATE "C" NOT NULL CHECK (status IN ('learning', 'test', 'live')),
    input_schema json,
    output_schema json,
    storage json,
    extraction json,
    program json,
    timeout_seconds integer,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX tasks_page ON tasks (organization_id, created_at DESC, id DESC);
CREATE INDEX tasks_of_agent ON tasks (agent_id);
