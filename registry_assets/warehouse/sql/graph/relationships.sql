-- The provider's relationships as they should be.
CREATE OR REPLACE TEMP TABLE graph_relationships AS
WITH edges AS (
    -- A repository belongs to its registry, an image and a manifest to their repository.
    SELECT 'BELONGS_TO' AS relation, identity AS source, belongs_to AS target, '{}'::JSON AS spec
    FROM graph_entities
    UNION ALL
    -- An image uses the manifest that its tag points at.
    SELECT 'USES', identity, uses, '{}'
    FROM graph_entities
    UNION ALL
    -- An index contains the manifests that it lists; of one listed twice the first place counts.
    SELECT 'CONTAINS',
        internal.identity(provider, 'DockerManifest', repository, digest),
        internal.identity(provider, 'DockerManifest', repository, child_digest),
        without_nulls(json_object('position', min(position),
            'platform', nullif(arg_min(internal.platform(os, architecture, variant), position), 'unknown/unknown')))
    FROM manifest_children
    WHERE provider = $provider
    GROUP BY ALL
)
-- An edge needs both its ends: a manifest that has not been read is no entity yet.
SELECT edges.relation, source.kind AS source_kind, source.entity_namespace AS source_namespace,
    source.name AS source_name, target.kind AS target_kind, target.entity_namespace AS target_namespace,
    target.name AS target_name, source.provider, edges.spec
FROM edges
JOIN graph_entities AS source ON source.identity = edges.source
JOIN graph_entities AS target ON target.identity = edges.target;

-- What is gone or different leaves.
DELETE FROM relationships AS r
WHERE r.provider = $provider AND NOT EXISTS (
    SELECT 1 FROM graph_relationships AS g
    WHERE g.relation = r.relation AND g.source_kind = r.source_kind AND g.source_namespace = r.source_namespace
        AND g.source_name = r.source_name AND g.target_kind = r.target_kind
        AND g.target_namespace = r.target_namespace AND g.target_name = r.target_name AND g.spec = r.spec
);

-- What is new or different enters.
INSERT INTO relationships BY NAME
SELECT g.*
FROM graph_relationships AS g
ANTI JOIN relationships AS r
    USING (relation, source_kind, source_namespace, source_name, target_kind, target_namespace, target_name);
