"""The sensors: due, not due, run in progress, process gone, configuration changed."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from registry_assets import orphans
from registry_assets.providers.file import Configuration
from registry_assets.sensors import IN_PROGRESS
from registry_assets_tests.dagster.conftest import Materialize

Tick = Callable[[], dg.RunRequest | dg.SkipReason]


@pytest.fixture
def tick(definitions: dg.Definitions, instance: dg.DagsterInstance) -> Tick:
    """One tick of the sensor of `sample`: what it asks for, or why it waits."""

    def evaluate() -> dg.RunRequest | dg.SkipReason:
        repository = definitions.get_repository_def()
        with dg.build_sensor_context(instance=instance, definitions=definitions) as context:
            told = repository.get_sensor_def("poll_sample").evaluate_tick(context)
        if told.run_requests:
            (request,) = told.run_requests
            return request
        return dg.SkipReason(told.skip_message)

    return evaluate


def create_run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, status: dg.DagsterRunStatus, **tags: str
) -> dg.DagsterRun:
    job = definitions.resolve_job_def("inventory")
    return instance.create_run_for_job(job, status=status, tags={"dagster/partition": "sample", **tags})


def reason(told: dg.RunRequest | dg.SkipReason) -> str:
    assert isinstance(told, dg.SkipReason)
    return told.skip_message or ""


def test_a_provider_that_was_never_crawled_is_due(tick: Tick) -> None:
    told = tick()
    assert isinstance(told, dg.RunRequest)
    assert told.partition_key == "sample"
    assert told.run_key is None


def test_it_is_not_due_right_after_a_crawl(tick: Tick, materialize: Materialize) -> None:
    materialize()
    assert "due every 60 s" in reason(tick())


def test_it_is_due_again_after_its_interval(
    tick: Tick, materialize: Materialize, monkeypatch: pytest.MonkeyPatch
) -> None:
    materialize()
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    assert isinstance(tick(), dg.RunRequest)


def test_another_providers_crawl_does_not_count(tick: Tick, materialize: Materialize) -> None:
    materialize(provider="other.one")
    assert isinstance(tick(), dg.RunRequest)


def test_a_crawl_of_tags_alone_does_not_count(tick: Tick, materialize: Materialize) -> None:
    materialize("tags")
    assert isinstance(tick(), dg.RunRequest)


@pytest.mark.parametrize("status", sorted(set(IN_PROGRESS) - {dg.DagsterRunStatus.QUEUED}, key=str))
def test_it_waits_while_a_run_of_the_provider_is_in_progress(
    status: dg.DagsterRunStatus, tick: Tick, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    run = create_run(definitions, instance, status)
    assert run.run_id in reason(tick())


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED])
def test_a_run_that_ended_badly_holds_nothing_up(
    status: dg.DagsterRunStatus, tick: Tick, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    create_run(definitions, instance, status)
    assert isinstance(tick(), dg.RunRequest)


def test_a_run_whose_process_is_gone_is_reported_failed_and_holds_nothing_up(
    tick: Tick, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    host, _, _ = signature(instance, definitions).split(" ")
    signed = f"{host} {process.pid} {orphans.started(process.pid)}"
    run = create_run(definitions, instance, dg.DagsterRunStatus.STARTED, **{orphans.PROCESS: signed})
    assert run.run_id in reason(tick())
    process.kill()
    process.communicate()
    assert isinstance(tick(), dg.RunRequest)
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status == dg.DagsterRunStatus.FAILURE


def signature(instance: dg.DagsterInstance, definitions: dg.Definitions) -> str:
    """What this process writes on the runs that it executes."""
    run = create_run(definitions, instance, dg.DagsterRunStatus.SUCCESS)
    orphans.sign(instance, run)
    signed = instance.get_run_by_id(run.run_id)
    assert signed is not None
    return signed.tags[orphans.PROCESS]


@pytest.mark.parametrize("host", ["another-host", ""])
def test_a_run_of_another_machine_is_left_alone(
    host: str, tick: Tick, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    run = create_run(definitions, instance, dg.DagsterRunStatus.STARTED, **{orphans.PROCESS: f"{host} 1 1"})
    assert run.run_id in reason(tick())


@pytest.mark.parametrize("change", ["edited", "deleted"])
def test_another_file_than_the_loaded_one_is_told_and_nothing_runs(
    change: str, tick: Tick, configuration: Configuration
) -> None:
    path = Path(configuration.path)
    if change == "edited":
        path.write_text(path.read_text() + "# edited\n")
    else:
        path.unlink()
    assert "configuration changed" in reason(tick())
    assert "reload the code location" in reason(tick())


def test_every_sensor_keeps_its_providers_interval(definitions: dg.Definitions) -> None:
    for sensor in definitions.sensors or ():
        assert isinstance(sensor, dg.SensorDefinition)
        assert sensor.minimum_interval_seconds == 60
        assert sensor.default_status == dg.DefaultSensorStatus.RUNNING


def test_the_daily_schedule_crawls_every_provider_in_full(
    definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    schedule = definitions.get_repository_def().get_schedule_def("daily_full_crawl")
    at = datetime(2024, 5, 1, 3, 17, tzinfo=UTC)
    repository = definitions.get_repository_def()
    with dg.build_schedule_context(instance, scheduled_execution_time=at, repository_def=repository) as context:
        requests = schedule.evaluate_tick(context).run_requests or []
    assert [request.partition_key for request in requests] == ["sample", "other.one"]
    assert all(request.run_config["ops"]["crawl"]["config"]["full"] for request in requests)
