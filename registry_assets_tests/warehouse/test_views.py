"""The views: what a person asks first."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry_assets.records import ChildRecord, Record, RegistryRecord, TagRecord
from registry_assets.warehouse import Warehouse, describe_tables
from registry_assets.warehouse.connection import connect, create_schema, open_private
from registry_assets_tests.warehouse.crawls import INDEX, MANIFEST, Seen, at, crawl, digest, image, manifest, rows


def entry(parent: str, position: int, child: str, platform: str, kind: str = "image") -> ChildRecord:
    os, architecture, *variant = platform.split("/")
    return ChildRecord(
        digest(parent), position, digest(child), MANIFEST, 9, None, architecture, os, "".join(variant) or None, kind, {}
    )


def index(name: str) -> Record:
    return manifest(name, kind="index", media_type=INDEX, config_digest=None, size=None, layer_count=None)


def test_images_summarise_an_index_by_its_linux_amd64_image(warehouse: Warehouse) -> None:
    labels = {"org.opencontainers.image.source": "https://example.com/app", "org.opencontainers.image.revision": "abc"}
    children = [
        entry("all", 0, "attestation", "unknown/unknown", "attestation"),
        entry("all", 1, "arm", "linux/arm64/v8"),
        entry("all", 2, "windows", "windows/amd64"),
        entry("all", 3, "amd", "linux/amd64"),
    ]
    images = [
        *image("arm", architecture="arm64", variant="v8"),
        *image("windows", os="windows"),
        *image("amd", labels=labels),
        manifest("attestation", kind="attestation"),
    ]
    crawl(warehouse, Seen({"team/app": {"v1": "all"}}, [index("all"), *children, *images]))
    found = warehouse.query("SELECT * FROM images").to_dict("records")[0]
    assert found["platforms"].tolist() == ["linux/arm64/v8", "windows/amd64", "linux/amd64"]
    assert {key: value for key, value in found.items() if key not in ("platforms", "created_at", "entity_name")} == {
        "provider": "acme",
        "repository": "team/app",
        "tag": "v1",
        "digest": digest("all"),
        "reference": "registry.example.com/team/app:v1",
        "size": 1000,
        "architecture": "amd64",
        "os": "linux",
        "layers": 2,
        "source": "https://example.com/app",
        "revision": "abc",
        "registry_url": "https://registry.example.com",
    }
    assert found["created_at"] == at(-24)


SUMMARIES: list[tuple[list[Record], tuple[Any, ...]]] = [
    # The first image where none is for linux/amd64, attestations passed over.
    (
        [
            entry("all", 0, "seal", "unknown/unknown", "attestation"),
            entry("all", 1, "one", "linux/s390x"),
            entry("all", 2, "two", "linux/arm64"),
            *image("one", architecture="s390x"),
        ],
        ("s390x", "linux", 1000),
    ),
    # An index within an index.
    (
        [
            entry("all", 0, "inner", "linux/arm64", "index"),
            index("inner"),
            entry("inner", 0, "one", "linux/amd64"),
            *image("one"),
        ],
        ("amd64", "linux", 1000),
    ),
    # An entry whose manifest could not be read: what the entry says.
    ([entry("all", 0, "one", "linux/arm64")], ("arm64", "linux", None)),
    # An index of attestations only.
    ([entry("all", 0, "seal", "unknown/unknown", "attestation")], (None, None, None)),
]


@pytest.mark.parametrize(("records", "expected"), SUMMARIES)
def test_images_summarise_any_index(warehouse: Warehouse, records: list[Record], expected: tuple[Any, ...]) -> None:
    crawl(warehouse, Seen({"app": {"v1": "all"}}, [index("all"), *records]))
    assert rows(warehouse, "SELECT architecture, os, size FROM images") == [expected]


def test_the_listing_serves_while_a_manifest_has_not_been_read(warehouse: Warehouse) -> None:
    listed = [
        TagRecord(
            "app", "one", selected=True, digest=digest("x"), listed_size=77, listed_platforms=("linux/arm64/v8",)
        ),
        TagRecord("app", "two", selected=True, digest=digest("y"), listed_platforms=("linux/amd64", "linux/arm64")),
    ]
    crawl(warehouse, Seen({"app": {}}, listed))
    assert rows(warehouse, "SELECT size, architecture, os, platforms, layers FROM images ORDER BY tag") == [
        (77, "arm64", "linux", ["linux/arm64/v8"], None),
        (None, None, None, ["linux/amd64", "linux/arm64"], None),
    ]


@pytest.mark.parametrize(
    ("registry_type", "url", "expected"),
    [
        ("docker-hub", "https://registry-1.docker.io", "docker.io/library/nginx:latest"),
        ("private", "https://registry.example.com:5000/v2/", "registry.example.com:5000/library/nginx:latest"),
        ("private", "http://user@localhost:5000", "localhost:5000/library/nginx:latest"),
        ("ghcr", "ghcr.io", "ghcr.io/library/nginx:latest"),
        ("oci-layout", "/srv/images", "oci:/srv/images/library/nginx:latest"),
        ("oci-layout", "file:///srv/images/", "oci:/srv/images/library/nginx:latest"),
    ],
)
def test_a_reference_is_what_the_usual_tools_take(registry_type: str, url: str, expected: str) -> None:
    connection = connect()
    create_schema(connection)
    sql = "SELECT internal.reference(?, ?, 'library/nginx', 'latest')"
    assert connection.execute(sql, [registry_type, url]).fetchall() == [(expected,)]
    connection.close()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://github.com/acme/app", "https://github.com/acme/app"),
        ("https://github.com/acme/app.git", "https://github.com/acme/app"),
        ("https://github.com/acme/app/", "https://github.com/acme/app"),
        ("https://github.com/acme/app.git#0123abc", "https://github.com/acme/app"),
        ("https://user:secret@GitHub.com/Acme/App.git", "https://github.com/Acme/App"),
        ("http://git.example.com:8080/acme/app", "https://git.example.com:8080/acme/app"),
        ("git+https://github.com/acme/app", "https://github.com/acme/app"),
        ("git@github.com:acme/app.git", "https://github.com/acme/app"),
        ("ssh://git@git.example.com:2222/acme/app.git", "https://git.example.com/acme/app"),
        ("git://github.com/acme/app", "https://github.com/acme/app"),
        ("github.com/acme/app", "https://github.com/acme/app"),
        ("", None),
        ("none", None),
        ("https://", None),
        ("javascript:alert(1)", None),
        ("https://example.com/" + "a" * 3000, None),
        (None, None),
    ],
)
def test_a_source_address_becomes_an_https_one_or_nothing(address: str | None, expected: str | None) -> None:
    connection = connect()
    create_schema(connection)
    assert connection.execute("SELECT internal.source_url(?)", [address]).fetchall() == [(expected,)]
    connection.close()


def test_digest_tags_has_every_tag_of_a_digest_in_all_registries(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {"v1": "one", "latest": "one"}}, image("one")))
    crawl(warehouse, Seen({"web": {"v1": "one", "v2": "two"}}, provider="other"))
    sql = "SELECT provider, repository, tag FROM digest_tags WHERE digest = ? ORDER BY ALL"
    assert rows(warehouse, sql, digest("one")) == [
        ("acme", "app", "latest"),
        ("acme", "app", "v1"),
        ("other", "web", "v1"),
    ]


def hours_ago(hours: float) -> float:
    return (datetime.now(UTC) - timedelta(hours=hours) - at(0)) / timedelta(hours=1)


def status(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return rows(
        warehouse, "SELECT provider, stale, last_complete_at IS NULL, open_problems FROM provider_status ORDER BY 1"
    )


def test_a_provider_is_stale_after_three_intervals_without_a_complete_crawl(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {}}, provider="fresh"), hours_ago(0))
    crawl(warehouse, Seen({"app": {}}, provider="slow", every=86_400), hours_ago(48))
    crawl(warehouse, Seen({"app": {}}, provider="old"), hours_ago(1))
    crawl(warehouse, Seen({"app": {}}, provider="old", complete=False), hours_ago(0))
    crawl(warehouse, Seen({"app": {}}, provider="partial", stages=("registries", "repositories")), hours_ago(0))
    assert status(warehouse) == [
        ("fresh", False, False, 0),
        ("old", True, False, 0),
        ("partial", True, True, 0),
        ("slow", False, False, 0),
    ]


def test_staleness_is_judged_at_publication_while_the_next_one_may_not_be_due(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {}}), hours_ago(0.5))
    for minutes, stale in ((29, False), (120, True)):
        with open_private(warehouse.published.parent / "private" / "registry.duckdb") as connection:
            connection.execute(
                "UPDATE internal.publication SET published_at = now() - to_minutes(?::INTEGER)", [minutes]
            )
            assert connection.execute("SELECT stale FROM provider_status").fetchall() == [(stale,)]


def test_a_provider_that_never_answered_has_a_status(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen(complete=False, repositories_complete=False), hours_ago(0))
    assert status(warehouse) == [("acme", True, True, 0)]


def test_every_table_and_column_says_what_it_is() -> None:
    tables = describe_tables()
    assert list(tables) == [
        "registries",
        "repositories",
        "tags",
        "tag_history",
        "manifests",
        "manifest_children",
        "layers",
        "entities",
        "relationships",
        "crawls",
        "crawl_problems",
        "images",
        "provider_status",
        "digest_tags",
    ]
    assert [name for name, table in tables.items() if not table.comment] == []
    assert [(name, c.name) for name, table in tables.items() for c in table.columns if not c.comment] == []


def test_times_know_their_zone_and_maps_their_order() -> None:
    columns = {
        (name, column.name): column.type for name, table in describe_tables().items() for column in table.columns
    }
    assert {
        kind for (_, name), kind in columns.items() if name.endswith("_at") or name in ("first_seen", "valid_to")
    } == {"TIMESTAMP WITH TIME ZONE"}
    assert columns["manifests", "labels"] == "MAP(VARCHAR, VARCHAR)"
    assert columns["entities", "spec"] == "JSON"
    assert columns["tags", "listed_platforms"] == "VARCHAR[]"


def test_a_registrys_row_follows_what_the_crawl_finds(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {}}))
    renamed = Seen({"app": {}})
    renamed.rows = lambda: [RegistryRecord("New name", "https://other.example.com", None)]  # type: ignore[method-assign]
    assert crawl(warehouse, renamed, 1).tables["registries"].changed == 1
    sql = "SELECT name, url, public, registry_type, entity_namespace FROM registries"
    assert rows(warehouse, sql) == [("New name", "https://other.example.com", False, "private", "default")]
