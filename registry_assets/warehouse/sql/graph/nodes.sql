-- Everything of the provider that is an entity: a registry, a repository, a tag or a manifest. `plain_name` is the
-- name it asks for; `belongs_to` and `uses` are the identities that it points at.
CREATE OR REPLACE TEMP TABLE graph_nodes AS
WITH registry AS (
    SELECT r.*, internal.identity(r.provider, 'DockerRegistry', '', '') AS identity,
        coalesce(named.first_seen, found.first_seen, now()) AS first_seen
    FROM registries AS r,
        (SELECT min(first_seen) AS first_seen FROM internal.entity_names
            WHERE kind = 'DockerRegistry' AND provider = $provider) AS named,
        (SELECT min(first_seen) AS first_seen FROM repositories WHERE provider = $provider) AS found
    WHERE r.provider = $provider
),
repository AS (
    SELECT p.*, r.entity_namespace, r.url AS registry_url, r.identity AS belongs_to,
        internal.identity(p.provider, 'DockerRepository', p.repository, '') AS identity,
        shown_repository(r.registry_type, p.repository) AS shown
    FROM repositories AS p
    JOIN registry AS r ON r.provider = p.provider
)
-- The provider's registry.
SELECT provider, entity_namespace, 'DockerRegistry' AS kind, identity, slug(provider) AS plain_name, first_seen,
    NULL::VARCHAR AS belongs_to, NULL::VARCHAR AS uses,
    MAP {'devgraph.ai/registry-type': registry_type} AS labels,
    without_nulls(json_object('name', name, 'registry_type', registry_type, 'url', url, 'public', public)) AS spec
FROM registry
UNION ALL
-- Its repositories.
SELECT provider, entity_namespace, 'DockerRepository', identity, slug(shown), first_seen, belongs_to, NULL,
    MAP {'devgraph.ai/repository-name': name},
    without_nulls(json_object('name', name, 'full_name', repository, 'namespace', nullif(namespace, ''),
        'description', description, 'official', official, 'star_count', star_count, 'pull_count', pull_count,
        'registry_url', registry_url, 'source_repository', source_repository))
FROM repository
UNION ALL
-- Its tags.
SELECT t.provider, p.entity_namespace, 'DockerImage',
    internal.identity(t.provider, 'DockerImage', t.repository, t.tag),
    slug(p.shown) || '-' || slug(t.tag), t.first_seen, p.identity,
    internal.identity(t.provider, 'DockerManifest', t.repository, t.digest),
    MAP {'devgraph.ai/image-tag': t.tag},
    without_nulls(json_object('repository', p.shown, 'tag', t.tag, 'digest', t.digest, 'size', i.size,
        'architecture', i.architecture, 'os', i.os, 'created', shown_time(i.created_at), 'layers', i.layers,
        'registry_url', p.registry_url))
FROM tags AS t
JOIN images AS i ON i.provider = t.provider AND i.repository = t.repository AND i.tag = t.tag
JOIN repository AS p ON p.repository = t.repository
WHERE t.provider = $provider
UNION ALL
-- The manifests that its tags reach.
SELECT m.provider, p.entity_namespace, 'DockerManifest',
    internal.identity(m.provider, 'DockerManifest', m.repository, m.digest),
    slug(p.shown) || '-manifest-' || slug(left(split_part(m.digest, ':', 2), 12)), m.first_seen, p.identity, NULL,
    MAP {},
    without_nulls(json_object('repository', p.shown, 'digest', m.digest, 'media_type', m.media_type,
        'schema_version', m.schema_version, 'architecture', s.architecture, 'os', s.os, 'size', s.size))
FROM manifests AS m
JOIN internal.manifest_summaries AS s
    ON s.provider = m.provider AND s.repository = m.repository AND s.digest = m.digest
JOIN repository AS p ON p.repository = m.repository
WHERE m.provider = $provider AND m.unreferenced_since IS NULL;
