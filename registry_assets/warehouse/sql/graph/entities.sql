-- What is gone or different (`gone`: its row), and what is new or different, of the entities as they should be: the
-- nodes under the names that they were given.
CREATE OR REPLACE TEMP TABLE graph_difference AS
WITH new AS (
    SELECT n.entity_namespace, n.kind, given.name, n.provider, n.identity, 'entities.devgraph.ai/v1' AS api_version,
        n.labels, MAP {}::MAP(VARCHAR, VARCHAR) AS annotations, n.spec, given.first_seen
    FROM graph_nodes AS n
    JOIN internal.entity_names AS given USING (entity_namespace, kind, identity)
),
old AS (
    SELECT e.rowid AS gone, e.identity, hash(e) AS content
    FROM entities AS e
    WHERE e.provider = $provider
)
SELECT old.gone, new.*
FROM new
FULL JOIN old ON old.identity = new.identity AND old.content = hash(new)
WHERE old.gone IS NULL OR new.identity IS NULL;

-- The former leave.
DELETE FROM entities WHERE rowid IN (SELECT gone FROM graph_difference);

-- The latter enter.
INSERT INTO entities BY NAME
SELECT * EXCLUDE (gone) FROM graph_difference WHERE gone IS NULL;
