-- All entities, in an order that depends on nothing but themselves.
SELECT api_version, kind, entity_namespace AS namespace, name, provider, labels, annotations, spec
FROM entities
ORDER BY entity_namespace, kind, name;
