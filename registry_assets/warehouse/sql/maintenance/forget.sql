-- Everything that is known of a provider goes.
DELETE FROM registries WHERE provider = $provider;
DELETE FROM repositories WHERE provider = $provider;
DELETE FROM tags WHERE provider = $provider;
DELETE FROM tag_history WHERE provider = $provider;
DELETE FROM manifests WHERE provider = $provider;
DELETE FROM manifest_children WHERE provider = $provider;
DELETE FROM layers WHERE provider = $provider;
DELETE FROM entities WHERE provider = $provider;
DELETE FROM relationships WHERE provider = $provider;
DELETE FROM crawls WHERE provider = $provider;
DELETE FROM crawl_problems WHERE provider = $provider;
DELETE FROM internal.entity_names WHERE provider = $provider;
DELETE FROM internal.providers WHERE provider = $provider;
