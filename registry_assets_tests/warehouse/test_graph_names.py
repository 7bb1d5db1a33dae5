"""Names of entities: readable, at most 253 characters, unique, and given once for ever."""

import re
from collections.abc import Iterator
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry_assets.warehouse.connection import connect, run_file
from registry_assets_tests.warehouse.graphs import START, Tables, empty_tables

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


@pytest.fixture
def tables() -> Iterator[Tables]:
    with empty_tables() as tables:
        yield tables


def suffixed(plain: str, identity: str) -> str:
    return f"{plain[:236].rstrip('-')}-{sha256(identity.encode()).hexdigest()[:16]}"


def image_names(tables: Tables, *images: str) -> dict[str, str]:
    """The names of `repository:tag` images that were crawled in this order."""
    for image in images:
        repository, tag = image.split(":")
        if not tables.rows("SELECT 1 FROM repositories WHERE repository = ?", repository):
            tables.repository(repository)
        tables.tag(repository, tag)
    tables.derive()
    tables.check()
    return tables.names("DockerImage")


@pytest.mark.parametrize(
    ("registry_type", "repository", "tag", "expected"),
    [
        ("docker-hub", "library/nginx", "latest", ("nginx", "nginx-latest", "nginx-manifest-0123456789ab")),
        ("docker-hub", "myorg/app", "1.25.3", ("myorg-app", "myorg-app-1-25-3", "myorg-app-manifest-0123456789ab")),
        (
            "private",
            "library/nginx",
            "v1",
            ("library-nginx", "library-nginx-v1", "library-nginx-manifest-0123456789ab"),
        ),
        ("private", "a/b__c--d", "_V1._", ("a-b-c-d", "a-b-c-d-v1", "a-b-c-d-manifest-0123456789ab")),
        ("private", "größe/…", "…", ("gr-e", "gr-e-x", "gr-e-manifest-0123456789ab")),
        ("private", "日本", "語", ("x", "x-x", "x-manifest-0123456789ab")),
    ],
)
def test_names_are_read_from_what_they_name(
    tables: Tables, registry_type: str, repository: str, tag: str, expected: tuple[str, str, str]
) -> None:
    tables.provider(registry_type=registry_type)
    tables.repository(repository)
    tables.tag(repository, tag, DIGEST)
    tables.manifest(repository, DIGEST)
    tables.derive()
    kinds = ("DockerRepository", "DockerImage", "DockerManifest")
    assert tuple(next(iter(tables.names(kind).values())) for kind in kinds) == expected


@pytest.mark.parametrize(
    ("provider", "name"), [("docker-hub", "docker-hub"), ("My_Registry.2", "my-registry-2"), ("X--", "x")]
)
def test_a_registry_is_named_after_its_provider(tables: Tables, provider: str, name: str) -> None:
    tables.provider(provider)
    tables.derive(provider)
    assert tables.names("DockerRegistry", provider) == {"": name}


def slug(text: str) -> str:
    """The rule of names, said once more in Python."""
    return re.sub("[^a-z0-9]+", "-", "".join(c.lower() if c.isascii() else c for c in text)).strip("-") or "x"


@given(st.lists(st.text(), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_any_text_becomes_a_part_of_a_name(texts: list[str]) -> None:
    connection = connect()
    try:
        run_file(connection, "graph/macros.sql", {})
        ((names,),) = connection.execute("SELECT [slug(t) FOR t IN $texts]", {"texts": texts}).fetchall()
    finally:
        connection.close()
    assert names == [slug(text) for text in texts]


def test_of_two_that_ask_for_a_name_the_one_seen_first_has_it(tables: Tables) -> None:
    tables.provider()
    assert image_names(tables, "a/b-c:1", "a/b:c-1") == {
        "a/b-c 1": "a-b-c-1",
        "a/b c-1": suffixed("a-b-c-1", "acme DockerImage a/b c-1"),
    }


def test_of_two_seen_at_the_same_time_the_identity_decides(tables: Tables) -> None:
    tables.provider()
    tables.repository("app")
    for tag in ("v1", "V1"):
        tables.tag("app", tag, first_seen=START)
    tables.derive()
    assert tables.names("DockerImage") == {"app V1": "app-v1", "app v1": suffixed("app-v1", "acme DockerImage app v1")}


def test_repositories_whose_names_slug_alike_stay_apart_with_all_that_is_theirs(tables: Tables) -> None:
    tables.provider()
    for repository in ("team/app", "team-app"):
        tables.repository(repository)
        tables.tag(repository, "v1", DIGEST)
        tables.manifest(repository, DIGEST)
    tables.derive()
    second = suffixed("team-app", "acme DockerRepository team-app")
    assert tables.names("DockerRepository") == {"team/app": "team-app", "team-app": second}
    image = suffixed("team-app-v1", "acme DockerImage team-app v1")
    manifest = suffixed("team-app-manifest-0123456789ab", f"acme DockerManifest team-app {DIGEST}")
    assert {
        (image, "BELONGS_TO", second),
        (image, "USES", manifest),
        (manifest, "BELONGS_TO", second),
        ("team-app-v1", "USES", "team-app-manifest-0123456789ab"),
    } < tables.edges()
    tables.check()


def test_two_providers_with_the_same_repository_share_a_namespace_without_sharing_names(tables: Tables) -> None:
    for provider in ("acme", "beta"):
        tables.provider(provider)
        tables.repository("app", provider)
        tables.tag("app", "v1", provider=provider)
    for provider in ("beta", "acme"):
        tables.derive(provider)
    assert tables.names("DockerImage", "beta") == {"app v1": "app-v1"}
    assert tables.names("DockerImage") == {"app v1": suffixed("app-v1", "acme DockerImage app v1")}
    tables.check()


def test_providers_in_different_entity_namespaces_both_have_the_plain_name(tables: Tables) -> None:
    for provider in ("acme", "beta"):
        tables.provider(provider, entity_namespace=provider)
        tables.repository("app", provider)
        tables.derive(provider)
        assert tables.names("DockerRepository", provider) == {"app": "app"}


def test_providers_whose_names_slug_alike_are_two_registries(tables: Tables) -> None:
    for provider in ("my.hub", "my-hub"):
        tables.provider(provider)
        tables.derive(provider)
    assert tables.names("DockerRegistry", "my.hub") == {"": "my-hub"}
    assert tables.names("DockerRegistry", "my-hub") == {"": suffixed("my-hub", "my-hub DockerRegistry")}


@pytest.mark.parametrize("length", [250, 251, 252, 400])
def test_a_name_that_would_be_too_long_is_cut_and_says_so(tables: Tables, length: int) -> None:
    """253 characters are the limit; `-v1` follows the repository."""
    tables.provider()
    repository = "r" * length
    plain = f"{repository}-v1"
    expected = plain if len(plain) <= 253 else suffixed(plain, f"acme DockerImage {repository} v1")
    name = image_names(tables, f"{repository}:v1")[f"{repository} v1"]
    assert name == expected
    assert len(name) <= 253


def test_a_cut_does_not_leave_two_dashes(tables: Tables) -> None:
    tables.provider()
    repository = "r" * 235 + "/" + "s" * 100
    name = image_names(tables, f"{repository}:v1")[f"{repository} v1"]
    assert name == suffixed(f"{'r' * 235}-{'s' * 100}-v1", f"acme DockerImage {repository} v1")
    assert "--" not in name


def test_a_tag_that_looks_like_a_suffixed_name_takes_it_from_nobody(tables: Tables) -> None:
    """Before, together with, and after the one that needs the suffix."""
    decoy = f"v1-{sha256(b'acme DockerImage app V1').hexdigest()[:16]}"
    second = f"app-v1-{sha256(b'acme DockerImage app V1 2').hexdigest()[:16]}"
    expected = {f"app {decoy}": f"app-{decoy}", "app v1": "app-v1", "app V1": second}
    tables.provider()
    assert image_names(tables, f"app:{decoy}", "app:v1", "app:V1") == expected


def test_a_tag_that_asks_for_a_suffixed_name_already_given_gets_its_own(tables: Tables) -> None:
    decoy = f"v1-{sha256(b'acme DockerImage app V1').hexdigest()[:16]}"
    tables.provider()
    before = image_names(tables, "app:v1", "app:V1")
    after = image_names(tables, f"app:{decoy}")
    assert after == {**before, f"app {decoy}": suffixed(f"app-{decoy}", f"acme DockerImage app {decoy}")}


def test_a_name_once_given_stays_also_after_removal(tables: Tables) -> None:
    tables.provider()
    before = image_names(tables, "app:V1", "app:v1")
    first_seen = tables.rows("SELECT identity, first_seen FROM entities ORDER BY 1")
    tables.connection.execute("DELETE FROM tags WHERE tag = 'V1'")
    tables.derive()
    assert tables.names("DockerImage") == {"app v1": before["app v1"]}
    tables.tag("app", "V1")
    tables.derive()
    assert tables.names("DockerImage") == before
    assert tables.rows("SELECT identity, first_seen FROM entities ORDER BY 1") == first_seen


def test_the_name_of_what_is_gone_is_not_given_again(tables: Tables) -> None:
    tables.provider()
    image_names(tables, "app:V1")
    tables.connection.execute("DELETE FROM tags")
    assert image_names(tables, "app:v1") == {"app v1": suffixed("app-v1", "acme DockerImage app v1")}


def test_a_namespace_that_is_come_back_to_has_the_old_names(tables: Tables) -> None:
    tables.provider()
    before = image_names(tables, "app:V1", "app:v1")
    for namespace in ("elsewhere", "default"):
        tables.connection.execute("UPDATE registries SET entity_namespace = ?", [namespace])
        tables.derive()
    assert tables.names("DockerImage") == before


SEGMENT = st.text("aA1-_.", min_size=1, max_size=3)
IMAGES = st.lists(st.tuples(st.sampled_from(["acme", "beta"]), SEGMENT, SEGMENT), max_size=8)


@given(st.lists(IMAGES, min_size=1, max_size=3))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_comes_names_are_unique_and_stay(crawls: list[list[tuple[str, str, str]]]) -> None:
    with empty_tables() as tables:
        names: dict[tuple[str, str], str] = {}
        for provider in ("acme", "beta"):
            tables.provider(provider)
        for images in crawls:
            tables.connection.execute("DELETE FROM tags; DELETE FROM repositories")
            for provider, repository in sorted({image[:2] for image in images}):
                tables.repository(repository, provider)
            for provider, repository, tag in sorted(set(images)):
                tables.tag(repository, tag, provider=provider)
            for provider in ("acme", "beta"):
                tables.derive(provider)
            tables.check()
            for identity, kind, name in tables.rows("SELECT identity, kind, name FROM entities"):
                assert re.fullmatch("[a-z0-9]([a-z0-9-]{0,251}[a-z0-9])?", name)
                assert names.setdefault((identity, kind), name) == name
