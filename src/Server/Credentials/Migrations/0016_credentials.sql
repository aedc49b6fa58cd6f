-- Once per database: proves which key-encryption key sealed it, and holds the wrapped root of all fingerprints.
CREATE TABLE vault_roots (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    fingerprint_root bytea NOT NULL,
    created_at timestamptz NOT NULL
);

-- `data_key` is wrapped; without it the sealed slots cannot be opened. Deleting a credential sets it to NULL.
CREATE TABLE credentials (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    source_id text COLLATE "C" NOT NULL,
    auth_method text COLLATE "C" NOT NULL CHECK (auth_method IN ('username_password', 'google_sso', 'none')),
    status text COLLATE "C" NOT NULL CHECK (status IN ('unverified', 'verified', 'invalid', 'deleted')),
    external_id text,
    username text,
    source_fields json NOT NULL DEFAULT '{}',
    data_key bytea,
    -- Goes up with every change of the secrets: what a sign-in found out about an older version is not written to a newer one.
    version integer NOT NULL DEFAULT 1,
    -- The newest time step whose one-time code was used: a code is never sent twice.
    last_totp_step bigint,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (status <> 'deleted' OR data_key IS NULL)
);
CREATE INDEX credentials_page ON credentials (organization_id, created_at DESC, id DESC);
CREATE INDEX credentials_of_source ON credentials (source_id);
CREATE INDEX credentials_by_external_id ON credentials (organization_id, external_id, created_at DESC, id DESC) WHERE external_id IS NOT NULL;

-- One row per secret, so that typing a password opens a password and nothing else.
CREATE TABLE credential_secrets (
    credential_id text COLLATE "C" NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    slot text COLLATE "C" NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (credential_id, slot)
);

-- Pairs that a source refused, as keyed fingerprints: they are not sent again, by no credential.
CREATE TABLE refused_sign_ins (
    source_id text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    message text NOT NULL,
    refused_at timestamptz NOT NULL,
    PRIMARY KEY (source_id, fingerprint)
);
