"""Docker Hub: the Hub API (hub.docker.com), its registry (registry-1.docker.io) and token server (auth.docker.io).

All three on one origin, as a self-hosted stand-in would be. What is relied on:
- listing, reading and tags: https://docs.docker.com/reference/api/hub/latest/ (`page_size` at most 100; public content
  without credentials; the next page as an absolute `next`)
- `ordering=last_updated` newest first: not documented; read from Renovate's lib/modules/datasource/docker/index.ts
- tokens: https://docs.docker.com/reference/api/hub/latest/#tag/authentication-api/operation/AuthCreateAccessToken
- organisations of a user: not documented; docker/hub-mcp src/accounts.ts and docker/hub-tool ask `/v2/user/orgs`
- pull limits: https://docs.docker.com/docker-hub/usage/pulls/ (GET counts, HEAD does not; headers of an answer)
- API limits: https://docs.docker.com/reference/api/hub/latest/#tag/rate-limiting
"""

import base64
import json
import time
from collections.abc import Iterable
from typing import Any, ClassVar

from aiohttp import web

from registry_assets_tests.flavours.corpus import Corpus, Manifest, Repository, Tag
from registry_assets_tests.flavours.fake import Account, Fake, Handler, read_json, whole_number


class DockerHubFake(Fake):
    """`pulls` is how many manifests may still be had (null: no limit, as with paid plans), `limit` what of."""

    service: ClassVar[str] = "registry.docker.io"

    def __init__(self, corpus: Corpus, *accounts: Account, expire_every: int = 0) -> None:
        super().__init__(corpus, *accounts, expire_every=expire_every)
        self.limit = 100
        self.pulls: int | None = None
        self.window = 21600
        self.lifetime = 600
        self.busy_answers = 0
        self.sorts = True
        self.organizations: dict[str, list[str]] = {}

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "POST", "/v2/auth/token", self.sign_in
        yield "GET", "/v2/user/orgs", self.user_organizations
        yield "GET", "/v2/namespaces/{namespace}/repositories", self.repositories
        yield "GET", "/v2/namespaces/{namespace}/repositories/{repository}", self.repository
        yield "GET", "/v2/namespaces/{namespace}/repositories/{repository}/tags", self.hub_tags
        yield from super().routes()

    # The Hub API

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        document = read_json(await request.read())
        account = self.account(str(document.get("identifier")), str(document.get("secret")))
        if account is None:
            return problem(401, "incorrect authentication credentials")
        text = jwt({"exp": time.time() + self.lifetime, "https://hub.docker.com": {"username": account.username}})
        self._tokens[text] = self._tokens.pop(self.issue(account))
        return web.json_response({"access_token": text})

    def caller(self, request: web.Request) -> Account | web.Response | None:
        """Who asks the API: nobody, an account, or a refusal of what is no valid token."""
        if self.busy_answers:
            self.busy_answers -= 1
            moment = str(int(time.time()))
            return web.json_response({"detail": "too many requests"}, status=429, headers={"X-Retry-After": moment})
        if "Authorization" not in request.headers:
            return None
        token = self.bearer(request)
        return token.account if token else problem(401, "invalid token")

    async def user_organizations(self, request: web.Request) -> web.StreamResponse:
        account = self.caller(request)
        if isinstance(account, web.Response) or account is None:
            return account or problem(401, "authentication required")
        names = self.organizations.get(account.username, [])
        return self.hub_page(request, [{"orgname": name, "full_name": name.title()} for name in names])

    async def repositories(self, request: web.Request) -> web.StreamResponse:
        account = self.caller(request)
        if isinstance(account, web.Response):
            return account
        found = self.corpus.of(request.match_info["namespace"])
        if not found:
            return problem(404, "object not found")
        return self.hub_page(request, [entry(one) for one in found if self.may_list(account, one)])

    def may_list(self, account: Account | None, repository: Repository) -> bool:
        """Private repositories are left out silently where the token lacks the scope to list them."""
        listing = account is not None and "scope-repository-list" in account.scopes
        return not repository.private or (listing and self.may_read(account, repository))

    async def repository(self, request: web.Request) -> web.StreamResponse:
        found = self._readable(request)
        return found if isinstance(found, web.Response) else web.json_response(entry(found))

    async def hub_tags(self, request: web.Request) -> web.StreamResponse:
        found = self._readable(request)
        if isinstance(found, web.Response):
            return found
        names = list(found.tags)
        if request.query.get("ordering") == "last_updated" and self.sorts:
            names.sort(key=lambda name: found.tags[name].pushed_at, reverse=True)
        return self.hub_page(request, [hub_tag(name, found.tags[name]) for name in names])

    def _readable(self, request: web.Request) -> Repository | web.Response:
        account = self.caller(request)
        if isinstance(account, web.Response):
            return account
        found = self.corpus.repositories.get(
            "/".join((request.match_info["namespace"], request.match_info["repository"]))
        )
        return found if found and self.may_read(account, found) else problem(404, "object not found")

    def hub_page(self, request: web.Request, entries: list[dict[str, Any]]) -> web.Response:
        page, size = whole_number(request, "page", 1), whole_number(request, "page_size", 10)
        if page < 1 or not 1 <= size <= 100:
            self.violate(request, f"page {page} of {size}: pages have at most 100 entries")
            return problem(400, "invalid page or page_size")
        chosen = entries[(page - 1) * size : page * size]
        if not chosen and page > 1:
            self.violate(request, "a page after the last was asked for")
            return problem(404, "page not found")
        more = page * size < len(entries)
        query = {**request.query, "page": str(page + 1)}
        following = str(request.url.with_query(query)) if more else None
        document = {"count": len(entries), "next": following, "previous": None, "results": chosen}
        headers = {"X-RateLimit-Limit": "180", "X-RateLimit-Remaining": "179", "X-RateLimit-Reset": "1764000000"}
        return web.json_response(document, headers=headers)

    # The registry

    async def catalog(self, request: web.Request) -> web.StreamResponse:
        self.violate(request, "Docker Hub has no catalog")
        return self.challenge("registry:catalog:*", "insufficient_scope")

    def serve_manifest(self, request: web.Request, manifest: Manifest) -> web.StreamResponse:
        if self.pulls is None:
            return super().serve_manifest(request, manifest)
        if request.method == "GET":
            if not self.pulls:
                self.violate(request, "a pull beyond the budget that the last answer told")
                return self.error(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.")
            self.pulls -= 1
        response = super().serve_manifest(request, manifest)
        response.headers["ratelimit-limit"] = f"{self.limit};w={self.window}"
        response.headers["ratelimit-remaining"] = f"{self.pulls};w={self.window}"
        response.headers["docker-ratelimit-source"] = "192.0.2.1"
        return response


def entry(repository: Repository) -> dict[str, Any]:
    """https://docs.docker.com/reference/api/hub/latest/schemas/repository_list_entry/"""
    return {
        "name": repository.name.partition("/")[2],
        "namespace": repository.namespace,
        "repository_type": "image",
        "status": 1,
        "description": repository.description or None,
        "is_private": repository.private,
        "star_count": repository.star_count,
        "pull_count": repository.pull_count,
        "last_updated": repository.updated_at.isoformat().replace("+00:00", "Z"),
        "date_registered": repository.created_at.isoformat().replace("+00:00", "Z"),
        "media_types": [],
        "content_types": ["image"],
    }


def hub_tag(name: str, tag: Tag) -> dict[str, Any]:
    """https://docs.docker.com/reference/api/hub/latest/schemas/tag/"""
    moment = tag.pushed_at.isoformat().replace("+00:00", "Z")
    return {
        "id": 1,
        "name": name,
        "digest": tag.digest,
        "media_type": tag.manifest.media_type,
        "content_type": "image",
        "full_size": (tag.manifest.children or (tag.manifest,))[0].size,
        "v2": True,
        "tag_status": "active",
        "last_updated": moment,
        "tag_last_pushed": moment,
        "tag_last_pulled": None,
        "images": [
            {
                "architecture": architecture,
                "os": system,
                "variant": None,
                "status": "active",
                "digest": tag.digest,
                "size": 1,
            }
            for system, architecture in tag.manifest.platforms
        ],
    }


def jwt(claims: dict[str, Any]) -> str:
    parts = [{"alg": "none"}, {**claims, "jti": time.monotonic_ns()}]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".x"


def problem(status: int, detail: str) -> web.Response:
    return web.json_response({"message": detail, "detail": detail}, status=status)
