"""An inventory of container registries: repositories, tags and manifests in DuckDB, and the graph of how they relate."""
