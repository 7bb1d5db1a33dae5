"""From one registry to records, and from records to the warehouse. Decides what a failure means: skip it or stop."""

from registry_assets.crawl.preview import Preview, ping_provider, preview_provider
from registry_assets.crawl.progress import STAGES, Progress
from registry_assets.crawl.run import Crawled, crawl_provider

__all__ = ["STAGES", "Crawled", "Preview", "Progress", "crawl_provider", "ping_provider", "preview_provider"]
