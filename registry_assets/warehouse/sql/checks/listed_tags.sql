-- Every repository of the providers with the tags that are known of it.
SELECT r.provider, r.repository, coalesce(list(t.tag) FILTER (t.tag IS NOT NULL), []) AS tags
FROM repositories AS r
LEFT JOIN tags AS t ON t.provider = r.provider AND t.repository = r.repository
WHERE list_contains($providers, r.provider)
GROUP BY r.provider, r.repository;
