"""What a registry type asks with: requests that authenticate themselves, and errors that say whose they are."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from registry_assets.errors import RegistryError
from registry_assets.registry.answers import Response
from registry_assets.registry.auth import Authenticator
from registry_assets.registry.exchange import JSON_LIMIT, Request
from registry_assets.registry.origin import origin, parse_url
from registry_assets.registry.transport import Transport


class Client:
    """One base URL, one way to authenticate there. Relative paths extend the base's own path.

    Give a second API (hub.docker.com, api.github.com) a client of its own over the same transport.
    """

    def __init__(self, provider: str, transport: Transport, base: httpx.URL, authenticator: Authenticator) -> None:
        self.provider, self.transport, self.base, self.authenticator = provider, transport, base, authenticator

    def url(self, path: str, **query: str | int) -> httpx.URL:
        """The URL of `path` (or of an absolute URL) with the query added."""
        url = parse_url(path if "://" in path else f"{str(self.base).rstrip('/')}/{path.lstrip('/')}")
        return url.copy_merge_params(query) if query else url

    async def request(
        self,
        method: str,
        url: str | httpx.URL,
        *,
        headers: Mapping[str, str] | None = None,
        scope: str = "",
        limit: int = JSON_LIMIT,
        content: bytes | None = None,
        authorize: bool = True,
    ) -> Response:
        """The answer, always one of success; every other is raised as the `RegistryError` that it stands for.

        `scope` is what a token for this must allow (`repository:library/nginx:pull`); `limit` the most bytes of body.
        Credentials are sent only to the origin of `base`, and not at all without `authorize`.
        """
        with self._named():
            target = self.url(url) if isinstance(url, str) else url
            request = Request(method, target, httpx.Headers(headers or {}), limit, content)
            mine = authorize and origin(target) == origin(self.base)
            return await (self._ask(request, scope) if mine else self._ask_without(request))

    async def fetch_json(
        self,
        url: str | httpx.URL,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        scope: str = "",
        authorize: bool = True,
        body: Any = None,
    ) -> Any:
        """The JSON document at `url`; `body` is sent as JSON. `BrokenAnswer` where it is none."""
        content = None if body is None else json.dumps(body).encode()
        sent = {"content-type": "application/json"} if content else {}
        with self._named():
            response = await self.request(
                method,
                url,
                headers={"accept": "application/json", **sent, **(headers or {})},
                scope=scope,
                content=content,
                authorize=authorize,
            )
            return response.json()

    async def answers_anonymously(self, path: str) -> bool | None:
        """Whether `path` is served without credentials, None where the answer does not tell.

        A challenge in the answer is remembered, so that the next requests bring along what it asks for.
        """
        with self._named():
            response = await self.transport.send(Request("GET", self.url(path), httpx.Headers()))
            if response.status in (401, 403):
                self.authenticator.learn(response)
                return False
            if response.status in (408, 429) or response.status >= 500:
                raise self.authenticator.explain(response)
            return True if response.succeeded else None

    async def _ask(self, request: Request, scope: str) -> Response:
        used = await self.authenticator.prepare(scope)
        response = await self.transport.send(_authorized(request, used))
        if self.authenticator.asks_again(response) and origin(response.url) == origin(request.url):
            again = await self.authenticator.answer(response, scope, used)
            if again:
                used, response = again, await self.transport.send(_authorized(request, again))
        if not response.succeeded:
            raise self.authenticator.explain(response, used)
        return response

    async def _ask_without(self, request: Request) -> Response:
        response = await self.transport.send(request)
        if not response.succeeded:
            raise self.authenticator.explain(response)
        return response

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except RegistryError as error:
            error.provider = self.provider
            raise


def _authorized(request: Request, authorization: str | None) -> Request:
    if authorization is None:
        return request
    headers = httpx.Headers({**request.headers, "authorization": authorization})
    return Request(request.method, request.url, headers, request.limit, request.content)
