"""The Dagster assets: what a crawl reads, the graph derived from it, and how both present themselves."""

from registry_assets.assets.crawling import CRAWL, CrawlConfig, crawl_asset, progress_listener
from registry_assets.assets.graph import graph_asset
from registry_assets.assets.tables import GRAPH_TABLES, REGISTRY, TABLES
from registry_assets.assets.warehouse import WarehouseResource

__all__ = [
    "CRAWL",
    "GRAPH_TABLES",
    "REGISTRY",
    "TABLES",
    "CrawlConfig",
    "WarehouseResource",
    "crawl_asset",
    "graph_asset",
    "progress_listener",
]
