"""From one registry to records, and from records to the warehouse. Decides what a failure means: skip it or stop."""

from registry_assets.crawl.progress import STAGES, Progress
from registry_assets.crawl.run import Crawled, crawl_provider

__all__ = ["STAGES", "Crawled", "Progress", "crawl_provider"]
