-- The graph now shows what the provider's rows say.
UPDATE internal.providers SET graph_generation = generation WHERE provider = $provider;

-- What led to it has served.
DROP TABLE graph_difference;
DROP TABLE graph_nodes;
DROP TABLE graph_repositories;
