-- What is gone or different (`gone`: its row), and what is new or different, of the relationships as they should be:
-- edges from identity to identity that have both their ends. A manifest that has not been read is no entity yet.
CREATE OR REPLACE TEMP TABLE graph_difference AS
WITH edges AS (
    -- A repository belongs to its registry.
    SELECT 'BELONGS_TO' AS relation, '{}'::JSON AS spec,
        internal.identity(provider, 'DockerRepository', repository, '') AS source,
        internal.identity(provider, 'DockerRegistry', '', '') AS target
    FROM repositories
    WHERE provider = $provider
    UNION ALL
    -- An image belongs to its repository.
    SELECT 'BELONGS_TO', '{}',
        internal.identity(provider, 'DockerImage', repository, tag),
        internal.identity(provider, 'DockerRepository', repository, '')
    FROM tags
    WHERE provider = $provider
    UNION ALL
    -- A manifest belongs to its repository.
    SELECT 'BELONGS_TO', '{}',
        internal.identity(provider, 'DockerManifest', repository, digest),
        internal.identity(provider, 'DockerRepository', repository, '')
    FROM manifests
    WHERE provider = $provider
    UNION ALL
    -- An image uses the manifest that its tag points at.
    SELECT 'USES', '{}',
        internal.identity(provider, 'DockerImage', repository, tag),
        internal.identity(provider, 'DockerManifest', repository, digest)
    FROM tags
    WHERE provider = $provider
    UNION ALL
    -- An index contains the manifests that it lists; of one listed twice the first place counts.
    SELECT 'CONTAINS',
        without_nulls(json_object('position', min(position),
            'platform', nullif(arg_min(internal.platform(os, architecture, variant), position), 'unknown/unknown'))),
        internal.identity(provider, 'DockerManifest', repository, digest),
        internal.identity(provider, 'DockerManifest', repository, child_digest)
    FROM manifest_children
    WHERE provider = $provider
    GROUP BY provider, repository, digest, child_digest
),
entity AS (
    SELECT entity_namespace, kind, name, identity FROM entities WHERE provider = $provider
),
new AS (
    SELECT edges.relation, source.kind AS source_kind, source.entity_namespace AS source_namespace,
        source.name AS source_name, target.kind AS target_kind, target.entity_namespace AS target_namespace,
        target.name AS target_name, $provider AS provider, edges.spec
    FROM edges
    JOIN entity AS source ON source.identity = edges.source
    JOIN entity AS target ON target.identity = edges.target
),
old AS (
    SELECT r.rowid AS gone, r.source_name, r.target_name, hash(r) AS content
    FROM relationships AS r
    WHERE r.provider = $provider
)
SELECT old.gone, new.*
FROM new
FULL JOIN old ON old.source_name = new.source_name AND old.target_name = new.target_name AND old.content = hash(new)
WHERE old.gone IS NULL OR new.relation IS NULL;

-- The former leave.
DELETE FROM relationships WHERE rowid IN (SELECT gone FROM graph_difference);

-- The latter enter.
INSERT INTO relationships BY NAME
SELECT * EXCLUDE (gone) FROM graph_difference WHERE gone IS NULL;
