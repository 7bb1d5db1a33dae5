"""OCI image layouts in a directory, read like a registry, and as skopeo writes them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from registry_assets.errors import (
    BrokenAnswer,
    ConfigurationError,
    DidNotAnswer,
    DigestMismatch,
    NotAllowed,
    NothingThere,
    RegistryError,
    TooLarge,
    Untrusted,
)
from registry_assets.oci.digest import sha256_digest
from registry_assets.providers.selection import Selection
from registry_assets.registry import open_registry
from registry_assets.registry.layout import Layout
from registry_assets_tests.dagster.layouts import write_layout
from registry_assets_tests.registry.conftest import provider
from registry_assets_tests.registry.reading import list_repositories, list_tags, read_tags
from registry_assets_tests.servers.skopeo import Skopeo

pytestmark = pytest.mark.anyio

REF_NAME = "org.opencontainers.image.ref.name"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """`web` and `team/api`."""
    write_layout(tmp_path / "root" / "web", {"latest": "web"})
    write_layout(tmp_path / "root" / "team" / "api", {"1.0": "one", "2.0": "two", "latest": "two"})
    return tmp_path / "root"


def opened(path: Path | str, folder: Path | None = None) -> Layout:
    made = provider(registry_type="oci-layout", api_url=str(path))
    registry = open_registry(made.placed(folder) if folder else made, {})
    assert isinstance(registry, Layout)
    return registry


async def names(registry: Layout) -> list[str]:
    return [listed.repository for listed in await list_repositories(registry, Selection.of(registry.provider))]


async def test_every_layout_is_a_repository_named_by_its_path(root: Path) -> None:
    registry = opened(root)
    assert await names(registry) == ["team/api", "web"]
    assert (await registry.describe()).url == str(root)
    assert registry.traffic.requests == 0


async def test_a_layout_at_the_root_has_the_folders_name(root: Path) -> None:
    registry = opened(root / "web")
    assert await names(registry) == ["web"]
    assert await read_tags(registry, "web") == ["latest"]


async def test_tags_come_with_digest_and_media_type_and_content_is_read(root: Path) -> None:
    registry = opened(root)
    tags = {tag.tag: tag for tag in await list_tags(registry, "team/api")}
    assert sorted(tags) == ["1.0", "2.0", "latest"]
    assert tags["2.0"].digest == tags["latest"].digest != tags["1.0"].digest
    assert await registry.fetch_digest("team/api", "1.0") == (tags["1.0"].digest, tags["1.0"].media_type)
    fetched = await registry.fetch_manifest("team/api", str(tags["1.0"].digest))
    assert sha256_digest(fetched.body) == fetched.digest
    config = json.loads(fetched.body)["config"]
    assert len(await registry.fetch_blob("team/api", config["digest"])) == config["size"]
    assert registry.traffic.bytes_received > len(fetched.body)


async def test_what_skopeo_writes_is_read(root: Path, tmp_path: Path) -> None:
    written = tmp_path / "written"
    for tag in ("1.0", "2.0"):
        (written / "copied").mkdir(parents=True, exist_ok=True)
        Skopeo().copy(f"oci:{root}/team/api:{tag}", f"oci:{written}/copied:{tag}")
    registry = opened(written)
    assert await names(registry) == ["copied"]
    assert sorted(await read_tags(registry, "copied")) == ["1.0", "2.0"]
    raw = Skopeo().inspect_raw(f"oci:{written}/copied:1.0")
    assert (await registry.fetch_digest("copied", "1.0"))[0] == sha256_digest(raw)


@pytest.mark.parametrize("form", ["{}", "file://{}", "./root", "root", "file://localhost{}"])
async def test_a_directory_is_found_in_every_form(form: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent if form == "root" else "/")
    assert await names(opened(form.format(root), root.parent if form == "./root" else None)) == ["team/api", "web"]


def test_a_directory_that_is_not_there_is_an_error_of_the_configuration(root: Path) -> None:
    for missing in (root / "missing", root / "web" / "index.json"):
        with pytest.raises(ConfigurationError, match="is no directory"):
            opened(missing)


async def test_an_empty_directory_has_no_repositories(tmp_path: Path) -> None:
    assert await names(opened(tmp_path)) == []


async def test_folders_that_are_no_repository_names_are_left_out_and_kept_for_the_report(root: Path) -> None:
    write_layout(root / "Upper", {"1": "x"})
    registry = opened(root)
    assert await names(registry) == ["team/api", "web"]
    assert registry.skipped == ["Upper"]


async def test_links_are_not_walked_and_must_not_lead_out(root: Path, tmp_path: Path) -> None:
    write_layout(tmp_path / "outside", {"1": "x"})
    (root / "linked").symlink_to(tmp_path / "outside")
    registry = opened(root)
    assert await names(registry) == ["team/api", "web"]
    (root / "web" / "index.json").unlink()
    (root / "web" / "index.json").symlink_to(tmp_path / "outside" / "index.json")
    with pytest.raises(Untrusted, match="leads out"):
        await read_tags(registry, "web")


async def test_links_inside_the_root_are_fine(root: Path) -> None:
    """Layouts that share their blobs."""
    blobs = root / "web" / "blobs"
    blobs.rename(root / "shared")
    blobs.symlink_to(root / "shared")
    registry = opened(root)
    tag = (await list_tags(registry, "web"))[0]
    assert (await registry.fetch_manifest("web", str(tag.digest))).body


def set_index(root: Path, *entries: Any) -> None:
    (root / "web" / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": list(entries)}))


def entry(name: Any, digest: Any = f"sha256:{'1' * 64}") -> dict[str, Any]:
    return {"digest": digest, "annotations": {REF_NAME: name}}


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("1.0", "1.0"),
        ("docker.io/library/x:1", "1"),
        ("localhost:5000/team/x:v2", "v2"),
        ("x:1", "1"),
        ("registry.company.com/x", None),
        ("not a tag!", None),
    ],
)
async def test_a_reference_name_gives_its_tag(name: str, tag: str | None, root: Path) -> None:
    set_index(root, entry(name))
    if tag:
        assert await read_tags(opened(root), "web") == [tag]
    else:
        with pytest.raises(BrokenAnswer, match="no tags"):
            await read_tags(opened(root), "web")


async def test_entries_without_a_name_are_no_tags_and_the_first_of_a_name_counts(root: Path) -> None:
    second = f"sha256:{'2' * 64}"
    set_index(
        root, {"digest": second}, entry("a"), entry("a", second), {"digest": second, "annotations": None}, entry("")
    )
    tags = await list_tags(opened(root), "web")
    assert [(tag.tag, tag.digest) for tag in tags] == [("a", f"sha256:{'1' * 64}")]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"manifests": {}}', "\x00", json.dumps({"manifests": [entry("a", "sha256:x")]}), None]
)
async def test_a_damaged_index_is_never_an_empty_repository(content: str | None, root: Path) -> None:
    file = root / "web" / "index.json"
    file.unlink()
    if content is not None:
        file.write_text(content)
    with pytest.raises(BrokenAnswer):
        await read_tags(opened(root), "web")


async def test_what_is_not_there_is_said_not_to_be_there(root: Path) -> None:
    registry = opened(root)
    nowhere = f"sha256:{'0' * 64}"
    for asking in (
        read_tags(registry, "no/such"),
        read_tags(registry, "../root/web"),
        registry.fetch_digest("web", "no-such"),
        registry.fetch_manifest("web", nowhere),
        registry.fetch_blob("web", nowhere),
    ):
        with pytest.raises(NothingThere):
            await asking


async def test_content_that_was_changed_is_refused(root: Path) -> None:
    registry = opened(root)
    digest = str((await list_tags(registry, "web"))[0].digest)
    (root / "web" / "blobs" / "sha256" / digest[7:]).write_bytes(b"{}")
    with pytest.raises(DigestMismatch, match=digest):
        await registry.fetch_manifest("web", digest)
    with pytest.raises(DigestMismatch, match=digest):
        await registry.fetch_blob("web", digest)


async def test_a_digest_cannot_name_a_path(root: Path) -> None:
    with pytest.raises(BrokenAnswer, match="not a digest"):
        await opened(root).fetch_blob("web", "sha256:../../index.json")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("fifo", BrokenAnswer), ("directory", DidNotAnswer), ("large", TooLarge), ("loop", DidNotAnswer)],
)
async def test_a_file_that_could_block_or_fill_the_memory_is_not_read(
    kind: str, expected: type[RegistryError], root: Path
) -> None:
    digest = f"sha256:{'a' * 64}"
    file = root / "web" / "blobs" / "sha256" / digest[7:]
    match kind:
        case "fifo":
            os.mkfifo(file)
        case "directory":
            file.mkdir()
        case "large":
            with file.open("wb") as sparse:
                sparse.truncate(100_000_000_000)
        case _:
            file.symlink_to(file)
    with pytest.raises(expected):
        await opened(root).fetch_blob("web", digest)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_directory_that_may_not_be_read_leaves_the_list_incomplete(root: Path) -> None:
    (root / "team").chmod(0)
    try:
        with pytest.raises(NotAllowed):
            await names(opened(root))
    finally:
        (root / "team").chmod(0o755)


async def test_the_bundled_sample_is_read() -> None:
    sample = Path(__file__).parents[2] / "examples" / "sample-registry"
    registry = opened(sample)
    listed = await names(registry)
    assert listed
    for name in listed:
        for tag in await list_tags(registry, name):
            await registry.fetch_manifest(name, str(tag.digest))
