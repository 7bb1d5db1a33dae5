"""What a crawl needs to know of the provider's rows before it asks the registry."""

from dataclasses import dataclass, field

import duckdb

from registry_assets.oci.media_types import IMAGE_MANIFESTS, INDEXES
from registry_assets.warehouse.connection import run_file


@dataclass(frozen=True, slots=True)
class Known:
    """The digests that need not be fetched again, and the settings that the provider's rows come from.

    `missing` are (repository, digest) pairs that current tags reach and that have no row: reading them failed before.
    """

    manifests: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()
    configs: frozenset[str] = frozenset()
    missing: tuple[tuple[str, str], ...] = field(default=())
    api_url: str | None = None
    counts_due: bool = True


def read_known(connection: duckdb.DuckDBPyConnection, provider: str) -> Known:
    """What the open database knows of `provider`."""
    manifest_types = sorted(IMAGE_MANIFESTS | INDEXES)
    manifests, configs, missing, due = run_file(
        connection, "apply/known.sql", {"provider": provider, "manifest_types": manifest_types}
    )
    return Known(
        manifests=frozenset(digest for digest, readable in manifests if readable),
        unreadable=frozenset(digest for digest, readable in manifests if not readable),
        configs=frozenset(digest for (digest,) in configs),
        missing=tuple(sorted(missing)),
        api_url=read_address(connection, provider),
        counts_due=bool(due[0][0]) if due else True,
    )


def read_address(connection: duckdb.DuckDBPyConnection, provider: str) -> str | None:
    """The api_url that the rows of `provider` come from; None where there are none."""
    (found,) = run_file(connection, "apply/address.sql", {"provider": provider})
    return found[0][0] if found else None
