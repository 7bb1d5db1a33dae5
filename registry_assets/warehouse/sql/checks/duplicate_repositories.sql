-- The keys that occur more than once in repositories.
SELECT provider, 'repositories' AS "table", repository AS key, count(*) AS row_count FROM repositories
GROUP BY provider, repository
HAVING count(*) > 1
ORDER BY ALL;
