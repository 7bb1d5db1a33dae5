-- A text as a part of a name: ASCII letters and digits in lower case, one dash for each run of anything else.
CREATE OR REPLACE TEMP MACRO slug(words) AS
    coalesce(nullif(trim(lower(regexp_replace(words, '[^A-Za-z0-9]+', '-', 'g')), '-'), ''), 'x');

-- A repository as people write it: Docker Hub's official images go without their namespace.
CREATE OR REPLACE TEMP MACRO shown_repository(registry_type, repository) AS
    CASE WHEN registry_type = 'docker-hub' THEN regexp_replace(repository, '^library/', '') ELSE repository END;

-- The name that an identity asks for, 253 characters at most: first the plain one (null where it would be cut), then
-- with a digest of the identity, which differs with every further attempt.
CREATE OR REPLACE TEMP MACRO proposed_name(plain, identity, attempt) AS
    CASE
        WHEN attempt > 0 THEN rtrim(left(plain, 236), '-') || '-'
            || left(sha256(identity || CASE WHEN attempt > 1 THEN ' ' || attempt::VARCHAR ELSE '' END), 16)
        WHEN length(plain) <= 253 THEN plain
    END;

-- A JSON object without its null fields.
CREATE OR REPLACE TEMP MACRO without_nulls(object) AS json_merge_patch('{}', object);

-- A time as the graph writes it.
CREATE OR REPLACE TEMP MACRO shown_time(moment) AS strftime(make_timestamp(epoch_us(moment)), '%Y-%m-%dT%H:%M:%SZ');
