-- A question to the user. The answer is sealed, and gone as soon as it was used.
CREATE TABLE interactions (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    owner_id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    message text NOT NULL,
    fields json NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('pending', 'answered', 'expired', 'withdrawn')),
    answer bytea,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CHECK (answer IS NULL OR status = 'answered')
);
-- One open question at a time for a run or connection.
CREATE UNIQUE INDEX interactions_pending ON interactions (owner_id) WHERE status = 'pending';
CREATE INDEX interactions_of_owner ON interactions (owner_id, created_at);
