"""A crawl in this process: recorded like any other, watched while it runs, told in one line."""

import time
from pathlib import Path

import dagster as dg
import pytest

from registry_assets import jobs
from registry_assets.crawl import Progress
from registry_assets.providers.file import Configuration, load_configuration
from registry_assets.warehouse import Warehouse
from registry_assets_tests.dagster.conftest import write_providers


@pytest.fixture(autouse=True)
def elsewhere(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data of these tests, not the checkout's."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(data))


def test_a_crawl_is_recorded_as_a_run_of_its_provider(
    configuration: Configuration, instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    outcome = jobs.run_provider(configuration, "sample", instance)
    assert outcome.complete
    assert outcome.failure is None
    assert outcome.summary.startswith("2 repositories, 4 tags, 3 manifests; 10 changes; ")
    (run,) = instance.get_runs()
    assert (run.job_name, run.tags["dagster/partition"]) == ("inventory", "sample")
    assert run.is_success
    assert warehouse.row_count("tags") == 4


def test_the_callers_listener_hears_of_the_progress_and_only_during_the_run(
    configuration: Configuration, instance: dg.DagsterInstance
) -> None:
    heard: list[Progress] = []
    jobs.run_provider(configuration, "sample", instance, progress=heard.append)
    assert heard[-1].tags == 4
    count = len(heard)
    jobs.run_provider(configuration, "sample", instance)
    assert len(heard) == count


def test_what_stopped_a_run_is_told_with_what_to_do(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    path = write_providers(tmp_path / "providers.yaml", tmp_path, api_url="${NOBODY_SET_THIS}")
    outcome = jobs.run_provider(load_configuration(path), "sample", instance)
    assert not outcome.complete
    assert outcome.failure is not None
    assert "NOBODY_SET_THIS" in outcome.failure
    assert "Traceback" not in outcome.failure


def test_ctrl_c_ends_the_run_and_reaches_the_caller(
    configuration: Configuration, instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    def interrupt(_progress: Progress) -> None:
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        jobs.run_provider(configuration, "sample", instance, progress=interrupt)
    assert time.monotonic() - started < 30
    (run,) = instance.get_runs()
    assert run.is_finished
    assert not warehouse.published.exists()
    assert jobs.run_provider(configuration, "sample", instance).complete


def test_the_history_is_where_dagster_yaml_says_when_dagster_home_is_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setattr(jobs, "project_folder", lambda: tmp_path)
    (tmp_path / "dagster.yaml").write_text("storage:\n  sqlite:\n    base_dir: history-here\n")
    with jobs.open_instance():
        pass
    assert (tmp_path / "history-here" / "history" / "runs.db").exists()


def test_the_history_is_below_the_data_where_there_is_no_dagster_yaml(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setattr(jobs, "project_folder", lambda: tmp_path)
    with jobs.open_instance() as instance:
        assert instance.root_directory == str(data / "dagster")
    assert (data / "dagster" / "history" / "runs.db").exists()
