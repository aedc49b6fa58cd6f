-- What was read out of a file is sealed like the file. `fingerprint` is keyed, and is of the file or of chosen fields within one task and credential: the same twice is kept once.
ALTER TABLE storage_items
    ADD COLUMN extraction bytea,
    ADD COLUMN result text COLLATE "C" CHECK (result IN ('success', 'extraction_failed')),
    ADD COLUMN errors json NOT NULL DEFAULT '[]',
    ADD COLUMN fingerprint bytea;
CREATE UNIQUE INDEX storage_items_fingerprint ON storage_items (fingerprint) WHERE fingerprint IS NOT NULL;

-- Pictures of a run's pages, credential and code boxes painted over; sealed like files.
CREATE TABLE screenshots (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    task_run_id text COLLATE "C" NOT NULL,
    reasoning text NOT NULL,
    content bytea NOT NULL,
    created_at timestamptz NOT NULL
);
ALTER TABLE screenshots ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX screenshots_of_run ON screenshots (task_run_id, created_at, id);
CREATE INDEX screenshots_age ON screenshots (created_at);
