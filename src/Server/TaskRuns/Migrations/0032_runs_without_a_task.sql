-- A run that proves a credential has no task, and so no agent.
ALTER TABLE task_runs ALTER COLUMN task_id DROP NOT NULL, ALTER COLUMN agent_id DROP NOT NULL;
