-- All relationships, in an order that depends on nothing but themselves.
SELECT relation, source_kind, source_namespace, source_name, target_kind, target_namespace, target_name, provider, spec
FROM relationships
ORDER BY source_namespace, source_kind, source_name, relation, target_namespace, target_kind, target_name;
