"""GitHub's container registry (ghcr.io) with its token server, and GitHub's REST API (api.github.com), on one origin.

What is relied on:
- packages and versions: https://docs.github.com/en/rest/packages/packages (100 a page, `Link`; a classic token with
  `read:packages`; names with a slash URL-encoded)
- the user and their organisations: https://docs.github.com/en/rest/users/users#get-the-authenticated-user,
  https://docs.github.com/en/rest/orgs/orgs#list-organizations-for-the-authenticated-user (`read:org` or `user`)
- paging: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
- limits: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api (403 with nothing remaining)
- only classic tokens:
  https://docs.github.com/en/packages/working-with-a-github-packages-registry/working-with-the-container-registry
- messages: as quoted in public issues ("You need at least read:packages scope to list packages.", "denied: denied")
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from aiohttp import web

from registry_assets_tests.flavours.corpus import Corpus, Repository
from registry_assets_tests.flavours.fake import Account, Fake, Handler, whole_number

FINE_GRAINED = "github_pat_"


class GhcrFake(Fake):
    """`users` are the namespaces that belong to a user; every other one of the corpus is an organisation's."""

    service: ClassVar[str] = "ghcr.io"
    longest_page: ClassVar[int] = 100
    caps_silently: ClassVar[bool] = True

    def __init__(self, corpus: Corpus, *accounts: Account, expire_every: int = 0) -> None:
        super().__init__(corpus, *accounts, expire_every=expire_every)
        self.users = {account.username for account in accounts}
        self.organizations: dict[str, list[str]] = {}
        self.remaining = 5000

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", "/user", self.user
        yield "GET", "/user/orgs", self.user_organizations
        for kind in ("orgs", "users"):
            yield "GET", f"/{{kind:{kind}}}/{{owner}}/packages", self.packages
            yield "GET", f"/{{kind:{kind}}}/{{owner}}/packages/container/{{name}}/versions", self.versions
        yield from super().routes()

    # The REST API

    def caller(self, request: web.Request, doing: str, *scopes: str) -> Account | web.Response:
        """The account of the request's token where it has one of the scopes; else the refusal."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        account = next((one for one in self.accounts.values() if one.secret == secret), None)
        if not scheme or scheme.lower() not in ("bearer", "token"):
            return message(401, "Requires authentication")
        if account is None:
            return message(401, "Bad credentials")
        if self.remaining <= 0:
            headers = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}
            return message(403, f"API rate limit exceeded for user ID {account.username}.", headers)
        self.remaining -= 1
        if scopes and secret.startswith(FINE_GRAINED):
            return message(403, "Resource not accessible by personal access token")
        if scopes and not account.scopes & set(scopes):
            return message(403, f"You need at least {scopes[0]} scope to {doing}.")
        return account

    async def user(self, request: web.Request) -> web.StreamResponse:
        account = self.caller(request, "read the user")
        return account if isinstance(account, web.Response) else web.json_response({"login": account.username})

    async def user_organizations(self, request: web.Request) -> web.StreamResponse:
        account = self.caller(request, "list your organizations", "read:org", "user")
        if isinstance(account, web.Response):
            return account
        return self.rest_page(request, [{"login": name} for name in self.organizations.get(account.username, [])])

    async def packages(self, request: web.Request) -> web.StreamResponse:
        account = self.caller(request, "list packages", "read:packages")
        if isinstance(account, web.Response):
            return account
        if request.query.get("package_type") != "container":
            self.violate(request, "package_type is required, and containers are what is wanted")
            return message(422, "Invalid package_type")
        owner = request.match_info["owner"]
        if not self._is_kind(request, owner):
            return message(404, "Not Found")
        found = [one for one in self.corpus.of(owner) if self.may_read(account, one)]
        return self.rest_page(request, [package(one) for one in found])

    async def versions(self, request: web.Request) -> web.StreamResponse:
        account = self.caller(request, "get a package's versions", "read:packages")
        if isinstance(account, web.Response):
            return account
        owner, name = request.match_info["owner"], request.match_info["name"]
        found = self.corpus.repositories.get(f"{owner}/{name}")
        if found is None or not self._is_kind(request, owner) or not self.may_read(account, found):
            return message(404, "Package not found.")
        return self.rest_page(request, list(versions(found)))

    def _is_kind(self, request: web.Request, owner: str) -> bool:
        return (owner in self.users) == (request.match_info["kind"] == "users")

    def rest_page(self, request: web.Request, entries: list[dict[str, Any]]) -> web.Response:
        page, size = whole_number(request, "page", 1), whole_number(request, "per_page", 30)
        if page < 1 or not 1 <= size <= 100:
            self.violate(request, f"page {page} of {size}: pages have at most 100 entries")
        response = web.json_response(entries[(page - 1) * size : page * size])
        response.headers["X-RateLimit-Remaining"] = str(self.remaining)
        if page * size < len(entries):
            following = request.url.with_query({**request.query, "page": str(page + 1)})
            response.headers["Link"] = f'<{following}>; rel="next", <{following}>; rel="last"'
        return response

    # The registry

    def account(self, username: str, secret: str) -> Account | None:  # noqa: ARG002 - what it is about
        """GitHub reads the token only, whatever the user name says."""
        return next((one for one in self.accounts.values() if one.secret == secret), None)

    def may_read(self, account: Account | None, repository: Repository) -> bool:
        allowed = (
            account is not None and "read:packages" in account.scopes and not account.secret.startswith(FINE_GRAINED)
        )
        return super().may_read(account if allowed else None, repository)

    def wrong_password(self) -> web.Response:
        return self.error(403, "DENIED", "denied")

    async def token(self, request: web.Request) -> web.StreamResponse:
        """Refuses at once what it would have to give an empty token for."""
        response = await super().token(request)
        for scope in request.query.getall("scope", []):
            account = self.login(request)
            if response.status == 200 and not isinstance(account, web.Response) and not self.grants(account, scope):
                return self.error(403, "DENIED", "requested access to the resource is denied")
        return response

    def refuse(self, request: web.Request, scope: str) -> web.Response | None:
        _, _, value = request.headers.get("Authorization", "").partition(" ")
        if any(account.secret == value for account in self.accounts.values()):
            self.violate(request, "a personal access token where an exchanged one belongs")
            return self.error(403, "DENIED", "denied")
        return super().refuse(request, scope)

    async def catalog(self, request: web.Request) -> web.StreamResponse:
        self.violate(request, "GHCR has no catalog")
        return self.error(403, "DENIED", "permission denied")

    def tag_names(self, repository: Repository) -> list[str]:
        """Oldest first."""
        return list(repository.tags)


def package(repository: Repository) -> dict[str, Any]:
    return {
        "name": repository.name.partition("/")[2],
        "package_type": "container",
        "visibility": "private" if repository.private else "public",
        "version_count": len(repository.manifests),
        "created_at": repository.created_at.isoformat().replace("+00:00", "Z"),
        "updated_at": repository.updated_at.isoformat().replace("+00:00", "Z"),
    }


def versions(repository: Repository) -> Iterable[dict[str, Any]]:
    """One per manifest, untagged children and all; `name` is the digest."""
    for digest in reversed(repository.manifests):
        tags = [name for name, tag in repository.tags.items() if tag.digest == digest]
        moments = [repository.tags[name].pushed_at for name in tags] or [repository.created_at]
        yield {
            "id": 1,
            "name": digest,
            "metadata": {"package_type": "container", "container": {"tags": tags}},
            "created_at": min(moments).isoformat().replace("+00:00", "Z"),
            "updated_at": max(moments).isoformat().replace("+00:00", "Z"),
        }


def message(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"message": text, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    return web.json_response(body, status=status, headers=headers)
