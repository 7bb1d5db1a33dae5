-- The registry's row, where it is new or differs.
CREATE OR REPLACE TEMP TABLE registry_changes AS
SELECT s.*, r.provider IS NULL AS is_new
FROM spooled_registries AS s
LEFT JOIN registries AS r ON r.provider = s.provider
WHERE r.provider IS NULL
    OR (r.registry_type, r.name, r.url, r.public, r.entity_namespace)
        IS DISTINCT FROM (s.registry_type, s.name, s.url, coalesce(s.public, r.public), s.entity_namespace);

-- A registry that differs takes what the crawl read; whether it is public is kept where the crawl could not tell.
UPDATE registries AS r
SET registry_type = c.registry_type, name = c.name, url = c.url, public = coalesce(c.public, r.public),
    entity_namespace = c.entity_namespace
FROM registry_changes AS c
WHERE r.provider = c.provider AND NOT c.is_new;

-- A new registry.
INSERT INTO registries (provider, registry_type, name, url, public, entity_namespace)
SELECT provider, registry_type, name, url, public, entity_namespace FROM registry_changes WHERE is_new;
