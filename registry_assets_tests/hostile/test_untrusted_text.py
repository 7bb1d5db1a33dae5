"""What a registry says cannot break out of wherever it is shown: Dagster's pages, the terminal, an export, a statement."""

import csv
import io
import json
import sqlite3
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import networkx as nx
import pytest
import yaml

from registry_assets import jobs
from registry_assets.export.formats import write_devgraph, write_graphml, write_jsonl
from registry_assets.export.graph import Graph
from registry_assets.export.neo4j import write_neo4j
from registry_assets.providers.file import load_configuration
from registry_assets.warehouse import Warehouse
from registry_assets_tests.cli.conftest import run_command
from registry_assets_tests.end_to_end.world import World
from registry_assets_tests.flavours.corpus import OCI_CONFIG, build_corpus, descriptor, sha256
from registry_assets_tests.flavours.crawling import Crawler
from registry_assets_tests.flavours.fake import Account
from registry_assets_tests.flavours.quay_fake import OAUTH_USER, READ, QuayFake
from registry_assets_tests.hostile.documents import image_of
from registry_assets_tests.hostile.stage import BAD, CORPUS, GOOD, OTHER, Spot, serve, today
from registry_assets_tests.hostile.test_names import HOSTILE
from registry_assets_tests.servers.scripted import Scripted, answer

LABELS = {name: text for name, text in HOSTILE.items() if name != "long"} | {
    "org.opencontainers.image.source": "https://example.com/\x1b[2J<script>alert(1)</script>",
    "org.opencontainers.image.title": "'); DROP TABLE tags; --",
}
SAID = " | ".join([HOSTILE["html"], *LABELS.values()])
# What a terminal obeys, and what turns the direction of text.
OBEYED = {"Cc", "Cf"}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which a job has crawled a registry that speaks like that: in labels, and in a refusal."""
    folder = tmp_path_factory.mktemp("untrusted")
    with Scripted() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGISTRY_DATA_DIR", str(folder / "data"))
        serve(server, today([BAD]))
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": LABELS}}).encode()
        CORPUS.blobs[sha256(config)] = config
        labelled = image_of([1], config=descriptor(OCI_CONFIG, sha256(config), len(config)))
        Spot(server, BAD).tell({**labelled, "annotations": LABELS})
        refusal = {"errors": [{"code": SAID, "message": SAID}]}
        server.on(f"/v2/{OTHER}/tags/list", answer(refusal, 403))
        world = World(folder, {"registry_type": "private", "api_url": server.url})
        (folder / "home").mkdir()
        with dg.DagsterInstance.local_temp(str(folder / "home")) as instance:
            jobs.run_provider(load_configuration(world.write()), world.name, instance)
        yield folder


def obeyed(text: str) -> set[str]:
    """The characters of a text that are more than text; lines end."""
    return {f"U+{ord(char):04X}" for char in text if unicodedata.category(char) in OBEYED and char not in "\n\t"}


def test_the_tables_hold_it_as_it_was_said(crawled: Path) -> None:
    warehouse = Warehouse(crawled / "data")
    frame = warehouse.query(
        "SELECT map_entries(labels) AS found FROM manifests JOIN tags USING (provider, repository, digest) "
        f"WHERE repository = '{BAD}' AND tag = '2.0'"
    )
    (entries,) = frame["found"]
    assert {entry["key"]: entry["value"] for entry in entries} == LABELS
    assert len(warehouse.query("SELECT * FROM tags WHERE repository LIKE 'team/%'")) == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["sql", "SELECT * FROM images"],
        ["sql", "SELECT * FROM crawl_problems"],
        ["sql", "SELECT labels FROM entities"],
        ["crawl"],
    ],
    ids=" ".join,
)
def test_the_terminal_is_told_nothing_that_it_obeys(crawled: Path, arguments: list[str]) -> None:
    done = run_command(crawled, *arguments)
    assert "Traceback" not in done.stderr
    assert done.stdout or arguments == ["crawl"]
    assert obeyed(done.stdout) == obeyed(done.stderr) == set()


def texts(crawled: Path) -> Iterator[str]:
    """The Markdown of every event of the run."""
    for file in (crawled / "home").rglob("*.db"):
        with sqlite3.connect(file) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            if "event_logs" not in tables:
                continue
            for (event,) in connection.execute("SELECT event FROM event_logs"):
                yield from markdown(json.loads(event))


def markdown(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        if "md_str" in document:
            yield str(document["md_str"])
        document = list(document.values())
    if isinstance(document, list):
        for each in document:
            yield from markdown(each)


def test_dagsters_pages_show_it_as_text(crawled: Path) -> None:
    found = list(texts(crawled))
    assert any("&#60;script&#62;" in text for text in found)
    for text in found:
        assert obeyed(text) == set()
        assert not [bad for bad in ("<script", "<img", "](javascript", "![](") if bad in text]


@pytest.fixture
def described(tmp_path: Path) -> Graph:
    """The graph of a registry that describes its repositories like that."""
    corpus = build_corpus()
    for repository in corpus.repositories.values():
        repository.description = SAID
    reader = Account(OAUTH_USER, "made-up", frozenset({READ}), frozenset({"acme", "partner"}))
    with QuayFake(corpus, reader) as fake:
        crawler = Crawler(tmp_path, {"registry_type": "private", "api_url": fake.url, "token": reader.secret})
        assert crawler.crawl().complete
    crawler.warehouse.derive_graph("tested")
    return Graph(crawler.warehouse)


def test_exports_are_read_back_by_others_with_every_text_as_it_was(described: Graph, tmp_path: Path) -> None:
    out = io.StringIO()
    write_devgraph(described, out)
    document = yaml.safe_load(out.getvalue())
    entities, count = document["entities"], len(document["entities"]) + len(document["relations"])
    assert entities == list(described.entities())
    assert {entity["spec"].get("description") for entity in entities} == {SAID, None}
    lines = io.StringIO()
    write_jsonl(described, lines)
    assert len([json.loads(line) for line in lines.getvalue().split("\n") if line]) == count
    path = tmp_path / "graph.graphml"
    with path.open("w", encoding="utf-8") as file:
        write_graphml(described, file)
    assert nx.read_graphml(path).number_of_nodes() == len(entities)
    nodes, _ = write_neo4j(described, tmp_path / "neo4j")
    with nodes.open(newline="", encoding="utf-8") as file:
        assert SAID in {row.get("description:string") for row in csv.DictReader(file)}


def test_other_repositories_are_none_the_worse(crawled: Path) -> None:
    frame = Warehouse(crawled / "data").query("SELECT repository, status_code, message FROM crawl_problems")
    assert set(frame["repository"]) == {OTHER}
    (message,) = frame["message"]
    assert message.isprintable()
    assert len(Warehouse(crawled / "data").query(f"SELECT * FROM tags WHERE repository = '{GOOD}'")) == 2
