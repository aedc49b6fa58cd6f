-- What a run was given and what it brought back are sealed, each under a data key of its own. Runs from before keep theirs in `input` and `output` and stay readable.
ALTER TABLE task_runs
    ALTER COLUMN input DROP NOT NULL,
    ADD COLUMN sealed_input bytea,
    ADD COLUMN sealed_output bytea;
