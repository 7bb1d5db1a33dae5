-- How many rows of each table are the provider's.
SELECT 'registries' AS "table", count(*) AS row_count FROM registries WHERE provider = $provider
UNION ALL SELECT 'repositories', count(*) FROM repositories WHERE provider = $provider
UNION ALL SELECT 'tags', count(*) FROM tags WHERE provider = $provider
UNION ALL SELECT 'tag_history', count(*) FROM tag_history WHERE provider = $provider
UNION ALL SELECT 'manifests', count(*) FROM manifests WHERE provider = $provider
UNION ALL SELECT 'manifest_children', count(*) FROM manifest_children WHERE provider = $provider
UNION ALL SELECT 'layers', count(*) FROM layers WHERE provider = $provider
UNION ALL SELECT 'entities', count(*) FROM entities WHERE provider = $provider
UNION ALL SELECT 'relationships', count(*) FROM relationships WHERE provider = $provider
UNION ALL SELECT 'crawls', count(*) FROM crawls WHERE provider = $provider
UNION ALL SELECT 'crawl_problems', count(*) FROM crawl_problems WHERE provider = $provider;
