"""Quay: its registry with the token service, and its API, on one origin.

What is relied on:
- https://docs.projectquay.io/api_quay.html and https://github.com/quay/quay/blob/master/endpoints/api/repository.py (one
  of `namespace`, `starred`, `public` is required; pages of 100 with an opaque `next_page`), …/endpoints/api/tag.py (at
  most 100 a page, `has_additional`, newest first; the trailing slash is part of the path)
- the API takes OAuth tokens only, others are anonymous there: https://github.com/jupyterhub/binderhub/issues/1217 and
  https://github.com/quay/quay/blob/master/auth/decorators.py
- `$oauthtoken` at the registry: https://github.com/quay/quay/blob/master/auth/credentials.py
- the token service (wrong credentials refused, nobody without a scope refused, only scopes of repositories known):
  https://github.com/quay/quay/blob/master/endpoints/v2/v2auth.py; its realm: https://github.com/quay/claircore/pull/879
- the catalog is what the user may see, and nothing for nobody:
  https://github.com/quay/quay/blob/master/endpoints/v2/catalog.py; pages of at most 100, an absolute `Link` with an
  opaque `next_page`: https://github.com/quay/quay/blob/master/endpoints/v2/__init__.py
"""

import base64
from collections.abc import Iterable
from typing import Any, ClassVar

from aiohttp import web

from registry_assets_tests.flavours.corpus import Repository
from registry_assets_tests.flavours.fake import Account, Fake, Handler, whole_number

OAUTH_USER = "$oauthtoken"
READ = "repo:read"
PAGE = 100


class QuayFake(Fake):
    """An account called `$oauthtoken` is an OAuth token; any other is a robot or a user."""

    service: ClassVar[str] = "quay.fake"
    longest_page: ClassVar[int] = 100
    caps_silently: ClassVar[bool] = True

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", "/v2/auth", self.token
        yield "GET", "/api/v1/repository", self.repositories
        yield "GET", "/api/v1/repository/{name:.+}/tag/", self.api_tags
        yield "GET", "/api/v1/repository/{name:.+}", self.repository
        yield from (route for route in super().routes() if route[1] != "/token")

    # The API

    def caller(self, request: web.Request) -> Account | web.Response | None:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer":
            self.violate(request, f"{scheme} credentials for Quay's API, which would be nobody's")
            return None
        account = self.account(OAUTH_USER, value)
        return account or api_error(401, "invalid_token", "Invalid OAuth token")

    def may_see(self, account: Account | None, repository: Repository) -> bool:
        return self.may_read(account if account and READ in account.scopes else None, repository)

    async def repositories(self, request: web.Request) -> web.StreamResponse:
        account = self.caller(request)
        if isinstance(account, web.Response):
            return account
        if account and READ not in account.scopes:
            return api_error(403, "insufficient_scope", "Unauthorized")
        namespace = request.query.get("namespace")
        if not namespace or request.query.get("public") != "true":
            self.violate(request, "every public repository is asked for, or public ones are left out")
        found = [entry(one) for one in self.corpus.of(namespace or "") if self.may_see(account, one)]
        start = int(base64.urlsafe_b64decode(request.query["next_page"])) if "next_page" in request.query else 0
        document: dict[str, Any] = {"repositories": found[start : start + PAGE]}
        if start + PAGE < len(found):
            document["next_page"] = base64.urlsafe_b64encode(str(start + PAGE).encode()).decode()
        return web.json_response(document)

    def readable(self, request: web.Request) -> Repository | web.Response:
        account, found = self.caller(request), self.corpus.repositories.get(request.match_info["name"])
        if isinstance(account, web.Response):
            return account
        if found and self.may_see(account, found):
            return found
        if found or account is None:
            status = 403 if account else 401
            return api_error(status, "insufficient_scope" if account else "invalid_token", "Requires authentication")
        return api_error(404, "not_found", "Not Found")

    async def repository(self, request: web.Request) -> web.StreamResponse:
        found = self.readable(request)
        if request.query.get("includeTags") != "false":
            self.violate(request, "up to 500 tags come along unasked")
        return found if isinstance(found, web.Response) else web.json_response(entry(found))

    async def api_tags(self, request: web.Request) -> web.StreamResponse:
        found = self.readable(request)
        if isinstance(found, web.Response):
            return found
        page, size = whole_number(request, "page", 1), whole_number(request, "limit", 50)
        if page < 1 or not 1 <= size <= PAGE or request.query.get("onlyActiveTags") != "true":
            self.violate(request, f"page {page} of {size}: at most 100, and living tags only")
        tags = list(tag_entries(found))
        chosen = tags[(page - 1) * size : page * size]
        return web.json_response({"tags": chosen, "page": page, "has_additional": page * size < len(tags)})

    # The registry

    async def token(self, request: web.Request) -> web.StreamResponse:
        account, scopes = self.login(request), request.query.getall("scope", [])
        if not isinstance(account, Account) and not scopes:
            return self.error(401, "UNAUTHORIZED", "access to the requested resource is not authorized")
        if not all(scope.startswith("repository:") for scope in scopes):
            self.violate(request, "only scopes of repositories are understood")
            return self.error(400, "UNKNOWN", "Unable to decode repository and actions")
        return await super().token(request)

    def wrong_password(self) -> web.Response:
        return self.error(401, "UNAUTHORIZED", "Invalid Username or Password")

    def challenge(self, scope: str, error: str = "") -> web.Response:
        response = super().challenge(scope, error)
        told = response.headers["WWW-Authenticate"].replace("/token", "/v2/auth")
        response.headers["WWW-Authenticate"] = told
        return response

    async def catalog(self, request: web.Request) -> web.StreamResponse:
        token = self.bearer(request)
        if token is None:
            return self.challenge("", "invalid_token")
        names = sorted(
            one.name
            for one in self.corpus.repositories.values()
            if token.account and one.namespace in token.account.namespaces
        )
        start = int(request.query.get("next_page", "0"))
        response = web.json_response({"repositories": names[start : start + PAGE]})
        if start + PAGE < len(names):
            response.headers["Link"] = f'<{self.url}/v2/_catalog?n={PAGE}&next_page={start + PAGE}>; rel="next"'
        return response


def entry(repository: Repository) -> dict[str, Any]:
    return {
        "namespace": repository.namespace,
        "name": repository.name.partition("/")[2],
        "description": repository.description or None,
        "is_public": not repository.private,
        "kind": "image",
        "state": "NORMAL",
        "last_modified": int(repository.updated_at.timestamp()),
    }


def tag_entries(repository: Repository) -> Iterable[dict[str, Any]]:
    """The newest first."""
    for name, tag in sorted(repository.tags.items(), key=lambda item: item[1].pushed_at, reverse=True):
        yield {
            "name": name,
            "reversion": False,
            "start_ts": int(tag.pushed_at.timestamp()),
            "manifest_digest": tag.digest,
            "is_manifest_list": bool(tag.manifest.children),
            "size": None if tag.manifest.children else tag.manifest.size,
            "last_modified": tag.pushed_at.strftime("%a, %d %b %Y %H:%M:%S -0000"),
        }


def api_error(status: int, kind: str, detail: str) -> web.Response:
    body = {"detail": detail, "error_message": detail, "error_type": kind, "title": kind, "status": status}
    return web.json_response(body, status=status)
