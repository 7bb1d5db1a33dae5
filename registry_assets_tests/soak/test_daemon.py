"""`dagster dev` killed with a crawl in progress, and started again."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from registry_assets.warehouse import Warehouse
from registry_assets_tests.dagster.test_dagster_dev import ROOT, environment, eventually, runs_of
from registry_assets_tests.servers.programs import free_port
from registry_assets_tests.servers.scripted import Answer, Scripted, answer

EVERY = 5
# The bound: the provider's sensor looks once an interval, the queue and the new run take their seconds.
BOUND = 90


@pytest.fixture
def hanging(scripted: Scripted) -> Scripted:
    """A registry whose catalog does not come, the first time."""
    catalog = json.dumps({"repositories": ["app"]}).encode()
    scripted.on("/v2/", answer({}))
    scripted.on("/v2/_catalog", Answer(200, catalog, delay=600), answer(catalog))
    return scripted.on("/v2/app/tags/list", answer({"name": "app", "tags": []}))


@pytest.fixture
def project(tmp_path: Path, hanging: Scripted) -> Path:
    """A folder with the project's own dagster.yaml and workspace.yaml, and one provider."""
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    config = {"registry_type": "private", "api_url": hanging.url}
    providers = [{"name": "company", "every": EVERY, "config": config}]
    (tmp_path / "providers.yaml").write_text(yaml.safe_dump({"providers": providers}))
    return tmp_path


@contextmanager
def dagster_dev(project: Path) -> Iterator[str]:
    """The address of a `dagster dev`; at the end it is killed with everything that it started."""
    port = free_port()
    command = [sys.executable, "-m", "dagster", "dev", "--host", "127.0.0.1", "--port", str(port)]
    with (project / "dev.log").open("a") as log:
        process = subprocess.Popen(
            command, cwd=project, env=environment(project), stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield f"http://127.0.0.1:{port}/graphql"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_daemon_killed_in_a_crawl_does_not_hold_its_provider_up(project: Path, hanging: Scripted) -> None:
    asked = "GET /v2/_catalog"
    with dagster_dev(project) as webserver:
        eventually(lambda: any(path.startswith(asked) for path in hanging.paths()), project)
        (interrupted,) = eventually(lambda: runs_of(webserver, "company"), project)
        assert interrupted["status"] == "STARTED"
    with dagster_dev(project) as webserver:
        started = time.monotonic()
        eventually(lambda: "SUCCESS" in [run["status"] for run in runs_of(webserver, "company")], project, BOUND)
        ended = {run["runId"]: run["status"] for run in runs_of(webserver, "company")}
    assert ended[interrupted["runId"]] == "FAILURE"
    assert Warehouse(project / "data").query("SELECT repository FROM repositories")["repository"].tolist() == ["app"]
    sys.stdout.write(f"the provider was crawled again {time.monotonic() - started:.0f} s after the restart\n")
