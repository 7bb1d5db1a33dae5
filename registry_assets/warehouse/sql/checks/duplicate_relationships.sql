-- The keys that occur more than once in relationships.
SELECT first(provider) AS provider, 'relationships' AS "table",
    concat_ws(' ', source_kind, source_name, relation, target_kind, target_name) AS key, count(*) AS row_count
FROM relationships
GROUP BY relation, source_kind, source_namespace, source_name, target_kind, target_namespace, target_name
HAVING count(*) > 1
ORDER BY ALL;
