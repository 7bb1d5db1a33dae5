"""The asset checks: what an operator wants to be told of, each with the providers that it concerns.

An evaluation carries no partition in Dagster, so each check looks at all configured providers at once: a healthy
provider's crawl does not hide that another one's is failing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
import pandas as pd
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from registry_assets.assets import markdown
from registry_assets.assets.failures import failing_clearly
from registry_assets.assets.tables import TABLES
from registry_assets.assets.warehouse import WarehouseResource
from registry_assets.errors import ConfigurationError
from registry_assets.orphans import PARTITION
from registry_assets.providers.file import Configuration
from registry_assets.providers.models import Provider
from registry_assets.providers.selection import Selection, TagName
from registry_assets.providers.variables import resolve
from registry_assets.warehouse import Warehouse
from registry_assets.warehouse.connection import statements

MAX_ROWS = 20
ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN

Finder = Callable[[Warehouse, Sequence[Provider]], pd.DataFrame]


@dataclass(frozen=True)
class Check:
    """One check: `find` gives the rows that are wrong, each with its `provider`; `wrong` is said of them.

    `only_rows`: the answer depends on the rows alone, not on when a crawl was and how it went.
    """

    table: str
    name: str
    severity: dg.AssetCheckSeverity
    description: str
    wrong: str
    find: Finder
    only_rows: bool = False

    @property
    def spec(self) -> dg.AssetCheckSpec:
        return dg.AssetCheckSpec(self.name, asset=self.table, description=self.description)

    def evaluate(self, warehouse: Warehouse, providers: Sequence[Provider]) -> dg.AssetCheckResult:
        """Passed, or failed with the names of the providers that it concerns and up to 20 of the rows."""
        rows = self.find(warehouse, providers) if warehouse.published.exists() else pd.DataFrame(columns=["provider"])
        names = sorted(set(rows["provider"]))
        metadata = {"rows": dg.MetadataValue.md(markdown.frame_table(rows.head(MAX_ROWS)))} if names else {}
        return dg.AssetCheckResult(
            passed=not names,
            check_name=self.name,
            asset_key=self.table,
            severity=self.severity,
            description=f"{', '.join(names)}: {self.wrong}" if names else "as it should be",
            metadata=metadata,
        )


def rows_of(statement: str, parameters: Mapping[str, object] | None = None) -> Finder:
    """The rows that a statement of the warehouse finds."""

    def find(warehouse: Warehouse, _providers: Sequence[Provider]) -> pd.DataFrame:
        return warehouse.query(statements(f"checks/{statement}.sql"), parameters)

    return find


def configured_rows_of(statement: str, parameters: Mapping[str, object] | None = None) -> Finder:
    """The same for a statement that looks only at `$providers`: a provider taken out of the file keeps its rows."""

    def find(warehouse: Warehouse, providers: Sequence[Provider]) -> pd.DataFrame:
        names = [provider.name for provider in providers]
        return warehouse.query(statements(f"checks/{statement}.sql"), {**(parameters or {}), "providers": names})

    return find


def unmatched_selectors(warehouse: Warehouse, providers: Sequence[Provider]) -> pd.DataFrame:
    """The selectors that match no repository, or no tag of those that they match."""
    listed = configured_rows_of("listed_tags")(warehouse, providers)
    wrong = [
        (provider.name, f"selectors[{index}]", missing)
        for provider in providers
        if len(rows := listed[listed["provider"] == provider.name])
        for index, selection in enumerate(selections(provider))
        if (missing := unmatched(selection, dict(zip(rows["repository"], rows["tags"], strict=True))))
    ]
    return pd.DataFrame(wrong, columns=["provider", "selector", "matches"])


def selections(provider: Provider) -> list[Selection]:
    """One selection for each selector; none where a variable of the provider is not set here."""
    try:
        resolved = resolve(provider)
    except ConfigurationError:
        return []
    config = resolved.config
    alone = (config.model_copy(update={"selectors": (selector,)}) for selector in config.selectors)
    return [Selection.of(resolved.model_copy(update={"config": single})) for single in alone]


def unmatched(selection: Selection, tags: Mapping[str, Sequence[str]]) -> str:
    """What the selection takes nothing of: `no repository`, `no tag`, or '' where it takes something."""
    wanted = [repository for repository in tags if selection.wants(repository)]
    if not wanted:
        return "no repository"
    if not any(len(listed) for listed in tags.values()):
        return ""  # the tags have not been crawled, or there are none at all
    chosen = (selection.choose_tags(name, [TagName(tag, None) for tag in tags[name]]).selected for name in wanted)
    return "" if any(chosen) else "no tag"


CHECKS = (
    Check(
        "registries",
        "not_stale",
        ERROR,
        "Every provider had a complete crawl within the last three of its polling intervals.",
        "no complete crawl for longer than three polling intervals. Look at the provider's sensor and its last run.",
        configured_rows_of("stale"),
    ),
    Check(
        "repositories",
        "listing_complete",
        ERROR,
        "The last crawl read the provider's whole list of repositories.",
        "the list of repositories could not be read to its end; what was known is kept.",
        configured_rows_of("incomplete", {"stage": "repositories"}),
    ),
    Check(
        "repositories",
        "selectors_match",
        WARN,
        "Every selector of providers.yaml takes at least one repository and one tag.",
        "a selector takes nothing. Check its patterns: they must match in full.",
        unmatched_selectors,
    ),
    Check(
        "repositories",
        "removals_confirmed",
        ERROR,
        "No removal waits for confirmation: a list that lacks more than half of what was there removes nothing.",
        "much of what was there is gone from the registry's lists; the rows are kept until a crawl accepts removals.",
        configured_rows_of("held_removals"),
    ),
    Check(
        "tags",
        "listing_complete",
        WARN,
        "The last crawl read every repository's list of tags.",
        "the tags of some repositories could not be read; their rows are kept.",
        configured_rows_of("incomplete", {"stage": "tags"}),
    ),
    Check(
        "manifests",
        "content_complete",
        WARN,
        "The last crawl read every manifest and config that it needed.",
        "some manifests could not be read; the next full crawl tries them again.",
        configured_rows_of("incomplete", {"stage": "manifests"}),
    ),
    Check(
        "relationships",
        "ends_exist",
        ERROR,
        "Both ends of every relationship are entities.",
        "relationships lead to entities that do not exist. Report this with the rows below.",
        rows_of("dangling"),
        only_rows=True,
    ),
    *(
        Check(
            table,
            "keys_unique",
            ERROR,
            f"No two rows of `{table}`, or of the tables that come with it, have the same key.",
            "rows with the same key. Report this with the rows below.",
            rows_of(f"duplicate_{table}"),
            only_rows=True,
        )
        for table in TABLES
    ),
)

NOT_STALE = dg.AssetCheckKey(dg.AssetKey("registries"), "not_stale")


def warehouse_checks(configuration: Configuration) -> dg.AssetChecksDefinition:
    """All checks in one step; any selection of them can run by itself."""

    @dg.multi_asset_check(
        name="check_warehouse",
        specs=[check.spec for check in CHECKS],
        can_subset=True,
        description="Look at the published tables for what is missing, stale or wrong.",
    )
    def check_warehouse(
        context: dg.AssetCheckExecutionContext, registry_warehouse: WarehouseResource
    ) -> Iterator[dg.AssetCheckResult]:
        warehouse = registry_warehouse.open()
        news = has_news(context, warehouse)
        with failing_clearly("the checks"):
            for check in CHECKS:
                if check.spec.key in context.selected_asset_check_keys:
                    known = None if news or not check.only_rows else last_result(context.instance, check)
                    yield known or check.evaluate(warehouse, configuration.providers)

    return check_warehouse


def has_news(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> bool:
    """Whether the published rows may be others than at the last evaluation: not after a poll that published nothing.

    To look for equal keys among millions of rows costs more than such a poll itself.
    """
    record = context.instance.get_run_record_by_id(context.run.run_id)
    if PARTITION not in context.run.tags or record is None or not warehouse.published.exists():
        return True
    created: float = record.create_timestamp.timestamp()
    return warehouse.published.stat().st_mtime >= created


def last_result(instance: dg.DagsterInstance, check: Check) -> dg.AssetCheckResult | None:
    """What the check said when it was evaluated last."""
    evaluated = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}
    history = instance.event_log_storage.get_asset_check_execution_history(check.spec.key, limit=1, status=evaluated)
    evaluation = history[0].evaluation if history else None
    if evaluation is None:
        return None
    return dg.AssetCheckResult(
        passed=evaluation.passed,
        check_name=check.name,
        asset_key=check.table,
        severity=evaluation.severity,
        description=evaluation.description,
        metadata=evaluation.metadata,
    )
