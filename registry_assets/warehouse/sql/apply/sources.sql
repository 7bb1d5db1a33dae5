-- Repositories whose source repository differs from what their newest image with such a label or annotation names.
CREATE OR REPLACE TEMP TABLE source_changes AS
WITH named AS (
    SELECT t.repository, first(internal.source_url(s.source) ORDER BY
        t.pushed_at DESC NULLS LAST, s.created_at DESC NULLS LAST, t.tag DESC) AS source_repository
    FROM tags AS t
    JOIN internal.manifest_summaries AS s
        ON s.provider = t.provider AND s.repository = t.repository AND s.digest = t.digest
    WHERE t.provider = $provider AND s.provider = $provider AND internal.source_url(s.source) IS NOT NULL
    GROUP BY t.repository
)
SELECT r.repository, named.source_repository
FROM repositories AS r
LEFT JOIN named ON named.repository = r.repository
WHERE r.provider = $provider AND named.source_repository IS DISTINCT FROM r.source_repository;

-- They take it.
UPDATE repositories AS r
SET source_repository = c.source_repository
FROM source_changes AS c
WHERE r.provider = $provider AND r.repository = c.repository;
