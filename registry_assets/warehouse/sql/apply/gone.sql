-- What is in the tables and no longer in the registry, or no longer selected.

-- Repositories that the complete list lacks (`removed`), or that no selector takes any more.
CREATE OR REPLACE TEMP TABLE gone_repositories AS
SELECT r.repository, o.repository IS NULL AS removed
FROM repositories AS r
LEFT JOIN spooled_others AS o ON o.repository = r.repository
ANTI JOIN spooled_repositories AS s ON s.repository = r.repository
WHERE r.provider = $provider AND $repositories_complete;

-- Tags that a complete list lacks are removed; those that fell out of the selection are deselected, as of the last time
-- they were seen: now where they are listed still.
CREATE OR REPLACE TEMP TABLE gone_tags AS
SELECT t.repository, t.tag,
    CASE WHEN g.removed OR (r.tags_listing = 'complete' AND s.tag IS NULL) THEN 'removed' ELSE 'deselected' END AS reason,
    CASE WHEN g.removed OR r.tags_listing = 'complete' OR s.tag IS NOT NULL THEN $at ELSE seen_before.at END AS valid_to
FROM tags AS t
CROSS JOIN seen_before
LEFT JOIN gone_repositories AS g ON g.repository = t.repository
LEFT JOIN spooled_repositories AS r ON r.repository = t.repository
LEFT JOIN spooled_tags AS s ON s.repository = t.repository AND s.tag = t.tag
WHERE t.provider = $provider
    AND (g.repository IS NOT NULL
        OR (r.tags_listing IN ('complete', 'stopped') AND s.selected IS DISTINCT FROM true));

-- How much there is, and how much of it the lists would remove.
SELECT (SELECT count(*) FROM repositories WHERE provider = $provider) AS repositories,
    (SELECT count(*) FROM gone_repositories WHERE removed) AS removed_repositories,
    (SELECT count(*) FROM tags WHERE provider = $provider) AS tags,
    (SELECT count(*) FROM gone_tags WHERE reason = 'removed') AS removed_tags,
    $repositories_complete AND (SELECT count(*) FROM spooled_repositories) = 0
        AND (SELECT count(*) FROM spooled_others) = 0 AS empty_catalog;
