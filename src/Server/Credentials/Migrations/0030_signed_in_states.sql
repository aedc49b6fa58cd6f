-- Cookies and storage of a browser that was signed in, sealed under the credential's data key: removed whenever that key is replaced or destroyed.
CREATE TABLE signed_in_states (
    credential_id text COLLATE "C" PRIMARY KEY REFERENCES credentials (id) ON DELETE CASCADE,
    sealed bytea NOT NULL,
    -- When a browser with this state was last known to be signed in: of two, the later one is kept.
    confirmed_at timestamptz NOT NULL
);
