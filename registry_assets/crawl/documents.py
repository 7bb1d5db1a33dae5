"""Documents to rows."""

from collections.abc import Iterator

from registry_assets.oci.image_config import ImageConfig
from registry_assets.oci.manifest import Descriptor, Manifest, Platform, child_kind
from registry_assets.providers.selection import split_name
from registry_assets.records import ChildRecord, ConfigRecord, LayerRecord, ManifestRecord, RepositoryRecord
from registry_assets.registry.listing import ListedRepository

NO_PLATFORM = Platform(None, None, None, None)


def manifest_records(digest: str, manifest: Manifest) -> Iterator[ManifestRecord | ChildRecord | LayerRecord]:
    """The rows of one manifest: itself, then its layers or its children."""
    yield _manifest_record(digest, manifest)
    for position, layer in enumerate(manifest.layers):
        yield _layer_record(digest, position, layer, manifest.embedded_config)
    for position, child in enumerate(manifest.children):
        yield _child_record(digest, position, child)


def unreadable_record(digest: str) -> ManifestRecord:
    """The row that stands for a manifest whose content cannot be had, so that polls do not ask for it again."""
    return ManifestRecord(
        digest=digest, media_type=None, schema_version=None, kind="unreadable", artifact_type=None,
        config_digest=None, architecture=None, os=None, variant=None, os_version=None, size=None,
        layer_count=None, created_at=None,
    )  # fmt: skip


def config_record(digest: str, config: ImageConfig) -> ConfigRecord:
    """The row of one image config."""
    return ConfigRecord(
        config_digest=digest,
        architecture=config.architecture,
        os=config.os,
        variant=config.variant,
        os_version=config.os_version,
        created_at=config.created_at,
        labels=config.labels,
        diff_ids=[layer.diff_id for layer in config.layers],
        chain_ids=[layer.chain_id for layer in config.layers],
        created_by=[layer.created_by for layer in config.layers],
    )


def _manifest_record(digest: str, manifest: Manifest) -> ManifestRecord:
    config = manifest.embedded_config
    return ManifestRecord(
        digest=digest,
        media_type=manifest.media_type,
        schema_version=manifest.schema_version,
        kind=manifest.kind,
        artifact_type=manifest.artifact_type,
        config_digest=manifest.config.digest if manifest.config else None,
        architecture=config.architecture if config else None,
        os=config.os if config else None,
        variant=config.variant if config else None,
        os_version=config.os_version if config else None,
        size=manifest.size,
        layer_count=None if manifest.kind == "index" else len(manifest.layers),
        created_at=config.created_at if config else None,
        labels=config.labels if config else {},
        annotations=manifest.annotations,
        subject=manifest.subject,
    )


def _layer_record(digest: str, position: int, layer: Descriptor, config: ImageConfig | None) -> LayerRecord:
    told = config.layers[position] if config and position < len(config.layers) else None
    return LayerRecord(
        digest=digest,
        position=position,
        layer_digest=layer.digest,
        media_type=layer.media_type,
        size=layer.size,
        diff_id=told.diff_id if told else None,
        chain_id=told.chain_id if told else None,
        created_by=told.created_by if told else None,
    )


def _child_record(digest: str, position: int, child: Descriptor) -> ChildRecord:
    platform = child.platform or NO_PLATFORM
    return ChildRecord(
        digest=digest,
        position=position,
        child_digest=child.digest,
        media_type=child.media_type,
        size=child.size,
        artifact_type=child.artifact_type,
        architecture=platform.architecture,
        os=platform.os,
        variant=platform.variant,
        kind=child_kind(child),
        annotations=child.annotations,
    )


def repository_record(
    listed: ListedRepository,
    tags_listing: str,
    *,
    tags_total: int | None = None,
    tags_selected: int | None = None,
    tags_truncated: bool | None = None,
    tag_order: str | None = None,
) -> RepositoryRecord:
    """The row of a listed repository, with how its list of tags ended and what was chosen of it."""
    namespace, name = split_name(listed.repository)
    return RepositoryRecord(
        repository=listed.repository,
        namespace=namespace,
        name=name,
        description=listed.description,
        official=listed.official,
        star_count=listed.star_count,
        pull_count=listed.pull_count,
        created_at=listed.created_at,
        updated_at=listed.updated_at,
        tags_listing=tags_listing,
        tags_total=tags_total,
        tags_selected=tags_selected,
        tags_truncated=tags_truncated,
        tag_order=tag_order,
    )
