-- The tables. No primary keys and no indexes: they bloat the file, uniqueness is a check.
-- Times are stored in UTC, sizes are bytes as transferred (compressed), `repository` is always the full name.

-- One row per provider: the registry itself.
CREATE TABLE registries (
    provider VARCHAR NOT NULL,
    registry_type VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    public BOOLEAN,
    entity_namespace VARCHAR NOT NULL
);
COMMENT ON TABLE registries IS 'One row per provider: the registry that it reads.';
COMMENT ON COLUMN registries.provider IS 'Name of the provider in providers.yaml; key.';
COMMENT ON COLUMN registries.registry_type IS 'Kind of registry as configured: docker-hub, ecr, gcr, acr, ghcr, private or oci-layout.';
COMMENT ON COLUMN registries.name IS 'Display name of the registry.';
COMMENT ON COLUMN registries.url IS 'URL of the registry as its users see it; for an OCI image layout its directory.';
COMMENT ON COLUMN registries.public IS 'Whether anonymous users may read it; null where that is not known.';
COMMENT ON COLUMN registries.entity_namespace IS 'Namespace that the provider''s entities are created in.';

-- One row per selected repository.
CREATE TABLE repositories (
    provider VARCHAR NOT NULL,
    repository VARCHAR NOT NULL,
    namespace VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    description VARCHAR,
    official BOOLEAN,
    star_count BIGINT,
    pull_count BIGINT,
    created_at TIMESTAMPTZ,
    updated_at TIMESTAMPTZ,
    source_repository VARCHAR,
    tags_total BIGINT,
    tags_selected BIGINT,
    tags_truncated BOOLEAN,
    tag_order VARCHAR,
    first_seen TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE repositories IS 'One row per repository that the registry lists and a selector takes.';
COMMENT ON COLUMN repositories.provider IS 'Name of the provider; key.';
COMMENT ON COLUMN repositories.repository IS 'Full name of the repository, such as library/nginx; key.';
COMMENT ON COLUMN repositories.namespace IS 'What is before the first slash of the full name; empty where there is none.';
COMMENT ON COLUMN repositories.name IS 'What is after the first slash of the full name, or all of it.';
COMMENT ON COLUMN repositories.description IS 'Description as the registry gives it; null where it gives none.';
COMMENT ON COLUMN repositories.official IS 'Whether it is one of Docker''s official images; null where the registry does not say.';
COMMENT ON COLUMN repositories.star_count IS 'Stars as the registry counts them, refreshed at most daily; null where it does not count.';
COMMENT ON COLUMN repositories.pull_count IS 'Pulls as the registry counts them, refreshed at most daily; null where it does not count.';
COMMENT ON COLUMN repositories.created_at IS 'When the registry says that the repository was created.';
COMMENT ON COLUMN repositories.updated_at IS 'When the registry says that the repository last changed.';
COMMENT ON COLUMN repositories.source_repository IS 'Source code repository that the newest image with such a label or annotation names, as an https URL.';
COMMENT ON COLUMN repositories.tags_total IS 'Number of tags in the registry, referrer tags left out; null where the list was not read to its end.';
COMMENT ON COLUMN repositories.tags_selected IS 'Number of tags that the selectors took.';
COMMENT ON COLUMN repositories.tags_truncated IS 'Whether max_tags left out tags that the filters would have taken.';
COMMENT ON COLUMN repositories.tag_order IS 'What told which tags are the newest: pushed, semver or registry.';
COMMENT ON COLUMN repositories.first_seen IS 'When a crawl first saw the repository.';

-- One row per selected tag as it is now.
CREATE TABLE tags (
    provider VARCHAR NOT NULL,
    repository VARCHAR NOT NULL,
    tag VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    media_type VARCHAR,
    pushed_at TIMESTAMPTZ,
    last_pulled_at TIMESTAMPTZ,
    listed_size BIGINT,
    listed_platforms VARCHAR[],
    first_seen TIMESTAMPTZ NOT NULL,
    moved_at TIMESTAMPTZ
);
COMMENT ON TABLE tags IS 'One row per selected tag as it is now; tag_history has what it was.';
COMMENT ON COLUMN tags.provider IS 'Name of the provider; key.';
COMMENT ON COLUMN tags.repository IS 'Full name of the repository; key.';
COMMENT ON COLUMN tags.tag IS 'Name of the tag; key.';
COMMENT ON COLUMN tags.digest IS 'Digest that the tag points at, as algorithm:hex.';
COMMENT ON COLUMN tags.media_type IS 'Media type of what the tag points at, as the registry gave it with the tag.';
COMMENT ON COLUMN tags.pushed_at IS 'When the tag was last pushed; null where the registry does not say.';
COMMENT ON COLUMN tags.last_pulled_at IS 'When the tag was last pulled, refreshed at most daily; null where the registry does not say.';
COMMENT ON COLUMN tags.listed_size IS 'Size in bytes as the listing gives it; it serves while the manifest has not been read.';
COMMENT ON COLUMN tags.listed_platforms IS 'Platforms as the listing gives them, each os/architecture or os/architecture/variant.';
COMMENT ON COLUMN tags.first_seen IS 'When a crawl first saw the tag.';
COMMENT ON COLUMN tags.moved_at IS 'When a crawl last found the tag pointing at another digest; null while it never has.';

-- Every digest that a tag has pointed at, as intervals that never overlap.
CREATE TABLE tag_history (
    provider VARCHAR NOT NULL,
    repository VARCHAR NOT NULL,
    tag VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    digest VARCHAR NOT NULL,
    valid_to TIMESTAMPTZ,
    start_reason VARCHAR NOT NULL,
    end_reason VARCHAR
);
COMMENT ON TABLE tag_history IS 'What each tag pointed at, and when: one row per interval; the intervals of a tag never overlap.';
COMMENT ON COLUMN tag_history.provider IS 'Name of the provider; key.';
COMMENT ON COLUMN tag_history.repository IS 'Full name of the repository; key.';
COMMENT ON COLUMN tag_history.tag IS 'Name of the tag; key.';
COMMENT ON COLUMN tag_history.valid_from IS 'When a crawl first saw the tag point at the digest; key.';
COMMENT ON COLUMN tag_history.digest IS 'Digest that the tag pointed at.';
COMMENT ON COLUMN tag_history.valid_to IS 'When a crawl found that it no longer does; for a deselected tag the last time it was seen; null while current.';
COMMENT ON COLUMN tag_history.start_reason IS 'added (never seen before), moved (from another digest), reappeared (after it was removed) or reselected (after it was deselected).';
COMMENT ON COLUMN tag_history.end_reason IS 'moved (to another digest), removed (gone from the registry) or deselected (no longer among the tags that the selectors take); null while current.';

-- One row per manifest and repository that holds it.
CREATE TABLE manifests (
    provider VARCHAR NOT NULL,
    repository VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    media_type VARCHAR,
    schema_version INTEGER,
    kind VARCHAR NOT NULL,
    artifact_type VARCHAR,
    config_digest VARCHAR,
    architecture VARCHAR,
    os VARCHAR,
    variant VARCHAR,
    os_version VARCHAR,
    size BIGINT,
    layer_count BIGINT,
    created_at TIMESTAMPTZ,
    labels MAP(VARCHAR, VARCHAR) NOT NULL,
    annotations MAP(VARCHAR, VARCHAR) NOT NULL,
    subject VARCHAR,
    first_seen TIMESTAMPTZ NOT NULL,
    unreferenced_since TIMESTAMPTZ
);
COMMENT ON TABLE manifests IS 'One row per manifest and repository that holds it: images, indexes and other artifacts.';
COMMENT ON COLUMN manifests.provider IS 'Name of the provider; key.';
COMMENT ON COLUMN manifests.repository IS 'Full name of the repository; key.';
COMMENT ON COLUMN manifests.digest IS 'Digest of the manifest, as algorithm:hex; key.';
COMMENT ON COLUMN manifests.media_type IS 'Media type of the manifest.';
COMMENT ON COLUMN manifests.schema_version IS 'schemaVersion of the manifest: 1 or 2.';
COMMENT ON COLUMN manifests.kind IS 'image, index, attestation, signature, sbom, artifact, or unreadable where its content could not be read.';
COMMENT ON COLUMN manifests.artifact_type IS 'Artifact type as the manifest declares it; null for plain images.';
COMMENT ON COLUMN manifests.config_digest IS 'Digest of the config; null for an index.';
COMMENT ON COLUMN manifests.architecture IS 'CPU architecture, such as amd64; null for an index.';
COMMENT ON COLUMN manifests.os IS 'Operating system, such as linux; null for an index.';
COMMENT ON COLUMN manifests.variant IS 'Variant of the CPU architecture, such as v8.';
COMMENT ON COLUMN manifests.os_version IS 'Version of the operating system that the image needs; Windows images have it.';
COMMENT ON COLUMN manifests.size IS 'Size of config and layers together, bytes, compressed; null for an index.';
COMMENT ON COLUMN manifests.layer_count IS 'Number of layers; null for an index.';
COMMENT ON COLUMN manifests.created_at IS 'When the image was built, as its config says; null where it says nothing or a time up to 1970-01-01.';
COMMENT ON COLUMN manifests.labels IS 'Labels of the image config, keys sorted.';
COMMENT ON COLUMN manifests.annotations IS 'Annotations of the manifest, keys sorted.';
COMMENT ON COLUMN manifests.subject IS 'Digest of the manifest that this one refers to; null where it refers to none.';
COMMENT ON COLUMN manifests.first_seen IS 'When a crawl first found the manifest in this repository.';
COMMENT ON COLUMN manifests.unreferenced_since IS 'Since when no current tag of the repository reaches it; null while one does. It is deleted 90 days later.';

-- One row per entry of an index.
CREATE TABLE manifest_children (
    provider VARCHAR NOT NULL,
    repository VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    position BIGINT NOT NULL,
    child_digest VARCHAR NOT NULL,
    media_type VARCHAR,
    size BIGINT,
    artifact_type VARCHAR,
    architecture VARCHAR,
    os VARCHAR,
    variant VARCHAR,
    kind VARCHAR,
    annotations MAP(VARCHAR, VARCHAR) NOT NULL
);
COMMENT ON TABLE manifest_children IS 'One row per entry of an index: the manifest of each platform, and attestations.';
COMMENT ON COLUMN manifest_children.provider IS 'Name of the provider; key.';
COMMENT ON COLUMN manifest_children.repository IS 'Full name of the repository; key.';
COMMENT ON COLUMN manifest_children.digest IS 'Digest of the index; key.';
COMMENT ON COLUMN manifest_children.position IS 'Place in the index, from 0; key.';
COMMENT ON COLUMN manifest_children.child_digest IS 'Digest of the manifest that the entry points at.';
COMMENT ON COLUMN manifest_children.media_type IS 'Media type of that manifest as the entry declares it.';
COMMENT ON COLUMN manifest_children.size IS 'Size of that manifest document itself, bytes.';
COMMENT ON COLUMN manifest_children.artifact_type IS 'Artifact type as the entry declares it.';
COMMENT ON COLUMN manifest_children.architecture IS 'CPU architecture of the entry''s platform.';
COMMENT ON COLUMN manifest_children.os IS 'Operating system of the entry''s platform.';
COMMENT ON COLUMN manifest_children.variant IS 'Variant of the CPU architecture of the entry''s platform.';
COMMENT ON COLUMN manifest_children.kind IS 'What the entry declares itself to be: image, index, attestation or artifact; null where it does not say.';
COMMENT ON COLUMN manifest_children.annotations IS 'Annotations of the entry, keys sorted.';

-- One row per layer of a manifest.
CREATE TABLE layers (
    provider VARCHAR NOT NULL,
    repository VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    position BIGINT NOT NULL,
    layer_digest VARCHAR NOT NULL,
    diff_id VARCHAR,
    chain_id VARCHAR,
    media_type VARCHAR,
    size BIGINT,
    created_by VARCHAR
);
COMMENT ON TABLE layers IS 'One row per layer of a manifest.';
COMMENT ON COLUMN layers.provider IS 'Name of the provider; key.';
COMMENT ON COLUMN layers.repository IS 'Full name of the repository; key.';
COMMENT ON COLUMN layers.digest IS 'Digest of the manifest; key.';
COMMENT ON COLUMN layers.position IS 'Place in the image, from 0, the base first; key.';
COMMENT ON COLUMN layers.layer_digest IS 'Digest of the layer''s blob as stored (compressed).';
COMMENT ON COLUMN layers.diff_id IS 'Digest of the layer''s uncompressed content, from the image config.';
COMMENT ON COLUMN layers.chain_id IS 'Digest of this layer and all below it; two images with the same chain_id share everything up to here.';
COMMENT ON COLUMN layers.media_type IS 'Media type of the layer.';
COMMENT ON COLUMN layers.size IS 'Size of the blob, bytes, compressed.';
COMMENT ON COLUMN layers.created_by IS 'Command that made the layer, from the image''s history.';

-- The graph's nodes, derived from the tables above.
CREATE TABLE entities (
    entity_namespace VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    provider VARCHAR NOT NULL,
    identity VARCHAR NOT NULL,
    api_version VARCHAR NOT NULL,
    labels MAP(VARCHAR, VARCHAR) NOT NULL,
    annotations MAP(VARCHAR, VARCHAR) NOT NULL,
    spec JSON NOT NULL,
    first_seen TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE entities IS 'The entity graph''s nodes: registries, repositories, images (tags) and manifests.';
COMMENT ON COLUMN entities.entity_namespace IS 'Namespace of the entity, from the provider''s configuration; key.';
COMMENT ON COLUMN entities.kind IS 'DockerRegistry, DockerRepository, DockerImage or DockerManifest; key.';
COMMENT ON COLUMN entities.name IS 'Name of the entity, unique per kind and namespace; a name once given stays with its identity; key.';
COMMENT ON COLUMN entities.provider IS 'Name of the provider that the entity comes from.';
COMMENT ON COLUMN entities.identity IS 'What the entity stands for: provider, kind, repository, and tag or digest, separated by spaces.';
COMMENT ON COLUMN entities.api_version IS 'API version of the entity: entities.devgraph.ai/v1.';
COMMENT ON COLUMN entities.labels IS 'Labels of the entity, keys sorted.';
COMMENT ON COLUMN entities.annotations IS 'Annotations of the entity, keys sorted.';
COMMENT ON COLUMN entities.spec IS 'Spec of the entity as a JSON object; unknown fields are left out; sizes in bytes.';
COMMENT ON COLUMN entities.first_seen IS 'When what the entity stands for was first seen.';

-- The graph's edges.
CREATE TABLE relationships (
    relation VARCHAR NOT NULL,
    source_kind VARCHAR NOT NULL,
    source_namespace VARCHAR NOT NULL,
    source_name VARCHAR NOT NULL,
    target_kind VARCHAR NOT NULL,
    target_namespace VARCHAR NOT NULL,
    target_name VARCHAR NOT NULL,
    provider VARCHAR NOT NULL,
    spec JSON NOT NULL
);
COMMENT ON TABLE relationships IS 'The entity graph''s edges, each from a source entity to a target entity.';
COMMENT ON COLUMN relationships.relation IS 'BELONGS_TO, USES or CONTAINS; key.';
COMMENT ON COLUMN relationships.source_kind IS 'Kind of the source entity; key.';
COMMENT ON COLUMN relationships.source_namespace IS 'Namespace of the source entity; key.';
COMMENT ON COLUMN relationships.source_name IS 'Name of the source entity; key.';
COMMENT ON COLUMN relationships.target_kind IS 'Kind of the target entity; key.';
COMMENT ON COLUMN relationships.target_namespace IS 'Namespace of the target entity; key.';
COMMENT ON COLUMN relationships.target_name IS 'Name of the target entity; key.';
COMMENT ON COLUMN relationships.provider IS 'Name of the provider that the relationship comes from.';
COMMENT ON COLUMN relationships.spec IS 'What is known of the relationship as a JSON object; empty where nothing is.';

-- One row per stage of each crawl, kept 30 days.
CREATE TABLE crawls (
    run_id VARCHAR NOT NULL,
    provider VARCHAR NOT NULL,
    stage VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ NOT NULL,
    complete BOOLEAN NOT NULL,
    requests BIGINT NOT NULL,
    bytes_received BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    added BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    removed BIGINT NOT NULL
);
COMMENT ON TABLE crawls IS 'One row per stage of each crawl, kept 30 days.';
COMMENT ON COLUMN crawls.run_id IS 'Id of the Dagster run that crawled; key.';
COMMENT ON COLUMN crawls.provider IS 'Name of the provider; key.';
COMMENT ON COLUMN crawls.stage IS 'registries, repositories, tags or manifests; key.';
COMMENT ON COLUMN crawls.started_at IS 'When the stage began.';
COMMENT ON COLUMN crawls.finished_at IS 'When the stage ended.';
COMMENT ON COLUMN crawls.complete IS 'Whether the stage read everything that it should have.';
COMMENT ON COLUMN crawls.requests IS 'HTTP requests that the stage sent, retries and token requests included.';
COMMENT ON COLUMN crawls.bytes_received IS 'Bytes of response bodies that the stage received.';
COMMENT ON COLUMN crawls.seen IS 'Number of rows that the registry showed.';
COMMENT ON COLUMN crawls.added IS 'Rows that were new in the table of the stage''s name.';
COMMENT ON COLUMN crawls.changed IS 'Rows of that table that changed.';
COMMENT ON COLUMN crawls.removed IS 'Rows that left that table, deselected ones included.';

-- What could not be read, from when to when.
CREATE TABLE crawl_problems (
    provider VARCHAR NOT NULL,
    stage VARCHAR NOT NULL,
    repository VARCHAR NOT NULL,
    reference VARCHAR NOT NULL,
    first_at TIMESTAMPTZ NOT NULL,
    status_code INTEGER,
    error VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    advice VARCHAR NOT NULL,
    last_run_id VARCHAR NOT NULL,
    resolved_at TIMESTAMPTZ
);
COMMENT ON TABLE crawl_problems IS 'What crawls could not read: open while resolved_at is null, kept 30 days after that.';
COMMENT ON COLUMN crawl_problems.provider IS 'Name of the provider; key.';
COMMENT ON COLUMN crawl_problems.stage IS 'Stage of the crawl that met the problem; key.';
COMMENT ON COLUMN crawl_problems.repository IS 'Full name of the repository; empty where the problem concerns no single one; key.';
COMMENT ON COLUMN crawl_problems.reference IS 'Tag or digest; empty where the problem concerns no single one; key.';
COMMENT ON COLUMN crawl_problems.first_at IS 'When a crawl first met the problem; one that comes back after it was resolved is a new row; key.';
COMMENT ON COLUMN crawl_problems.status_code IS 'HTTP status code; null where there was no answer.';
COMMENT ON COLUMN crawl_problems.error IS 'Class of the error, as in docs/troubleshooting.md.';
COMMENT ON COLUMN crawl_problems.message IS 'What went wrong.';
COMMENT ON COLUMN crawl_problems.advice IS 'What to do about it.';
COMMENT ON COLUMN crawl_problems.last_run_id IS 'Run that last wrote this row; a problem that recurs unchanged is not written again.';
COMMENT ON COLUMN crawl_problems.resolved_at IS 'When a crawl that looked at the same place no longer met the problem; null while open.';

-- What the project keeps for itself; nothing in it is part of the contract.
CREATE SCHEMA internal;

-- The version of the schema, one row.
CREATE TABLE internal.schema_version (version INTEGER NOT NULL);

-- What is kept of each provider: its settings at the last crawl, when its counts were refreshed, how often a crawl
-- changed its rows (generation), and the generation that the graph was last derived from.
CREATE TABLE internal.providers (
    provider VARCHAR NOT NULL,
    registry_type VARCHAR NOT NULL,
    api_url VARCHAR NOT NULL,
    entity_namespace VARCHAR NOT NULL,
    every BIGINT NOT NULL,
    counts_refreshed_at TIMESTAMPTZ,
    generation BIGINT NOT NULL,
    graph_generation BIGINT
);

-- How often anything changed (revision), and when the file was last published; one row.
CREATE TABLE internal.publication (revision BIGINT NOT NULL, published_at TIMESTAMPTZ NOT NULL);
INSERT INTO internal.publication VALUES (0, '1970-01-01 00:00:00+00');

-- Every entity name ever given, with the identity that it stays with.
CREATE TABLE internal.entity_names (
    entity_namespace VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    provider VARCHAR NOT NULL,
    identity VARCHAR NOT NULL,
    first_seen TIMESTAMPTZ NOT NULL
);

-- What was sent to which Devgraph server, so that it can be deleted there when it is gone here.
CREATE TABLE internal.pushed (
    target VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    entity_namespace VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    provider VARCHAR NOT NULL
);
