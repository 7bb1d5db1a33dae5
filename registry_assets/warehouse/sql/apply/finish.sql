-- The crawl's own rows; a crawl that is applied again replaces them.
DELETE FROM crawls WHERE run_id = $run_id AND provider = $provider;

-- One row a stage, with what the crawl changed in the table of the stage's name.
INSERT INTO crawls (
    run_id, provider, stage, started_at, finished_at, complete, requests, bytes_received, seen, added, changed, removed)
SELECT $run_id, $provider, s.stage, s.started_at, s.finished_at, s.complete, s.requests, s.bytes_received, s.seen,
    coalesce(d.added, 0), coalesce(d.changed, 0), coalesce(d.removed, 0)
FROM spooled_stages AS s
LEFT JOIN differences AS d ON d."table" = s.stage;

-- The provider's settings, where they differ; `generation` counts the crawls that changed what the graph is made of.
UPDATE internal.providers
SET registry_type = $registry_type, api_url = $api_url, entity_namespace = $entity_namespace, every = $every,
    counts_refreshed_at = CASE WHEN (SELECT due FROM counts_due) THEN $at ELSE counts_refreshed_at END,
    generation = generation + $changed_data::INTEGER
WHERE provider = $provider
    AND ($changed_data OR (SELECT due FROM counts_due)
        OR (registry_type, api_url, entity_namespace, every)
            IS DISTINCT FROM ($registry_type, $api_url, $entity_namespace, $every));

-- A provider's first crawl.
INSERT INTO internal.providers (provider, registry_type, api_url, entity_namespace, every, counts_refreshed_at, generation)
SELECT $provider, $registry_type, $api_url, $entity_namespace, $every, CASE WHEN due THEN $at END, 1
FROM counts_due
WHERE $provider NOT IN (SELECT provider FROM internal.providers);
