"""Which requests go through the proxy that the environment names."""

import httpx
import pytest

from registry_assets.errors import ConfigurationError, DidNotAnswer
from registry_assets.registry.proxy import find_proxy, parse_proxy
from registry_assets_tests.registry.conftest import Open
from registry_assets_tests.servers.scripted import Scripted, answer

pytestmark = pytest.mark.anyio

VARIABLES = [f"{name}{suffix}" for name in ("http", "https", "all", "no") for suffix in ("_proxy", "_PROXY")]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*(name.upper() for name in VARIABLES), *VARIABLES]:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("environment", "url", "expected"),
    [
        ({}, "https://registry.company.com", None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https://registry.company.com", "http://proxy:3128"),
        ({"https_proxy": "proxy:3128"}, "https://registry.company.com", "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://registry.company.com", None),
        ({"ALL_PROXY": "http://proxy:3128"}, "http://registry.company.com", "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".company.com"}, "https://registry.company.com", None),
        (
            {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "other"},
            "https://registry.company.com",
            "http://proxy:3128",
        ),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "*"}, "https://registry.company.com", None),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://127.0.0.1:5000", None),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://localhost:5000", None),
    ],
)
def test_the_proxy_is_the_one_that_other_programs_would_use(
    environment: dict[str, str], url: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert find_proxy(httpx.URL(url)) == expected


@pytest.mark.parametrize("text", ["ftp://proxy", "http://", "socks5://proxy:1080", "http://[", "http://user:secret@"])
def test_a_proxy_that_is_none_is_an_error_of_the_configuration(text: str) -> None:
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY") as caught:
        parse_proxy(text)
    assert "secret" not in str(caught.value)


async def test_requests_go_through_the_proxy(scripted: Scripted, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", scripted.url.replace("://", "://user:secret@"))
    scripted.on("/v2/", answer({}))
    async with opened(api_url="http://registry.invalid") as registry:
        for _ in range(2):
            assert (await registry.describe()).public is True
    for asked in scripted.asked:
        assert asked.target == "http://registry.invalid/v2/"
        assert asked.headers["proxy-authorization"] == "Basic dXNlcjpzZWNyZXQ="


async def test_a_proxy_that_refuses_is_said_to_refuse(
    scripted: Scripted, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", scripted.url.replace("://", "://user:secret@"))
    async with opened(api_url="https://registry.invalid") as registry:
        with pytest.raises(DidNotAnswer, match="proxy refused") as caught:
            await registry.describe()
    assert "secret" not in str(caught.value)
    assert scripted.asked[0].method == "CONNECT"
    assert scripted.asked[0].headers["proxy-authorization"] == "Basic dXNlcjpzZWNyZXQ="
