-- logo_url is what the customer gave, found_logo_url what the website's own pages name. auth_methods null: all.
ALTER TABLE sources
    ADD COLUMN logo_url text,
    ADD COLUMN found_logo_url text,
    ADD COLUMN auth_methods text[] COLLATE "C",
    ADD COLUMN required_fields text[] COLLATE "C" NOT NULL DEFAULT '{}',
    ADD COLUMN max_concurrent_sessions integer,
    ADD COLUMN overrides json;
