-- Destinations other than webhooks: what they need to be reached, readable, and what they need to be let in, sealed. `url` and `secret` are empty for them.
ALTER TABLE event_destinations
    ADD COLUMN settings json NOT NULL DEFAULT '{}',
    ADD COLUMN credentials bytea,
    ADD COLUMN credential_names text[] NOT NULL DEFAULT '{}';
