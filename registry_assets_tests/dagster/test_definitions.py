"""What Dagster loads: quickly, without a secret, a network or a file to write."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_representation.external_data import RepositorySnap

from registry_assets.assets.tables import LINEAGE, TABLES, column_lineage
from registry_assets.definitions import build_definitions
from registry_assets.providers.file import Configuration, load_configuration
from registry_assets.warehouse import describe_tables
from registry_assets_tests.dagster.conftest import write_providers

ROOT = Path(__file__).resolve().parents[2]


def validate(tmp_path: Path, providers: Path) -> subprocess.CompletedProcess[str]:
    """`dagster definitions validate` in a process without anything in its environment."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "REGISTRY_PROVIDERS": str(providers),
        "REGISTRY_DATA_DIR": str(tmp_path / "data"),
    }
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-m", "registry_assets.definitions"]
    return subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_definitions_load_where_no_variable_is_set_and_nothing_answers(tmp_path: Path) -> None:
    providers = write_providers(
        tmp_path / "providers.yaml",
        tmp_path,
        registry_type="private",
        api_url="${NOBODY_SET_THIS_URL}",
        username="me",
        password="${NOBODY_SET_THIS_PASSWORD}",
    )
    result = validate(tmp_path, providers)
    assert result.returncode == 0, result.stderr
    assert not (tmp_path / "data").exists()


def test_a_broken_providers_file_is_told_in_clear_words(tmp_path: Path) -> None:
    providers = write_providers(tmp_path / "providers.yaml", tmp_path, timeot=5)
    result = validate(tmp_path, providers)
    assert result.returncode != 0
    told = result.stdout + result.stderr
    assert "providers[0].config.timeot" in told
    assert "providers[1].config.timeot" in told
    assert told.count('File "') <= 1


def test_there_is_one_partition_and_one_sensor_per_provider(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for table in TABLES:
        partitions = graph.get(dg.AssetKey(table)).partitions_def
        assert partitions is not None
        assert partitions.get_partition_keys() == ["sample", "other.one"]
    assert sorted(sensor.name for sensor in definitions.sensors or ()) == ["poll_other_one", "poll_sample"]


@pytest.mark.parametrize("table", TABLES)
def test_every_asset_says_what_it_holds(table: str, definitions: dg.Definitions) -> None:
    spec = definitions.resolve_asset_graph().get(dg.AssetKey(table)).to_asset_spec()
    assert spec.description
    assert spec.owners
    assert "duckdb" in spec.kinds
    assert spec.metadata["dagster/table_name"] == f"registry.main.{table}"
    schema = spec.metadata["dagster/column_schema"]
    assert isinstance(schema, dg.TableSchema)
    assert [column.name for column in schema.columns] == [column.name for column in describe_tables()[table].columns]
    assert all(column.description for column in schema.columns)


@pytest.mark.parametrize("table", sorted(LINEAGE))
def test_lineage_names_columns_that_exist(table: str) -> None:
    known = {name: {column.name for column in described.columns} for name, described in describe_tables().items()}
    for column, sources in column_lineage(table).deps_by_column.items():
        assert column in known[table]
        assert all(source.column_name in known[source.asset_key.to_user_string()] for source in sources)


def test_everything_is_upstream_of_the_registry_itself(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    selected = dg.AssetSelection.assets("container_registry").downstream(include_self=False).resolve(graph)
    assert selected == {dg.AssetKey(table) for table in TABLES}


def test_the_definitions_can_be_merged_into_those_of_a_deployment(configuration: Configuration, data: Path) -> None:
    @dg.asset
    def report() -> None: ...

    merged = dg.Definitions.merge(dg.Definitions(assets=[report]), build_definitions(configuration, data))
    dg.Definitions.validate_loadable(merged)
    assert dg.AssetKey("report") in merged.resolve_asset_graph().get_all_asset_keys()


def test_loading_expands_no_secret_into_what_the_ui_shows(
    tmp_path: Path, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_PASSWORD", "hunter2-hunter2")
    options = {"registry_type": "private", "api_url": "https://registry.example", "username": "me"}
    path = write_providers(tmp_path / "providers.yaml", registry, **options, password="${THE_PASSWORD}")
    definitions = build_definitions(load_configuration(path), tmp_path / "data")
    snapshot = dg.serialize_value(RepositorySnap.from_def(definitions.get_repository_def()))
    assert "registry_warehouse" in snapshot
    assert "hunter2" not in snapshot
