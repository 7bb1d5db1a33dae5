"""Each format, read back by a reader that is not ours."""

import csv
import io
import json
from pathlib import Path

import networkx as nx
import pytest
import yaml

from registry_assets.export.formats import write_devgraph, write_graphml, write_jsonl
from registry_assets.export.graph import Graph
from registry_assets.export.neo4j import write_neo4j
from registry_assets.warehouse import Warehouse


@pytest.fixture
def graph(from_sample: Path) -> Graph:
    return Graph(Warehouse(from_sample / "data"))


@pytest.fixture
def counts(graph: Graph) -> tuple[int, int]:
    return len(list(graph.entities())), len(list(graph.relations()))


def test_devgraph_yaml_is_one_document_of_entities_and_relations(graph: Graph, counts: tuple[int, int]) -> None:
    out = io.StringIO()
    write_devgraph(graph, out)
    document = yaml.safe_load(out.getvalue())
    assert list(document) == ["entities", "relations"]
    assert (len(document["entities"]), len(document["relations"])) == counts
    assert document["entities"] == list(graph.entities())
    assert set(document["relations"][0]) == {"namespace", "relation", "source", "target"}
    assert set(document["relations"][0]["source"]) == {"apiVersion", "kind", "name", "namespace"}


def test_the_same_graph_is_written_the_same_way(graph: Graph) -> None:
    first, second = io.StringIO(), io.StringIO()
    write_devgraph(graph, first)
    write_devgraph(graph, second)
    assert first.getvalue() == second.getvalue()


def test_graphml_is_read_by_networkx(graph: Graph, counts: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "graph.graphml"
    with path.open("w", encoding="utf-8") as file:
        write_graphml(graph, file)
    read = nx.read_graphml(path)
    assert (read.number_of_nodes(), read.number_of_edges()) == counts
    image = read.nodes["DockerImage/default/acme-api-latest"]
    assert (image["kind"], image["tag"], type(image["size"])) == ("DockerImage", "latest", int)


def test_neo4j_files_have_typed_headers_and_no_dangling_ends(
    graph: Graph, counts: tuple[int, int], tmp_path: Path
) -> None:
    nodes_file, relationships_file = write_neo4j(graph, tmp_path / "neo4j")
    with nodes_file.open(newline="") as file:
        nodes = list(csv.DictReader(file))
    with relationships_file.open(newline="") as file:
        relationships = list(csv.DictReader(file))
    assert (len(nodes), len(relationships)) == counts
    assert {"id:ID", "name:string", ":LABEL", "size:long"} <= nodes[0].keys()
    ids = {node["id:ID"] for node in nodes}
    assert {row[":START_ID"] for row in relationships} | {row[":END_ID"] for row in relationships} <= ids


def test_json_lines_hold_all_of_it(graph: Graph, counts: tuple[int, int]) -> None:
    out = io.StringIO()
    write_jsonl(graph, out)
    types = [json.loads(line)["type"] for line in out.getvalue().splitlines()]
    assert (types.count("entity"), types.count("relation")) == counts
