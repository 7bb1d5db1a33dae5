"""The files that other tools read: Devgraph's YAML, JSON lines, GraphML."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

import yaml

from registry_assets.export.graph import Document, Field, Graph, entity_id, node_id

# https://www.w3.org/TR/xml/#charsets
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
GRAPHML_TYPES = {int: "long", bool: "boolean", float: "double", str: "string"}
GRAPHML_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
"""
OWN_FIELDS = ("kind", "name", "namespace", "label")


def write_devgraph(graph: Graph, out: TextIO) -> None:
    """One YAML document `{entities: […], relations: […]}`."""
    _write_yaml_list(out, "entities", graph.entities())
    _write_yaml_list(out, "relations", graph.relations())


def write_jsonl(graph: Graph, out: TextIO) -> None:
    """One JSON object per line: entities, then relations; `type` tells which."""
    out.writelines(json.dumps({"type": "entity", **entity}, ensure_ascii=False) + "\n" for entity in graph.entities())
    out.writelines(
        json.dumps({"type": "relation", **relation}, ensure_ascii=False) + "\n" for relation in graph.relations()
    )


def write_graphml(graph: Graph, out: TextIO) -> None:
    """http://graphml.graphdrawing.org/specification.html with one attribute per field of the specs."""
    fields = {field.name: field for field in graph.fields()}
    out.write(GRAPHML_HEAD)
    out.writelines(_graphml_keys(fields.values()))
    out.write('<graph edgedefault="directed">\n')
    out.writelines(_graphml_node(entity, fields) for entity in graph.entities())
    for relation in graph.relations():
        source, target = (quoteattr(node_id(relation[side])) for side in ("source", "target"))
        data = f'<data key="relation">{escape(relation["relation"])}</data>'
        out.write(f"<edge source={source} target={target}>{data}</edge>\n")
    out.write("</graph>\n</graphml>\n")


def _write_yaml_list(out: TextIO, name: str, documents: Iterable[Document]) -> None:
    """Written one document at a time, so that memory does not grow with the graph."""
    empty = True
    for document in documents:
        out.write(f"{name}:\n" if empty else "")
        empty = False
        out.write(yaml.dump([document], Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True))
    if empty:
        out.write(f"{name}: []\n")


def _graphml_keys(fields: Iterable[Field]) -> Iterator[str]:
    for name in OWN_FIELDS:
        yield f'<key id="{name}" for="node" attr.name="{name}" attr.type="string"/>\n'
    for field in fields:
        name = quoteattr(field.name)
        yield f'<key id={_key(field.name)} for="node" attr.name={name} attr.type="{GRAPHML_TYPES[field.type]}"/>\n'
    yield '<key id="relation" for="edge" attr.name="relation" attr.type="string"/>\n'


def _key(field: str) -> str:
    return quoteattr(f"spec.{field}")


def _graphml_node(entity: Document, fields: dict[str, Field]) -> str:
    metadata, kind = entity["metadata"], entity["kind"]
    own = {"kind": kind, "name": metadata["name"], "namespace": metadata["namespace"], "label": metadata["name"]}
    data = [f'<data key="{name}">{_xml(value)}</data>' for name, value in own.items()]
    data += [f"<data key={_key(name)}>{_xml(value)}</data>" for name, value in entity["spec"].items() if name in fields]
    return f"<node id={quoteattr(entity_id(entity))}>{''.join(data)}</node>\n"


def _xml(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return escape(NOT_XML.sub("", text))
