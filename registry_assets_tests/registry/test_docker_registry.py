"""Debian's docker-registry in four forms: open, Basic, Bearer, TLS. skopeo pushes, and is the witness."""

import asyncio
import json
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_assets.errors import CredentialsRejected, DidNotAnswer, NotAllowed, NothingThere, Untrusted
from registry_assets.oci.digest import sha256_digest
from registry_assets.providers.selection import Selection
from registry_assets.registry.distribution import Distribution
from registry_assets_tests.dagster.layouts import write_layout
from registry_assets_tests.registry.conftest import Open
from registry_assets_tests.registry.reading import list_repositories, list_tags, read_tags
from registry_assets_tests.servers.docker_registry import RunningRegistry
from registry_assets_tests.servers.token_server import TokenRegistry

pytestmark = pytest.mark.anyio

FORMS = ["registry", "htpasswd_registry", "token_registry", "tls_registry"]


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    write_layout(tmp_path / "layout", {"1.0": "one", "2.0": "two", "latest": "two"})
    return tmp_path / "layout"


@pytest.fixture(params=FORMS)
def pushed(request: pytest.FixtureRequest, layout: Path) -> RunningRegistry:
    """Each form of docker-registry, with `team/api` in it."""
    running: RunningRegistry = request.getfixturevalue(request.param)
    for tag in ("1.0", "2.0", "latest"):
        running.push(layout, f"team/api:{tag}")
    return running


async def names(registry: Distribution) -> list[str]:
    return [listed.repository for listed in await list_repositories(registry, Selection.of(registry.provider))]


async def test_everything_that_was_pushed_is_read_as_skopeo_reads_it(pushed: RunningRegistry, opened: Open) -> None:
    async with opened(**pushed.config) as registry:
        assert "team/api" in await names(registry)
        assert sorted(await read_tags(registry, "team/api")) == sorted(pushed.tags("team/api"))
        for tag in ("1.0", "2.0", "latest"):
            raw = pushed.raw(f"team/api:{tag}")
            digest, media_type = await registry.fetch_digest("team/api", tag)
            manifest = await registry.fetch_manifest("team/api", digest)
            assert (manifest.body, digest) == (raw, sha256_digest(raw))
            assert media_type == manifest.media_type == json.loads(raw)["mediaType"]
            config = json.loads(raw)["config"]
            assert len(await registry.fetch_blob("team/api", config["digest"])) == config["size"]


async def test_only_a_registry_that_asks_for_nothing_is_public(pushed: RunningRegistry, opened: Open) -> None:
    async with opened(**pushed.config) as registry:
        described = await registry.describe()
        assert (described.name, described.url, described.public) == ("test", pushed.url, not pushed.username)


async def test_an_unknown_repository_tag_digest_or_blob_is_not_there(pushed: RunningRegistry, opened: Open) -> None:
    nowhere = f"sha256:{'0' * 64}"
    async with opened(**pushed.config) as registry:
        for asking in (
            list_tags(registry, "no/such"),
            registry.fetch_digest("team/api", "no-such"),
            registry.fetch_manifest("team/api", nowhere),
            registry.fetch_blob("team/api", nowhere),
        ):
            with pytest.raises(NothingThere) as caught:
                await asking
            assert caught.value.provider == "test"
            assert caught.value.status == 404


@pytest.mark.parametrize("form", ["htpasswd_registry", "token_registry", "tls_registry"])
async def test_a_wrong_password_is_said_to_be_wrong(form: str, request: pytest.FixtureRequest, opened: Open) -> None:
    running: RunningRegistry = request.getfixturevalue(form)
    async with opened(**{**running.config, "password": "not-the-password"}) as registry:
        await registry.describe()
        with pytest.raises(CredentialsRejected, match="refused") as caught:
            await names(registry)
        assert "not-the-password" not in str(caught.value)


@pytest.mark.parametrize("form", ["htpasswd_registry", "token_registry"])
async def test_without_credentials_the_advice_is_to_give_some(
    form: str, request: pytest.FixtureRequest, opened: Open
) -> None:
    running: RunningRegistry = request.getfixturevalue(form)
    async with opened(api_url=running.url) as registry:
        with pytest.raises(NotAllowed) as caught:
            await names(registry)
        assert not isinstance(caught.value, CredentialsRejected)
        assert "`username` and `password`" in str(caught.value.specific_advice)


async def test_after_all_tags_are_deleted_the_list_is_empty(
    empty_registry: Callable[[], RunningRegistry], layout: Path, opened: Open
) -> None:
    """Distribution then answers `tags: null`."""
    running = empty_registry()
    running.push(layout, "team/api:1.0")
    running.delete("team/api", sha256_digest(running.raw("team/api:1.0")))
    async with opened(**running.config) as registry:
        assert await names(registry) == ["team/api"]
        assert await list_tags(registry, "team/api") == []


async def test_a_catalog_of_many_pages_is_read_to_its_end(
    empty_registry: Callable[[], RunningRegistry], layout: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = empty_registry()
    wanted = [f"team/app-{number}" for number in range(7)]
    for name in wanted:
        running.push(layout, f"{name}:1.0")
    for size in (1, 2, 3, 7, 100):
        monkeypatch.setattr(Distribution, "page_size", size)
        async with opened(**running.config) as registry:
            assert await names(registry) == wanted


async def test_a_page_size_that_is_refused_is_made_smaller(
    registry: RunningRegistry, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docker-registry 2.8 answers 400 to n above 1000."""
    monkeypatch.setattr(Distribution, "page_size", 5000)
    async with opened(**registry.config) as client:
        await names(client)
        assert client.traffic.requests == 2


async def test_an_unknown_certificate_is_refused_with_the_option_that_helps(
    tls_registry: RunningRegistry, opened: Open
) -> None:
    async with opened(**{**tls_registry.config, "ca_bundle": ""}) as registry:
        with pytest.raises(Untrusted, match="certificate") as caught:
            await registry.describe()
        assert "ca_bundle" in str(caught.value.specific_advice)
        assert registry.traffic.requests == 1


async def test_certificates_are_not_checked_where_that_is_switched_off(
    tls_registry: RunningRegistry, opened: Open
) -> None:
    async with opened(**{**tls_registry.config, "ca_bundle": "", "verify_tls": False}) as registry:
        assert (await registry.describe()).public is False


def test_the_certificate_store_still_holds_the_public_authorities(opened: Open, tls_registry: RunningRegistry) -> None:
    async def stored() -> list[ssl.SSLContext]:
        async with opened(**tls_registry.config) as registry:
            return [registry.transport._tls]

    assert asyncio.run(stored())[0].cert_store_stats()["x509_ca"] > 50


async def test_a_token_is_asked_for_once_however_many_want_it(
    token_registry: TokenRegistry, layout: Path, opened: Open
) -> None:
    token_registry.push(layout, "team/api:1.0")
    token_registry.tokens.requests.clear()
    async with opened(**token_registry.config) as registry:
        await asyncio.gather(*(registry.fetch_digest("team/api", "1.0") for _ in range(20)))
        assert len(token_registry.tokens.requests) == 1
        assert token_registry.tokens.requests[0]["scope"] == ["repository:team/api:pull"]


async def test_after_one_challenge_further_repositories_cost_no_refused_request(
    token_registry: TokenRegistry, layout: Path, opened: Open
) -> None:
    for name in ("a", "b", "c"):
        token_registry.push(layout, f"{name}:1.0")
    async with opened(**token_registry.config) as registry:
        await registry.describe()
        for name in ("a", "b", "c"):
            await registry.fetch_digest(name, "1.0")
        assert registry.traffic.requests == 1 + 3 * 2


async def test_a_token_that_ends_in_the_middle_is_replaced(
    token_registry: TokenRegistry, layout: Path, opened: Open
) -> None:
    token_registry.push(layout, "team/api:1.0")
    token_registry.tokens.lifetime, token_registry.tokens.claimed = 4, 300
    async with opened(**token_registry.config) as registry:
        first = await registry.fetch_digest("team/api", "1.0")
        await asyncio.sleep(4.1)
        token_registry.tokens.requests.clear()
        token_registry.tokens.lifetime = 300
        again = await asyncio.gather(*(registry.fetch_digest("team/api", "1.0") for _ in range(5)))
        assert again == [first] * 5
        assert len(token_registry.tokens.requests) == 1


async def test_a_token_that_is_never_good_enough_ends_in_one_error(
    token_registry: TokenRegistry, layout: Path, opened: Open
) -> None:
    token_registry.push(layout, "team/api:1.0")
    token_registry.tokens.readable = ("public/",)
    token_registry.tokens.requests.clear()
    async with opened(**token_registry.config) as registry:
        with pytest.raises(NotAllowed) as caught:
            await registry.fetch_digest("team/api", "1.0")
        assert not isinstance(caught.value, CredentialsRejected)
        assert len(token_registry.tokens.requests) == 1


async def test_where_the_catalog_is_refused_the_named_repositories_are_read(
    token_registry: TokenRegistry, layout: Path, opened: Open
) -> None:
    token_registry.push(layout, "team/api:1.0")
    token_registry.tokens.catalog = False
    selectors = [{"namespace_pattern": "team", "repository_pattern": "^(api|web)$"}]
    async with opened(**token_registry.config, selectors=selectors) as registry:
        listed = await list_repositories(registry, Selection.of(registry.provider))
        assert [(each.repository, each.confirmed) for each in listed] == [("team/api", False), ("team/web", False)]
        assert await read_tags(registry, "team/api") == ["1.0"]


async def test_where_the_catalog_is_refused_and_nothing_is_named_the_advice_is_to_name(
    token_registry: TokenRegistry, opened: Open
) -> None:
    token_registry.tokens.catalog = False
    async with opened(**token_registry.config) as registry:
        with pytest.raises(NotAllowed, match="does not list") as caught:
            await names(registry)
        assert "Name the repositories" in str(caught.value.specific_advice)


async def test_a_wrong_password_is_tried_once_only(token_registry: TokenRegistry, opened: Open) -> None:
    async with opened(**{**token_registry.config, "password": "wrong"}) as registry:
        for repository in ("a", "b", "c"):
            with pytest.raises(CredentialsRejected):
                await list_tags(registry, repository)
        assert len(token_registry.tokens.requests) == 1


async def test_nobody_there_is_told_after_a_few_attempts(opened: Open, empty_port: int) -> None:
    async with opened(api_url=f"http://127.0.0.1:{empty_port}") as registry:
        with pytest.raises(DidNotAnswer, match="cannot connect"):
            await registry.describe()
        assert registry.traffic.requests == 4
