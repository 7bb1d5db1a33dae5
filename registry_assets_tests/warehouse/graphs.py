"""A warehouse in memory whose tables are filled by hand, and the graph that is derived from it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from registry_assets.warehouse import Derived
from registry_assets.warehouse.connection import connect, create_schema, run_file
from registry_assets.warehouse.graph import derive

START = datetime(2024, 1, 1, tzinfo=UTC)
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"


class Tables:
    """Rows of providers, repositories, tags and manifests; every row is first seen an hour after the one before it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.hours = 0

    def insert(self, table: str, **values: Any) -> None:
        columns, marks = ", ".join(values), ", ".join(f"${name}" for name in values)
        self.connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)

    def now(self) -> datetime:
        self.hours += 1
        return START + timedelta(hours=self.hours)

    def provider(
        self, provider: str = "acme", registry_type: str = "private", entity_namespace: str = "default", **registry: Any
    ) -> None:
        url = registry.setdefault("url", "https://registry.example.com")
        known = {"provider": provider, "registry_type": registry_type, "entity_namespace": entity_namespace}
        self.insert("registries", **{"name": "Acme", "public": None, **known, **registry})
        self.insert("internal.providers", **known, api_url=url, every=300, generation=1)

    def repository(self, repository: str, provider: str = "acme", **values: Any) -> None:
        namespace, name = repository.split("/", 1) if "/" in repository else ("", repository)
        facts = {"namespace": namespace, "name": name, "first_seen": self.now()}
        self.insert("repositories", provider=provider, repository=repository, **{**facts, **values})

    def tag(self, repository: str, tag: str, digest: str = "sha256:0", provider: str = "acme", **values: Any) -> None:
        facts = {"digest": digest, "first_seen": self.now()}
        self.insert("tags", provider=provider, repository=repository, tag=tag, **{**facts, **values})

    def manifest(self, repository: str, digest: str, provider: str = "acme", **values: Any) -> None:
        facts = {"media_type": MANIFEST, "schema_version": 2, "kind": "image", "labels": {}, "annotations": {}}
        facts |= {"first_seen": self.now()}
        self.insert("manifests", provider=provider, repository=repository, digest=digest, **{**facts, **values})

    def child(self, repository: str, digest: str, position: int, child_digest: str, **values: Any) -> None:
        key = {"provider": "acme", "repository": repository, "digest": digest, "position": position}
        self.insert("manifest_children", **key, child_digest=child_digest, annotations={}, **values)

    def derive(self, provider: str = "acme") -> Derived:
        """The graph after a crawl of `provider` that changed something."""
        self.connection.execute("UPDATE internal.providers SET generation = generation + 1")
        return derive(self.connection, provider)

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, parameters).fetchall()

    def entities(self, kind: str) -> list[dict[str, Any]]:
        """The entities of a kind, by name, as Devgraph writes them."""
        sql = (
            "SELECT api_version, kind, name, entity_namespace, labels, spec FROM entities WHERE kind = ? ORDER BY name"
        )
        return [
            {
                "apiVersion": version,
                "kind": kind,
                "metadata": {"name": name, "namespace": namespace, **({"labels": labels} if labels else {})},
                "spec": json.loads(spec),
            }
            for version, kind, name, namespace, labels, spec in self.rows(sql, kind)
        ]

    def spec(self, kind: str, name: str) -> dict[str, Any]:
        ((spec,),) = self.rows("SELECT spec FROM entities WHERE kind = ? AND name = ?", kind, name)
        return dict(json.loads(spec))

    def names(self, kind: str, provider: str = "acme") -> dict[str, str]:
        """What each entity's identity says after the kind, and its name."""
        start = f"{provider} {kind}"
        sql = "SELECT identity, name FROM entities WHERE kind = ? AND provider = ? ORDER BY identity"
        return {identity.removeprefix(start).strip(): name for identity, name in self.rows(sql, kind, provider)}

    def edges(self) -> set[tuple[str, str, str]]:
        return set(self.rows("SELECT source_name, relation, target_name FROM relationships"))

    def check(self) -> None:
        """Fails where a name is not unique, or a relationship lacks an end or appears twice."""
        for check in ("dangling", "duplicate_entities", "duplicate_relationships"):
            assert run_file(self.connection, f"checks/{check}.sql", {})[-1] == []


@contextmanager
def empty_tables() -> Iterator[Tables]:
    connection = connect()
    try:
        create_schema(connection)
        yield Tables(connection)
    finally:
        connection.close()


def index_of_two(tables: Tables) -> None:
    """An index `app:v1` of an arm64 and an amd64 image and an attestation, all of them read."""
    tables.provider()
    tables.repository("app")
    tables.tag("app", "v1", "sha256:aa")
    tables.manifest("app", "sha256:aa", kind="index", media_type=INDEX)
    built = datetime(2024, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
    for position, (digest, architecture) in enumerate({"sha256:b1": "arm64", "sha256:b2": "amd64"}.items()):
        platform = {"os": "linux", "architecture": architecture}
        tables.child("app", "sha256:aa", position, digest, kind="image", **platform)
        facts: dict[str, Any] = {"size": 100 + position, "layer_count": 3 + position, "created_at": built}
        tables.manifest("app", digest, **platform, **facts)
    tables.child("app", "sha256:aa", 2, "sha256:b3", kind="attestation", os="unknown", architecture="unknown")
    tables.manifest("app", "sha256:b3", kind="attestation", size=9, layer_count=1)
