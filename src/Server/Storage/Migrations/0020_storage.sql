-- Files that runs brought back. The content is sealed under a data key of its own, inside the value.
CREATE TABLE storage_items (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    task_run_id text COLLATE "C" NOT NULL,
    file_name text NOT NULL,
    file_type text NOT NULL,
    file_size bigint NOT NULL,
    purpose text COLLATE "C" NOT NULL,
    metadata json NOT NULL DEFAULT '{}',
    content bytea NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
ALTER TABLE storage_items ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX storage_items_of_run ON storage_items (task_run_id, created_at, id);
CREATE INDEX storage_items_page ON storage_items (organization_id, created_at DESC, id DESC);
CREATE INDEX storage_items_age ON storage_items (created_at);
