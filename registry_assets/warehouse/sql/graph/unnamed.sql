-- How many entities have no name yet.
SELECT count(*)
FROM graph_nodes AS n
ANTI JOIN internal.entity_names AS given USING (entity_namespace, kind, identity);
