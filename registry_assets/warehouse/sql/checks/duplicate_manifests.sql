-- The keys that occur more than once in manifests.
SELECT provider, 'manifests' AS "table", repository || '@' || digest AS key, count(*) AS row_count FROM manifests
GROUP BY provider, repository, digest
HAVING count(*) > 1
UNION ALL
SELECT provider, 'manifest_children', repository || '@' || digest || ' ' || position, count(*) FROM manifest_children
GROUP BY provider, repository, digest, position
HAVING count(*) > 1
UNION ALL
SELECT provider, 'layers', repository || '@' || digest || ' ' || position, count(*) FROM layers
GROUP BY provider, repository, digest, position
HAVING count(*) > 1
ORDER BY ALL;
