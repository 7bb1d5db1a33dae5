"""The assets, run for real on an OCI layout."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from registry_assets.checks import CHECKS
from registry_assets.definitions import build_definitions
from registry_assets.providers.file import load_configuration
from registry_assets.warehouse import Warehouse
from registry_assets_tests.dagster.conftest import Materialize, write_providers

TABLES = ("registries", "repositories", "tags", "manifests", "entities", "relationships")


def metadata_of(result: dg.ExecuteInProcessResult, table: str) -> dict[str, Any]:
    (event,) = [event for event in result.get_asset_materialization_events() if event.asset_key == dg.AssetKey(table)]
    return {key: value.value for key, value in event.step_materialization_data.materialization.metadata.items()}


def test_a_run_materializes_all_tables_and_passes_all_checks(materialize: Materialize, warehouse: Warehouse) -> None:
    result = materialize()
    assert result.success
    assert [
        event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key
    ] == list(TABLES)
    assert [evaluation.check_name for evaluation in result.get_asset_check_evaluations() if not evaluation.passed] == []
    counts = {table: warehouse.row_count(table) for table in TABLES}
    # 1 registry, 2 repositories, 4 images, 3 manifests; relationships: 2 + 4 + 3 BELONGS_TO, 4 USES
    assert counts == {
        "registries": 1,
        "repositories": 2,
        "tags": 4,
        "manifests": 3,
        "entities": 10,
        "relationships": 13,
    }


def test_a_materialization_tells_rows_cost_and_changes(materialize: Materialize) -> None:
    materialize()
    result = materialize(provider="other.one")
    tags = metadata_of(result, "tags")
    assert (tags["dagster/partition_row_count"], tags["dagster/row_count"]) == (4, 8)
    assert (tags["added"], tags["changed"], tags["removed"]) == (4, 0, 0)
    assert tags["complete"]
    assert tags["requests"] >= 0
    assert "latest" in tags["preview"]
    assert isinstance(tags["dagster/column_lineage"], dg.TableColumnLineage)
    entities = metadata_of(result, "entities")
    assert entities["DockerImage"] == 4
    assert entities["changed"]


def test_a_second_crawl_finds_nothing_new_and_leaves_the_graph_alone(materialize: Materialize) -> None:
    materialize()
    result = materialize()
    tags = metadata_of(result, "tags")
    assert (tags["added"], tags["changed"], tags["removed"]) == (0, 0, 0)
    assert not metadata_of(result, "entities")["changed"]
    assert len(result.get_asset_check_evaluations()) == len(CHECKS)


def test_selecting_tags_ends_the_crawl_there_and_commits_what_was_read(
    materialize: Materialize, warehouse: Warehouse
) -> None:
    result = materialize("tags")
    assert result.success
    assert [event.asset_key for event in result.get_asset_materialization_events()] == [dg.AssetKey("tags")]
    assert warehouse.row_count("tags") == 4
    assert warehouse.row_count("manifests") == 0
    stages = warehouse.query("SELECT stage FROM crawls")["stage"]
    assert sorted(stages) == ["registries", "repositories", "tags"]


def test_text_of_the_registry_stays_text_in_the_preview(materialize: Materialize) -> None:
    preview = metadata_of(materialize(), "manifests")["preview"]
    assert "maintainer=" in preview
    assert "<b>" not in preview


def failures(definitions: dg.Definitions, instance: dg.DagsterInstance) -> list[Any]:
    """What a run says that cannot succeed."""
    result = definitions.resolve_job_def("inventory").execute_in_process(
        instance=instance,
        partition_key="sample",
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    assert not result.success
    return [event.step_failure_data.user_failure_data for event in result.all_node_events if event.is_step_failure]


def test_an_unset_variable_fails_the_run_and_is_named(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    path = write_providers(tmp_path / "providers.yaml", tmp_path, api_url="${NOBODY_SET_THIS}")
    (told,) = failures(build_definitions(load_configuration(path), tmp_path / "data"), instance)
    assert "sample" in told.description
    assert "NOBODY_SET_THIS" in told.description
    assert "Correct the named options" in told.description
    assert told.metadata["error"].value == "ConfigurationError"


def test_a_registry_that_is_not_there_fails_the_run_with_advice(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    path = write_providers(tmp_path / "providers.yaml", tmp_path / "absent")
    (told,) = failures(build_definitions(load_configuration(path), tmp_path / "data"), instance)
    assert str(tmp_path / "absent") in told.description
    assert told.metadata["advice"].value in told.description


@pytest.mark.parametrize("option", ["full", "accept_removals"])
def test_the_run_configuration_takes_the_switches_of_a_crawl(option: str, materialize: Materialize) -> None:
    assert materialize(**{option: True}).success


def test_a_switch_that_does_not_exist_is_refused(materialize: Materialize) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match="accept_removal"):
        materialize(accept_removal=True)
