"""Azure Container Registry: its registry, its token server and its API on one origin, and a managed identity beside it.

What is relied on:
- `/oauth2/exchange` (a Microsoft Entra token for a refresh token) and `/oauth2/token` (a refresh token, Basic, or nobody
  for an access token): https://azure.github.io/acr/AAD-OAuth.html, https://azure.github.io/acr/Token-BasicAuth.html
- challenges, scopes (`registry:catalog:*`, `repository:NAME:metadata_read`) and refusals as recorded in
  https://github.com/Azure/azure-sdk-for-js/tree/main/sdk/containerregistry/container-registry/recordings
- `_catalog`, `_tags`, `_manifests`, their parameters and fields:
  https://github.com/Azure/azure-rest-api-specs/tree/main/specification/containerregistry/data-plane
- anonymous pull: https://learn.microsoft.com/azure/container-registry/anonymous-pull-access
- a repository-scoped token's `metadata/read` and `content/read`:
  https://learn.microsoft.com/azure/container-registry/container-registry-token-based-repository-permissions
- the managed identity of App Service: https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
"""

import time
from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import quote

from aiohttp import web

from registry_assets_tests.flavours.corpus import Repository
from registry_assets_tests.flavours.fake import Account, Fake, Handler, whole_number

PAGE = 100
NOBODY = "00000000-0000-0000-0000-000000000000"
AUDIENCE = "https://containerregistry.azure.net"
HINT = "authentication required, visit https://aka.ms/acr/authorization for more information."


class AcrFake(Fake):
    """`anonymous` is anonymous pull. `uses` is how often each refresh token is good (0: always)."""

    service: ClassVar[str] = "myregistry.azurecr.io"
    longest_page: ClassVar[int] = PAGE
    anonymous: bool = True
    uses: int = 0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.refresh_tokens: dict[str, Account] = {}
        self._used: dict[str, int] = {}

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", "/identity", self.managed_identity
        yield "POST", "/oauth2/exchange", self.exchange
        yield "*", "/oauth2/token", self.token
        yield "GET", "/acr/v1/_catalog", self.catalog
        yield "GET", "/acr/v1/{name:.+}/_tags", self.api_tags
        yield "GET", "/acr/v1/{name:.+}/_manifests", self.api_manifests
        yield from (route for route in super().routes() if route[1] not in ("/token", "/v2/_catalog"))

    # Who asks

    async def managed_identity(self, request: web.Request) -> web.StreamResponse:
        account = self.accounts.get("identity")
        if account is None or request.headers.get("X-IDENTITY-HEADER") != account.secret:
            return web.json_response({"statusCode": 401, "message": "No such identity"}, status=401)
        if request.query.get("resource") != AUDIENCE:
            self.violate(request, f"a token for {request.query.get('resource')}")
        token = {"access_token": f"entra-{account.secret}", "expires_on": str(int(time.time()) + 3600)}
        return web.json_response({**token, "resource": AUDIENCE, "token_type": "Bearer"})

    async def exchange(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        account = self.accounts.get("identity")
        if form.get("grant_type") != "access_token" or form.get("service") != self.service:
            self.violate(request, f"not a proper exchange: {sorted(form)}")
        if account is None or form.get("access_token") != f"entra-{account.secret}" or not account.namespaces:
            return self.unauthorized()
        return web.json_response({"refresh_token": self.refresh_token(account)})

    def refresh_token(self, account: Account) -> str:
        token = f"refresh-{len(self.refresh_tokens)}-{account.username}"
        self.refresh_tokens[token] = account
        return token

    def account(self, username: str, secret: str) -> Account | None:
        if username != NOBODY:
            return super().account(username, secret)
        self._used[secret] = self._used.get(secret, 0) + 1
        ended = 0 < self.uses < self._used[secret]
        return None if ended else self.refresh_tokens.get(secret)

    def unauthorized(self) -> web.Response:
        return self.error(401, "UNAUTHORIZED", HINT)

    def wrong_password(self) -> web.Response:
        return self.unauthorized()

    async def token(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            if "Authorization" not in request.headers and not self.anonymous:
                return self.unauthorized()
            return await super().token(request)
        form = await request.post()
        account = self.account(NOBODY, str(form.get("refresh_token")))
        if form.get("grant_type") != "refresh_token" or form.get("service") != self.service:
            self.violate(request, f"not a proper request for a token: {sorted(form)}")
        if account is None:
            return self.unauthorized()
        return web.json_response({"access_token": self.issue(account, frozenset([str(form.get("scope"))]))})

    def grants(self, account: Account | None, scope: str) -> bool:
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        found = self.corpus.repositories.get(name)
        if kind == "repository" and actions == "metadata_read":
            return found is None or self.may_read(account, found)
        return super().grants(account, scope)

    def challenge(self, scope: str, error: str = "") -> web.Response:
        response = super().challenge(scope, error)
        told = response.headers["WWW-Authenticate"].replace(f"{self.url}/token", f"{self.url}/oauth2/token")
        response.headers["WWW-Authenticate"] = told
        return response

    # The API

    async def api_tags(self, request: web.Request) -> web.StreamResponse:
        return self.listed(request, "tags", tag_entries)

    async def api_manifests(self, request: web.Request) -> web.StreamResponse:
        return self.listed(request, "manifests", manifest_entries)

    def listed(self, request: web.Request, key: str, entries: Any) -> web.StreamResponse:
        name = request.match_info["name"]
        refusal = self.refuse(request, f"repository:{name}:metadata_read")
        repository = self.corpus.repositories.get(name)
        if refusal or repository is None:
            return refusal or self.error(404, "NAME_UNKNOWN", "repository name not known to registry")
        size, start = whole_number(request, "n", PAGE), whole_number(request, "last", 0)
        if not 1 <= size <= PAGE or request.query.get("orderby") != "timedesc":
            self.violate(request, f"pages of {size}, in the order {request.query.get('orderby')!r}")
        found = sorted(entries(repository), key=lambda entry: entry["lastUpdateTime"], reverse=True)
        body = {"registry": self.service, "imageName": name, key: found[start : start + size]}
        response = web.json_response(body)
        if start + size < len(found):
            path = f"/acr/v1/{quote(name, safe='')}/_{key}?last={start + size}&n={size}&orderby=timedesc"
            response.headers["Link"] = f'<{path}>; rel="next"'
        return response


def tag_entries(repository: Repository) -> Iterable[dict[str, Any]]:
    for name, tag in repository.tags.items():
        moment = tag.pushed_at.strftime("%Y-%m-%dT%H:%M:%S.1234567Z")
        yield {
            "name": name,
            "digest": tag.digest,
            "createdTime": moment,
            "lastUpdateTime": moment,
            "signed": False,
            "changeableAttributes": {"deleteEnabled": True, "writeEnabled": True, "readEnabled": True},
        }


def manifest_entries(repository: Repository) -> Iterable[dict[str, Any]]:
    """An index comes without platform; untagged manifests are among them."""
    for digest, manifest in repository.manifests.items():
        tags = [name for name, tag in repository.tags.items() if tag.digest == digest]
        moment = max((repository.tags[name].pushed_at for name in tags), default=repository.created_at)
        entry = {
            "digest": digest,
            "imageSize": manifest.size or 0,
            "createdTime": moment.strftime("%Y-%m-%dT%H:%M:%S.1234567Z"),
            "lastUpdateTime": moment.strftime("%Y-%m-%dT%H:%M:%S.1234567Z"),
            "mediaType": manifest.media_type,
            "tags": tags,
        }
        about = {"architecture": manifest.architecture, "os": manifest.os} if manifest.kind == "image" else {}
        yield {**entry, **about}


def managed_identity(fake: Fake, account: Account) -> dict[str, str]:
    """What makes Azure's default credential chain this account."""
    return {"IDENTITY_ENDPOINT": f"{fake.url}/identity", "IDENTITY_HEADER": account.secret}
