"""Sending the graph to a server that answers as Devgraph does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from registry_assets.errors import CredentialsRejected, DidNotAnswer, RegistryError
from registry_assets.export.graph import Graph
from registry_assets.export.push import Devgraph, push
from registry_assets.warehouse import Warehouse
from registry_assets_tests.cli.conftest import run_command

TOKEN = "sesame-open"


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.entities: dict[tuple[str, str, str], Any] = {}
        self.relations: list[Any] = []
        self.batches: list[int] = []
        self.environments: set[str | None] = set()
        self.answers: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self._refused():
            return None
        url = urlsplit(self.path)
        if url.path == "/api/v1/entities/bulk":
            query = parse_qs(url.query, strict_parsing=True)
            assert set(query) == {"group", "version", "namespace", "plural"}
            self.server.batches.append(len(body["entities"]))
            for entity in body["entities"]:
                key = (entity["kind"], query["namespace"][0], entity["metadata"]["name"])
                self.server.entities[key] = entity
            return self._answer(201, {"created_entities": body["entities"], "failed_entities": []})
        if url.path == "/api/v1/entities/relations/bulk":
            known = {(kind, name) for kind, _, name in self.server.entities}
            ends = [relation[side] for relation in body["relations"] for side in ("source", "target")]
            failed = [end for end in ends if (end["kind"], end["name"]) not in known]
            self.server.relations += body["relations"]
            return self._answer(201, {"created_relations": [], "failed_relations": failed})
        return self._answer(404, {"detail": "no such endpoint"})

    def do_DELETE(self) -> None:
        if self._refused():
            return
        _, _, _, _, group, version, kind, namespace, name = self.path.split("/")
        assert (group, version) == ("entities.devgraph.ai", "v1")
        self._answer(204 if self.server.entities.pop((kind, namespace, name), None) else 404, None)

    def _refused(self) -> bool:
        self.server.environments.add(self.headers.get("Devgraph-Environment"))
        if self.server.answers:
            self._answer(self.server.answers.pop(0), {"detail": "later"})
            return True
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"detail": "who are you"})
            return True
        return False

    def _answer(self, status: int, document: Any) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def send(folder: Path, server: Server, token: str = TOKEN) -> Any:
    warehouse = Warehouse(folder / "data")
    with Devgraph(server.url, token, "production") as devgraph:
        return push(Graph(warehouse), warehouse, devgraph, lambda _line: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert run_command(tmp_path, "crawl").returncode == 0
    return tmp_path


def test_entities_come_before_their_relations_in_batches_of_100(folder: Path, server: Server) -> None:
    pushed = send(folder, server)
    assert (pushed.entities, pushed.relations, pushed.deleted) == (len(server.entities), len(server.relations), 0)
    assert max(server.batches) <= 100
    assert server.environments == {"production"}


def test_what_is_gone_here_is_deleted_there(folder: Path, server: Server) -> None:
    send(folder, server)
    Warehouse(folder / "data").forget("sample")
    pushed = send(folder, server)
    assert pushed.deleted > 0
    assert server.entities == {}
    assert send(folder, server).deleted == 0


def test_a_refused_token_is_said_and_never_shown(folder: Path, server: Server) -> None:
    with pytest.raises(CredentialsRejected) as refused:
        send(folder, server, token="wrong-secret")
    assert "wrong-secret" not in str(refused.value)


def test_a_passing_failure_is_tried_again(folder: Path, server: Server) -> None:
    server.answers = [503, 429]
    assert send(folder, server).entities > 0


def test_a_lasting_failure_is_an_error(folder: Path, server: Server) -> None:
    server.answers = [503] * 10
    with pytest.raises(DidNotAnswer):
        send(folder, server)


def test_an_answer_that_names_failed_items_is_an_error(folder: Path, server: Server) -> None:
    warehouse = Warehouse(folder / "data")
    relation = next(Graph(warehouse).relations())
    with Devgraph(server.url, TOKEN) as devgraph, pytest.raises(RegistryError, match="refused"):
        devgraph.create_relations("default", [relation])


def test_the_command_reads_its_token_from_the_environment(folder: Path, server: Server) -> None:
    arguments = ("export", "devgraph", "--push", server.url)
    assert run_command(folder, *arguments).returncode == 2
    done = run_command(folder, *arguments, environment={"DEVGRAPH_TOKEN": TOKEN})
    assert done.returncode == 0, done.stderr
    assert "sent" in done.stdout
