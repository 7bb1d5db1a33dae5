-- The keys that occur more than once in registries.
SELECT provider, 'registries' AS "table", '' AS key, count(*) AS row_count FROM registries
GROUP BY provider
HAVING count(*) > 1
ORDER BY ALL;
