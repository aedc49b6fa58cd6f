-- Sign-ins that reached the site, written before the first value is typed. `ending` stays NULL until the sign-in has ended, and for good when its server was killed or its run canceled: then the site has decided nothing.
CREATE TABLE sign_in_attempts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id text COLLATE "C" NOT NULL,
    credential_id text COLLATE "C" NOT NULL,
    -- Of the values that were typed: a user who has changed them since is not kept waiting by an earlier lock.
    credential_version integer NOT NULL,
    -- Keyed fingerprint of the user at the site: one account, however many credentials hold it.
    account bytea NOT NULL,
    touched_at timestamptz NOT NULL,
    ending text COLLATE "C" CHECK (ending IN ('signed_in', 'rejected', 'locked', 'failed', 'undecided')),
    ended_at timestamptz,
    -- What the site said, of one that ended `locked`.
    message text,
    CHECK ((ending IS NULL) = (ended_at IS NULL))
) WITH (fillfactor = 80);
-- Each question about a budget is the newest few entries of one range.
CREATE INDEX sign_in_attempts_of_account ON sign_in_attempts (account, touched_at);
CREATE INDEX sign_in_attempts_of_credential ON sign_in_attempts (credential_id, touched_at);
CREATE INDEX sign_in_attempts_of_source ON sign_in_attempts (source_id, touched_at) WHERE ending IN ('rejected', 'locked', 'failed');
CREATE INDEX sign_in_attempts_locked ON sign_in_attempts (account, ended_at) WHERE ending = 'locked';
CREATE INDEX sign_in_attempts_by_age ON sign_in_attempts (touched_at);
