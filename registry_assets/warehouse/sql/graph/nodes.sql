-- The provider's repositories as people call them.
CREATE OR REPLACE TEMP TABLE graph_repositories AS
SELECT p.*, r.entity_namespace, r.url AS registry_url,
    shown_repository(r.registry_type, p.repository) AS shown, slug(shown) AS plain_name
FROM repositories AS p
JOIN registries AS r ON r.provider = p.provider
WHERE p.provider = $provider;

-- Everything of the provider that is an entity, with the name that it asks for. First its registry.
CREATE OR REPLACE TEMP TABLE graph_nodes AS
SELECT entity_namespace, 'DockerRegistry' AS kind, provider,
    internal.identity(provider, 'DockerRegistry', '', '') AS identity,
    slug(provider) AS plain_name,
    coalesce((SELECT min(first_seen) FROM graph_repositories), now()) AS first_seen,
    MAP {'devgraph.ai/registry-type': registry_type} AS labels,
    without_nulls(json_object('name', name, 'registry_type', registry_type, 'url', url, 'public', public)) AS spec
FROM registries
WHERE provider = $provider;

-- Its repositories.
INSERT INTO graph_nodes
SELECT entity_namespace, 'DockerRepository', provider,
    internal.identity(provider, 'DockerRepository', repository, ''),
    plain_name, first_seen,
    MAP {'devgraph.ai/repository-name': name},
    without_nulls(json_object('name', name, 'full_name', repository, 'namespace', nullif(namespace, ''),
        'description', description, 'official', official, 'star_count', star_count, 'pull_count', pull_count,
        'registry_url', registry_url, 'source_repository', source_repository))
FROM graph_repositories;

-- Its tags.
INSERT INTO graph_nodes
SELECT p.entity_namespace, 'DockerImage', t.provider,
    internal.identity(t.provider, 'DockerImage', t.repository, t.tag),
    p.plain_name || '-' || slug(t.tag), t.first_seen,
    MAP {'devgraph.ai/image-tag': t.tag},
    without_nulls(json_object('repository', p.shown, 'tag', t.tag, 'digest', t.digest, 'size', t.size,
        'architecture', t.architecture, 'os', t.os, 'created', shown_time(t.created_at), 'layers', t.layers,
        'registry_url', p.registry_url))
FROM internal.tag_summaries AS t
JOIN graph_repositories AS p ON p.repository = t.repository
WHERE t.provider = $provider;

-- The manifests that its tags reach.
INSERT INTO graph_nodes
SELECT p.entity_namespace, 'DockerManifest', m.provider,
    internal.identity(m.provider, 'DockerManifest', m.repository, m.digest),
    p.plain_name || '-manifest-' || slug(left(split_part(m.digest, ':', 2), 12)), m.first_seen,
    MAP {},
    without_nulls(json_object('repository', p.shown, 'digest', m.digest, 'media_type', m.media_type,
        'schema_version', m.schema_version, 'architecture', s.architecture, 'os', s.os, 'size', s.size))
FROM manifests AS m
JOIN internal.manifest_summaries AS s
    ON s.provider = m.provider AND s.repository = m.repository AND s.digest = m.digest
JOIN graph_repositories AS p ON p.repository = m.repository
WHERE m.provider = $provider AND m.unreferenced_since IS NULL;
