"""Reads manifests and image configs: each digest once, children after their index."""

import asyncio
from typing import NamedTuple

from registry_assets.crawl.documents import config_record, manifest_records
from registry_assets.errors import BrokenAnswer, MalformedDocument, NothingThere, RegistryAssetsError, TooLarge
from registry_assets.oci.image_config import parse_image_config
from registry_assets.oci.manifest import Descriptor, parse_manifest
from registry_assets.oci.media_types import IMAGE_MANIFESTS, INDEXES
from registry_assets.records import ConfigRecord, Record
from registry_assets.registry.listing import Registry
from registry_assets.warehouse import Known

MAX_DEPTH = 8
# The content behind a digest never changes, so these do not pass by asking again soon.
PERMANENT = (NothingThere, BrokenAnswer, MalformedDocument)


class ManifestRead(NamedTuple):
    """The rows of one manifest, the children to read next, and the config to read with it."""

    records: list[Record]
    children: list[str]
    config: str | None


class ManifestReader:
    """What is left to read of a provider's manifests, and how to read one."""

    def __init__(self, registry: Registry, known: Known, *, full: bool) -> None:
        self._registry = registry
        self._known_configs = known.configs
        self._settled = known.manifests if full else known.manifests | known.unreadable
        self._claimed: set[str] = set()
        self._holders: dict[str, list[tuple[str, int]]] = {}
        self.unreadable: set[str] = set()
        self._configs: dict[str, asyncio.Future[RegistryAssetsError | None]] = {}
        self.reached: set[str] = set()

    def claim(self, repository: str, digest: str, depth: int) -> bool:
        """Whether the caller is to read `digest` in `repository`: nobody has, and nobody is about to."""
        self.reached.add(digest)
        if digest in self._settled:
            return False
        if digest in self._claimed:
            if digest in self._holders:
                self._holders[digest].append((repository, depth))
            return False
        self._claimed.add(digest)
        self._holders[digest] = []
        return True

    def settle(self, digest: str) -> None:
        """It was read, or nobody's copy can be better: nobody else needs to ask."""
        self._holders.pop(digest, None)

    def release(self, digest: str) -> tuple[str, int] | None:
        """The next repository that holds `digest`, and the depth, to try there; None where none is known so far."""
        holders = self._holders[digest]
        if holders:
            return holders.pop(0)
        self._claimed.discard(digest)
        return None

    async def read(self, repository: str, digest: str, depth: int) -> ManifestRead:
        """One manifest, fetched. `TooLarge` where indexes nest beyond reason."""
        if depth > MAX_DEPTH:
            message = f"an index nested deeper than {MAX_DEPTH} levels is not followed"
            raise TooLarge(message)
        fetched = await self._registry.fetch_manifest(repository, digest)
        manifest = parse_manifest(fetched.body, fetched.media_type)
        config = manifest.config.digest if manifest.config and manifest.has_image_config else None
        children = [child.digest for child in manifest.children if _is_manifest(child)]
        return ManifestRead(list(manifest_records(digest, manifest)), children, config)

    async def read_config(self, repository: str, digest: str) -> ConfigRecord | None:
        """The row of an image config, none where it is known already. Its failure is raised to all who need it."""
        if digest in self._known_configs:
            return None
        if digest not in self._configs:
            return await self._fetch_config(repository, digest)
        failure = await asyncio.shield(self._configs[digest])
        if failure:
            raise failure
        return None

    async def _fetch_config(self, repository: str, digest: str) -> ConfigRecord:
        outcome = self._configs[digest] = asyncio.get_running_loop().create_future()
        try:
            record = config_record(digest, parse_image_config(await self._registry.fetch_blob(repository, digest)))
        except RegistryAssetsError as error:
            if not isinstance(error, PERMANENT):
                del self._configs[digest]
            outcome.set_result(error)
            raise
        except BaseException:
            outcome.cancel()
            raise
        outcome.set_result(None)
        return record


def _is_manifest(child: Descriptor) -> bool:
    return child.media_type is None or child.media_type in IMAGE_MANIFESTS or child.media_type in INDEXES
