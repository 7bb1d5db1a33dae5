-- How many rows each of the asset's tables has.
SELECT 'registries' AS "table", count(*) AS row_count FROM registries
UNION ALL SELECT 'repositories', count(*) FROM repositories
UNION ALL SELECT 'tags', count(*) FROM tags
UNION ALL SELECT 'manifests', count(*) FROM manifests
UNION ALL SELECT 'entities', count(*) FROM entities
UNION ALL SELECT 'relationships', count(*) FROM relationships;
