-- The manifests that the provider's current tags reach, each in every repository that reaches it.

-- Rows that a document improves: those that could not be read before, and those whose config came only now.
CREATE OR REPLACE TEMP TABLE improved_manifests AS
SELECT m.repository, m.digest
FROM manifests AS m
JOIN documents AS d ON d.digest = m.digest
WHERE m.provider = $provider AND d.kind <> 'unreadable'
    AND (m.kind = 'unreadable'
        OR (coalesce(m.architecture, m.os, m.created_at::VARCHAR) IS NULL
            AND (d.architecture, d.os, d.created_at, d.labels) IS DISTINCT FROM (m.architecture, m.os, m.created_at, m.labels)));

-- The improved rows take the document's content.
UPDATE manifests AS m
SET media_type = d.media_type, schema_version = d.schema_version, kind = d.kind, artifact_type = d.artifact_type,
    config_digest = d.config_digest, architecture = d.architecture, os = d.os, variant = d.variant,
    os_version = d.os_version, size = d.size, layer_count = d.layer_count, created_at = d.created_at, labels = d.labels,
    annotations = d.annotations, subject = d.subject
FROM documents AS d, improved_manifests AS i
WHERE m.provider = $provider AND m.repository = i.repository AND m.digest = i.digest AND d.digest = m.digest;

-- Their entries are written anew.
DELETE FROM manifest_children AS c
USING improved_manifests AS i
WHERE c.provider = $provider AND c.repository = i.repository AND c.digest = i.digest
    AND c.digest IN (SELECT digest FROM document_children);

-- Their layers are written anew.
DELETE FROM layers AS l
USING improved_manifests AS i
WHERE l.provider = $provider AND l.repository = i.repository AND l.digest = i.digest;

-- Everything that current tags reach: their digests, and through indexes the digests below; a cycle ends itself.
CREATE OR REPLACE TEMP TABLE reachable AS
WITH RECURSIVE entries AS (
    SELECT digest, child_digest FROM manifest_children WHERE provider = $provider
    UNION
    SELECT digest, child_digest FROM document_children
),
reached AS (
    SELECT repository, digest FROM tags WHERE provider = $provider
    UNION
    SELECT r.repository, e.child_digest FROM reached AS r JOIN entries AS e ON e.digest = r.digest
)
SELECT repository, digest FROM reached;

-- Reachable manifests without a row, and where their content comes from: a repository that has them, or a document.
CREATE OR REPLACE TEMP TABLE added_manifests AS
WITH missing AS (
    SELECT r.repository, r.digest
    FROM reachable AS r
    ANTI JOIN (SELECT repository, digest FROM manifests WHERE provider = $provider) AS m
        ON m.repository = r.repository AND m.digest = r.digest
),
holders AS (
    SELECT digest, first(repository ORDER BY kind = 'unreadable', first_seen, repository) AS repository
    FROM manifests
    WHERE provider = $provider AND digest IN (SELECT digest FROM missing)
    GROUP BY digest
)
SELECT missing.repository, missing.digest, holders.repository AS origin
FROM missing
LEFT JOIN documents AS d ON d.digest = missing.digest
LEFT JOIN holders ON holders.digest = missing.digest
WHERE d.digest IS NOT NULL OR holders.digest IS NOT NULL;

-- Their rows.
INSERT INTO manifests BY NAME
SELECT d.*, $provider AS provider, a.repository, $at AS first_seen
FROM added_manifests AS a
JOIN documents AS d ON d.digest = a.digest
WHERE a.origin IS NULL
UNION ALL BY NAME
SELECT m.* REPLACE (a.repository AS repository, $at AS first_seen, NULL AS unreferenced_since)
FROM added_manifests AS a
JOIN manifests AS m ON m.provider = $provider AND m.repository = a.origin AND m.digest = a.digest;

-- Their entries, and those of improved rows.
INSERT INTO manifest_children BY NAME
SELECT d.*, $provider AS provider, a.repository
FROM (
    SELECT repository, digest FROM added_manifests WHERE origin IS NULL
    UNION ALL
    SELECT repository, digest FROM improved_manifests
) AS a
JOIN document_children AS d ON d.digest = a.digest
UNION ALL BY NAME
SELECT c.* REPLACE (a.repository AS repository)
FROM added_manifests AS a
JOIN manifest_children AS c ON c.provider = $provider AND c.repository = a.origin AND c.digest = a.digest;

-- Their layers, and those of improved rows.
INSERT INTO layers BY NAME
SELECT d.*, $provider AS provider, a.repository
FROM (
    SELECT repository, digest FROM added_manifests WHERE origin IS NULL
    UNION ALL
    SELECT repository, digest FROM improved_manifests
) AS a
JOIN document_layers AS d ON d.digest = a.digest
UNION ALL BY NAME
SELECT l.* REPLACE (a.repository AS repository)
FROM added_manifests AS a
JOIN layers AS l ON l.provider = $provider AND l.repository = a.origin AND l.digest = a.digest;

-- Rows that current tags no longer reach, or reach again.
CREATE OR REPLACE TEMP TABLE turned_manifests AS
SELECT m.repository, m.digest, r.digest IS NOT NULL AS reached
FROM manifests AS m
LEFT JOIN reachable AS r ON r.repository = m.repository AND r.digest = m.digest
WHERE m.provider = $provider AND (r.digest IS NULL) = (m.unreferenced_since IS NULL);

-- Their time to live begins, or ends.
UPDATE manifests AS m
SET unreferenced_since = CASE WHEN t.reached THEN NULL ELSE $at END
FROM turned_manifests AS t
WHERE m.provider = $provider AND m.repository = t.repository AND m.digest = t.digest;

-- Repositories whose source repository is another now: none, unless tags or manifests changed.
CREATE OR REPLACE TEMP TABLE source_changes (repository VARCHAR, source_repository VARCHAR);

-- Whether they did.
SELECT EXISTS (FROM tag_changes) OR EXISTS (FROM gone_tags) OR EXISTS (FROM added_manifests)
    OR EXISTS (FROM improved_manifests);
