-- The keys that occur more than once in tags.
SELECT provider, 'tags' AS "table", repository || ':' || tag AS key, count(*) AS row_count FROM tags
GROUP BY provider, repository, tag
HAVING count(*) > 1
UNION ALL
SELECT provider, 'tag_history', repository || ':' || tag || ' ' || valid_from, count(*) FROM tag_history
GROUP BY provider, repository, tag, valid_from
HAVING count(*) > 1
ORDER BY ALL;
