"""Where a request may go: origins, addresses, and URLs that are safe to show."""

import ipaddress
import re
import socket

import httpx

from registry_assets.errors import BrokenAnswer

HOST = re.compile(rb"[a-z0-9._-]+|[0-9a-f:.]+")
DEFAULT_PORTS = {"http": 80, "https": 443}


def parse_url(text: str, base: httpx.URL | None = None) -> httpx.URL:
    """An absolute http(s) URL from an answer's header, without user and password. `BrokenAnswer` where it is none."""
    try:
        url = base.join(text) if base else httpx.URL(text)
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise BrokenAnswer("the registry points at something that is no URL") from error
    # Strict, so that no other parser on the way can read another host out of it.
    if url.scheme not in DEFAULT_PORTS or not HOST.fullmatch(url.raw_host) or (url.port or 1) > 65535:
        raise BrokenAnswer(f"the registry points at something that is no http(s) URL: {shown(url)}")
    return url.copy_with(userinfo=b"", fragment=None) if url.userinfo or url.fragment else url


def origin(url: httpx.URL) -> tuple[str, str, int]:
    """Scheme, host and port, the default port filled in: equal for URLs of one origin."""
    return url.scheme, url.host.lower().rstrip("."), url.port or DEFAULT_PORTS.get(url.scheme, 0)


def authority(url: httpx.URL) -> str:
    """`host` or `host:port` as users write it."""
    return url.netloc.decode("ascii")


def shown(url: httpx.URL) -> str:
    """The URL for messages: without user and password, and without a query that may carry a signature or token."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None)) + ("?…" if url.query else "")


def is_local(host: str) -> bool:
    """Whether the host is this machine or its link: loopback, link-local or unspecified, in any spelling."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = parse_address(name)
    return address is not None and (address.is_loopback or address.is_link_local or address.is_unspecified)


def leads_inward(source: str, target: str) -> bool:
    """Whether going from one host to another ends on this machine or its link, coming from elsewhere.

    A link-local address is nobody's neighbour: clouds serve their machines' own credentials there.
    """
    return is_local(target) and source != target and not (_is_loopback(source) and _is_loopback(target))


def _is_loopback(host: str) -> bool:
    address = parse_address(host.lower().rstrip("."))
    return is_local(host) and (address is None or not address.is_link_local)


def parse_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a host is a spelling of (`127.1`, `0x7f000001`, `::ffff:127.0.0.1` too), or None."""
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, UnicodeError):
            return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
