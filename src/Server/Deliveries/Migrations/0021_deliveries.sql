-- A destination follows its organization's event list from `position` on; what it takes from the list becomes a delivery in the same commit in which the position moves.
CREATE TABLE event_destinations (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    name text NOT NULL,
    type text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('pending_verification', 'active', 'inactive')),
    events text[] NOT NULL,
    url text NOT NULL,
    -- Sealed; the previous secret signs beside the new one while a rotation lasts.
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_secret_until timestamptz,
    headers bytea,
    header_names text[] NOT NULL DEFAULT '{}',
    position bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX event_destinations_page ON event_destinations (organization_id, created_at DESC, id DESC);
CREATE INDEX event_destinations_active ON event_destinations (organization_id) WHERE status = 'active';

CREATE TABLE event_deliveries (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    destination_id text COLLATE "C" NOT NULL REFERENCES event_destinations (id) ON DELETE CASCADE,
    event_id text COLLATE "C" NOT NULL,
    event_position bigint NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    object_id text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('pending', 'success', 'failure')),
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    delivered_at timestamptz,
    response_code integer,
    response_excerpt text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (destination_id, event_id)
);
CREATE INDEX event_deliveries_due ON event_deliveries (destination_id, next_attempt_at) WHERE status = 'pending';
CREATE INDEX event_deliveries_page ON event_deliveries (destination_id, created_at DESC, id DESC);
CREATE INDEX event_deliveries_age ON event_deliveries (created_at);
