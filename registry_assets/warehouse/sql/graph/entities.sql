-- The provider's entities as they should be.
CREATE OR REPLACE TEMP TABLE graph_entities AS
SELECT n.entity_namespace, n.kind, given.name, n.provider, n.identity, 'entities.devgraph.ai/v1' AS api_version,
    n.labels, MAP {}::MAP(VARCHAR, VARCHAR) AS annotations, n.spec, given.first_seen,
    n.belongs_to, n.uses
FROM graph_nodes AS n
JOIN internal.entity_names AS given USING (entity_namespace, kind, identity);

-- What is gone or different leaves.
DELETE FROM entities AS e
WHERE e.provider = $provider AND NOT EXISTS (
    SELECT 1 FROM graph_entities AS g
    WHERE g.entity_namespace = e.entity_namespace AND g.kind = e.kind AND g.name = e.name AND g.identity = e.identity
        AND g.api_version = e.api_version AND g.labels = e.labels AND g.annotations = e.annotations
        AND g.spec = e.spec AND g.first_seen = e.first_seen
);

-- What is new or different enters.
INSERT INTO entities BY NAME
SELECT g.* EXCLUDE (belongs_to, uses)
FROM graph_entities AS g
ANTI JOIN entities AS e USING (entity_namespace, kind, name);
