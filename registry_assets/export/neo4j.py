"""CSV for Neo4j's bulk import: https://neo4j.com/docs/operations-manual/current/import/#import-tool-header-format"""

import csv
import json
from pathlib import Path

from registry_assets.export.graph import Document, Field, Graph, entity_id, node_id

CSV_TYPES = {int: "long", bool: "boolean", float: "double", str: "string"}


def write_neo4j(graph: Graph, folder: Path) -> tuple[Path, Path]:
    """`nodes.csv` and `relationships.csv` in `folder`, ready for `neo4j-admin database import full`."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes, relationships = folder / "nodes.csv", folder / "relationships.csv"
    fields = graph.fields()
    with nodes.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_node_header(fields))
        writer.writerows(_node_row(entity, fields) for entity in graph.entities())
    with relationships.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([":START_ID", ":END_ID", ":TYPE"])
        writer.writerows(
            (node_id(relation["source"]), node_id(relation["target"]), relation["relation"])
            for relation in graph.relations()
        )
    return nodes, relationships


def _node_header(fields: list[Field]) -> list[str]:
    typed = [f"{_property(field.name)}:{CSV_TYPES[field.type]}" for field in fields]
    return ["id:ID", "name:string", "entity_namespace:string", *typed, ":LABEL"]


def _property(field: str) -> str:
    """A spec's own `name` is the display name; the entity's name has the plain column."""
    return f"spec_{field}" if field == "name" else field


def _node_row(entity: Document, fields: list[Field]) -> list[str]:
    metadata = entity["metadata"]
    values = [_text(entity["spec"].get(field.name)) for field in fields]
    return [entity_id(entity), metadata["name"], metadata["namespace"], *values, entity["kind"]]


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
