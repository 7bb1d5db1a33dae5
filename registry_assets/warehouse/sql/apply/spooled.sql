-- What the crawl read, each row once: a registry may list a thing twice while its pages shift.

-- The stages that the crawl went through.
CREATE OR REPLACE TEMP TABLE spooled_stages AS
SELECT * FROM read_parquet($stages_file);

-- The registry.
CREATE OR REPLACE TEMP TABLE spooled_registries AS
SELECT $provider::VARCHAR AS provider, $registry_type::VARCHAR AS registry_type, name, url, public,
    $entity_namespace::VARCHAR AS entity_namespace
FROM read_parquet($registries_file)
LIMIT 1;

-- Its selected repositories.
CREATE OR REPLACE TEMP TABLE spooled_repositories AS
SELECT * FROM read_parquet($repositories_file)
QUALIFY row_number() OVER (PARTITION BY repository ORDER BY tags_listing = 'complete' DESC, tags_listing, tags_total DESC) = 1;

-- Its repositories that no selector takes.
CREATE OR REPLACE TEMP TABLE spooled_others AS
SELECT DISTINCT repository FROM read_parquet($others_file);

-- The tags of the selected repositories.
CREATE OR REPLACE TEMP TABLE spooled_tags AS
SELECT * FROM read_parquet($tags_file)
SEMI JOIN spooled_repositories USING (repository)
QUALIFY row_number() OVER (
    PARTITION BY repository, tag ORDER BY selected DESC, digest IS NULL, pushed_at DESC NULLS LAST, digest) = 1;

-- The manifests; one that could not be read says nothing about one that could be.
CREATE OR REPLACE TEMP TABLE spooled_manifests AS
SELECT * FROM read_parquet($manifests_file)
QUALIFY row_number() OVER (PARTITION BY digest ORDER BY kind = 'unreadable') = 1;

-- The image configs.
CREATE OR REPLACE TEMP TABLE spooled_configs AS
SELECT * FROM read_parquet($configs_file)
QUALIFY row_number() OVER (PARTITION BY config_digest) = 1;

-- The entries of indexes.
CREATE OR REPLACE TEMP TABLE spooled_children AS
SELECT * FROM read_parquet($children_file)
QUALIFY row_number() OVER (PARTITION BY digest, position) = 1;

-- The layers.
CREATE OR REPLACE TEMP TABLE spooled_layers AS
SELECT * FROM read_parquet($layers_file)
QUALIFY row_number() OVER (PARTITION BY digest, position) = 1;

-- What could not be read.
CREATE OR REPLACE TEMP TABLE spooled_problems AS
SELECT * FROM read_parquet($problems_file)
QUALIFY row_number() OVER (PARTITION BY stage, repository, reference ORDER BY error, message) = 1;

-- When the provider's tags were last read in full before this crawl: what is in `tags` was surely seen then.
CREATE OR REPLACE TEMP TABLE seen_before AS
SELECT max(finished_at) AS at
FROM crawls
WHERE provider = $provider AND stage = 'tags' AND complete AND run_id <> $run_id AND finished_at <= $at;
