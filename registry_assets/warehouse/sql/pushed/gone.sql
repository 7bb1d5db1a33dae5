-- What was sent to the target and is no entity any more, of providers whose newest crawl was complete, and of
-- providers that were forgotten.
WITH newest AS (
    SELECT provider, run_id
    FROM crawls
    QUALIFY row_number() OVER (PARTITION BY provider ORDER BY started_at DESC) = 1
),
incomplete AS (
    SELECT DISTINCT provider
    FROM crawls
    JOIN newest USING (provider, run_id)
    WHERE NOT complete
)
SELECT p.kind, p.entity_namespace, p.name
FROM internal.pushed AS p
ANTI JOIN entities AS e
    ON e.kind = p.kind AND e.entity_namespace = p.entity_namespace AND e.name = p.name
ANTI JOIN incomplete AS i ON i.provider = p.provider
WHERE p.target = $target
ORDER BY ALL;
