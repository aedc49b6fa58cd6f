-- What happened, in order. `position` orders the list for followers; see EventLog for why they never miss one.
CREATE TABLE events (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    type text COLLATE "C" NOT NULL,
    object_id text COLLATE "C" NOT NULL,
    data json NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX events_position ON events (organization_id, position);
CREATE INDEX events_page ON events (organization_id, created_at DESC, id DESC);
CREATE INDEX events_page_by_type ON events (organization_id, type, created_at DESC, id DESC);
CREATE INDEX events_age ON events (created_at);
