-- A task earns its status by its own runs. `revision` counts the editions of what it does: a run that began with an earlier edition says nothing about this one.
ALTER TABLE tasks
    ADD COLUMN revision integer NOT NULL DEFAULT 1,
    ADD COLUMN successes integer NOT NULL DEFAULT 0,
    ADD COLUMN review text COLLATE "C" CHECK (review IN ('always', 'until_live', 'never'));
