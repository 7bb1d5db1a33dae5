"""How many requests a second each way of asking makes: `python benchmarks/transport.py [REQUESTS]` (2,000 by default).

Fetches one manifest from docker-registry with httpx's own connection pool, with httpx over aiohttp, and with this
project's client (authentication, pace, limits and verification included), at 4, 16 and 64 requests at once. Where the
registry is the limit, the processor time of each request is what tells the clients apart.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx
from httpx_aiohttp import AiohttpTransport

from registry_assets.oci.media_types import ACCEPT
from registry_assets.providers.models import Provider
from registry_assets.registry.distribution import Distribution
from registry_assets_tests.dagster.layouts import write_layout
from registry_assets_tests.servers.docker_registry import RunningRegistry, open_registry

REPOSITORY, TAG = "team/api", "1.0"
Ask = Callable[[], Awaitable[object]]


async def measure(name: str, ask: Ask, requests: int, concurrency: int) -> None:
    """Prints requests per second and processor time per request."""
    await ask()
    numbers = iter(range(requests))

    async def work() -> None:
        for _ in numbers:
            await ask()

    wall, processor = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    rate = requests / (time.perf_counter() - wall)
    cost = (time.process_time() - processor) / requests * 1000
    print(f"{name:<24} {concurrency:>3} at once {rate:>8,.0f} requests/s {cost:>7.2f} ms of processor each")


async def compare(registry: RunningRegistry, requests: int, concurrency: int) -> None:
    """All three, one after the other."""
    provider = Provider.model_validate({"name": "bench", "config": {**registry.config, "concurrency": concurrency}})
    project = Distribution(provider, {})
    digest, _ = await project.fetch_digest(REPOSITORY, TAG)
    await measure("this project", lambda: project.fetch_manifest(REPOSITORY, digest), requests, concurrency)
    await project.close()
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    url = f"{registry.url}/v2/{REPOSITORY}/manifests/{digest}"
    for name, transport in (
        ("httpx over aiohttp", AiohttpTransport(limits=limits)),
        ("httpx", httpx.AsyncHTTPTransport(limits=limits)),
    ):
        async with httpx.AsyncClient(transport=transport, headers={"accept": ACCEPT}, timeout=60) as client:
            await measure(name, partial(client.get, url), requests, concurrency)


def main() -> None:
    """Starts docker-registry, pushes an image and compares."""
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        write_layout(Path(folder) / "layout", {TAG: "content"})
        with open_registry(Path(folder) / "registry") as registry:
            registry.push(Path(folder) / "layout", f"{REPOSITORY}:{TAG}")
            for concurrency in (4, 16, 64):
                asyncio.run(compare(registry, requests, concurrency))


if __name__ == "__main__":
    main()
