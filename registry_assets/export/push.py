"""Sends the graph to a Devgraph server, and deletes there what was sent before and is gone.

https://github.com/arctir/devgraph-api: `POST /api/v1/entities/bulk`, `POST /api/v1/entities/relations/bulk`,
`DELETE /api/v1/entities/{group}/{version}/{kind}/{namespace}/{name}`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from registry_assets.errors import (
    ConfigurationError,
    CredentialsRejected,
    DidNotAnswer,
    NothingThere,
    RateLimited,
    RegistryError,
)
from registry_assets.export.graph import API_VERSION, Document, Graph
from registry_assets.warehouse import Warehouse

BATCH = 100
ATTEMPTS = 4
TOKEN_VARIABLE = "DEVGRAPH_TOKEN"  # noqa: S105 - the variable's name
GROUP, VERSION = API_VERSION.split("/")


@dataclass(frozen=True, slots=True)
class Pushed:
    """How many entities and relations were sent, and how many entities were deleted."""

    entities: int
    relations: int
    deleted: int


class Devgraph:
    """A Devgraph server, by its base URL."""

    def __init__(self, url: str, token: str, environment: str | None = None, *, timeout: float = 60) -> None:
        if urlsplit(url).scheme not in {"http", "https"} or urlsplit(url).username:
            message = "--push takes an http or https URL without credentials in it"
            raise ConfigurationError(message)
        headers = {"Authorization": f"Bearer {token}"} | ({"Devgraph-Environment": environment} if environment else {})
        self.target = f"{url.rstrip('/')} {environment or ''}".strip()
        self._client = httpx.Client(
            base_url=url.rstrip("/"),
            headers=headers,
            timeout=timeout,
            transport=httpx.HTTPTransport(retries=ATTEMPTS - 1),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def create_entities(self, kind: str, namespace: str, entities: list[Document]) -> None:
        """Create or replace entities of one kind in one namespace, 100 at most."""
        query = {"group": GROUP, "version": VERSION, "namespace": namespace, "plural": f"{kind.lower()}s"}
        self._send("POST", "/api/v1/entities/bulk", params=query, json={"entities": entities})

    def create_relations(self, namespace: str, relations: list[Document]) -> None:
        """Create relations whose source is in one namespace, 100 at most."""
        self._send("POST", "/api/v1/entities/relations/bulk", json={"namespace": namespace, "relations": relations})

    def delete_entity(self, kind: str, namespace: str, name: str) -> None:
        """Delete an entity; one that is not there counts as deleted."""
        path = "/".join(quote(part, safe="") for part in (GROUP, VERSION, kind, namespace, name))
        try:
            self._send("DELETE", f"/api/v1/entities/{path}")
        except NothingThere:
            return

    def _send(self, method: str, path: str, **content: Any) -> None:
        for attempt in range(ATTEMPTS):
            try:
                response = self._client.request(method, path, **content)
            except httpx.TransportError as error:
                raise DidNotAnswer(f"no answer: {type(error).__name__}", method=method, url=self._url(path)) from None
            if response.status_code not in {429, 502, 503, 504} or attempt == ATTEMPTS - 1:
                break
        self._check(response, method, path)

    def _check(self, response: httpx.Response, method: str, path: str) -> None:
        """A bulk answer of 201 may still name items that failed."""
        if response.is_success:
            failed = _failed_items(response)
            if not failed:
                return
            detail = f"{len(failed)} items were refused, the first: {str(failed[0])[:300]}"
            raise RegistryError(detail, method=method, url=self._url(path), status=response.status_code)
        kinds = {401: CredentialsRejected, 403: CredentialsRejected, 404: NothingThere, 429: RateLimited}
        kind = kinds.get(response.status_code, DidNotAnswer if response.status_code >= 500 else RegistryError)
        detail = " ".join(response.text.split())[:300] or response.reason_phrase
        advice = f"Check the token in {TOKEN_VARIABLE}." if kind is CredentialsRejected else None
        raise kind(detail, method=method, url=self._url(path), status=response.status_code, advice=advice)

    def _url(self, path: str) -> str:
        return f"{self._client.base_url}{path.lstrip('/')}"


def push(graph: Graph, warehouse: Warehouse, devgraph: Devgraph, report: Callable[[str], None]) -> Pushed:
    """Entities first, then relations, then deletions; what was sent is remembered before it is sent.

    Only entities of providers whose newest crawl was complete are deleted, or of providers that were forgotten.
    """
    warehouse.remember_pushed(devgraph.target)
    entities = _send_entities(graph, devgraph, report)
    relations = _send_relations(graph, devgraph, report)
    deleted = 0
    for kind, namespace, name in warehouse.pushed_and_gone(devgraph.target):
        devgraph.delete_entity(kind, namespace, name)
        warehouse.forget_pushed(devgraph.target, (kind, namespace, name))
        deleted += 1
    return Pushed(entities, relations, deleted)


def _send_entities(graph: Graph, devgraph: Devgraph, report: Callable[[str], None]) -> int:
    sent = 0
    by_kind = groupby(graph.entities(), key=lambda entity: (entity["kind"], entity["metadata"]["namespace"]))
    for (kind, namespace), entities in by_kind:
        for batch in _batches(entities):
            devgraph.create_entities(kind, namespace, batch)
            sent += len(batch)
            report(f"{sent:,} entities")
    return sent


def _send_relations(graph: Graph, devgraph: Devgraph, report: Callable[[str], None]) -> int:
    sent = 0
    for namespace, relations in groupby(graph.relations(), key=lambda relation: relation["namespace"]):
        for batch in _batches(relations):
            devgraph.create_relations(namespace, batch)
            sent += len(batch)
            report(f"{sent:,} relations")
    return sent


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    iterator = iter(documents)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _failed_items(response: httpx.Response) -> list[Any]:
    try:
        answer = response.json()
    except ValueError:
        return []
    found = answer if isinstance(answer, dict) else {}
    return [*(found.get("failed_entities") or []), *(found.get("failed_relations") or [])]
