-- Entries of manifests that no tag has reached for longer than they are kept.
DELETE FROM manifest_children AS c
USING manifests AS m
WHERE m.provider = c.provider AND m.repository = c.repository AND m.digest = c.digest
    AND m.unreferenced_since < now() - to_days($manifest_days::INTEGER);

-- Their layers.
DELETE FROM layers AS l
USING manifests AS m
WHERE m.provider = l.provider AND m.repository = l.repository AND m.digest = l.digest
    AND m.unreferenced_since < now() - to_days($manifest_days::INTEGER);

-- The manifests themselves.
DELETE FROM manifests WHERE unreferenced_since < now() - to_days($manifest_days::INTEGER);

-- Old crawls, save each provider's last one and its last complete one.
DELETE FROM crawls AS c
USING (
    SELECT provider, run_id, finished_at
    FROM (
        SELECT provider, run_id, max(finished_at) AS finished_at,
            bool_and(complete) AND bool_or(stage = 'tags') AS is_complete
        FROM crawls
        GROUP BY provider, run_id
    )
    QUALIFY row_number() OVER (PARTITION BY provider ORDER BY finished_at DESC, run_id) > 1
        AND row_number() OVER (PARTITION BY provider, is_complete ORDER BY finished_at DESC, run_id) > 1
) AS old
WHERE old.provider = c.provider AND old.run_id = c.run_id
    AND old.finished_at < now() - to_days($crawl_days::INTEGER);

-- Problems that were resolved long ago.
DELETE FROM crawl_problems WHERE resolved_at < now() - to_days($crawl_days::INTEGER);
