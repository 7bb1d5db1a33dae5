-- One entity that was deleted at the target.
DELETE FROM internal.pushed
WHERE target = $target AND kind = $kind AND entity_namespace = $namespace AND name = $name;
