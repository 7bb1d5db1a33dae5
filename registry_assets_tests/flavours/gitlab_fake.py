"""GitLab's container registry with the token service, and GitLab's API, on one origin.

What is relied on:
- repositories of a group and its subgroups: https://docs.gitlab.com/api/container_registry/ and
  https://github.com/gitlabhq/gitlabhq/blob/master/lib/api/group_container_repositories.rb
- groups of the user: https://docs.gitlab.com/api/groups/ (`top_level_only`)
- pages of at most 100, `Link`: https://docs.gitlab.com/api/rest/#pagination
- a personal access token as `Authorization: Bearer`, 401 for what is no token, no deploy tokens:
  https://docs.gitlab.com/api/rest/authentication/; `read_api` is the scope it takes:
  https://github.com/microsoft/vscode-docker/issues/3199
- the token service at `/jwt/auth` (who signs in gets a token for what may be read of what is asked, nobody is refused
  where that is nothing):
  https://github.com/gitlabhq/gitlabhq/blob/master/app/services/auth/container_registry_authentication_service.rb
- no catalog for users: https://github.com/portainer/portainer/issues/2956
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from aiohttp import web

from registry_assets_tests.flavours.corpus import Repository
from registry_assets_tests.flavours.fake import Account, Fake, Handler, whole_number

READ_API = "read_api"


class GitLabFake(Fake):
    """An account's secret is a token; without `read_api` it is good for the registry alone, as a deploy token's."""

    service: ClassVar[str] = "container_registry"

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", "/jwt/auth", self.token
        yield "GET", "/api/v4/groups", self.groups
        yield "GET", "/api/v4/groups/{group}/registry/repositories", self.repositories
        yield from (route for route in super().routes() if route[1] != "/token")

    # The API

    def caller(self, request: web.Request) -> Account | web.Response:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        account = next((one for one in self.accounts.values() if one.secret == secret), None)
        if scheme.lower() != "bearer":
            self.violate(request, "the API is asked without a token")
        if account is None:
            return web.json_response({"message": "401 Unauthorized"}, status=401)
        if READ_API not in account.scopes:
            words = "The request requires higher privileges than provided by the access token."
            body = {"error": "insufficient_scope", "error_description": words, "scope": "api read_api"}
            return web.json_response(body, status=403)
        return account

    async def groups(self, request: web.Request) -> web.StreamResponse:
        account = self.caller(request)
        if isinstance(account, web.Response):
            return account
        if request.query.get("top_level_only") != "true":
            self.violate(request, "subgroups come with their groups")
        return self.api_page(request, [{"id": 1, "full_path": name} for name in sorted(account.namespaces)])

    async def repositories(self, request: web.Request) -> web.StreamResponse:
        account = self.caller(request)
        if isinstance(account, web.Response):
            return account
        found = self.corpus.of(request.match_info["group"])
        if not found:
            return web.json_response({"message": "404 Group Not Found"}, status=404)
        return self.api_page(request, [entry(one) for one in found if self.may_read(account, one)])

    def api_page(self, request: web.Request, entries: list[dict[str, Any]]) -> web.Response:
        page, size = whole_number(request, "page", 1), whole_number(request, "per_page", 20)
        if page < 1 or not 1 <= size <= 100:
            self.violate(request, f"page {page} of {size}: pages have at most 100 entries")
        response = web.json_response(entries[(page - 1) * size : page * size])
        first = request.url.with_query({**request.query, "page": "1"})
        links = [f'<{first}>; rel="first"']
        if page * size < len(entries):
            links.insert(0, f'<{request.url.with_query({**request.query, "page": str(page + 1)})}>; rel="next"')
        response.headers["Link"] = ", ".join(links)
        return response

    # The registry

    async def token(self, request: web.Request) -> web.StreamResponse:
        account, scopes = self.login(request), request.query.getall("scope", [])
        if account is None and not any(self.grants(None, scope) for scope in scopes):
            return self.error(403, "DENIED", "access forbidden")
        return await super().token(request)

    def wrong_password(self) -> web.Response:
        return self.error(401, "UNAUTHORIZED", "HTTP Basic: Access denied")

    def challenge(self, scope: str, error: str = "") -> web.Response:
        response = super().challenge(scope, error)
        told = response.headers["WWW-Authenticate"].replace("/token", "/jwt/auth")
        response.headers["WWW-Authenticate"] = told
        return response

    def grants(self, account: Account | None, scope: str) -> bool:
        return not scope.startswith("registry:") and super().grants(account, scope)


def entry(repository: Repository) -> dict[str, Any]:
    return {
        "id": 1,
        "name": "",
        "path": repository.name,
        "project_id": 1,
        "location": f"registry.example.com/{repository.name}",
        "created_at": repository.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
