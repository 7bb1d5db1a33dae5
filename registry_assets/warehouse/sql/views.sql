-- The views and the expressions that they share. Run when a file is created and after every upgrade.

-- What an entity stands for, as one text: provider, kind, repository, and tag or digest ('' where there is none).
CREATE OR REPLACE MACRO internal.identity(provider, kind, repository, reference) AS
    rtrim(concat_ws(' ', provider, kind, repository, reference));

-- A source repository's address as an https URL without credentials, fragment and `.git`; null for anything else.
CREATE OR REPLACE MACRO internal.source_url(address) AS
    CASE
        WHEN length(address) > 2000 THEN NULL
        WHEN regexp_full_match(address, '[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:[^/\s?#][^\s?#]*')
            THEN 'https://' || lower(regexp_extract(address, '@([^:]+):', 1)) || '/'
                || regexp_replace(regexp_extract(address, '@[^:]+:(.*)$', 1), '(\.git)?/*$', '')
        WHEN regexp_full_match(address, '((git\+)?(https?|ssh)|git)://([^@/\s]*@)?[A-Za-z0-9.-]+(:[0-9]+)?/[^\s?#]+([?#]\S*)?')
            THEN 'https://' || lower(regexp_extract(address, '://(?:[^@/]*@)?([A-Za-z0-9.-]+)', 1))
                || CASE WHEN regexp_matches(address, '^(git\+)?https?://')
                    THEN regexp_extract(address, '://(?:[^@/]*@)?[A-Za-z0-9.-]+(:[0-9]+)/', 1) ELSE '' END || '/'
                || regexp_replace(regexp_extract(address, '://[^/]+/+([^?#]*)', 1), '(\.git)?/*$', '')
        WHEN regexp_full_match(address, '(github\.com|gitlab\.com|bitbucket\.org)/[^\s?#]+')
            THEN 'https://' || regexp_replace(address, '(\.git)?/*$', '')
    END;

-- The source repository that labels or annotations name, as they name it.
CREATE OR REPLACE MACRO internal.source_of(annotations) AS
    coalesce(annotations['org.opencontainers.image.source'], annotations['org.label-schema.vcs-url']);

-- The source revision that labels or annotations name.
CREATE OR REPLACE MACRO internal.revision_of(annotations) AS
    coalesce(annotations['org.opencontainers.image.revision'], annotations['org.label-schema.vcs-ref']);

-- A platform as text: os/architecture or os/architecture/variant; null where either is unknown.
CREATE OR REPLACE MACRO internal.platform(os, architecture, variant) AS
    os || '/' || architecture || coalesce('/' || nullif(variant, ''), '');

-- A reference that the usual tools take: docker.io for Docker Hub, `oci:` and a path for a layout, else the URL's host.
CREATE OR REPLACE MACRO internal.reference(registry_type, url, repository, tag) AS
    CASE registry_type
        WHEN 'docker-hub' THEN 'docker.io'
        WHEN 'oci-layout' THEN 'oci:' || regexp_replace(regexp_replace(url, '^file://', ''), '/+$', '')
        ELSE regexp_extract(url, '^(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^@/]*@)?([^/?#]*)', 1)
    END || '/' || repository || ':' || tag;

-- The entries of every index, nested ones opened, in order: an index reached twice on one path is not opened again.
CREATE OR REPLACE VIEW internal.index_images AS
WITH RECURSIVE entries AS (
    SELECT c.provider, c.repository, c.digest, c.position, c.child_digest,
        coalesce(nullif(m.kind, 'unreadable'), c.kind, 'image') AS kind,
        coalesce(m.os, c.os) AS os, coalesce(m.architecture, c.architecture) AS architecture,
        coalesce(m.variant, c.variant) AS variant
    FROM manifest_children AS c
    LEFT JOIN manifests AS m
        ON m.provider = c.provider AND m.repository = c.repository AND m.digest = c.child_digest
),
walk AS (
    SELECT provider, repository, digest, child_digest, kind, os, architecture, variant,
        [position] AS path, [digest] AS opened
    FROM entries
    UNION ALL
    SELECT walk.provider, walk.repository, walk.digest, e.child_digest, e.kind, e.os, e.architecture, e.variant,
        list_append(walk.path, e.position), list_append(walk.opened, walk.child_digest)
    FROM walk
    JOIN entries AS e
        ON e.provider = walk.provider AND e.repository = walk.repository AND e.digest = walk.child_digest
    WHERE walk.kind = 'index' AND len(walk.path) < 8 AND NOT list_contains(walk.opened, walk.child_digest)
)
SELECT provider, repository, digest, child_digest, os, architecture, variant, path
FROM walk
WHERE kind = 'image';

-- What every manifest amounts to: itself, or for an index its linux/amd64 image, else its first image.
CREATE OR REPLACE VIEW internal.manifest_summaries AS
WITH chosen AS (
    SELECT provider, repository, digest,
        first({digest: child_digest, os: os, architecture: architecture, variant: variant} ORDER BY
            (os = 'linux' AND architecture = 'amd64') IS TRUE DESC, path) AS image,
        list(internal.platform(os, architecture, variant) ORDER BY path)
            FILTER (internal.platform(os, architecture, variant) IS NOT NULL) AS platforms
    FROM internal.index_images
    GROUP BY ALL
)
SELECT m.provider, m.repository, m.digest,
    coalesce(chosen.image.digest, m.digest) AS summary_digest,
    coalesce(image.size, m.size) AS size,
    coalesce(image.layer_count, m.layer_count) AS layer_count,
    coalesce(chosen.image.architecture, m.architecture) AS architecture,
    coalesce(chosen.image.os, m.os) AS os,
    coalesce(chosen.image.variant, m.variant) AS variant,
    coalesce(image.created_at, m.created_at) AS created_at,
    coalesce(list_filter(chosen.platforms, lambda platform, i: list_position(chosen.platforms, platform) = i),
        CASE WHEN m.kind = 'image' THEN [internal.platform(m.os, m.architecture, m.variant)] END) AS platforms,
    coalesce(internal.source_of(image.labels), internal.source_of(m.labels),
        internal.source_of(image.annotations), internal.source_of(m.annotations)) AS source,
    coalesce(internal.revision_of(image.labels), internal.revision_of(m.labels),
        internal.revision_of(image.annotations), internal.revision_of(m.annotations)) AS revision
FROM manifests AS m
LEFT JOIN chosen ON chosen.provider = m.provider AND chosen.repository = m.repository AND chosen.digest = m.digest
LEFT JOIN manifests AS image
    ON image.provider = m.provider AND image.repository = m.repository AND image.digest = chosen.image.digest;

-- One row per tag with what its manifest, or its listing while that has not been read, tells of it.
CREATE OR REPLACE VIEW internal.tag_summaries AS
SELECT t.provider, t.repository, t.tag, t.digest, t.first_seen,
    coalesce(s.size, t.listed_size) AS size,
    coalesce(s.architecture, CASE WHEN len(t.listed_platforms) = 1 THEN split_part(t.listed_platforms[1], '/', 2) END)
        AS architecture,
    coalesce(s.os, CASE WHEN len(t.listed_platforms) = 1 THEN split_part(t.listed_platforms[1], '/', 1) END) AS os,
    s.created_at,
    s.layer_count AS layers,
    coalesce(s.platforms, t.listed_platforms) AS platforms,
    s.source, s.revision
FROM tags AS t
LEFT JOIN internal.manifest_summaries AS s
    ON s.provider = t.provider AND s.repository = t.repository AND s.digest = t.digest;

-- One row per tag with what a person wants of it.
CREATE OR REPLACE VIEW images AS
SELECT t.provider, t.repository, t.tag, t.digest,
    internal.reference(r.registry_type, r.url, t.repository, t.tag) AS reference,
    t.size, t.architecture, t.os, t.created_at, t.layers, t.platforms, t.source, t.revision,
    e.name AS entity_name,
    r.url AS registry_url
FROM internal.tag_summaries AS t
LEFT JOIN registries AS r ON r.provider = t.provider
LEFT JOIN entities AS e
    ON e.kind = 'DockerImage' AND e.provider = t.provider
    AND e.identity = internal.identity(t.provider, 'DockerImage', t.repository, t.tag);
COMMENT ON VIEW images IS 'One row per tag with what a person wants of it. An index is summarised by its linux/amd64 image, else by its first image.';
COMMENT ON COLUMN images.provider IS 'Name of the provider; key.';
COMMENT ON COLUMN images.repository IS 'Full name of the repository; key.';
COMMENT ON COLUMN images.tag IS 'Name of the tag; key.';
COMMENT ON COLUMN images.digest IS 'Digest that the tag points at.';
COMMENT ON COLUMN images.reference IS 'Reference to pull it by: host/repository:tag; for an OCI image layout oci:path/repository:tag.';
COMMENT ON COLUMN images.size IS 'Size of config and layers, bytes, compressed.';
COMMENT ON COLUMN images.architecture IS 'CPU architecture, such as amd64.';
COMMENT ON COLUMN images.os IS 'Operating system, such as linux.';
COMMENT ON COLUMN images.created_at IS 'When the image was built, as its config says.';
COMMENT ON COLUMN images.layers IS 'Number of layers.';
COMMENT ON COLUMN images.platforms IS 'Every platform of the image, each os/architecture or os/architecture/variant.';
COMMENT ON COLUMN images.source IS 'Source repository as the image''s labels or annotations name it.';
COMMENT ON COLUMN images.revision IS 'Source revision as the image''s labels or annotations name it.';
COMMENT ON COLUMN images.entity_name IS 'Name of the image''s entity in the graph; null until the graph has been derived.';
COMMENT ON COLUMN images.registry_url IS 'URL of the registry.';

-- One row per provider: is it well? Staleness is judged at the time of publication while that is recent enough to be
-- the last one due, since polls without news are published at most hourly.
CREATE OR REPLACE VIEW provider_status AS
WITH runs AS (
    SELECT provider, run_id, max(started_at) AS started_at, max(finished_at) AS finished_at,
        bool_and(complete) AND bool_or(stage = 'tags') AS complete
    FROM crawls
    GROUP BY provider, run_id
),
attempts AS (
    SELECT provider, max(started_at) AS last_attempt_at, max(finished_at) FILTER (complete) AS last_complete_at
    FROM runs
    GROUP BY provider
),
problems AS (
    SELECT provider, count(*) AS open_problems
    FROM crawl_problems
    WHERE resolved_at IS NULL
    GROUP BY provider
),
clock AS (
    SELECT p.provider,
        CASE WHEN now() < publication.published_at + to_seconds(3600 + p.every) THEN publication.published_at
            ELSE now() END AS as_of
    FROM internal.providers AS p, internal.publication
)
SELECT p.provider, p.registry_type, p.every, attempts.last_attempt_at, attempts.last_complete_at,
    coalesce(attempts.last_complete_at + to_seconds(3 * p.every) < clock.as_of, true) AS stale,
    coalesce(problems.open_problems, 0) AS open_problems
FROM internal.providers AS p
JOIN clock ON clock.provider = p.provider
LEFT JOIN attempts ON attempts.provider = p.provider
LEFT JOIN problems ON problems.provider = p.provider;
COMMENT ON VIEW provider_status IS 'One row per provider: whether its rows are up to date and what is wrong.';
COMMENT ON COLUMN provider_status.provider IS 'Name of the provider; key.';
COMMENT ON COLUMN provider_status.registry_type IS 'Kind of registry as configured.';
COMMENT ON COLUMN provider_status.every IS 'Polling interval, seconds.';
COMMENT ON COLUMN provider_status.last_attempt_at IS 'When the last crawl began, however it ended.';
COMMENT ON COLUMN provider_status.last_complete_at IS 'When the last crawl ended that read all repositories and tags it should; null while none has.';
COMMENT ON COLUMN provider_status.stale IS 'Whether the last complete crawl is longer ago than three polling intervals.';
COMMENT ON COLUMN provider_status.open_problems IS 'Number of problems that are open in crawl_problems.';

-- Every tag of a digest, in all registries.
CREATE OR REPLACE VIEW digest_tags AS
SELECT t.digest, t.provider, t.repository, t.tag,
    internal.reference(r.registry_type, r.url, t.repository, t.tag) AS reference,
    t.pushed_at, t.first_seen
FROM tags AS t
LEFT JOIN registries AS r ON r.provider = t.provider;
COMMENT ON VIEW digest_tags IS 'Every tag that points at a digest, in all registries.';
COMMENT ON COLUMN digest_tags.digest IS 'Digest that the tag points at.';
COMMENT ON COLUMN digest_tags.provider IS 'Name of the provider; key.';
COMMENT ON COLUMN digest_tags.repository IS 'Full name of the repository; key.';
COMMENT ON COLUMN digest_tags.tag IS 'Name of the tag; key.';
COMMENT ON COLUMN digest_tags.reference IS 'Reference to pull it by.';
COMMENT ON COLUMN digest_tags.pushed_at IS 'When the tag was last pushed; null where the registry does not say.';
COMMENT ON COLUMN digest_tags.first_seen IS 'When a crawl first saw the tag.';
