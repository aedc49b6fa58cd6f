-- Keys that are named, limited, rotated and revoked; and what an organization has chosen for itself.
ALTER TABLE organizations
    ADD COLUMN updated_at timestamptz,
    -- Payload encryption: sealed key and its public id. Both NULL: payloads are sent as they are.
    ADD COLUMN payload_key bytea,
    ADD COLUMN payload_key_id text,
    ADD CHECK ((payload_key IS NULL) = (payload_key_id IS NULL));
ALTER TABLE api_keys
    ADD COLUMN name text NOT NULL DEFAULT 'API key',
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{admin}',
    -- Written at most once a minute.
    ADD COLUMN last_used_at timestamptz,
    -- Set when the key was rotated: from then on it no longer works.
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN revoked_at timestamptz,
    ADD COLUMN updated_at timestamptz;
CREATE INDEX api_keys_page ON api_keys (organization_id, created_at DESC, id DESC);
