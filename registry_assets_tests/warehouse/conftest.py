from pathlib import Path

import pytest

from registry_assets.warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "data", lock_timeout=20)
