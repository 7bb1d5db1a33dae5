"""Listings page by page, https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags.

A listing that ends normally was complete. One that goes in circles, breaks off or never ends raises.
"""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import httpx

from registry_assets.errors import BrokenAnswer, NotSupported, RateLimited, RegistryError, Untrusted
from registry_assets.registry.answers import Response
from registry_assets.registry.client import Client
from registry_assets.registry.origin import authority, parse_url, shown

MOST_PAGES = 10_000
SAFE_SIZE = 1000
# A page of so many entries may have been cut there, whatever was asked for.
USUAL_CAP = 100
_LINK = re.compile(
    r"(?:<(?P<url>[^<>]*)>|(?P<bare>[^\s;,<>]+))(?P<parameters>(?:\s*;[^,;\"]*(?:\"[^\"]*\")?[^,;\"]*)*)"
)
_NEXT = re.compile(r";\s*rel\s*=\s*(?:\"[^\"]*\bnext\b[^\"]*\"|'?next\b)", re.IGNORECASE)


@dataclass
class Listing:
    """One list of names at `path`, `key` of each page's JSON; `size` is how many to ask for at a time."""

    client: Client
    path: str
    key: str
    scope: str
    size: int = SAFE_SIZE
    _seen: set[str] = field(default_factory=set)
    _visited: set[str] = field(default_factory=set)

    async def pages(self) -> AsyncIterator[list[str]]:
        """The names, a page at a time, each name once, in the registry's order."""
        response, size = await self._first()
        turned_up_nothing = False
        for _ in range(MOST_PAGES):
            names = read_names(response, self.key)
            fresh = self._fresh(names)
            if fresh:
                yield fresh
            link = next_link(response)
            if link is None and not (fresh and may_be_cut(len(names), size)):
                return
            if link and not fresh and (names or turned_up_nothing):
                raise response.broken("the pages of this list go in circles")
            turned_up_nothing = not fresh
            following = await (self._follow(link, response) if link else self._probe(names[-1], size))
            if following is None:
                return
            response = following
        raise response.broken(f"the list does not end after {MOST_PAGES} pages")

    async def _first(self) -> tuple[Response, int | None]:
        """The first page, and the page size that it was asked with: the wanted one, a safe one, or none at all."""
        sizes = [self.size, *([SAFE_SIZE] if self.size > SAFE_SIZE else []), None]
        for size in sizes:
            url = self.client.url(self.path, **({"n": size} if size else {}))
            try:
                return await self._ask(url), size
            except (BrokenAnswer, NotSupported) as error:
                if size is None or error.status not in (400, 405):
                    raise
        raise AssertionError  # pragma: no cover - the last size is None

    async def _follow(self, link: str, response: Response) -> Response:
        url = self._next_url(link, response)
        if str(url) in self._visited:
            raise response.broken("the pages of this list go in circles")
        try:
            return await self._ask(url)
        except RateLimited:
            raise
        except RegistryError as error:
            if error.status not in (400, 404, 405):
                raise
            raise BrokenAnswer(
                f"the list broke off: its next page was refused ({error.detail})",
                method=error.method,
                url=error.url,
                status=error.status,
            ) from error

    async def _probe(self, last: str, size: int | None) -> Response | None:
        """What comes after `last`, where a page was full but named no next one; None where that cannot be asked."""
        url = self.client.url(self.path, **({"n": size} if size else {}), last=last)
        if str(url) in self._visited:
            return None
        try:
            return await self._ask(url)
        except RegistryError as error:
            if error.status in (400, 404, 405):
                return None
            raise

    async def _ask(self, url: httpx.URL) -> Response:
        self._visited.add(str(url))
        return await self.client.request("GET", url, headers={"accept": "application/json"}, scope=self.scope)

    def _next_url(self, link: str, response: Response) -> httpx.URL:
        """Where a `Link` leads. Only its query counts: proxies leave their own prefix out of the path."""
        own = self.client.url(self.path)
        target = parse_url(link, own)
        # The scheme may be the one behind a proxy; the request stays on the registry's own origin in any case.
        if authority(target) != authority(own):
            raise Untrusted(
                f"the list continues on another host: {shown(target)}", method="GET", url=shown(response.url)
            )
        return own.copy_with(query=target.query) if target.query else own.copy_with(path=target.path)

    def _fresh(self, names: list[str]) -> list[str]:
        fresh = [name for name in dict.fromkeys(names) if name not in self._seen]
        self._seen.update(fresh)
        return fresh


def may_be_cut(count: int, size: int | None) -> bool:
    """Whether a page without `Link` may have been cut off: as long as asked for, or as a usual cap. Longer is all."""
    return count > 0 and (count == size or (count % USUAL_CAP == 0 and (size is None or count < size)))


def read_names(response: Response, key: str) -> list[str]:
    """The names of one page; null is an empty list. `BrokenAnswer` where there is no list."""
    document = response.json()
    if not isinstance(document, dict) or key not in document:
        raise response.broken(f"the answer holds no `{key}`")
    names = document[key]
    if names is None:
        return []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise response.broken(f"`{key}` is no list of names")
    return names


def next_link(response: Response) -> str | None:
    """The URL of the next page by the `Link` headers, as it stands there."""
    return next(_next_links(response.headers.get_list("link")), None)


def _next_links(headers: list[str]) -> Iterator[str]:
    for header in headers:
        for link in _LINK.finditer(header):
            if _NEXT.search(link["parameters"]):
                yield link["url"] if link["url"] is not None else link["bare"]
