"""Harbor: its registry with the token service, and its API, on one origin.

What is relied on:
- projects, repositories, artifacts: https://github.com/goharbor/harbor/blob/main/api/v2.0/swagger.yaml (at most 100 a
  page, `Link` and `X-Total-Count`; slashes in a repository's name encoded twice, also
  https://github.com/goharbor/harbor/issues/18355)
- who sees what: https://github.com/goharbor/harbor/blob/main/src/server/v2.0/handler/project.go (an administrator all
  projects, others their own and the public ones) and …/repository.go (`/repositories` gives a robot the public ones only)
- a repository that is not there is `NOT_FOUND` in the registry too:
  https://github.com/goharbor/harbor/blob/main/src/server/registry/tag.go
- artifacts of a repository that is not there are an empty list: …/artifact.go, and issue 12131
- a wrong password makes a request anonymous: https://github.com/goharbor/harbor/tree/main/src/server/middleware/security
- the token service refuses the anonymous without a scope: …/src/core/service/token/creator.go
- challenges: https://github.com/goharbor/harbor/blob/main/src/server/middleware/v2auth/auth.go (Bearer with
  `service="harbor-registry"` where no credentials were sent; Basic for `_catalog`, and where some were sent and refused),
  also https://github.com/goharbor/harbor/issues/12192 and …/17930
- `_catalog` for administrators by Basic: https://github.com/goharbor/harbor/issues/22118 and …/13573
Simplified: what is public is a matter of each repository here, of projects there.
"""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import unquote

from aiohttp import web

from registry_assets_tests.flavours.corpus import Manifest, Repository
from registry_assets_tests.flavours.fake import Account, Fake, Handler, whole_number

NEVER = "0001-01-01T00:00:00.000Z"
LIST = "list"
"""The right of an account to list repositories and artifacts; a robot may have `pull` alone."""


class HarborFake(Fake):
    """An account with `catalog` is an administrator; others sign in, and see by their `namespaces`."""

    service: ClassVar[str] = "harbor-registry"

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", "/service/token", self.token
        yield "GET", "/api/v2.0/projects", self.projects
        yield "GET", "/api/v2.0/projects/{project}/repositories", self.repositories
        yield "GET", "/api/v2.0/projects/{project}/repositories/{name}", self.repository
        yield "GET", "/api/v2.0/projects/{project}/repositories/{name}/artifacts", self.artifacts
        yield from (route for route in super().routes() if route[1] != "/token")

    # The API

    def caller(self, request: web.Request) -> Account | None:
        """Who asks: nobody, where the password is wrong."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme and scheme.lower() != "basic":
            self.violate(request, f"{scheme} credentials for Harbor's API")
            return None
        username, _, secret = base64.b64decode(value).decode().partition(":")
        return self.account(username, secret)

    def forbidden(self, account: Account | None) -> web.Response:
        if account:
            return self.error(403, "FORBIDDEN", "forbidden")
        return self.error(401, "UNAUTHORIZED", "unauthorized")

    def may_list(self, account: Account | None, repository: Repository) -> bool:
        return self.may_read(account, repository) and (account is None or LIST in account.scopes)

    async def projects(self, request: web.Request) -> web.StreamResponse:
        account = self.caller(request)
        names = sorted({one.namespace for one in self.corpus.repositories.values() if self.may_read(account, one)})
        entries = [{"name": name, "repo_count": len(self.corpus.of(name))} for name in [*names, "void"]]
        entries[-1]["repo_count"] = 0
        return self.api_page(request, entries)

    async def repositories(self, request: web.Request) -> web.StreamResponse:
        account, project = self.caller(request), request.match_info["project"]
        found = self.corpus.of(project)
        if not found:
            return self.error(404, "NOT_FOUND", f"project {project} not found")
        listed = [one for one in found if self.may_list(account, one)]
        return self.api_page(request, [entry(one) for one in listed]) if listed else self.forbidden(account)

    async def repository(self, request: web.Request) -> web.StreamResponse:
        account, name = self.caller(request), self.full_name(request)
        found = self.corpus.repositories.get(name)
        if found is None:
            return self.error(404, "NOT_FOUND", f"repository {name} not found")
        return web.json_response(entry(found)) if self.may_list(account, found) else self.forbidden(account)

    async def artifacts(self, request: web.Request) -> web.StreamResponse:
        account = self.caller(request)
        found = self.corpus.repositories.get(self.full_name(request))
        if found is None:
            return self.api_page(request, [])
        if not self.may_list(account, found):
            return self.forbidden(account)
        if request.query.get("q") != "tags=*" or request.query.get("sort") != "-push_time":
            self.violate(request, "untagged artifacts are not wanted, new ones come first")
        return self.api_page(request, list(reversed(list(artifacts(found)))))

    def full_name(self, request: web.Request) -> str:
        name = request.match_info["name"]
        if "/" in name:
            self.violate(request, "slashes in a repository's name are encoded twice")
        return f"{request.match_info['project']}/{unquote(name)}"

    def api_page(self, request: web.Request, entries: list[dict[str, Any]]) -> web.Response:
        page, size = whole_number(request, "page", 1), whole_number(request, "page_size", 10)
        if page < 1 or not 1 <= size <= 100:
            self.violate(request, f"page {page} of {size}: pages have at most 100 entries")
        response = web.json_response(entries[(page - 1) * size : page * size] or None)
        response.headers["X-Total-Count"] = str(len(entries))
        if page * size < len(entries):
            following = request.rel_url.with_query({**request.query, "page": str(page + 1)})
            response.headers["Link"] = f'<{following}>; rel="next"'
        return response

    # The registry

    async def token(self, request: web.Request) -> web.StreamResponse:
        account = self.login(request)
        if not isinstance(account, Account) and not request.query.getall("scope", []):
            return self.error(401, "UNAUTHORIZED", "unauthorized")
        return await super().token(request)

    def grants(self, account: Account | None, scope: str) -> bool:
        """A right to pull is one to pull everything of a project, be it there or not."""
        _, name, _ = scope.rsplit(":", 2) if scope.count(":") > 1 else ("", "", "")
        own = account is not None and name.partition("/")[0] in account.namespaces
        return own if name not in self.corpus.repositories and name != "catalog" else super().grants(account, scope)

    async def tags(self, request: web.Request) -> web.StreamResponse:
        response = await super().tags(request)
        name = request.match_info["name"]
        return self.error(404, "NOT_FOUND", f"repository {name} not found") if response.status == 404 else response

    def challenge(self, scope: str, error: str = "") -> web.Response:
        if error or scope.startswith("registry:"):
            response = self.error(401, "UNAUTHORIZED", "unauthorized to access repository")
            response.headers["WWW-Authenticate"] = 'Basic realm="harbor"'
            return response
        response = super().challenge(scope)
        told = response.headers["WWW-Authenticate"].replace("/token", "/service/token")
        response.headers["WWW-Authenticate"] = told
        return response

    def refuse(self, request: web.Request, scope: str) -> web.Response | None:
        """Since 2.0 the registry takes Basic as well."""
        if request.headers.get("Authorization", "").lower().startswith("basic "):
            account = self.caller(request)
            allowed = account is not None and (not scope or self.grants(account, scope))
            return None if allowed else self.challenge(scope, "refused")
        if scope.startswith("registry:"):
            return self.challenge(scope)
        return super().refuse(request, scope)


def entry(repository: Repository) -> dict[str, Any]:
    return {
        "id": 1,
        "project_id": 1,
        "name": repository.name,
        "description": repository.description,
        "artifact_count": len(repository.manifests),
        "pull_count": repository.pull_count,
        "creation_time": moment(repository.created_at),
        "update_time": moment(repository.updated_at),
    }


def artifacts(repository: Repository) -> Iterable[dict[str, Any]]:
    """Tagged ones, the oldest first. Signatures are accessories of what they sign and not listed."""
    for digest, manifest in repository.manifests.items():
        tags = {name: tag for name, tag in repository.tags.items() if tag.digest == digest}
        if not tags or manifest.kind == "signature":
            continue
        yield {
            "type": "IMAGE",
            "digest": digest,
            "media_type": "application/vnd.oci.image.config.v1+json",
            "manifest_media_type": manifest.media_type,
            "size": manifest.size or len(manifest.body),
            "push_time": moment(min(tag.pushed_at for tag in tags.values())),
            "pull_time": NEVER,
            "extra_attrs": {"architecture": manifest.architecture, "os": manifest.os} if manifest.os else None,
            "references": references(manifest),
            "tags": [
                {"name": name, "push_time": moment(tag.pushed_at), "pull_time": NEVER, "immutable": False}
                for name, tag in tags.items()
            ],
        }


def references(manifest: Manifest) -> list[dict[str, Any]] | None:
    return [
        {"child_digest": child.digest, "platform": {"architecture": architecture, "os": system, "variant": ""}}
        for child in manifest.children
        for system, architecture in child.platforms
    ] or None


def moment(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
