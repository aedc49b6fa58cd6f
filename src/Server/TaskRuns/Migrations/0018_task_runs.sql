CREATE TABLE task_runs (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    task_id text COLLATE "C" NOT NULL,
    agent_id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C" NOT NULL,
    credential_id text COLLATE "C",
    connection_id text COLLATE "C",
    session_id text COLLATE "C",
    status text COLLATE "C" NOT NULL CHECK (status IN ('queued', 'running', 'interaction_required', 'review_required', 'completed', 'failed', 'canceling', 'canceled')),
    result text COLLATE "C" CHECK (result IN ('success', 'failure', 'unknown')),
    input json NOT NULL,
    output json,
    errors json NOT NULL DEFAULT '[]',
    artifacts json,
    timeout_seconds integer NOT NULL,
    work_id bigint,
    -- True from just before the first value is typed or the first step is done: from then on the run is not started again by itself.
    site_touched boolean NOT NULL DEFAULT false,
    started_at timestamptz,
    ended_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX task_runs_page ON task_runs (organization_id, created_at DESC, id DESC);
CREATE INDEX task_runs_of_task ON task_runs (task_id, created_at DESC);
CREATE INDEX task_runs_of_credential ON task_runs (credential_id, created_at DESC);
CREATE INDEX task_runs_of_session ON task_runs (session_id, created_at);
CREATE INDEX task_runs_open ON task_runs (status) WHERE status NOT IN ('completed', 'failed', 'canceled');

-- One sign-in at a time per credential, and per pair of user name and password when several credentials hold the same (what_for is then the pair's keyed fingerprint): two at
-- once would send a wrong password twice and use one code for both. Held while the work item that took it is leased.
CREATE TABLE sign_in_turns (
    what_for text COLLATE "C" PRIMARY KEY,
    work_id bigint NOT NULL
);
