"""Reads manifests and image configs: each digest once, children after their index."""

import asyncio
from collections.abc import Iterator

from registry_assets.crawl.documents import config_record, manifest_records, unreadable_record
from registry_assets.errors import BrokenAnswer, MalformedDocument, NothingThere, RegistryAssetsError, TooLarge
from registry_assets.oci.image_config import parse_image_config
from registry_assets.oci.manifest import Descriptor, Manifest, parse_manifest
from registry_assets.oci.media_types import IMAGE_MANIFESTS, INDEXES
from registry_assets.records import ConfigRecord, Record
from registry_assets.registry.listing import Registry
from registry_assets.warehouse import Known

MAX_DEPTH = 8
# The content behind a digest never changes, so these do not pass by asking again soon.
PERMANENT = (NothingThere, BrokenAnswer, MalformedDocument)


class ManifestReader:
    """What is left to read of a provider's manifests, and how to read one."""

    def __init__(self, registry: Registry, known: Known, *, full: bool) -> None:
        self._registry = registry
        self._known_configs = known.configs
        self._settled = known.manifests if full else known.manifests | known.unreadable
        self._claimed: set[str] = set()
        self._configs: dict[str, asyncio.Future[ConfigRecord | RegistryAssetsError]] = {}
        self.reached: set[str] = set()

    def claim(self, digest: str) -> bool:
        """Whether the caller is to read `digest`: nobody has, and nobody is about to."""
        self.reached.add(digest)
        if digest in self._settled or digest in self._claimed:
            return False
        self._claimed.add(digest)
        return True

    def release(self, digest: str) -> None:
        """Let another repository that holds `digest` try."""
        self._claimed.discard(digest)

    async def read(self, repository: str, digest: str, depth: int) -> tuple[list[Record], list[Descriptor]]:
        """The rows of one manifest with its config, and the children that are to be read next."""
        if depth > MAX_DEPTH:
            message = f"an index nested deeper than {MAX_DEPTH} levels is not followed"
            raise TooLarge(message)
        fetched = await self._registry.fetch_manifest(repository, digest)
        manifest = parse_manifest(fetched.body, fetched.media_type)
        records: list[Record] = list(manifest_records(digest, manifest))
        return records, [child for child in manifest.children if _is_manifest(child)]

    async def read_config(self, repository: str, manifest_config: str) -> ConfigRecord | None:
        """The rows of an image config; none where it is known already. Permanent failures are raised to every asker."""
        if manifest_config in self._known_configs:
            return None
        waiting = self._configs.get(manifest_config)
        if waiting is not None:
            outcome = await asyncio.shield(waiting)
            if isinstance(outcome, RegistryAssetsError):
                raise outcome
            return None
        return await self._fetch_config(repository, manifest_config)

    async def _fetch_config(self, repository: str, digest: str) -> ConfigRecord:
        pending = self._configs[digest] = asyncio.get_running_loop().create_future()
        try:
            record = config_record(digest, parse_image_config(await self._registry.fetch_blob(repository, digest)))
        except RegistryAssetsError as error:
            if not isinstance(error, PERMANENT):
                del self._configs[digest]
            pending.set_result(error)
            raise
        except BaseException:
            pending.cancel()
            raise
        pending.set_result(record)
        return record


def config_to_read(body_records: list[Record]) -> Iterator[str]:
    """The config digests that image rows name and that hold an image config."""
    for record in body_records:
        if getattr(record, "kind", None) == "image" and getattr(record, "config_digest", None):
            yield str(record.config_digest)  # type: ignore[union-attr]


def unreadable(digest: str) -> list[Record]:
    return [unreadable_record(digest)]


def _is_manifest(child: Descriptor) -> bool:
    return child.media_type is None or child.media_type in IMAGE_MANIFESTS or child.media_type in INDEXES


__all__ = ["PERMANENT", "Manifest", "ManifestReader", "config_to_read", "unreadable"]
