"""The crawled sample, as the command line's tests have it."""

from registry_assets_tests.cli.conftest import crawled, from_sample

__all__ = ["crawled", "from_sample"]
