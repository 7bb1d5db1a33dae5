-- Gives every entity without a name the one that it asks for, where nothing else has it; of several that ask for the
-- same one, to the one seen first.
INSERT INTO internal.entity_names
WITH unnamed AS (
    SELECT n.*, proposed_name(n.plain_name, n.identity, $attempt) AS name
    FROM graph_nodes AS n
    ANTI JOIN internal.entity_names AS given USING (entity_namespace, kind, identity)
)
SELECT entity_namespace, kind, name, provider, identity, first_seen
FROM unnamed
ANTI JOIN internal.entity_names AS taken USING (entity_namespace, kind, name)
WHERE name IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY entity_namespace, kind, name ORDER BY first_seen, identity) = 1;
