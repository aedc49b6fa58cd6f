-- The way to a source's sign-in as a confirmed sign-in found it; forgotten when what it was learned with changes.
CREATE TABLE learned_paths (
    source_id text COLLATE "C" PRIMARY KEY REFERENCES sources (id) ON DELETE CASCADE,
    path json NOT NULL,
    learned_at timestamptz NOT NULL
);
