"""The specification where registries bend it: HEAD, digests, catalogs, sizes."""

import asyncio
import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from registry_assets.errors import (
    BrokenAnswer,
    ConfigurationError,
    DidNotAnswer,
    DigestMismatch,
    NotAllowed,
    NothingThere,
    NotSupported,
    RegistryError,
    TooLarge,
)
from registry_assets.oci.digest import sha256_digest
from registry_assets.providers.models import REGISTRY_TYPES
from registry_assets.providers.selection import Selection
from registry_assets.registry import open_registry
from registry_assets.registry.flavours import FLAVOURS
from registry_assets_tests.registry.conftest import Open, provider
from registry_assets_tests.registry.reading import list_repositories, read_tags
from registry_assets_tests.servers.scripted import Answer, Scripted, answer

pytestmark = pytest.mark.anyio

OCI = "application/vnd.oci.image.manifest.v1+json"
BODY = b'{"schemaVersion":2}'
DIGEST = sha256_digest(BODY)
TAG, BY_DIGEST = "/v2/app/manifests/1.0", f"/v2/app/manifests/{DIGEST}"


def manifest(body: bytes = BODY, *, digest: str = DIGEST) -> Answer:
    headers = [("Content-Type", f"{OCI}; charset=utf-8")]
    return Answer(200, body, (*headers, ("Docker-Content-Digest", digest)) if digest else tuple(headers))


async def test_a_head_tells_the_digest(scripted: Scripted, opened: Open) -> None:
    scripted.on(f"HEAD {TAG}", manifest())
    async with opened(api_url=scripted.url) as registry:
        assert await registry.fetch_digest("app", "1.0") == (DIGEST, OCI)
    accept = scripted.asked[0].headers["accept"]
    assert [kind in accept for kind in ("oci.image.index", "oci.image.manifest", "manifest.list", "manifest.v1")] == [
        True
    ] * 4
    assert scripted.asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "head",
    [answer(status=405), answer(status=400), answer(status=501), manifest(digest=""), manifest(digest="sha256:abc")],
)
async def test_where_head_does_not_tell_a_get_does_and_head_is_not_tried_again(
    head: Answer, scripted: Scripted, opened: Open
) -> None:
    scripted.on(f"HEAD {TAG}", head).on(f"GET {TAG}", manifest(digest=f"sha256:{'0' * 64}"))
    async with opened(api_url=scripted.url) as registry:
        assert await registry.fetch_digest("app", "1.0") == (DIGEST, OCI)
        await registry.fetch_digest("app", "1.0")
    assert [path.split()[0] for path in scripted.paths()] == ["HEAD", "GET", "GET"]


async def test_a_tag_that_is_gone_is_not_there_although_head_has_no_body(scripted: Scripted, opened: Open) -> None:
    scripted.on(TAG, answer({"errors": [{"code": "MANIFEST_UNKNOWN"}]}, 404))
    async with opened(api_url=scripted.url) as registry:
        with pytest.raises(NothingThere, match="404: not found"):
            await registry.fetch_digest("app", "1.0")
    assert len(scripted.asked) == 1


@pytest.mark.parametrize("other", [b"", b"{}", BODY + b" "])
async def test_content_that_is_not_what_was_asked_for_is_refused(
    other: bytes, scripted: Scripted, opened: Open
) -> None:
    """Whatever the header claims."""
    scripted.on(BY_DIGEST, manifest(other)).on(f"/v2/app/blobs/{DIGEST}", answer(other))
    async with opened(api_url=scripted.url) as registry:
        with pytest.raises(DigestMismatch, match=DIGEST):
            await registry.fetch_manifest("app", DIGEST)
        with pytest.raises(DigestMismatch, match=DIGEST):
            await registry.fetch_blob("app", DIGEST)


async def test_a_manifest_by_sha512_is_verified_as_well(scripted: Scripted, opened: Open) -> None:
    digest = f"sha512:{hashlib.sha512(BODY).hexdigest()}"
    scripted.on(f"/v2/app/manifests/{digest}", manifest())
    async with opened(api_url=scripted.url) as registry:
        assert (await registry.fetch_manifest("app", digest)).digest == digest


async def test_a_signed_schema_1_manifest_is_known_by_its_payload(scripted: Scripted, opened: Open) -> None:
    payload = b'{\n   "schemaVersion": 1,\n   "fsLayers": []\n}'
    protected = {"formatLength": len(payload) - 2, "formatTail": base64.urlsafe_b64encode(b"\n}").decode().rstrip("=")}
    packed = base64.urlsafe_b64encode(json.dumps(protected).encode()).decode().rstrip("=")
    body = payload[:-2] + b',\n   "signatures": [{"protected": "' + packed.encode() + b'"}]\n}'
    digest = sha256_digest(payload)
    scripted.on(f"/v2/app/manifests/{digest}", manifest(body)).on(TAG, manifest(body, digest=""))
    async with opened(api_url=scripted.url) as registry:
        assert (await registry.fetch_manifest("app", digest)).body == body
        assert (await registry.fetch_digest("app", "1.0"))[0] == digest


@pytest.mark.parametrize(("kind", "limit"), [("manifests", 4 * 1024 * 1024), ("blobs", 8 * 1024 * 1024)])
async def test_a_document_beyond_its_limit_is_too_large(
    kind: str, limit: int, scripted: Scripted, opened: Open
) -> None:
    fine, large = b"x" * limit, b"x" * (limit + 1)
    for body in (fine, large):
        scripted.on(f"/v2/app/{kind}/{sha256_digest(body)}", Answer(200, body))
    async with opened(api_url=scripted.url) as registry:
        fetch = registry.fetch_manifest if kind == "manifests" else registry.fetch_blob
        await fetch("app", sha256_digest(fine))
        with pytest.raises(TooLarge):
            await fetch("app", sha256_digest(large))


@pytest.mark.parametrize("repository", ["../x", "a//b", "A", "", "a/../b", "a?b", "a b", "a\r\nb"])
async def test_a_name_that_leads_elsewhere_is_never_asked_for(
    repository: str, scripted: Scripted, opened: Open
) -> None:
    async with opened(api_url=scripted.url) as registry:
        for asking in (
            read_tags(registry, repository),
            registry.fetch_digest(repository, "1.0"),
            registry.fetch_manifest(repository, DIGEST),
            registry.fetch_blob(repository, DIGEST),
        ):
            with pytest.raises(BrokenAnswer, match="not the name of a repository"):
                await asking
    assert scripted.asked == []


@pytest.mark.parametrize("digest", ["sha256:../../../etc/passwd", "sha256:abc", "1.0?x", "", "sha256:" + "A" * 64])
async def test_what_is_no_digest_is_never_asked_for(digest: str, scripted: Scripted, opened: Open) -> None:
    async with opened(api_url=scripted.url) as registry:
        for asking in (registry.fetch_manifest("app", digest), registry.fetch_blob("app", digest)):
            with pytest.raises(BrokenAnswer, match="not a digest"):
                await asking
    assert scripted.asked == []


def catalog(*names: str) -> Answer:
    return answer({"repositories": list(names)})


async def repositories(registry: Any) -> list[tuple[str, bool]]:
    listed = await list_repositories(registry, Selection.of(registry.provider))
    return [(each.repository, each.confirmed) for each in listed]


async def test_names_that_break_the_specification_are_left_out_and_kept_for_the_report(
    scripted: Scripted, opened: Open
) -> None:
    scripted.on("/v2/_catalog", catalog("app", "App", "../x", "a" * 300, "team/api"))
    async with opened(api_url=scripted.url) as registry:
        assert await repositories(registry) == [("app", True), ("team/api", True)]
        assert registry.skipped == ["App", "../x", "a" * 300]


async def test_a_path_in_the_api_url_is_kept(scripted: Scripted, opened: Open) -> None:
    """Artifactory: https://host/artifactory/api/docker/KEY."""
    base = "/artifactory/api/docker/key"
    scripted.on(f"{base}/v2/_catalog", catalog("app")).on(f"{base}/v2/app/tags/list", answer({"tags": ["1.0"]}))
    async with opened(api_url=scripted.url + base) as registry:
        assert await repositories(registry) == [("app", True)]
        assert await read_tags(registry, "app") == ["1.0"]


REFUSALS = [
    (answer({"errors": [{"code": "UNAUTHORIZED"}]}, 401), NotAllowed),
    (answer({"errors": [{"code": "DENIED"}]}, 403), NotAllowed),
    (answer("404 page not found", 404), NotSupported),
    (answer(status=405), NotSupported),
    (answer({"errors": [{"code": "UNSUPPORTED", "message": "the operation is unsupported"}]}, 400), NotSupported),
]


@pytest.mark.parametrize(("refusal", "error"), REFUSALS)
async def test_without_catalog_the_error_says_to_name_repositories(
    refusal: Answer, error: type[RegistryError], scripted: Scripted, opened: Open
) -> None:
    scripted.on("/v2/_catalog", refusal)
    async with opened(api_url=scripted.url) as registry:
        with pytest.raises(error, match="does not list its repositories") as caught:
            await repositories(registry)
        assert type(caught.value) is error
        assert "Name the repositories" in str(caught.value.specific_advice)


@pytest.mark.parametrize(("refusal", "_error"), REFUSALS)
async def test_without_catalog_the_named_repositories_are_taken(
    refusal: Answer, _error: type[RegistryError], scripted: Scripted, opened: Open
) -> None:
    scripted.on("/v2/_catalog", refusal)
    selectors = [{"namespace_pattern": "myorg", "repository_pattern": "^(api|web)$"}]
    async with opened(api_url=scripted.url, selectors=selectors) as registry:
        assert await repositories(registry) == [("myorg/api", False), ("myorg/web", False)]


async def test_what_is_named_besides_a_wider_selector_leaves_the_list_incomplete(
    scripted: Scripted, opened: Open
) -> None:
    scripted.on("/v2/_catalog", answer(status=403))
    selectors = [{"namespace_pattern": "myorg", "repository_pattern": "api"}, {"namespace_pattern": "other"}]
    async with opened(api_url=scripted.url, selectors=selectors) as registry:
        pages = registry.list_repositories(Selection.of(registry.provider))
        assert [each.repository for each in await anext(pages)] == ["myorg/api"]
        with pytest.raises(NotAllowed):
            await anext(pages)


async def test_listed_repositories_are_asked_for_instead_of_the_catalog(scripted: Scripted, opened: Open) -> None:
    async with opened(api_url=scripted.url, repositories=["myorg/web", "myorg/api"]) as registry:
        assert await repositories(registry) == [("myorg/api", False), ("myorg/web", False)]
    assert scripted.asked == []


async def test_a_catalog_that_fails_is_not_a_catalog_that_is_not_there(scripted: Scripted, opened: Open) -> None:
    scripted.on("/v2/_catalog", answer(status=500))
    selectors = [{"namespace_pattern": "myorg", "repository_pattern": "api"}]
    async with opened(api_url=scripted.url, selectors=selectors) as registry:
        with pytest.raises(DidNotAnswer):
            await repositories(registry)


@pytest.mark.parametrize(
    ("ping", "public"),
    [
        (answer({}), True),
        (answer(status=401), False),
        (answer(status=403), False),
        (answer("not found", 404), None),
    ],
)
async def test_public_is_what_answers_without_credentials(
    ping: Answer, public: bool | None, scripted: Scripted, opened: Open
) -> None:
    scripted.on("/v2/", ping)
    async with opened(api_url=scripted.url, username="user", password="secret") as registry:
        assert (await registry.describe()).public is public
    assert [asked.authorization for asked in scripted.asked] == [""]


async def test_a_registry_that_fails_cannot_be_described(scripted: Scripted, opened: Open) -> None:
    scripted.on("/v2/", answer(status=502))
    async with opened(api_url=scripted.url) as registry:
        with pytest.raises(DidNotAnswer):
            await registry.describe()


async def test_an_identity_token_is_exchanged_by_post_then_by_get(
    scripted: Scripted, opened: Open, tmp_path: Path
) -> None:
    """As `docker login` keeps it; some token servers answer a POST with 404, 401 or 400."""
    auth = base64.b64encode(b"user:").decode()
    entry = {"auth": auth, "identitytoken": "refresh-me"}
    (tmp_path / "config.json").write_text(json.dumps({"auths": {scripted.host: entry}}))
    challenge = f'Bearer realm="{scripted.url}/token",service="it"'
    scripted.on(TAG, answer(status=401, www_authenticate=challenge), manifest())
    scripted.on("POST /token", answer({"access_token": "t1"}), answer(status=404)).on("/token", answer({"token": "t2"}))
    for _ in range(2):
        async with opened(api_url=scripted.url, environment={"DOCKER_CONFIG": str(tmp_path)}) as registry:
            assert (await registry.fetch_digest("app", "1.0"))[0] == DIGEST
        scripted.on(TAG, answer(status=401, www_authenticate=challenge), manifest())
    posted = scripted.asked[1]
    assert (posted.method, b"grant_type=refresh_token" in posted.body) == ("POST", True)
    assert b"refresh_token=refresh-me" in posted.body
    assert [path.split("?")[0] for path in scripted.paths()[4:6]] == ["POST /token", "GET /token"]
    assert scripted.asked[-1].authorization == "Bearer t2"


async def test_credentials_of_docker_are_used_where_the_provider_has_none(
    scripted: Scripted, opened: Open, tmp_path: Path
) -> None:
    auth = base64.b64encode(b"user:secret").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {scripted.host: {"auth": auth}}}))
    scripted.on(TAG, answer(status=401, www_authenticate='Basic realm="x"'), manifest())
    async with opened(api_url=scripted.url, environment={"DOCKER_CONFIG": str(tmp_path)}) as registry:
        await registry.fetch_digest("app", "1.0")
    assert scripted.asked[1].authorization == f"Basic {auth}"


def test_every_registry_type_opens(tmp_path: Path) -> None:
    assert set(FLAVOURS) == set(REGISTRY_TYPES)

    async def open_and_close(name: str) -> None:
        url = str(tmp_path) if name == "oci-layout" else "https://registry.company.com"
        await open_registry(provider(registry_type=name, api_url=url), {}).close()

    for name in REGISTRY_TYPES:
        asyncio.run(open_and_close(name))


async def test_a_ca_bundle_that_cannot_be_read_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("not a certificate")
    for name in ("bad.pem", "missing.pem"):
        config = {"api_url": "https://registry.company.com", "ca_bundle": str(tmp_path / name)}
        with pytest.raises(ConfigurationError, match="ca_bundle"):
            open_registry(provider(**config), {})


async def test_another_api_is_one_line_over_the_same_connections(scripted: Scripted, opened: Open) -> None:
    """What a registry type with an API of its own does: sign in there, and ask."""
    with Scripted() as api:
        api.on("/v2/auth/token", answer({"access_token": "t1"})).on("/v2/things", answer([1, 2]))
        async with opened(api_url=scripted.url, username="user", password="secret") as registry:
            other = registry.client_for(f"{api.url}/v2")
            signed = await other.fetch_json("auth/token", method="POST", body={"identifier": "user"})
            headers = {"authorization": f"Bearer {signed['access_token']}"}
            assert await other.fetch_json(other.url("/things", page_size=100), headers=headers) == [1, 2]
            with pytest.raises(NothingThere) as caught:
                await other.fetch_json("/nowhere")
            assert caught.value.provider == "test"
            assert registry.traffic.requests == 3
        assert json.loads(api.asked[0].body) == {"identifier": "user"}
        assert [asked.authorization for asked in api.asked] == ["", "Bearer t1", ""]
        assert api.asked[1].query == {"page_size": "100"}
