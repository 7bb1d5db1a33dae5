"""Harbor: projects, repositories and artifacts from its API.

https://github.com/goharbor/harbor/blob/main/api/v2.0/swagger.yaml
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Self
from urllib.parse import quote

from registry_assets.errors import BrokenAnswer, NotAllowed, NothingThere, RegistryError
from registry_assets.oci.digest import is_digest
from registry_assets.oci.reference import is_repository_name, is_tag
from registry_assets.oci.times import parse_time
from registry_assets.providers.selection import Selection, split_name
from registry_assets.registry.auth import Authenticator
from registry_assets.registry.challenge import Challenge
from registry_assets.registry.client import Client
from registry_assets.registry.distribution import Distribution
from registry_assets.registry.flavours.documents import number, objects, platform
from registry_assets.registry.listing import ListedRepository, ListedTag
from registry_assets.registry.pages import next_link
from registry_assets.registry.trust import Trust

SERVICE = "harbor-registry"
REALM = "/service/token"
API = "/api/v2.0"
PAGE = 100
MOST_PAGES = 10_000
# Harbor's words for all artifacts that have a tag.
TAGGED = "tags=*"


class Harbor:
    """Harbor's listing. Artifacts come by their own push time, which a tag moved to an old one does not follow."""

    newest_first = False

    def __init__(self, registry: Distribution) -> None:
        self._registry = registry
        asked = registry.client
        authenticator = BasicFirst(registry.transport, Trust(asked.base), asked.authenticator.login)
        self._api = Client(asked.provider, registry.transport, asked.base, authenticator)

    @classmethod
    def recognise(cls, registry: Distribution, challenge: Challenge) -> Self | None:
        """By its token service. A ready token is for the registry alone, so the API is left out then."""
        if challenge.service != SERVICE or not challenge.realm.endswith(REALM):
            return None
        registry.unknown_codes |= {"NOT_FOUND"}
        return cls(registry) if registry.client.authenticator.login.scheme in ("anonymous", "basic") else None

    async def prepare(self) -> None:
        """The API takes a wrong password for nobody's, and shows what is public: the token service has to judge it.

        The registry itself answers a missing right like a wrong password.
        """
        if self._api.authenticator.login.scheme == "basic":
            await self._registry.client.authenticator.prepare("")
            self._registry.client.authenticator.accepted = self._api.authenticator.accepted = True

    async def list_repositories(self, selection: Selection) -> AsyncIterator[Sequence[ListedRepository]]:
        """What is named one by one; else the named projects', else those of all projects that these credentials see.

        Not by `/repositories`, which leaves out the private projects of a robot account without a word.
        """
        named, width = sorted(selection.named_repositories), self._registry.concurrency
        for start in range(0, len(named), width):
            yield await asyncio.gather(*map(self._fetch_repository, named[start : start + width]))
        if selection.fully_named:
            return
        refused: RegistryError | None = None
        async for project in self._projects(selection):
            try:
                async for page in self._pages(f"/projects/{quote(project, safe='')}/repositories"):
                    yield list(self._listed(page))
            except (NotAllowed, NothingThere) as error:
                refused = error
        if refused:
            raise refused

    async def _projects(self, selection: Selection) -> AsyncIterator[str]:
        for project in sorted(selection.named_namespaces):
            yield project
        if not selection.namespaces_named:
            async for page in self._pages("/projects"):
                for entry in page:
                    if entry.get("repo_count") != 0 and entry.get("name") not in selection.named_namespaces:
                        yield str(entry.get("name", ""))

    async def _fetch_repository(self, repository: str) -> ListedRepository:
        """Unconfirmed where it cannot be seen: listing its tags then tells why."""
        try:
            return listed_repository(await self._api.fetch_json(f"{API}{repository_path(repository)}"))
        except (NotAllowed, NothingThere, BrokenAnswer):
            return ListedRepository(repository, confirmed=False)

    def _listed(self, page: list[dict[str, Any]]) -> Iterator[ListedRepository]:
        for entry in page:
            listed = listed_repository(entry)
            if is_repository_name(listed.repository):
                yield listed
            else:
                self._registry.skipped.append(listed.repository)

    async def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:
        """The tags of all tagged artifacts. A tag that moved to a new one meanwhile is on the first page."""
        path = f"{repository_path(repository)}/artifacts"
        query = {"q": TAGGED, "with_tag": "true", "sort": "-push_time"}
        pages = 0
        async for page in self._pages(path, **query):
            pages += 1
            yield [tag for artifact in page for tag in artifact_tags(artifact)]
        if pages > 1:
            newest, _, _ = await self._ask_page(path, 1, **query)
            yield [tag for artifact in newest for tag in artifact_tags(artifact)]

    async def _pages(self, path: str, **query: str) -> AsyncIterator[list[dict[str, Any]]]:
        """Each page's objects. A list from which entries slip away between two pages is an error."""
        seen: set[object] = set()
        for page in range(1, MOST_PAGES + 1):
            entries, more, total = await self._ask_page(path, page, **query)
            seen.update(entry.get("digest") or entry.get("name") for entry in entries)
            yield entries
            if not more:
                if len(seen) < total:
                    raise BrokenAnswer(f"the list at {path} changed while it was read")
                return
        raise BrokenAnswer(f"the list at {path} does not end after {MOST_PAGES} pages")

    async def _ask_page(self, path: str, page: int, **query: str) -> tuple[list[dict[str, Any]], bool, int]:
        url = self._api.url(f"{API}{path}", page=page, page_size=PAGE, **query)
        response = await self._api.request("GET", url, headers={"accept": "application/json"})
        total = response.headers.get("x-total-count", "")
        return objects(response), next_link(response) is not None, int(total) if total.isdecimal() else 0


class BasicFirst(Authenticator):
    """Sends the password without being asked: Harbor's API asks nobody, it answers with less."""

    async def prepare(self, scope: str) -> str | None:  # noqa: ARG002 - its base's parameters
        return self.login.basic() if self.login.scheme == "basic" else None


def repository_path(repository: str) -> str:
    """Where the API has a repository: slashes in its name encoded twice over, as the API's description asks for."""
    project, name = split_name(repository)
    if not is_repository_name(repository) or not project:
        raise NothingThere(f"Harbor's repositories are `project/name`; `{repository}` cannot be one of them")
    return f"/projects/{project}/repositories/{quote(quote(name, safe=''), safe='')}"


def listed_repository(entry: Any) -> ListedRepository:
    """Definition `Repository` of the API's description; `name` is the full name."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise BrokenAnswer("Harbor lists a repository without a name")
    return ListedRepository(
        repository=entry["name"],
        description=str(entry.get("description") or "") or None,
        pull_count=number(entry.get("pull_count")),
        created_at=parse_time(entry.get("creation_time")),
        updated_at=parse_time(entry.get("update_time")),
    )


def artifact_tags(artifact: dict[str, Any]) -> Iterator[ListedTag]:
    """The tags of one artifact (definitions `Artifact` and `Tag`)."""
    digest = str(artifact.get("digest", ""))
    tags = artifact.get("tags")
    for tag in tags if isinstance(tags, list) and is_digest(digest) else ():
        if isinstance(tag, dict) and is_tag(str(tag.get("name", ""))):
            yield ListedTag(
                tag=str(tag["name"]),
                digest=digest,
                media_type=str(artifact.get("manifest_media_type") or "") or None,
                pushed_at=parse_time(tag.get("push_time")) or parse_time(artifact.get("push_time")),
                last_pulled_at=parse_time(tag.get("pull_time")),
                size=number(artifact.get("size")),
                platforms=tuple(dict.fromkeys(platforms(artifact))),
            )


def platforms(artifact: dict[str, Any]) -> Iterator[str]:
    """Those of an index's references, else the image's own."""
    references = artifact.get("references")
    described = [reference.get("platform") for reference in references] if isinstance(references, list) else []
    for one in described or [artifact.get("extra_attrs")]:
        found = platform(one) if isinstance(one, dict) else None
        if found:
            yield found
