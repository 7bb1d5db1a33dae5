"""The one module that Dagster loads; `build_definitions` is for deployments that bring their own."""

from pathlib import Path

import dagster as dg

from registry_assets.assets import WarehouseResource, crawl_asset, graph_asset
from registry_assets.assets.tables import registry_spec
from registry_assets.checks import warehouse_checks
from registry_assets.errors import ConfigurationError
from registry_assets.housekeeping import housekeeping
from registry_assets.providers.file import Configuration, data_dir, load_configuration
from registry_assets.schedules import (
    INVENTORY,
    daily_full_crawl,
    housekeeping_schedule,
    inventory_job,
    staleness_job,
    staleness_schedule,
)
from registry_assets.sensors import poll_sensor


def build_definitions(configuration: Configuration, data: Path = Path("data")) -> dg.Definitions:
    """Assets, checks, jobs, sensors and schedules for the providers of `configuration`, with the tables in `data`.

    Nothing is asked of a network, and no variable of the file is expanded until a crawl starts. To mount it in a
    Dagster deployment of your own: `dg.Definitions.merge(yours, build_definitions(load_configuration(path), data))`.
    """
    partitions = dg.StaticPartitionsDefinition([provider.name for provider in configuration.providers])
    inventory, staleness = inventory_job(), staleness_job()
    return dg.Definitions(
        assets=[registry_spec(partitions), crawl_asset(configuration, partitions), graph_asset(partitions)],
        asset_checks=[warehouse_checks(configuration)],
        jobs=[inventory, staleness, housekeeping],
        sensors=[poll_sensor(provider, configuration, INVENTORY) for provider in configuration.providers],
        schedules=[
            daily_full_crawl(configuration, inventory),
            staleness_schedule(staleness),
            housekeeping_schedule(),
        ],
        resources={"registry_warehouse": WarehouseResource(data_dir=str(data.absolute()))},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What `REGISTRY_PROVIDERS` and `REGISTRY_DATA_DIR` point at."""
    try:
        configuration = load_configuration()
    except ConfigurationError as error:
        # Dagster shows a stack trace below whatever is raised here; this keeps it to one frame.
        raise error.with_traceback(None) from None
    return build_definitions(configuration, data_dir())
