-- Requests that nodes have taken from an organization's limit, in ten buckets of one second of the database's clock. Not logged: after a crash the count begins again.
CREATE UNLOGGED TABLE rate_windows (
    organization_id text COLLATE "C" PRIMARY KEY,
    seconds bigint[] NOT NULL,
    counts integer[] NOT NULL
);

-- Gives back what a node did not use of its last share, then takes up to `wanted` requests, of what is left at most an eighth at a time, so that near the limit no node holds what another needs.
-- Returns how many were granted, the second they are counted in, and after how many seconds room comes when none were.
CREATE FUNCTION take_requests(organization text, most integer, wanted integer, unused integer, unused_second bigint, OUT granted integer, OUT second bigint, OUT retry_after integer)
LANGUAGE plpgsql AS $$
DECLARE
    s bigint[];
    c integer[];
    slot integer;
    used integer := 0;
    oldest bigint;
BEGIN
    INSERT INTO rate_windows VALUES (organization, array_fill(0::bigint, ARRAY[10]), array_fill(0, ARRAY[10])) ON CONFLICT DO NOTHING;
    SELECT w.seconds, w.counts INTO s, c FROM rate_windows w WHERE w.organization_id = organization FOR UPDATE;
    -- Read after the lock was had, so that one second follows another.
    second := floor(extract(epoch FROM clock_timestamp()))::bigint;
    IF unused > 0 AND unused_second > second - 10 THEN
        slot := (unused_second % 10)::integer + 1;
        IF s[slot] = unused_second THEN c[slot] := greatest(0, c[slot] - unused); END IF;
    END IF;
    oldest := second;
    FOR i IN 1..10 LOOP
        IF s[i] > second - 10 AND c[i] > 0 THEN
            used := used + c[i];
            oldest := least(oldest, s[i]);
        END IF;
    END LOOP;
    granted := least(wanted, greatest((most - used) / 8, 1), most - used);
    retry_after := 0;
    IF granted <= 0 THEN
        granted := 0;
        retry_after := greatest(1, oldest + 10 - second);
    ELSE
        slot := (second % 10)::integer + 1;
        IF s[slot] <> second THEN
            s[slot] := second;
            c[slot] := 0;
        END IF;
        c[slot] := c[slot] + granted;
    END IF;
    UPDATE rate_windows w SET seconds = s, counts = c WHERE w.organization_id = organization;
END $$;
