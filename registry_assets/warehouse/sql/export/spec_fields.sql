-- The fields that specs have, each with the one JSON type that all its values share, else VARCHAR.
SELECT field, CASE WHEN count(DISTINCT type) = 1 THEN min(type) ELSE 'VARCHAR' END AS type
FROM (
    SELECT field, replace(json_type(spec, '$."' || field || '"'), 'UBIGINT', 'BIGINT') AS type
    FROM (SELECT spec, unnest(json_keys(spec)) AS field FROM entities)
)
GROUP BY field
ORDER BY field;
