"""`dagster dev` for real: a sensor's tick becomes a run, the history is shared, Terminate stops a crawl."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, ClassVar

import pytest
import yaml

from registry_assets.warehouse import Warehouse
from registry_assets_tests.dagster.layouts import write_layout

ROOT = Path(__file__).resolve().parents[2]
RUNS = "query($filter: RunsFilter) { runsOrError(filter: $filter) { ... on Runs { results { runId status tags { key value } } } } }"
TERMINATE = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"


class Registry(BaseHTTPRequestHandler):
    """A registry with one repository without tags, whose catalog can be made to hang."""

    protocol_version = "HTTP/1.1"
    may_answer: ClassVar[Event] = Event()
    was_asked: ClassVar[Event] = Event()
    answers: ClassVar[dict[str, Any]] = {
        "/v2/": {},
        "/v2/_catalog": {"repositories": ["app"]},
        "/v2/app/tags/list": {"name": "app", "tags": []},
    }

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/v2/_catalog" and not self.may_answer.is_set():
            self.was_asked.set()
            self.may_answer.wait(60)
        answer = self.answers.get(path)
        body = json.dumps({} if answer is None else answer).encode()
        self.send_response(404 if answer is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None: ...


@pytest.fixture(scope="module")
def slow_registry() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    Registry.may_answer.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, slow_registry: str) -> Path:
    """A folder with the project's own dagster.yaml and workspace.yaml, and two providers."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, folder)
    write_layout(folder / "registry" / "web", {"latest": "web"})
    providers = [
        {"name": "sample", "every": 5, "config": {"registry_type": "oci-layout", "api_url": str(folder / "registry")}},
        {"name": "slow", "every": 3600, "config": {"registry_type": "private", "api_url": slow_registry}},
    ]
    (folder / "providers.yaml").write_text(yaml.safe_dump({"providers": providers}))
    return folder


def environment(project: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DAGSTER_HOME", "PYTEST_CURRENT_TEST")}
    return kept | {
        "PYTHONPATH": str(ROOT),
        "REGISTRY_PROVIDERS": str(project / "providers.yaml"),
        "REGISTRY_DATA_DIR": str(project / "data"),
    }


@pytest.fixture(scope="module")
def webserver(project: Path) -> Iterator[str]:
    """The address of a `dagster dev` that was started like anybody starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "dagster", "dev", "--host", "127.0.0.1", "--port", str(port)]
    with (project / "dev.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=project, env=environment(project), stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield f"http://127.0.0.1:{port}/graphql"
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ask(webserver: str, query: str, **variables: Any) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(webserver, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return dict(json.load(answer)["data"])


def runs_of(webserver: str, provider: str) -> list[dict[str, Any]]:
    wanted = {"tags": [{"key": "dagster/partition", "value": provider}]}
    try:
        return list(ask(webserver, RUNS, filter=wanted)["runsOrError"]["results"])
    except OSError:
        return []  # not serving yet


def eventually(condition: Callable[[], Any], project: Path, seconds: float = 60) -> Any:
    """What `condition` gives once it gives something; the log of the services where it never does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.25)
    pytest.fail((project / "dev.log").read_text()[-8000:])


def test_a_tick_of_the_sensor_launches_a_run_that_succeeds(webserver: str, project: Path) -> None:
    eventually(lambda: [run for run in runs_of(webserver, "sample") if run["status"] == "SUCCESS"], project)
    warehouse = Warehouse(project / "data")
    assert warehouse.query("SELECT repository, tag FROM tags").to_numpy().tolist() == [["web", "latest"]]
    tags = {tag["key"]: tag["value"] for tag in runs_of(webserver, "sample")[-1]["tags"]}
    assert tags["dagster/sensor_name"] == "poll_sample"


def test_the_sensor_polls_again_at_its_interval(webserver: str, project: Path) -> None:
    eventually(lambda: len([run for run in runs_of(webserver, "sample") if run["status"] == "SUCCESS"]) >= 2, project)


def test_a_run_of_the_command_line_joins_the_same_history(webserver: str, project: Path) -> None:
    eventually(lambda: runs_of(webserver, "sample"), project)
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", "registry_assets.definitions"]
    subprocess.run(
        [*command, "--select", "tags", "--partition", "sample"],
        cwd=project,
        env=environment(project),
        capture_output=True,
        timeout=60,
        check=True,
    )
    by_hand = [
        run
        for run in runs_of(webserver, "sample")
        if run["status"] == "SUCCESS" and "dagster/sensor_name" not in {tag["key"] for tag in run["tags"]}
    ]
    assert by_hand
    assert not list(project.glob("history"))


def test_terminate_stops_a_crawl_within_seconds_and_leaves_what_was_committed(webserver: str, project: Path) -> None:
    eventually(lambda: runs_of(webserver, "sample"), project)
    assert Registry.was_asked.wait(60)
    (run,) = runs_of(webserver, "slow")
    assert ask(webserver, TERMINATE, id=run["runId"])["terminateRun"]["__typename"] == "TerminateRunSuccess"
    eventually(lambda: runs_of(webserver, "slow")[0]["status"] == "CANCELED", project, seconds=20)
    stored = Warehouse(project / "data").query("SELECT DISTINCT provider FROM crawls")["provider"].tolist()
    assert stored == ["sample"]
    assert not list((project / "data" / "spool").glob("*slow*"))
