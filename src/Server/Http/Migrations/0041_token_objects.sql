-- What was made with a component token: it may read that, and nothing else but what carries its external_id.
CREATE TABLE token_objects (
    token_id text COLLATE "C" NOT NULL,
    object_id text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (token_id, object_id)
);
CREATE INDEX token_objects_age ON token_objects (created_at);
