-- The keys that occur more than once in entities.
SELECT first(provider) AS provider, 'entities' AS "table", entity_namespace || ' ' || kind || ' ' || name AS key,
    count(*) AS row_count
FROM entities
GROUP BY entity_namespace, kind, name
HAVING count(*) > 1
ORDER BY ALL;
