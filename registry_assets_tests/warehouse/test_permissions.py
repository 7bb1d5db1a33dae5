"""Who on this machine may read what a crawl leaves."""

import stat
from pathlib import Path

from registry_assets.warehouse import Warehouse
from registry_assets.warehouse.spool import Spool
from registry_assets_tests.warehouse.crawls import Seen, crawl, image


def test_other_users_read_the_published_file_and_nothing_else(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen({"app": {"v1": "one"}}, image("one")))
    assert permissions(warehouse.published) == 0o444
    assert permissions(warehouse.published.parent / "private") == 0o700


def test_what_a_crawl_has_read_so_far_is_its_own(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool" / "run")
    assert permissions(spool.directory) == 0o700
    spool.discard()


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
