-- How many rows of each table this crawl added, changed and removed.
CREATE OR REPLACE TEMP TABLE differences AS
SELECT 'registries' AS "table", count(*) FILTER (is_new) AS added, count(*) FILTER (NOT is_new) AS changed, 0 AS removed
FROM registry_changes
UNION ALL
SELECT 'repositories', count(*) FILTER (is_new), count(*) FILTER (NOT is_new), (SELECT count(*) FROM gone_repositories)
FROM (
    SELECT repository, bool_or(is_new) AS is_new
    FROM (
        SELECT repository, is_new FROM repository_changes
        UNION ALL
        SELECT repository, false FROM source_changes
    )
    GROUP BY repository
)
UNION ALL
SELECT 'tags', count(*) FILTER (change = 'added'), count(*) FILTER (change <> 'added'), (SELECT count(*) FROM gone_tags)
FROM tag_changes
UNION ALL
SELECT 'manifests', (SELECT count(*) FROM added_manifests), count(*), 0
FROM (
    SELECT repository, digest FROM improved_manifests
    UNION
    SELECT repository, digest FROM turned_manifests
)
UNION ALL
SELECT 'crawl_problems', count(*) FILTER (is_new), count(*) FILTER (NOT is_new), (SELECT count(*) FROM resolved_problems)
FROM problem_changes;

-- The same, to be told.
SELECT "table", added, changed, removed FROM differences;
