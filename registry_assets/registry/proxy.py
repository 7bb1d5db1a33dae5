"""The proxy of a request, by the variables that other programs read: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY."""

import base64
from urllib.request import getproxies, proxy_bypass

import httpx

from registry_assets.errors import BrokenAnswer, ConfigurationError
from registry_assets.registry.origin import authority, is_local, parse_url


def find_proxy(url: httpx.URL) -> str | None:
    """The URL of the proxy that requests for `url` go through; never one for this machine itself."""
    proxies = getproxies()
    if not proxies or is_local(url.host) or proxy_bypass(authority(url)):
        return None
    found = proxies.get(url.scheme) or proxies.get("all")
    return found if not found or "://" in found else f"http://{found}"


def parse_proxy(text: str) -> httpx.Proxy:
    """The proxy, its user and password as a header. `ConfigurationError` where it is none that can be used."""
    try:
        given = httpx.URL(text)
        url = parse_url(text)
    except (httpx.InvalidURL, ValueError, BrokenAnswer):
        raise ConfigurationError(
            "the proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names is no http(s) URL"
        ) from None
    if not given.userinfo:
        return httpx.Proxy(url)
    pair = base64.b64encode(f"{given.username}:{given.password}".encode()).decode()
    return httpx.Proxy(url, headers={"proxy-authorization": f"Basic {pair}"})
