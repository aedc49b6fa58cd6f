-- Which edition of its task a run performed: what a person decides about it later counts for that edition only.
ALTER TABLE task_runs ADD COLUMN task_revision integer, ADD COLUMN work_ended_at timestamptz;
CREATE INDEX task_runs_in_review ON task_runs (updated_at) WHERE status = 'review_required';
