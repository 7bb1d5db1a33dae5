-- The graph now shows what the provider's rows say.
UPDATE internal.providers SET graph_generation = generation WHERE provider = $provider;

DROP TABLE graph_relationships;
DROP TABLE graph_entities;
DROP TABLE graph_nodes;
