-- What a website offers beside the answer: a code once more, another way, not to be asked again.
ALTER TABLE interactions ADD COLUMN options json;
