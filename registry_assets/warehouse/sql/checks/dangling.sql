-- The providers with relationships whose source or target is no entity.
SELECT r.provider, count(*) AS relationships, first(r.relation) AS relation,
    first(concat_ws(' ', r.source_kind, r.source_name)) AS source,
    first(concat_ws(' ', r.target_kind, r.target_name)) AS target
FROM relationships AS r
LEFT JOIN entities AS s
    ON s.kind = r.source_kind AND s.entity_namespace = r.source_namespace AND s.name = r.source_name
LEFT JOIN entities AS t
    ON t.kind = r.target_kind AND t.entity_namespace = r.target_namespace AND t.name = r.target_name
WHERE s.name IS NULL OR t.name IS NULL
GROUP BY r.provider
ORDER BY r.provider;
