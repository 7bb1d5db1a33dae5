"""How fast a docker-registry is crawled, cold and unchanged: `python -m benchmarks.crawl [REPOSITORIES] [TAGS]`.

Starts Debian's docker-registry on this machine, pushes that many small images by its API, and crawls it in a process of
its own, so that the peak memory is the crawl's.
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from hashlib import sha256
from pathlib import Path

import httpx

from registry_assets.crawl import crawl_provider
from registry_assets.oci.media_types import OCI_CONFIG, OCI_MANIFEST
from registry_assets.providers.file import load_configuration
from registry_assets.warehouse import Warehouse
from registry_assets_tests.servers.docker_registry import open_registry

LAYER = b"the same layer in every image"


def digest(body: bytes) -> str:
    return f"sha256:{sha256(body).hexdigest()}"


async def push_blob(client: httpx.AsyncClient, repository: str, body: bytes) -> None:
    started = await client.post(f"/v2/{repository}/blobs/uploads/")
    location = httpx.URL(started.headers["Location"]).copy_add_param("digest", digest(body))
    (await client.put(location, content=body)).raise_for_status()


async def push_image(client: httpx.AsyncClient, repository: str, tag: str) -> None:
    labels = {"org.opencontainers.image.version": tag}
    config = {"architecture": "amd64", "os": "linux", "created": "2024-01-01T00:00:00Z", "config": {"Labels": labels}}
    body = json.dumps({**config, "rootfs": {"type": "layers", "diff_ids": [digest(repository.encode())]}}).encode()
    await push_blob(client, repository, body)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": digest(body), "size": len(body)},
        "layers": [
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": digest(LAYER),
                "size": len(LAYER),
            }
        ],
    }
    answer = await client.put(
        f"/v2/{repository}/manifests/{tag}", content=json.dumps(manifest), headers={"Content-Type": OCI_MANIFEST}
    )
    answer.raise_for_status()


async def fill(url: str, repositories: int, tags: int) -> None:
    """Push everything, a few repositories at a time."""
    limit = asyncio.Semaphore(4)

    async def fill_repository(client: httpx.AsyncClient, number: int) -> None:
        async with limit:
            repository = f"team-{number % 10}/service-{number:04}"
            await push_blob(client, repository, LAYER)
            for tag in range(tags):
                await push_image(client, repository, f"1.{tag}.0")

    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        await asyncio.gather(*(fill_repository(client, number) for number in range(repositories)))


def crawl(folder: Path) -> None:
    """One crawl in this process, as one line of figures."""
    provider = load_configuration(folder / "providers.yaml").provider("benchmark")
    started = time.perf_counter()
    crawled = crawl_provider(provider, Warehouse(folder / "data"), run_id=str(uuid.uuid4()))
    seconds = time.perf_counter() - started
    stages = {stage.stage: stage for stage in crawled.crawl.stages}
    reading = max(stage.finished_at for stage in stages.values()) - min(stage.started_at for stage in stages.values())
    tags, requests = stages["tags"].seen, sum(stage.requests for stage in stages.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{tags:,} tags in {seconds:.1f} s, {tags / seconds:,.0f} tags/s (reading: {reading.total_seconds():.1f} s), "
        f"{requests:,} requests, peak memory {peak:.0f} MiB, complete: {crawled.complete}"
    )


def main() -> None:
    """Push, then crawl cold and unchanged."""
    if sys.argv[1:2] == ["--crawl"]:
        crawl(Path(sys.argv[2]))
        return
    repositories, tags = (int(word) for word in (*sys.argv[1:], "200", "25")[:2])
    with tempfile.TemporaryDirectory() as name, open_registry(Path(name) / "registry") as registry:
        folder = Path(name)
        asyncio.run(fill(registry.url, repositories, tags))
        config = {**registry.config, "selectors": [{"max_tags": 0}]}
        (folder / "providers.yaml").write_text(json.dumps({"providers": [{"name": "benchmark", "config": config}]}))
        for kind in ("cold", "unchanged", "unchanged"):
            print(f"{kind:10}", end="", flush=True)
            subprocess.run([sys.executable, "-m", "benchmarks.crawl", "--crawl", name], check=True)


if __name__ == "__main__":
    main()
