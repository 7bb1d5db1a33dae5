"""A registry that behaves as documented, over real HTTP on a free loopback port; the types' fakes build on it.

It refuses what the real one refuses. What a real one would only answer badly, and what a client should never send, is
written down in `violations`; the fixture that started the fake fails the test for it.
"""

import asyncio
import base64
import json
import re
import secrets
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from aiohttp import web

from registry_assets_tests.flavours.corpus import Corpus, Manifest, Repository

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Account:
    """Who may sign in. `scopes` are rights as the vendor calls them; `namespaces` those whose private content it sees."""

    username: str
    secret: str
    scopes: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    catalog: bool = True


@dataclass(slots=True)
class Token:
    account: Account | None
    requested: frozenset[str] = frozenset()
    granted: frozenset[str] = frozenset()
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of the log; `credentials` is its scheme in lower case (`basic`, `bearer`), or ''."""

    method: str
    path: str
    query: Mapping[str, str]
    status: int
    credentials: str


class Fake:
    """The OCI distribution specification over `corpus`; a context manager that serves while it is open.

    `expire_every`: after so many authorised requests, every token handed out until then is expired.
    `service` is what its challenges say. `longest_page` is the most names of a page; more is refused, or capped.
    """

    service: ClassVar[str] = "fake"
    longest_page: ClassVar[int] = 1000
    default_page: ClassVar[int] = 100
    caps_silently: ClassVar[bool] = False

    def __init__(self, corpus: Corpus, *accounts: Account, expire_every: int = 0) -> None:
        self.corpus = corpus
        self.accounts = {account.username: account for account in accounts}
        self.expire_every = expire_every
        self.log: list[Asked] = []
        self.violations: list[str] = []
        self.url = ""
        self._tokens: dict[str, Token] = {}
        self.expired = 0
        self._authorized = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._runner
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        application = web.Application(middlewares=[self._logged])
        for method, path, handler in self.routes():
            application.router.add_route(method, path, handler)
        application.router.add_route("*", "/{unknown:.*}", self._unknown)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Method, path and handler of every endpoint; a type adds its own before these."""
        yield "GET", "/token", self.token
        yield "GET", "/v2/", self.ping
        yield "GET", "/v2/_catalog", self.catalog
        yield "GET", "/v2/{name:.+}/tags/list", self.tags
        yield "*", "/v2/{name:.+}/manifests/{reference}", self.manifest
        yield "GET", "/v2/{name:.+}/blobs/{digest}", self.blob
        yield "GET", "/content/{digest}", self.content

    @web.middleware
    async def _logged(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        scheme = request.headers.get("Authorization", "").partition(" ")[0].lower()
        path = self.logged_path(request)
        self.log.append(Asked(request.method, path, dict(request.query), response.status, scheme))
        return response

    def logged_path(self, request: web.Request) -> str:
        """What the log says was asked for: the path, as the wire had it."""
        return request.rel_url.raw_path

    def asked(self, path: str, method: str = "") -> list[Asked]:
        """The requests so far whose path matches the regular expression, as the wire had it."""
        found = [asked for asked in self.log if re.search(path, asked.path)]
        return [asked for asked in found if not method or asked.method == method]

    def forget_log(self) -> None:
        self.log.clear()

    def violate(self, request: web.Request, what: str) -> None:
        self.violations.append(f"{request.method} {request.rel_url.raw_path}: {what}")

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        self.violate(request, "there is no such endpoint")
        return self.error(404, "NOT_FOUND", "404 page not found")

    # Who asks

    def login(self, request: web.Request) -> Account | web.Response | None:
        """The account of Basic credentials, None without any, a refusal for wrong ones."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "basic":
            self.violate(request, f"{scheme} credentials where only Basic is understood")
            return self.error(401, "UNAUTHORIZED", "authentication required")
        username, _, secret = base64.b64decode(value).decode().partition(":")
        return self.account(username, secret) or self.wrong_password()

    def account(self, username: str, secret: str) -> Account | None:
        account = self.accounts.get(username)
        return account if account and account.secret == secret else None

    def wrong_password(self) -> web.Response:
        return self.error(401, "UNAUTHORIZED", "authentication required")

    def issue(self, account: Account | None, requested: frozenset[str] = frozenset()) -> str:
        """A new token for what the account may do of what it asks for."""
        text = f"token-{secrets.token_hex(12)}"
        granted = frozenset(scope for scope in requested if self.grants(account, scope))
        self._tokens[text] = Token(account, requested, granted)
        return text

    def grants(self, account: Account | None, scope: str) -> bool:
        """Whether the token server puts `scope` into a token: what the account may read, what is public."""
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        if kind == "registry":
            return account is not None and account.catalog
        repository = self.corpus.repositories.get(name)
        return actions == "pull" and repository is not None and self.may_read(account, repository)

    def may_read(self, account: Account | None, repository: Repository) -> bool:
        return not repository.private or (account is not None and repository.namespace in account.namespaces)

    def bearer(self, request: web.Request) -> Token | None:
        """The valid token of the request, counted as one use."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        token = self._tokens.get(value) if scheme.lower() == "bearer" else None
        if token is None or token.expired:
            return None
        self._authorized += 1
        if self.expire_every and self._authorized % self.expire_every == 0:
            self.expired += 1
            for issued in self._tokens.values():
                issued.expired = True
        return token

    def refuse(self, request: web.Request, scope: str) -> web.Response | None:
        """The refusal of a request whose token does not grant `scope`, or None where it may go on."""
        token = self.bearer(request)
        if token is None:
            return self.challenge(scope, "invalid_token" if "Authorization" in request.headers else "")
        if scope and scope not in token.requested:
            self.violate(request, f"its token was asked for {sorted(token.requested)}, not for {scope}")
        if scope and scope not in token.granted:
            return self.challenge(scope, "insufficient_scope")
        return None

    def challenge(self, scope: str, error: str = "") -> web.Response:
        parts = {"realm": f"{self.url}/token", "service": self.service, "scope": scope, "error": error}
        value = ",".join(f'{name}="{part}"' for name, part in parts.items() if part)
        response = self.error(401, "UNAUTHORIZED", "authentication required")
        response.headers["WWW-Authenticate"] = f"Bearer {value}"
        return response

    async def token(self, request: web.Request) -> web.StreamResponse:
        """https://distribution.github.io/distribution/spec/auth/token/"""
        account = self.login(request)
        if isinstance(account, web.Response):
            return account
        if request.query.get("service") != self.service:
            self.violate(request, f"service is {request.query.get('service')!r}, the challenge said {self.service!r}")
        scopes = frozenset(scope for text in request.query.getall("scope", []) for scope in text.split())
        return web.json_response({"token": self.issue(account, scopes), "expires_in": 300})

    # What is there

    async def ping(self, request: web.Request) -> web.StreamResponse:
        return self.refuse(request, "") or web.json_response({})

    async def catalog(self, request: web.Request) -> web.StreamResponse:
        return self.refuse(request, "registry:catalog:*") or self.page(
            request, "repositories", sorted(self.corpus.repositories)
        )

    async def tags(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        refusal = self.refuse(request, f"repository:{name}:pull")
        repository = self.corpus.repositories.get(name)
        if refusal or repository is None:
            return refusal or self.error(404, "NAME_UNKNOWN", "repository name not known to registry")
        return self.page(request, "tags", self.tag_names(repository), {"name": name})

    def tag_names(self, repository: Repository) -> list[str]:
        """In the order of `tags/list`: by name, as the specification asks for."""
        return sorted(repository.tags)

    def page(
        self, request: web.Request, key: str, names: list[str], also: dict[str, str] | None = None
    ) -> web.StreamResponse:
        size = int(request.query.get("n", self.default_page))
        if self.caps_silently:
            size = min(size, self.longest_page)
        if not 0 < size <= self.longest_page:
            return self.error(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested")
        last = request.query.get("last")
        start = names.index(last) + 1 if last in names else 0
        chosen = names[start : start + size]
        response = web.json_response({**(also or {}), key: chosen})
        if start + size < len(names):
            response.headers["Link"] = f'<{request.path}?last={chosen[-1]}&n={size}>; rel="next"'
        return response

    async def manifest(self, request: web.Request) -> web.StreamResponse:
        name, reference = request.match_info["name"], request.match_info["reference"]
        refusal = self.refuse(request, f"repository:{name}:pull")
        if refusal:
            return refusal
        manifest = self.find_manifest(name, reference)
        if manifest is None:
            return self.error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        if manifest.media_type not in request.headers.get("Accept", ""):
            self.violate(request, f"Accept does not take {manifest.media_type}")
            return self.error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        return self.serve_manifest(request, manifest)

    def find_manifest(self, name: str, reference: str) -> Manifest | None:
        repository = self.corpus.repositories.get(name)
        if repository is None:
            return None
        tag = repository.tags.get(reference)
        return tag.manifest if tag else repository.manifests.get(reference)

    def serve_manifest(self, request: web.Request, manifest: Manifest) -> web.StreamResponse:
        headers = {"Docker-Content-Digest": manifest.digest, "Content-Type": manifest.media_type}
        if request.method == "HEAD":
            return web.Response(headers={**headers, "Content-Length": str(len(manifest.body))})
        return web.Response(body=manifest.body, headers=headers)

    async def blob(self, request: web.Request) -> web.StreamResponse:
        """A redirect to a content host of another origin, as the large registries answer."""
        name, digest = request.match_info["name"], request.match_info["digest"]
        refusal = self.refuse(request, f"repository:{name}:pull")
        if refusal:
            return refusal
        if digest not in self.corpus.blobs:
            return self.error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        elsewhere = self.url.replace("127.0.0.1", "localhost")
        return web.Response(status=307, headers={"Location": f"{elsewhere}/content/{digest}?signature=abc"})

    async def content(self, request: web.Request) -> web.StreamResponse:
        if "Authorization" in request.headers:
            self.violate(request, "credentials were sent to another origin")
        return web.Response(body=self.corpus.blobs[request.match_info["digest"]])

    def error(self, status: int, code: str, message: str) -> web.Response:
        """https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes"""
        return web.json_response({"errors": [{"code": code, "message": message}]}, status=status)


def whole_number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    return int(text) if text.isdecimal() else -1


def read_json(body: bytes) -> dict[str, Any]:
    document = json.loads(body or b"{}")
    return document if isinstance(document, dict) else {}
