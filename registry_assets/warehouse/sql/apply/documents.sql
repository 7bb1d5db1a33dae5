-- The documents that the crawl read, put together: a manifest with what its config tells.

-- What the image configs tell: those just read, and those read earlier that a new manifest shares.
CREATE OR REPLACE TEMP TABLE config_facts AS
WITH wanted AS (
    SELECT DISTINCT config_digest FROM spooled_manifests WHERE config_digest IS NOT NULL
),
sharing AS (
    SELECT m.*
    FROM manifests AS m
    SEMI JOIN wanted USING (config_digest)
    ANTI JOIN spooled_configs USING (config_digest)
    WHERE m.provider = $provider AND coalesce(m.architecture, m.os, m.created_at::VARCHAR) IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY m.config_digest ORDER BY m.first_seen, m.repository, m.digest) = 1
),
shared_layers AS (
    SELECT s.config_digest, list(l.diff_id ORDER BY l.position) AS diff_ids, list(l.chain_id ORDER BY l.position) AS chain_ids,
        list(l.created_by ORDER BY l.position) AS created_by
    FROM sharing AS s
    JOIN layers AS l ON l.provider = s.provider AND l.repository = s.repository AND l.digest = s.digest
    GROUP BY s.config_digest
)
SELECT config_digest, architecture, os, variant, os_version, created_at, labels, diff_ids, chain_ids, created_by
FROM spooled_configs
UNION ALL
SELECT s.config_digest, s.architecture, s.os, s.variant, s.os_version, s.created_at, s.labels, l.diff_ids, l.chain_ids,
    l.created_by
FROM sharing AS s
LEFT JOIN shared_layers AS l USING (config_digest);

-- Manifests to bring up to date: those just read, and those known earlier whose config came only now. One that could
-- not be read again does not replace its own readable rows.
CREATE OR REPLACE TEMP TABLE documents AS
WITH known AS (
    SELECT *
    FROM manifests
    WHERE provider = $provider
        AND (digest IN (SELECT digest FROM spooled_manifests WHERE kind = 'unreadable')
            OR config_digest IN (SELECT config_digest FROM spooled_configs))
    QUALIFY row_number() OVER (PARTITION BY digest ORDER BY kind = 'unreadable', first_seen, repository) = 1
),
found AS (
    SELECT s.*
    FROM spooled_manifests AS s
    WHERE s.kind <> 'unreadable' OR s.digest NOT IN (SELECT digest FROM known WHERE kind <> 'unreadable')
    UNION ALL BY NAME
    SELECT k.* EXCLUDE (provider, repository, first_seen, unreferenced_since)
    FROM known AS k
    WHERE k.kind <> 'unreadable'
        AND k.digest NOT IN (SELECT digest FROM spooled_manifests WHERE kind <> 'unreadable')
)
SELECT f.digest, f.media_type, f.schema_version, f.kind, f.artifact_type, f.config_digest,
    coalesce(f.architecture, c.architecture) AS architecture, coalesce(f.os, c.os) AS os,
    coalesce(f.variant, c.variant) AS variant, coalesce(f.os_version, c.os_version) AS os_version,
    f.size, f.layer_count, coalesce(f.created_at, c.created_at) AS created_at,
    CASE WHEN cardinality(f.labels) > 0 THEN f.labels ELSE coalesce(c.labels, f.labels, MAP {}) END AS labels,
    coalesce(f.annotations, MAP {}) AS annotations, f.subject
FROM found AS f
LEFT JOIN config_facts AS c USING (config_digest);

-- Their entries, for indexes.
CREATE OR REPLACE TEMP TABLE document_children AS
SELECT s.* REPLACE (coalesce(s.annotations, MAP {}) AS annotations)
FROM spooled_children AS s
SEMI JOIN (SELECT digest FROM documents WHERE kind <> 'unreadable') AS d USING (digest);

-- Their layers, with what the config tells of each.
CREATE OR REPLACE TEMP TABLE document_layers AS
WITH found AS (
    SELECT * FROM spooled_layers
    UNION ALL BY NAME
    SELECT digest, position, layer_digest, media_type, size, diff_id, chain_id, created_by
    FROM layers
    WHERE provider = $provider AND digest NOT IN (SELECT digest FROM spooled_layers)
        AND digest IN (SELECT digest FROM documents WHERE kind <> 'unreadable')
    QUALIFY row_number() OVER (PARTITION BY digest, position ORDER BY repository) = 1
)
SELECT f.digest, f.position, f.layer_digest, f.media_type, f.size,
    coalesce(f.diff_id, c.diff_ids[f.position + 1]) AS diff_id,
    coalesce(f.chain_id, c.chain_ids[f.position + 1]) AS chain_id,
    coalesce(f.created_by, c.created_by[f.position + 1]) AS created_by
FROM found AS f
JOIN documents AS d USING (digest)
LEFT JOIN config_facts AS c USING (config_digest);
