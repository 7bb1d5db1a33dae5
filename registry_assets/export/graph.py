"""The graph as documents, in an order that depends on nothing but the graph."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from registry_assets.warehouse import Warehouse

Document = dict[str, Any]
API_VERSION = "entities.devgraph.ai/v1"
COLUMN_TYPES = {"BIGINT": int, "BOOLEAN": bool, "DOUBLE": float}


@dataclass(frozen=True, slots=True)
class Field:
    """A field that specs have, with the Python type that all its values share."""

    name: str
    type: type


class Graph:
    """What the published warehouse holds of the graph; every listing reads it anew."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def entities(self) -> Iterator[Document]:
        """The entities as Devgraph reads them; empty labels and annotations are left out."""
        for row in self._warehouse.stream("entities"):
            metadata = {"name": row["name"], "namespace": row["namespace"]}
            for part in ("labels", "annotations"):
                if row[part]:
                    metadata[part] = dict(row[part])
            yield {
                "apiVersion": row["api_version"],
                "kind": row["kind"],
                "metadata": metadata,
                "spec": json.loads(row["spec"]),
            }

    def relations(self) -> Iterator[Document]:
        """The relations as Devgraph reads them."""
        for row in self._warehouse.stream("relationships"):
            yield {
                "namespace": row["source_namespace"],
                "relation": row["relation"],
                "source": _end(row, "source"),
                "target": _end(row, "target"),
            }

    def fields(self) -> list[Field]:
        """The fields of all specs, by name."""
        return [
            Field(row["field"], COLUMN_TYPES.get(row["type"], str)) for row in self._warehouse.stream("spec_fields")
        ]


def node_id(end: Document) -> str:
    """`kind/namespace/name`: what identifies an entity in one string."""
    return f"{end['kind']}/{end['namespace']}/{end['name']}"


def entity_id(entity: Document) -> str:
    return node_id({"kind": entity["kind"], **entity["metadata"]})


def _end(row: dict[str, Any], side: str) -> Document:
    return {
        "apiVersion": API_VERSION,
        "kind": row[f"{side}_kind"],
        "name": row[f"{side}_name"],
        "namespace": row[f"{side}_namespace"],
    }
