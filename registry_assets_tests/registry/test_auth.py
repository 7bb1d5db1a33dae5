"""Authentication against a registry and a token server that the test scripts."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from registry_assets.errors import BrokenAnswer, CredentialsRejected, NotAllowed, RegistryError, Untrusted
from registry_assets_tests.registry.conftest import QUICK, Open
from registry_assets_tests.registry.reading import read_tags
from registry_assets_tests.servers.scripted import Answer, Asked, Scripted, answer

pytestmark = pytest.mark.anyio

TAGS = "/v2/app/tags/list"
LISTED = {"name": "app", "tags": ["1.0"]}
SECRET = 's3cr3t/with"signs\\=&%ü'
BASIC = f"Basic {base64.b64encode(f'user:{SECRET}'.encode()).decode()}"


def challenge(server: Scripted, *, scope: str = "repository:app:pull", realm: str = "") -> str:
    suffix = f',scope="{scope}"' if scope else ""
    return f'Bearer realm="{realm or server.url + "/token"}",service="it"{suffix}'


def guarded(accepted: Callable[[str], bool], *challenges: str) -> Callable[[Asked], Answer]:
    """The tags for who is accepted, the challenges for everybody else."""

    def reply(asked: Asked) -> Answer:
        if accepted(asked.authorization):
            return answer(LISTED)
        headers = tuple(("WWW-Authenticate", text) for text in challenges)
        return Answer(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}', headers)

    return reply


def is_token(text: str) -> Callable[[str], bool]:
    return lambda authorization: authorization == f"Bearer {text}"


async def tags(server: Scripted, opened: Open, **config: Any) -> list[str]:
    async with opened(api_url=server.url, **config) as registry:
        return await read_tags(registry, "app")


async def failure(server: Scripted, opened: Open, **config: Any) -> RegistryError:
    with pytest.raises(RegistryError) as caught:
        await tags(server, opened, **config)
    return caught.value


@pytest.mark.parametrize("field", ["token", "access_token"])
@pytest.mark.parametrize(
    "config", [{}, {"username": "user", "password": SECRET}, {"username": "user", "token": SECRET}]
)
async def test_a_token_is_fetched_as_the_challenge_says(
    field: str, config: dict[str, str], scripted: Scripted, opened: Open
) -> None:
    scripted.on(TAGS, guarded(is_token("t1"), challenge(scripted))).on("/token", answer({field: "t1"}))
    assert await tags(scripted, opened, **config) == ["1.0"]
    token_request = scripted.asked[1]
    assert token_request.query == {"service": "it", "scope": "repository:app:pull"}
    assert token_request.authorization == (BASIC if config else "")


async def test_both_bearer_and_basic_offered_ends_well(scripted: Scripted, opened: Open) -> None:
    """Gitea and Forgejo answer so."""
    both = [challenge(scripted, scope=""), 'Basic realm="Gitea"']
    scripted.on(TAGS, guarded(is_token("t1"), *both)).on("/token", answer({"token": "t1"}))
    assert await tags(scripted, opened, username="user", password=SECRET) == ["1.0"]


async def test_basic_is_used_where_the_realm_is_a_strangers(scripted: Scripted, opened: Open) -> None:
    both = [challenge(scripted, realm="https://evil.example/token"), 'Basic realm="x"']
    scripted.on(TAGS, guarded(lambda sent: sent == BASIC, *both))
    assert await tags(scripted, opened, username="user", password=SECRET) == ["1.0"]


@pytest.mark.parametrize(
    "realm",
    [
        "https://evil.example/token",
        "http://evil.example/token",
        "https://169.254.169.254/token",
        "ftp://127.0.0.1/token",
    ],
)
async def test_a_strangers_realm_gets_nothing(realm: str, scripted: Scripted, opened: Open) -> None:
    scripted.on(TAGS, guarded(is_token("t1"), challenge(scripted, realm=realm)))
    error = await failure(scripted, opened, username="user", password=SECRET)
    assert isinstance(error, (Untrusted, BrokenAnswer))
    assert len(scripted.asked) == 1


async def test_a_named_token_host_is_trusted(scripted: Scripted, opened: Open) -> None:
    scripted.on(TAGS, guarded(is_token("t1"), challenge(scripted, realm="https://tokens.invalid/token")))
    environment = {"REGISTRY_TOKEN_HOSTS": "tokens.invalid"}
    async with opened(api_url=scripted.url, environment=environment) as registry:
        with pytest.raises(RegistryError, match="cannot connect"):
            await read_tags(registry, "app")


async def test_the_realm_is_where_credentials_go_not_where_it_redirects(scripted: Scripted, opened: Open) -> None:
    with Scripted() as stranger:
        stranger.on("/token", answer({"token": "t1"}))
        scripted.on(TAGS, guarded(is_token("t1"), challenge(scripted)))
        scripted.on("/token", answer(status=307, location=f"{stranger.url}/token"))
        await tags(scripted, opened, username="user", password=SECRET)
        assert stranger.asked[0].authorization == ""


async def test_a_token_alone_is_the_bearer_token(scripted: Scripted, opened: Open) -> None:
    scripted.on(TAGS, guarded(is_token("ready"), challenge(scripted)))
    assert await tags(scripted, opened, token="ready") == ["1.0"]
    assert scripted.paths() == [f"GET {TAGS}?n=1000"]


@pytest.mark.parametrize("config", [{"token": "stale"}, {"username": "user", "password": SECRET}])
async def test_refused_credentials_are_one_clear_error(
    config: dict[str, str], scripted: Scripted, opened: Open
) -> None:
    scripted.on(TAGS, guarded(lambda _: False, 'Basic realm="x"'))
    error = await failure(scripted, opened, **config)
    assert isinstance(error, CredentialsRejected)
    assert len(scripted.asked) <= 2


async def test_one_answer_to_a_challenge_never_a_loop(scripted: Scripted, opened: Open) -> None:
    """A registry that refuses every token."""
    number = iter(range(1000))
    scripted.on(TAGS, guarded(lambda _: False, challenge(scripted)))
    scripted.on("/token", lambda _: answer({"token": f"t{next(number)}"}))
    error = await failure(scripted, opened, username="user", password=SECRET)
    assert isinstance(error, NotAllowed)
    assert len(scripted.asked) == 3


@pytest.mark.parametrize(
    "header",
    [[], ["Bearer"], ["Negotiate"], ['Bearer realm=""'], ["\x01\x02"], ['Bearer realm="'], ['Digest realm="x"']],
)
async def test_a_challenge_that_cannot_be_answered_is_a_plain_refusal(
    header: list[str], scripted: Scripted, opened: Open
) -> None:
    scripted.on(TAGS, guarded(lambda _: False, *header))
    error = await failure(scripted, opened, username="user", password=SECRET)
    assert type(error) is NotAllowed or isinstance(error, BrokenAnswer)
    assert len(scripted.asked) <= 4


@pytest.mark.parametrize(
    "token",
    [{}, {"token": ""}, {"token": None}, {"token": 5}, {"token": "a\r\nX-Injected: 1"}, {"token": "ü"}, [], "<html>"],
)
async def test_an_answer_without_token_is_an_error(token: Any, scripted: Scripted, opened: Open) -> None:
    scripted.on(TAGS, guarded(is_token("t1"), challenge(scripted))).on("/token", answer(token))
    assert isinstance(await failure(scripted, opened), BrokenAnswer)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_server_that_refuses_is_believed(status: int, scripted: Scripted, opened: Open) -> None:
    scripted.on(TAGS, guarded(is_token("t1"), challenge(scripted)))
    scripted.on("/token", answer({"details": "incorrect username or password"}, status))
    error = await failure(scripted, opened, username="user", password=SECRET)
    assert isinstance(error, CredentialsRejected if status == 401 else NotAllowed)
    assert "incorrect username or password" in str(error)


async def test_the_challenges_own_scope_is_asked_for(scripted: Scripted, opened: Open) -> None:
    """ACR wants `metadata_read`, and Artifactory leaves its repository key out; what they ask for is what they take."""
    scope = "repository:app:metadata_read repository:base:pull"
    scripted.on(TAGS, guarded(is_token("t1"), challenge(scripted, scope=scope))).on("/token", answer({"token": "t1"}))
    assert await tags(scripted, opened) == ["1.0"]
    asked = parse_qs(urlsplit(scripted.asked[1].target).query)
    assert asked["scope"] == ["repository:app:metadata_read", "repository:base:pull"]


async def test_a_realms_own_query_is_kept(scripted: Scripted, opened: Open) -> None:
    realm = f"{scripted.url}/token?account=x"
    scripted.on(TAGS, guarded(is_token("t1"), challenge(scripted, realm=realm))).on("/token", answer({"token": "t1"}))
    await tags(scripted, opened)
    assert scripted.asked[1].query == {"account": "x", "service": "it", "scope": "repository:app:pull"}


@pytest.mark.parametrize(
    ("lifetime", "exchanges"), [({"expires_in": 300}, 1), ({}, 1), ({"expires_in": 0.01}, 3), ({"expires_in": "x"}, 1)]
)
async def test_a_token_is_used_until_shortly_before_its_end(
    lifetime: dict[str, Any], exchanges: int, scripted: Scripted, opened: Open
) -> None:
    scripted.on(TAGS, guarded(is_token("t1"), challenge(scripted)))
    scripted.on("/token", answer({"token": "t1", **lifetime}))
    async with opened(api_url=scripted.url) as registry:
        for _ in range(3):
            await read_tags(registry, "app")
            await asyncio.sleep(0.02)
    assert sum("/token" in path for path in scripted.paths()) == exchanges


async def test_an_expired_token_is_replaced_once_for_all_who_use_it(scripted: Scripted, opened: Open) -> None:
    current = ["t1"]
    scripted.on(TAGS, guarded(lambda sent: sent == f"Bearer {current[0]}", challenge(scripted)))
    scripted.on("/token", lambda _: answer({"token": current[0], "expires_in": 3600}))
    async with opened(api_url=scripted.url) as registry:
        await read_tags(registry, "app")
        current[0] = "t2"
        scripted.asked.clear()
        await asyncio.gather(*(read_tags(registry, "app") for _ in range(10)))
    assert sum("/token" in path for path in scripted.paths()) == 1


async def test_each_answer_is_taken_as_it_comes_not_as_the_ping_was(scripted: Scripted, opened: Open) -> None:
    """Harbor: the catalog by Basic, all else by Bearer."""
    catalog = guarded(lambda sent: sent == BASIC, 'Basic realm="harbor"')
    scripted.on("/v2/", answer(status=401, www_authenticate=challenge(scripted, scope="")))
    scripted.on("/v2/_catalog", catalog).on(TAGS, guarded(is_token("t1"), challenge(scripted)))
    scripted.on("/token", answer({"token": "t1"}))
    async with opened(api_url=scripted.url, username="user", password=SECRET) as registry:
        assert (await registry.describe()).public is False
        await registry.client.request("GET", "/v2/_catalog", scope="registry:catalog:*")
        assert await read_tags(registry, "app") == ["1.0"]
        scripted.asked.clear()
        await registry.client.request("GET", "/v2/_catalog", scope="registry:catalog:*")
        await read_tags(registry, "app")
    assert len(scripted.asked) == 2


async def test_credentials_are_not_sent_to_another_origin(scripted: Scripted, opened: Open) -> None:
    with Scripted() as other:
        other.on("/x", guarded(lambda _: False, 'Basic realm="x"'))
        async with opened(api_url=scripted.url, username="user", password=SECRET) as registry:
            with pytest.raises(NotAllowed):
                await registry.client.request("GET", f"{other.url}/x")
        assert [asked.authorization for asked in other.asked] == [""]


async def test_a_challenge_behind_a_redirect_elsewhere_is_not_answered(scripted: Scripted, opened: Open) -> None:
    with Scripted() as other:
        other.on("/x", guarded(lambda _: False, 'Basic realm="x"'))
        scripted.on(TAGS, answer(status=307, location=f"{other.url}/x"))
        await failure(scripted, opened, username="user", password=SECRET)
        assert [asked.authorization for asked in other.asked] == [""]


ECHOED = [SECRET, BASIC.removeprefix("Basic "), quote(SECRET, safe="")]


@pytest.mark.parametrize("where", ["tags", "token"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
async def test_a_server_that_quotes_the_secret_does_not_get_it_into_an_error(
    where: str, status: int, scripted: Scripted, opened: Open
) -> None:
    issued = "issued-token" if where == "tags" else ""
    words = {"errors": [{"code": "DENIED", "message": f"you sent {' or '.join(ECHOED)} and {issued}"}]}

    def reply(asked: Asked) -> Answer:
        if where == "token" or asked.authorization:
            return answer(words, status)
        return answer(status=401, www_authenticate=challenge(scripted))

    scripted.on(TAGS, reply if where == "tags" else guarded(lambda _: False, challenge(scripted)))
    scripted.on("/token", answer({"token": "issued-token"}) if where == "tags" else reply)
    error = await failure(scripted, opened, username="user", password=SECRET)
    told = f"{error} {error!r} {error.detail} {error.url} {error.code} {error.specific_advice}"
    assert "you sent" in told
    assert not [secret for secret in [*ECHOED, issued] if secret and secret in told]


async def test_an_error_says_whose_what_and_why(scripted: Scripted, opened: Open) -> None:
    words = {"errors": [{"code": "DENIED", "message": "pull \x1b[31mdenied\n\u202e" + "x" * 1000}]}
    scripted.on(TAGS, answer(words, 403))
    error = await failure(scripted, opened)
    assert (error.provider, error.method, error.status, error.code) == ("test", "GET", 403, "DENIED")
    assert error.url == f"{scripted.url}{TAGS}?…"
    assert error.detail.startswith("DENIED: pull [31mdenied xxx")
    assert len(error.detail) < 400
    assert error.detail.isprintable()


async def test_an_html_page_becomes_one_line(scripted: Scripted, opened: Open) -> None:
    page = b"<html><head><title>502 Bad\n Gateway</title></head><body><script>x</script></body></html>"
    scripted.on(TAGS, Answer(502, page, (("Content-Type", "text/html"),)))
    assert (await failure(scripted, opened, limits=QUICK)).detail == "502 Bad Gateway"
