-- Problems that are new, or open and different now. One that recurs unchanged stays as it is.
CREATE OR REPLACE TEMP TABLE problem_changes AS
SELECT s.*, p.provider IS NULL AS is_new
FROM spooled_problems AS s
LEFT JOIN crawl_problems AS p
    ON p.provider = $provider AND p.stage = s.stage AND p.repository = s.repository AND p.reference = s.reference
    AND p.resolved_at IS NULL
WHERE p.provider IS NULL
    OR (p.status_code, p.error, p.message, p.advice) IS DISTINCT FROM (s.status_code, s.error, s.message, s.advice);

-- Open problems that this crawl would have met again: it looked at the same place and did not.
CREATE OR REPLACE TEMP TABLE resolved_problems AS
WITH broken AS (
    SELECT digest, config_digest
    FROM manifests
    WHERE provider = $provider AND unreferenced_since IS NULL
        AND (kind = 'unreadable' OR (kind = 'image' AND config_digest IS NOT NULL
            AND coalesce(architecture, os, created_at::VARCHAR) IS NULL AND cardinality(labels) = 0))
),
readable AS (
    SELECT DISTINCT digest FROM manifests WHERE provider = $provider AND kind <> 'unreadable'
)
SELECT p.stage, p.repository, p.reference
FROM crawl_problems AS p
JOIN spooled_stages AS st ON st.stage = p.stage
LEFT JOIN spooled_repositories AS r ON r.repository = p.repository
ANTI JOIN spooled_problems AS s ON s.stage = p.stage AND s.repository = p.repository AND s.reference = p.reference
WHERE p.provider = $provider AND p.resolved_at IS NULL
    AND CASE
        -- A problem of the whole stage.
        WHEN p.repository = '' THEN true
        -- Its repository is not in the inventory any more; while the list may be incomplete, that says nothing.
        WHEN r.repository IS NULL THEN $repositories_complete
        WHEN p.stage = 'tags' THEN r.tags_listing IN ('complete', 'stopped')
        -- It was read now, and not met.
        WHEN p.stage = 'manifests' AND p.reference IN (SELECT digest FROM documents WHERE kind <> 'unreadable') THEN true
        -- What could not be read is not asked for again each time: the problem is as open as the row is broken.
        WHEN p.stage = 'manifests' THEN p.reference NOT IN (SELECT digest FROM broken)
            AND (st.complete OR p.reference IN (SELECT digest FROM readable)
                OR (p.reference LIKE '%:%' AND p.reference NOT IN (SELECT digest FROM reachable)))
        ELSE true
    END;

-- They are resolved.
UPDATE crawl_problems AS p
SET resolved_at = greatest($at, p.first_at), last_run_id = $run_id
FROM resolved_problems AS c
WHERE p.provider = $provider AND p.stage = c.stage AND p.repository = c.repository AND p.reference = c.reference
    AND p.resolved_at IS NULL;

-- Open problems that are different now.
UPDATE crawl_problems AS p
SET status_code = c.status_code, error = c.error, message = c.message, advice = c.advice, last_run_id = $run_id
FROM problem_changes AS c
WHERE p.provider = $provider AND p.stage = c.stage AND p.repository = c.repository AND p.reference = c.reference
    AND p.resolved_at IS NULL AND NOT c.is_new;

-- New problems; one that comes back is a new row, after the one before.
INSERT INTO crawl_problems (
    provider, stage, repository, reference, first_at, status_code, error, message, advice, last_run_id)
WITH past AS (
    SELECT stage, repository, reference, max(greatest(first_at, resolved_at)) + INTERVAL 1 MICROSECOND AS after
    FROM crawl_problems
    WHERE provider = $provider
    GROUP BY ALL
)
SELECT $provider, c.stage, c.repository, c.reference, greatest($at, past.after), c.status_code, c.error, c.message,
    c.advice, $run_id
FROM problem_changes AS c
LEFT JOIN past ON past.stage = c.stage AND past.repository = c.repository AND past.reference = c.reference
WHERE c.is_new;
