-- Whether the provider's counts are due: on a full crawl, and once a day.
CREATE OR REPLACE TEMP TABLE counts_due AS
SELECT coalesce(bool_or($full OR counts_refreshed_at IS NULL OR counts_refreshed_at <= $at - INTERVAL 1 DAY), true)
    AND EXISTS (FROM spooled_stages WHERE stage = 'repositories') AS due
FROM internal.providers
WHERE provider = $provider;

-- Repositories whose counts differ.
CREATE OR REPLACE TEMP TABLE repository_counts AS
SELECT s.repository, coalesce(s.star_count, r.star_count) AS star_count, coalesce(s.pull_count, r.pull_count) AS pull_count
FROM spooled_repositories AS s
JOIN repositories AS r ON r.provider = $provider AND r.repository = s.repository
WHERE (SELECT due FROM counts_due)
    AND (coalesce(s.star_count, r.star_count), coalesce(s.pull_count, r.pull_count))
        IS DISTINCT FROM (r.star_count, r.pull_count);

-- They take the new ones.
UPDATE repositories AS r
SET star_count = c.star_count, pull_count = c.pull_count
FROM repository_counts AS c
WHERE r.provider = $provider AND r.repository = c.repository;

-- Tags that were pulled since.
CREATE OR REPLACE TEMP TABLE tag_pulls AS
SELECT s.repository, s.tag, s.last_pulled_at
FROM spooled_tags AS s
JOIN tags AS t ON t.provider = $provider AND t.repository = s.repository AND t.tag = s.tag
WHERE (SELECT due FROM counts_due) AND s.selected AND s.last_pulled_at IS NOT NULL
    AND s.last_pulled_at IS DISTINCT FROM t.last_pulled_at;

-- They take the new time.
UPDATE tags AS t
SET last_pulled_at = p.last_pulled_at
FROM tag_pulls AS p
WHERE t.provider = $provider AND t.repository = p.repository AND t.tag = p.tag;
