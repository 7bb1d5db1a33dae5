"""The asset checks, on warehouses made so that each has something to find."""

import os
import time
from pathlib import Path

import dagster as dg
import pytest

from registry_assets.checks import CHECKS, Check
from registry_assets.definitions import build_definitions
from registry_assets.providers.file import Configuration, load_configuration
from registry_assets.warehouse import Warehouse
from registry_assets.warehouse.connection import connect, create_schema
from registry_assets_tests.dagster.conftest import Materialize, write_providers

STAGE = "INSERT INTO crawls VALUES ('run', '{provider}', '{stage}', now() - INTERVAL {ago}, now() - INTERVAL {ago}, {complete}, 1, 1, 1, 0, 0, 0)"
PROVIDER = (
    "INSERT INTO internal.providers (provider, registry_type, api_url, entity_namespace, every, generation)"
    " VALUES ('{provider}', 'private', 'http://x', 'default', 60, 1)"
)
PUBLISHED = "UPDATE internal.publication SET published_at = now() - INTERVAL {ago}"
PROBLEM = (
    "INSERT INTO crawl_problems VALUES ('{provider}', '{stage}', 'web', 'latest', now(), 500, '{error}', 'it broke',"
    " 'mend it', 'run', {resolved})"
)
REPOSITORY = "INSERT INTO repositories (provider, repository, namespace, name, first_seen) VALUES ('{provider}', '{repository}', '', '{repository}', now())"
TAG = "INSERT INTO tags (provider, repository, tag, digest, first_seen) VALUES ('{provider}', '{repository}', '{tag}', 'sha256:0', now())"
ENTITY = "INSERT INTO entities BY NAME SELECT 'default' AS entity_namespace, 'DockerImage' AS kind, '{name}' AS name, 'sample' AS provider, '{name}' AS identity, 'v1' AS api_version, MAP {{}} AS labels, MAP {{}} AS annotations, '{{}}' AS spec, now() AS first_seen"
EDGE = "INSERT INTO relationships BY NAME SELECT 'USES' AS relation, 'DockerImage' AS source_kind, 'default' AS source_namespace, 'a' AS source_name, 'DockerImage' AS target_kind, 'default' AS target_namespace, '{target}' AS target_name, 'sample' AS provider, '{{}}' AS spec"


def stage(name: str, provider: str = "sample", ago: str = "1 SECOND", *, complete: bool = True) -> str:
    return STAGE.format(provider=provider, stage=name, ago=ago, complete=complete)


def problem(name: str, error: str = "DidNotAnswer", resolved: str = "NULL") -> str:
    return PROBLEM.format(provider="sample", stage=name, error=error, resolved=resolved)


def tag(name: str = "latest", repository: str = "web") -> str:
    return TAG.format(provider="sample", repository=repository, tag=name)


def repository(name: str = "web", provider: str = "sample") -> str:
    return REPOSITORY.format(provider=provider, repository=name)


CASES: list[tuple[str, str, list[str], list[str]]] = [
    ("registries", "not_stale", [], []),
    (
        "registries",
        "not_stale",
        [PROVIDER.format(provider="sample"), stage("tags"), PUBLISHED.format(ago="1 SECOND")],
        [],
    ),
    (
        "registries",
        "not_stale",
        [PROVIDER.format(provider="sample"), stage("tags", ago="2 DAY"), PUBLISHED.format(ago="2 DAY")],
        ["sample"],
    ),
    (
        "registries",
        "not_stale",
        [PROVIDER.format(provider="sample"), stage("tags", complete=False), PUBLISHED.format(ago="1 SECOND")],
        ["sample"],
    ),
    (
        "registries",
        "not_stale",
        [
            PROVIDER.format(provider="not-in-the-file"),
            stage("tags", "not-in-the-file", "2 DAY"),
            PUBLISHED.format(ago="2 DAY"),
        ],
        [],
    ),
    ("repositories", "listing_complete", [], []),
    ("repositories", "listing_complete", [stage("repositories")], []),
    ("repositories", "listing_complete", [stage("repositories", complete=False)], ["sample"]),
    (
        "repositories",
        "listing_complete",
        [stage("repositories", ago="1 HOUR", complete=False), stage("repositories")],
        [],
    ),
    ("repositories", "listing_complete", [stage("tags", complete=False)], []),
    (
        "repositories",
        "listing_complete",
        [stage("repositories", "other.one", complete=False), stage("repositories")],
        ["other.one"],
    ),
    ("tags", "listing_complete", [stage("tags", complete=False), problem("tags")], ["sample"]),
    ("manifests", "content_complete", [stage("manifests"), problem("manifests")], ["sample"]),
    ("manifests", "content_complete", [stage("manifests"), problem("manifests", resolved="now()")], []),
    ("repositories", "removals_confirmed", [], []),
    ("repositories", "removals_confirmed", [problem("repositories", "RemovalsHeld")], ["sample"]),
    ("repositories", "removals_confirmed", [problem("repositories", "RemovalsHeld", "now()")], []),
    ("repositories", "selectors_match", [], []),
    ("repositories", "selectors_match", [repository(), tag()], []),
    ("relationships", "ends_exist", [], []),
    ("relationships", "ends_exist", [ENTITY.format(name="a"), ENTITY.format(name="b"), EDGE.format(target="b")], []),
    ("relationships", "ends_exist", [ENTITY.format(name="a"), EDGE.format(target="b")], ["sample"]),
    ("relationships", "ends_exist", [ENTITY.format(name="b"), EDGE.format(target="b")], ["sample"]),
    ("repositories", "keys_unique", [repository(), repository("api"), repository(provider="other.one")], []),
    ("repositories", "keys_unique", [repository(), repository()], ["sample"]),
    ("tags", "keys_unique", [tag(), tag("v1")], []),
    ("tags", "keys_unique", [tag(), tag()], ["sample"]),
    ("entities", "keys_unique", [ENTITY.format(name="a")], []),
    ("entities", "keys_unique", [ENTITY.format(name="a")] * 2, ["sample"]),
    ("relationships", "keys_unique", [EDGE.format(target="b"), EDGE.format(target="c")], []),
    ("relationships", "keys_unique", [EDGE.format(target="b")] * 2, ["sample"]),
]


def named(table: str, name: str) -> Check:
    (check,) = [check for check in CHECKS if (check.table, check.name) == (table, name)]
    return check


def construct(warehouse: Warehouse, statements: list[str]) -> None:
    """A published file with these rows, whatever the project itself would make of them."""
    warehouse.published.parent.mkdir(parents=True, exist_ok=True)
    connection = connect(warehouse.published)
    try:
        create_schema(connection)
        for statement in statements:
            connection.execute(statement)
    finally:
        connection.close()


@pytest.mark.parametrize(("table", "name", "statements", "failing"), CASES)
def test_a_check_names_the_providers_that_it_concerns(
    table: str, name: str, statements: list[str], failing: list[str], warehouse: Warehouse, configuration: Configuration
) -> None:
    construct(warehouse, statements)
    result = named(table, name).evaluate(warehouse, configuration.providers)
    assert result.passed == (not failing)
    for provider in failing:
        assert provider in (result.description or "")
        assert provider in str(result.metadata["rows"].value)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.table}-{check.name}")
def test_nothing_is_wrong_before_the_first_crawl(
    check: Check, warehouse: Warehouse, configuration: Configuration
) -> None:
    assert check.evaluate(warehouse, configuration.providers).passed
    assert not warehouse.published.exists()


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ([{}], []),
        ([{"repository_pattern": "web"}, {"namespace_pattern": "team"}], []),
        ([{"repository_pattern": "web"}, {"repository_pattern": "wbe"}], [("selectors[1]", "no repository")]),
        ([{"repository_pattern": "web", "include_tags": ["v9"]}, {}], [("selectors[0]", "no tag")]),
        ([{"repository_pattern": "${NOBODY_SET_THIS}"}, {}], []),
    ],
)
def test_a_selector_that_takes_nothing_is_named(
    selectors: list[dict[str, object]], expected: list[tuple[str, str]], tmp_path: Path, warehouse: Warehouse
) -> None:
    construct(warehouse, [repository("web"), repository("team/api"), tag("latest", "web"), tag("1.0", "team/api")])
    path = write_providers(tmp_path / "providers.yaml", tmp_path, selectors=selectors)
    rows = named("repositories", "selectors_match").find(warehouse, load_configuration(path).providers)
    assert list(zip(rows["selector"], rows["matches"], strict=True)) == expected


def test_a_check_runs_by_itself(
    configuration: Configuration, data: Path, instance: dg.DagsterInstance, materialize: Materialize
) -> None:
    materialize()
    job = build_definitions(configuration, data).resolve_job_def("staleness")
    result = job.execute_in_process(
        instance=instance, run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    )
    assert [(check.check_name, check.passed) for check in result.get_asset_check_evaluations()] == [("not_stale", True)]


def test_held_removals_fail_their_check_and_are_told_with_the_tags(registry: Path, materialize: Materialize) -> None:
    materialize()
    for index in registry.rglob("oci-layout"):
        index.unlink()
    result = materialize()
    failed = {check.check_name: check for check in result.get_asset_check_evaluations() if not check.passed}
    assert "removals_confirmed" in failed
    assert "sample" in (failed["removals_confirmed"].description or "")
    accepted = materialize(accept_removals=True)
    assert "removals_confirmed" not in {
        check.check_name for check in accepted.get_asset_check_evaluations() if not check.passed
    }


def test_a_poll_without_news_repeats_what_the_rows_alone_decide(materialize: Materialize, warehouse: Warehouse) -> None:
    materialize()
    warehouse.published.chmod(0o644)
    connection = connect(warehouse.published)
    connection.execute("INSERT INTO repositories SELECT * FROM repositories")
    connection.close()
    an_hour_ago = time.time() - 3600
    os.utime(warehouse.published, (an_hour_ago, an_hour_ago))
    repeated = {check.check_name for check in materialize().get_asset_check_evaluations() if not check.passed}
    assert repeated == set()
    os.utime(warehouse.published)
    rows = named("repositories", "keys_unique").evaluate(warehouse, [])
    assert not rows.passed
