"""The files: two writers and a reader at once, killed writers, leftovers, damage, versions, full and closed disks."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest

from registry_assets.errors import (
    ConfigurationError,
    StatementRejected,
    WarehouseBusy,
    WarehouseError,
    WarehouseNewer,
    WarehouseUnreadable,
    advice_for,
)
from registry_assets.warehouse import Warehouse
from registry_assets.warehouse.connection import connect, open_private, upgrade_schema
from registry_assets_tests.warehouse.crawls import Seen, at, crawl, digest, image, rows, spooled

FIRST = Seen({"app": {"latest": "one"}}, image("one"))
SECOND = Seen({"app": {"latest": "two"}}, image("two"))


def private(warehouse: Warehouse) -> Path:
    return warehouse.published.parent / "private" / "registry.duckdb"


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Another Python process that runs `script` with this project's modules."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


CRAWLS = """
import sys, pathlib
from registry_assets.warehouse import Warehouse
from registry_assets_tests.warehouse.crawls import Seen, crawl, image
warehouse = Warehouse(pathlib.Path(sys.argv[1]))
print("ready", flush=True)
for hour in range(int(sys.argv[3])):
    name = f"{sys.argv[2]}-{hour}"
    crawl(warehouse, Seen({"app": {"latest": name}}, image(name), provider=sys.argv[2]), hour)
"""


def test_two_processes_crawl_while_a_third_holds_the_published_file_open(
    warehouse: Warehouse, processes: list[subprocess.Popen[str]]
) -> None:
    crawl(warehouse, FIRST)
    reader = connect()
    reader.execute(f"ATTACH '{warehouse.published}' AS registry (READ_ONLY)")
    processes.extend(start(CRAWLS, warehouse.published.parent, name, 5) for name in ("left", "right"))
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
    assert reader.execute("SELECT digest FROM registry.tags").fetchall() == [(digest("one"),)]
    reader.close()
    published = warehouse.query("SELECT provider, digest FROM tags ORDER BY provider")
    assert published["digest"].tolist() == [digest(name) for name in ("one", "left-4", "right-4")]
    sql = "SELECT provider, count(*) FROM tag_history GROUP BY 1 ORDER BY 1"
    assert rows(warehouse, sql) == [("acme", 1), ("left", 5), ("right", 5)]


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.12, 0.2, 0.3])
def test_a_writer_killed_at_any_point_leaves_the_last_commit_and_no_lock(
    warehouse: Warehouse, processes: list[subprocess.Popen[str]], delay: float
) -> None:
    crawl(warehouse, FIRST)
    process = start(CRAWLS, warehouse.published.parent, "acme", 1000)
    processes.append(process)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3 + delay)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert warehouse.query("SELECT count(*) AS n FROM tags")["n"].tolist() == [1]
    crawl(warehouse, SECOND, 2000)
    assert rows(warehouse, "SELECT digest FROM tags") == [(digest("two"),)]
    assert warehouse.query("SELECT digest FROM tags")["digest"].tolist() == [digest("two")]
    sql = "SELECT count(*) FILTER (valid_to IS NULL), count(*), count(DISTINCT valid_from) FROM tag_history"
    ((current, intervals, starts),) = rows(warehouse, sql)
    assert (current, intervals) == (1, starts)


def test_a_commit_that_was_never_checkpointed_is_replayed(
    warehouse: Warehouse, processes: list[subprocess.Popen[str]]
) -> None:
    crawl(warehouse, FIRST)
    script = """
import sys, os, pathlib
from registry_assets.warehouse.connection import connect
connection = connect(pathlib.Path(sys.argv[1]))
connection.execute("UPDATE tags SET tag = 'replayed'")
os._exit(1)
"""
    process = start(script, private(warehouse))
    processes.append(process)
    process.wait()
    assert private(warehouse).with_name("registry.duckdb.wal").exists()
    warehouse.publish(force=True)
    assert warehouse.query("SELECT tag FROM tags")["tag"].tolist() == ["replayed"]


def test_a_publication_that_a_crash_cut_off_is_made_up_for(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    before = warehouse.published.read_bytes()
    crawl(warehouse, SECOND, 1)
    warehouse.published.unlink()
    warehouse.published.write_bytes(before)
    warehouse.published.with_name("registry.duckdb.new").write_bytes(b"half a copy")
    assert not crawl(warehouse, SECOND, 2).changed
    assert warehouse.query("SELECT digest FROM tags")["digest"].tolist() == [digest("two")]
    assert not warehouse.published.with_name("registry.duckdb.new").exists()


def test_a_poll_without_news_is_published_at_most_hourly(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    first = warehouse.published.stat().st_ino
    crawl(warehouse, FIRST, 1)
    assert warehouse.published.stat().st_ino == first
    assert len(warehouse.query("SELECT DISTINCT run_id FROM crawls")) == 1
    with open_private(private(warehouse)) as connection:
        connection.execute("UPDATE internal.publication SET published_at = now() - INTERVAL 61 MINUTE")
    crawl(warehouse, FIRST, 2)
    assert len(warehouse.query("SELECT DISTINCT run_id FROM crawls")) == 3


def test_the_published_file_is_read_only_and_a_readers_leftover_log_is_removed(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    assert warehouse.published.stat().st_mode & 0o777 == 0o444
    log = warehouse.published.with_name("registry.duckdb.wal")
    log.write_bytes(b"what a reader left")
    crawl(warehouse, SECOND, 1)
    assert not log.exists()
    assert warehouse.query("SELECT digest FROM tags")["digest"].tolist() == [digest("two")]


def test_a_private_file_that_is_gone_is_made_from_the_published_one(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    shutil.rmtree(private(warehouse).parent)
    crawl(warehouse, SECOND, 1)
    assert rows(warehouse, "SELECT count(*) FROM tag_history") == [(2,)]


@pytest.mark.parametrize("damage", [b"no database at all", b"\0" * 20_000, b""])
def test_a_damaged_file_is_refused_and_left_as_it_is(warehouse: Warehouse, damage: bytes) -> None:
    private(warehouse).parent.mkdir(parents=True)
    private(warehouse).write_bytes(damage)
    with pytest.raises(WarehouseUnreadable, match=str(private(warehouse))) as caught:
        crawl(warehouse, FIRST)
    assert "backup" in advice_for(caught.value)
    assert private(warehouse).read_bytes() == damage
    assert not warehouse.published.exists()


def test_a_database_of_somebody_else_is_refused(warehouse: Warehouse) -> None:
    private(warehouse).parent.mkdir(parents=True)
    duckdb.connect(str(private(warehouse))).close()
    with pytest.raises(WarehouseUnreadable, match="not one of this project"):
        crawl(warehouse, FIRST)


def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    for file in (private(warehouse), warehouse.published):
        file.chmod(0o644)
        connection = connect(file)
        connection.execute("UPDATE internal.schema_version SET version = 99")
        connection.close()
    before = private(warehouse).read_bytes()
    with pytest.raises(WarehouseNewer, match="99"):
        crawl(warehouse, SECOND, 1)
    with pytest.raises(WarehouseNewer, match="99"):
        warehouse.known("acme")
    assert private(warehouse).read_bytes() == before


def test_an_older_file_is_upgraded_in_one_transaction(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    upgrades = {
        2: "ALTER TABLE tags ADD COLUMN colour VARCHAR;",
        3: "UPDATE tags SET colour = 'blue'; ALTER TABLE tags RENAME colour TO shade;",
    }
    connection = connect(private(warehouse))
    with pytest.raises(duckdb.Error):
        upgrade_schema(connection, private(warehouse), {**upgrades, 4: "SELECT nonsense"})
    assert connection.execute("SELECT version FROM internal.schema_version").fetchall() == [(1,)]
    upgrade_schema(connection, private(warehouse), upgrades)
    assert connection.execute("SELECT shade, version FROM tags, internal.schema_version").fetchall() == [("blue", 3)]
    assert connection.execute("SELECT count(*) FROM images").fetchall() == [(1,)]
    connection.close()


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the directory should be")
    warehouse = Warehouse(tmp_path / "data")
    with pytest.raises(WarehouseError, match="data"):
        crawl(warehouse, FIRST)
    with pytest.raises(WarehouseError, match="data"):
        warehouse.publish()


@pytest.fixture
def public_directory() -> Iterator[Path]:
    """A directory that other users can enter; pytest closes its own to them."""
    with TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def test_a_read_only_data_directory_is_named_and_can_still_be_read(public_directory: Path) -> None:
    data = public_directory / "data"
    crawl(Warehouse(data), FIRST)
    script = """
import os, sys, pathlib
from registry_assets.errors import WarehouseError
from registry_assets.warehouse import Warehouse
warehouse = Warehouse(pathlib.Path(sys.argv[1]))
from registry_assets_tests.warehouse.crawls import Seen, crawl
from registry_assets.warehouse.warehouse import describe_tables
describe_tables()
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
for action in (lambda: crawl(warehouse, Seen()), lambda: warehouse.publish(force=True)):
    try:
        action()
    except WarehouseError as error:
        print(error)
print(len(warehouse.query("SELECT * FROM tags")))
"""
    data.chmod(0o555)
    process = start(script, data)
    output, errors = process.communicate(timeout=60)
    data.chmod(0o755)
    assert errors == ""
    spool, lock, count = output.splitlines()
    assert str(data) in spool
    assert "ermission" in spool
    assert str(data) in lock
    assert count == "1"


def test_a_full_disk_while_publishing_is_named_and_keeps_the_published_file(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    published = warehouse.published.read_bytes()
    script = """
import resource, signal, sys, pathlib
from registry_assets.errors import WarehouseError
from registry_assets.warehouse import publishing
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    publishing.publish(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
except WarehouseError as error:
    print(error)
"""
    process = start(script, private(warehouse), warehouse.published)
    output, errors = process.communicate(timeout=60)
    assert (errors, output.startswith(f"cannot publish {warehouse.published}")) == ("", True)
    assert warehouse.published.read_bytes() == published
    assert sorted(file.name for file in warehouse.published.parent.iterdir() if file.is_file()) == [
        "registry.duckdb",
        "registry.lock",
    ]


def test_a_full_disk_while_committing_is_named_and_leaves_a_whole_commit_or_none(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    script = """
import resource, signal, sys, pathlib
from registry_assets.errors import WarehouseError
from registry_assets.warehouse import Warehouse
from registry_assets_tests.warehouse.crawls import Seen, at, image, spooled
warehouse = Warehouse(pathlib.Path(sys.argv[1]))
names = [f"image-{n}" for n in range(2000)]
records = [record for name in names for record in image(name)]
spool = spooled(warehouse, Seen({"app": {name: name for name in names}}, records), at(1))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = pathlib.Path(sys.argv[2]).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    warehouse.apply(spool)
except WarehouseError as error:
    print(error)
"""
    process = start(script, warehouse.published.parent, private(warehouse))
    output, errors = process.communicate(timeout=120)
    assert (errors, output.startswith(str(private(warehouse)))) == ("", True)
    sql = "SELECT (SELECT count(*) FROM tags), (SELECT count(*) FROM tag_history), (SELECT count(*) FROM crawls)"
    assert rows(warehouse, sql)[0] in {(1, 1, 4), (2000, 2001, 8)}
    assert crawl(warehouse, Seen({"app": {"latest": "two"}}, image("two"), accept_removals=True), 2).changed
    assert warehouse.query("SELECT digest FROM tags")["digest"].tolist() == [digest("two")]


def test_a_lock_held_too_long_says_so(warehouse: Warehouse, processes: list[subprocess.Popen[str]]) -> None:
    crawl(warehouse, FIRST)
    script = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""
    process = start(script, warehouse.published.parent / "registry.lock")
    processes.append(process)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    impatient = Warehouse(warehouse.published.parent, lock_timeout=0.2)
    with pytest.raises(WarehouseBusy, match=r"registry\.lock") as caught:
        impatient.publish()
    assert "Wait" in advice_for(caught.value)
    assert impatient.known("acme").manifests == {digest("one")}


def test_the_spools_of_dead_crawls_are_removed_and_those_of_live_ones_are_not(
    warehouse: Warehouse, processes: list[subprocess.Popen[str]]
) -> None:
    script = """
import sys, time, pathlib
from registry_assets.warehouse import Warehouse
spool = Warehouse(pathlib.Path(sys.argv[1])).new_spool("dead", "acme")
print("made", flush=True)
time.sleep(60)
"""
    process = start(script, warehouse.published.parent)
    processes.append(process)
    assert process.stdout
    assert process.stdout.readline() == "made\n"
    dead = warehouse.published.parent / "spool" / "dead-acme"
    alive = warehouse.new_spool("alive", "acme")
    yesterday = time.time() - 86_400
    for directory in (dead, alive.directory):
        os.utime(directory, (yesterday, yesterday))
    warehouse.compact()
    assert dead.exists()
    process.kill()
    process.wait()
    warehouse.compact()
    assert not dead.exists()
    assert alive.directory.exists()
    alive.discard()
    assert not alive.directory.exists()


def test_a_spool_that_did_not_finish_is_not_applied(warehouse: Warehouse) -> None:
    spool = warehouse.new_spool("run", "acme")
    with pytest.raises(WarehouseError, match="did not finish"):
        warehouse.apply(spool)
    spool.discard()
    spool.discard()


def test_a_transaction_that_fails_changes_nothing(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    spool = spooled(warehouse, SECOND, at(1))
    (spool.directory / "problems.parquet").unlink()
    with pytest.raises(WarehouseError):
        warehouse.apply(spool)
    spool.discard()
    assert rows(warehouse, "SELECT digest FROM tags") == [(digest("one"),)]
    assert rows(warehouse, "SELECT count(*) FROM crawls") == [(4,)]


def test_another_address_under_the_same_name_is_refused(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    warehouse.check_identity("acme", "https://registry.example.com/")
    warehouse.check_identity("new", "https://elsewhere.example.com")
    with pytest.raises(ConfigurationError, match="registry-assets forget acme"):
        warehouse.check_identity("acme", "https://elsewhere.example.com")
    with pytest.raises(ConfigurationError, match="registry-assets forget acme"):
        crawl(warehouse, Seen({}, api_url="https://elsewhere.example.com"), 1)
    assert rows(warehouse, "SELECT count(*) FROM tags") == [(1,)]


def test_a_first_crawl_that_found_nothing_does_not_bind_the_name_to_its_address(warehouse: Warehouse) -> None:
    crawl(warehouse, Seen(complete=False, repositories_complete=False, api_url="https://typo.example.com"))
    warehouse.check_identity("acme", "https://registry.example.com")
    assert crawl(warehouse, FIRST, 1).rows["tags"] == 1
    assert warehouse.known("acme").api_url == "https://registry.example.com"


def test_a_published_file_that_is_gone_is_made_anew_before_a_crawl_asks_what_is_known(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    warehouse.published.unlink()
    assert warehouse.known("acme").manifests == {digest("one")}


def test_a_query_before_the_first_crawl_says_that_there_is_nothing_yet(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="nothing has been crawled yet"):
        warehouse.query("SELECT 1")
    assert warehouse.known("acme").counts_due


@pytest.mark.parametrize("sql", ["SELEKT 1", "SELECT nonsense FROM tags", "DELETE FROM tags", "SELECT 'a'::INTEGER"])
def test_a_wrong_statement_is_the_users_mistake(warehouse: Warehouse, sql: str) -> None:
    crawl(warehouse, FIRST)
    with pytest.raises(StatementRejected):
        warehouse.query(sql)


def test_a_preview_shows_one_providers_rows(warehouse: Warehouse) -> None:
    crawl(warehouse, FIRST)
    crawl(warehouse, Seen({"web": {"v1": "one", "v2": "one"}}, image("one"), provider="other"))
    assert warehouse.preview("tags", "other", limit=1)["repository"].tolist() == ["web"]
    assert warehouse.row_count("tags") == 3
    with pytest.raises(ConfigurationError, match="there is no table 'tag'"):
        warehouse.preview("tag", "acme")
