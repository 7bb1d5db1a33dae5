-- Repositories that are new or differ. What a listing leaves out is unknown, not gone; what the tags tell counts only
-- where they were read. Counts never make a difference.
CREATE OR REPLACE TEMP TABLE repository_changes AS
WITH merged AS (
    SELECT s.repository, s.namespace, s.name, s.star_count, s.pull_count,
        r.repository IS NULL AS is_new,
        coalesce(s.description, r.description) AS description,
        coalesce(s.official, r.official) AS official,
        coalesce(s.created_at, r.created_at) AS created_at,
        coalesce(s.updated_at, r.updated_at) AS updated_at,
        CASE WHEN s.tags_listing IN ('complete', 'stopped') THEN s.tags_total ELSE r.tags_total END AS tags_total,
        CASE WHEN s.tags_listing IN ('complete', 'stopped') THEN s.tags_selected ELSE r.tags_selected END AS tags_selected,
        CASE WHEN s.tags_listing IN ('complete', 'stopped') THEN s.tags_truncated ELSE r.tags_truncated END
            AS tags_truncated,
        CASE WHEN s.tags_listing IN ('complete', 'stopped') THEN s.tag_order ELSE r.tag_order END AS tag_order,
        r
    FROM spooled_repositories AS s
    LEFT JOIN repositories AS r ON r.provider = $provider AND r.repository = s.repository
)
SELECT * EXCLUDE (r)
FROM merged
WHERE is_new
    OR (namespace, name, description, official, created_at, updated_at, tags_total, tags_selected, tags_truncated, tag_order)
        IS DISTINCT FROM (r.namespace, r.name, r.description, r.official, r.created_at, r.updated_at, r.tags_total,
            r.tags_selected, r.tags_truncated, r.tag_order);

-- Repositories that differ.
UPDATE repositories AS r
SET namespace = c.namespace, name = c.name, description = c.description, official = c.official,
    created_at = c.created_at, updated_at = c.updated_at, tags_total = c.tags_total, tags_selected = c.tags_selected,
    tags_truncated = c.tags_truncated, tag_order = c.tag_order
FROM repository_changes AS c
WHERE r.provider = $provider AND r.repository = c.repository AND NOT c.is_new;

-- New repositories; one that comes back keeps the time it was first seen where its tags or manifests still tell.
INSERT INTO repositories (
    provider, repository, namespace, name, description, official, star_count, pull_count, created_at, updated_at,
    tags_total, tags_selected, tags_truncated, tag_order, first_seen)
WITH past AS (
    SELECT repository, min(first_seen) AS first_seen
    FROM (
        SELECT repository, valid_from AS first_seen FROM tag_history WHERE provider = $provider
        UNION ALL
        SELECT repository, first_seen FROM manifests WHERE provider = $provider
    )
    SEMI JOIN repository_changes USING (repository)
    GROUP BY repository
)
SELECT $provider, c.repository, c.namespace, c.name, c.description, c.official, c.star_count, c.pull_count, c.created_at,
    c.updated_at, c.tags_total, c.tags_selected, c.tags_truncated, c.tag_order, coalesce(past.first_seen, $at)
FROM repository_changes AS c
LEFT JOIN past ON past.repository = c.repository
WHERE c.is_new;

-- Repositories that are gone.
DELETE FROM repositories AS r
USING gone_repositories AS g
WHERE r.provider = $provider AND r.repository = g.repository;
