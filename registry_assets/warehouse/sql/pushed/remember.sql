-- All entities that are not yet noted as sent to the target.
INSERT INTO internal.pushed
SELECT $target, kind, entity_namespace, name, provider
FROM entities AS e
WHERE NOT EXISTS (
    SELECT 1 FROM internal.pushed AS p
    WHERE p.target = $target AND p.kind = e.kind AND p.entity_namespace = e.entity_namespace AND p.name = e.name
);
