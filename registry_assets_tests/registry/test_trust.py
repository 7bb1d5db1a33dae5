"""Which token servers a registry may name, and what counts as this machine."""

import httpx
import pytest

from registry_assets.errors import BrokenAnswer, Untrusted
from registry_assets.registry.origin import is_local, origin, parse_url, shown
from registry_assets.registry.trust import Trust, named_hosts, parent_domain


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://registry.company.com", "https://registry.company.com/token"),
        ("https://registry.company.com:5000", "https://registry.company.com/token"),
        ("https://registry.company.com", "https://auth.company.com/token"),
        ("https://registry.company.com", "https://company.com/token"),
        ("https://registry.gitlab.com", "https://gitlab.com/jwt/auth"),
        ("https://registry.company.com", "https://a.b.company.com/token"),
        ("http://registry.company.com", "http://registry.company.com/token"),
        ("http://registry.company.com", "https://auth.company.com/token"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5001/token"),
        ("http://localhost:5000", "http://127.0.0.1:5001/token"),
        ("https://registry-1.docker.io", "https://auth.docker.io/token"),
        ("https://10.0.0.5", "https://10.0.0.5:8443/token"),
        ("https://ghcr.io", "https://ghcr.io/token"),
        ("https://registry.elsewhere.org", "https://named.example/token"),
    ],
)
def test_the_registrys_own_token_server_is_trusted(registry: str, realm: str) -> None:
    Trust(httpx.URL(registry), frozenset({"named.example"})).check(httpx.URL(realm))


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://registry.company.com", "https://evil.example/token"),
        ("https://registry.company.com", "https://evilcompany.com/token"),
        ("https://registry.company.com", "https://company.com.evil.example/token"),
        ("https://registry.company.com", "http://registry.company.com/token"),
        ("https://registry.company.com", "http://auth.company.com/token"),
        ("https://registry.company.com", "https://127.0.0.1/token"),
        ("https://registry.company.com", "https://localhost/token"),
        ("https://registry.company.com", "https://169.254.169.254/token"),
        ("https://registry.company.com", "https://[::1]/token"),
        ("https://registry.company.com", "https://[::ffff:127.0.0.1]/token"),
        ("https://registry.company.com", "https://[fe80::1]/token"),
        ("https://registry.company.com", "https://0.0.0.0/token"),
        ("https://company.com", "https://evil.com/token"),
        ("https://company.co.uk", "https://evil.co.uk/token"),
        ("https://mine.azurecr.io", "https://evil.azurecr.io/oauth2/token"),
        ("https://1.dkr.ecr.us-west-2.amazonaws.com", "https://evil.us-west-2.amazonaws.com/token"),
        ("https://10.0.0.5", "https://10.0.0.6/token"),
        ("http://127.0.0.1:5000", "https://evil.example/token"),
        ("http://127.0.0.1:5000", "http://169.254.169.254/token"),
        ("http://localhost:5000", "http://[fe80::1]/token"),
        ("http://169.254.1.1:5000", "http://169.254.169.254/token"),
        ("http://169.254.1.1:5000", "http://127.0.0.1/token"),
    ],
)
def test_a_strangers_token_server_gets_no_credentials(registry: str, realm: str) -> None:
    with pytest.raises(Untrusted):
        Trust(httpx.URL(registry)).check(httpx.URL(realm))


def test_the_error_says_how_to_allow_a_token_server() -> None:
    with pytest.raises(Untrusted, match=r"auth\.other\.example") as caught:
        Trust(httpx.URL("https://registry.company.com")).check(httpx.URL("https://auth.other.example/token?secret=x"))
    assert "REGISTRY_TOKEN_HOSTS" in str(caught.value.specific_advice)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("registry.company.com", "company.com"),
        ("a.b.company.com", "b.company.com"),
        ("company.com", None),
        ("localhost", None),
        ("registry.company.co.uk", "company.co.uk"),
        ("company.co.uk", None),
        ("mine.azurecr.io", None),
        ("a.mine.azurecr.io", None),
        ("10.0.0.5", None),
        ("registry.company.de", "company.de"),
    ],
)
def test_the_parent_domain_is_one_that_belongs_to_one_company(host: str, expected: str | None) -> None:
    assert parent_domain(host) == expected


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "::1", "localhost", "LOCALHOST.", "a.localhost", "169.254.169.254",
     "fe80::1%eth0", "0.0.0.0", "::", "::ffff:169.254.169.254", "0"],
)  # fmt: skip
def test_this_machine_is_known_in_every_spelling(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "192.168.1.1", "example.com", "128.0.0.1", "localhost.example.com", "2001:db8::1"]
)
def test_other_hosts_are_not_this_machine(host: str) -> None:
    assert not is_local(host)


def test_an_origin_has_its_default_port_and_lower_case() -> None:
    assert origin(httpx.URL("https://Host.example")) == origin(httpx.URL("https://host.example:443/x?y"))
    assert origin(httpx.URL("http://host.example")) != origin(httpx.URL("https://host.example"))


def test_a_shown_url_has_no_password_and_no_query() -> None:
    assert shown(httpx.URL("https://user:secret@host/path?sig=secret")) == "https://host/path?…"


@pytest.mark.parametrize(
    "text",
    ["ftp://host/x", "http://", "http://[", "javascript:alert(1)", "http://host:99999999", "\x00", "http://a b/"],
)
def test_what_is_no_http_url_is_refused(text: str) -> None:
    with pytest.raises(BrokenAnswer):
        parse_url(text)


def test_a_user_in_a_url_is_dropped() -> None:
    assert str(parse_url("https://user:secret@host/x#y")) == "https://host/x"


def test_hosts_are_named_in_a_list() -> None:
    assert list(named_hosts(" A.example, ,b.example")) == ["a.example", "b.example"]
