-- Every manifest digest that is known of the provider: read in any repository with all that belongs to it, or in none.
SELECT digest, bool_or(kind <> 'unreadable') AND NOT bool_or(p.reference IS NOT NULL) AS readable
FROM manifests AS m
LEFT JOIN crawl_problems AS p
    ON p.provider = m.provider AND p.stage = 'manifests' AND p.repository = m.repository AND p.reference = m.digest
    AND p.resolved_at IS NULL
WHERE m.provider = $provider
GROUP BY digest;

-- Every image config whose content is known.
SELECT DISTINCT config_digest
FROM manifests
WHERE provider = $provider AND config_digest IS NOT NULL
    AND coalesce(architecture, os, created_at::VARCHAR) IS NOT NULL;

-- Manifests that the provider's current tags reach through indexes and that no repository has: reading them failed.
SELECT c.repository, c.child_digest
FROM manifest_children AS c
SEMI JOIN manifests AS m
    ON m.provider = c.provider AND m.repository = c.repository AND m.digest = c.digest AND m.unreferenced_since IS NULL
ANTI JOIN (SELECT digest FROM manifests WHERE provider = $provider) AS known ON known.digest = c.child_digest
WHERE c.provider = $provider AND (c.media_type IS NULL OR list_contains($manifest_types, c.media_type))
GROUP BY ALL;

-- Whether the provider's counts are due; a time in the future is left from before the clock was set back.
SELECT coalesce(counts_refreshed_at <= now() - INTERVAL 1 DAY OR counts_refreshed_at > now(), true)
FROM internal.providers
WHERE provider = $provider;
