"""What a crawl hands to the warehouse: one record type per spool file.

The content of a manifest does not depend on the repository it was found in, so documents are spooled by digest
alone; the warehouse attaches them to every repository of the provider that reaches them. Times are aware UTC
datetimes, sizes bytes, digests `algorithm:hex`.
"""

from dataclasses import dataclass, field
from datetime import datetime

Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class RegistryRecord:
    """The provider's registry (one record a crawl)."""

    name: str
    url: str
    public: bool | None


@dataclass(frozen=True, slots=True)
class RepositoryRecord:
    """A selected repository that was listed.

    `tags_listing` is how its list of tags ended: `complete`, `stopped` (early, the newest were enough),
    `failed` (what was read stands, nothing may be removed), or `skipped` (not asked in this crawl).
    """

    repository: str
    namespace: str
    name: str
    description: str | None
    official: bool | None
    star_count: int | None
    pull_count: int | None
    created_at: datetime | None
    updated_at: datetime | None
    tags_listing: str
    tags_total: int | None
    tags_selected: int | None
    tags_truncated: bool | None
    tag_order: str | None


@dataclass(frozen=True, slots=True)
class OtherRepositoryRecord:
    """A repository that was listed and is not selected: what tells `deselected` from `removed`."""

    repository: str


@dataclass(frozen=True, slots=True)
class TagRecord:
    """A listed tag. Of one that is not `selected` only the name counts. `digest` is null where it could not be read."""

    repository: str
    tag: str
    selected: bool
    digest: str | None = None
    media_type: str | None = None
    pushed_at: datetime | None = None
    last_pulled_at: datetime | None = None
    listed_size: int | None = None
    listed_platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ManifestRecord:
    """A manifest's own content, read for the first time. Platform fields are null where its config tells them."""

    digest: str
    media_type: str | None
    schema_version: int | None
    kind: str
    artifact_type: str | None
    config_digest: str | None
    architecture: str | None
    os: str | None
    variant: str | None
    os_version: str | None
    size: int | None
    layer_count: int | None
    created_at: datetime | None
    labels: Labels = field(default_factory=dict)
    annotations: Labels = field(default_factory=dict)
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class ConfigRecord:
    """An image config's content, read for the first time; list fields have one entry per layer, base first."""

    config_digest: str
    architecture: str | None
    os: str | None
    variant: str | None
    os_version: str | None
    created_at: datetime | None
    labels: Labels
    diff_ids: list[str | None]
    chain_ids: list[str | None]
    created_by: list[str | None]


@dataclass(frozen=True, slots=True)
class ChildRecord:
    """One entry of an index, `position` from 0."""

    digest: str
    position: int
    child_digest: str
    media_type: str | None
    size: int | None
    artifact_type: str | None
    architecture: str | None
    os: str | None
    variant: str | None
    kind: str | None
    annotations: Labels


@dataclass(frozen=True, slots=True)
class LayerRecord:
    """One layer of a manifest, `position` from 0, base first; what the config adds comes with `ConfigRecord`."""

    digest: str
    position: int
    layer_digest: str
    media_type: str | None
    size: int | None
    diff_id: str | None = None
    chain_id: str | None = None
    created_by: str | None = None


@dataclass(frozen=True, slots=True)
class ProblemRecord:
    """Something that could not be read. Empty key parts are ''. `status_code` null where there was no HTTP answer."""

    stage: str
    repository: str
    reference: str
    status_code: int | None
    error: str
    message: str
    advice: str


Record = (
    RegistryRecord
    | RepositoryRecord
    | OtherRepositoryRecord
    | TagRecord
    | ManifestRecord
    | ConfigRecord
    | ChildRecord
    | LayerRecord
    | ProblemRecord
)


@dataclass(frozen=True, slots=True)
class StageRecord:
    """One stage of one crawl, as it lands in `crawls` (`seen` counts what the registry showed)."""

    stage: str
    started_at: datetime
    finished_at: datetime
    complete: bool
    requests: int
    bytes_received: int
    seen: int


@dataclass(frozen=True, slots=True)
class CrawlRecord:
    """What one crawl was: whose, under which settings, and how each stage ended.

    `repositories_complete` is the scope "the provider's list of repositories"; each repository's own list of tags is
    told by `RepositoryRecord.tags_listing`. `full` is the daily reconcile: counts are refreshed. `every` is the
    provider's polling interval in seconds.
    """

    run_id: str
    provider: str
    registry_type: str
    api_url: str
    entity_namespace: str
    every: int
    full: bool
    accept_removals: bool
    repositories_complete: bool
    stages: tuple[StageRecord, ...]
