"""Debian's docker-registry (Distribution 2.8), the real thing: open, with htpasswd, or with a token server."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from registry_assets_tests.servers.programs import find_program, free_port, running
from registry_assets_tests.servers.skopeo import Skopeo

PACKAGE = "docker-registry"
USERNAME = "reader"
PASSWORD = "correct horse:battery/staple+"


@dataclass(frozen=True, slots=True)
class RunningRegistry:
    """A registry that answers at `url`; without a user it is open to all. `ca` is its CA certificate, if it has one."""

    url: str
    username: str = ""
    password: str = ""
    ca: Path | None = None

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`."""
        return self.url.partition("://")[2]

    @property
    def skopeo(self) -> Skopeo:
        """Skopeo with this registry's credentials."""
        return Skopeo(f"{self.username}:{self.password}" if self.username else "")

    @property
    def config(self) -> dict[str, Any]:
        """The options of a provider that reads this registry."""
        login = {"username": self.username, "password": self.password} if self.username else {}
        bundle = {"ca_bundle": str(self.ca)} if self.ca else {}
        return {"registry_type": "private", "api_url": self.url, **login, **bundle}

    def push(self, layout: Path, image: str, *, source: str = "") -> None:
        """Pushes from an image layout to `repository:tag`; `source` is the layout's tag where that is another."""
        tag = source or image.rpartition(":")[2]
        self.skopeo.copy(f"oci:{layout}:{tag}", f"docker://{self.host}/{image}")

    def raw(self, image: str) -> bytes:
        """The manifest of `repository:tag` or `repository@digest` as skopeo reads it."""
        return self.skopeo.inspect_raw(f"docker://{self.host}/{image}")

    def tags(self, repository: str) -> list[str]:
        """The tags as skopeo lists them."""
        return self.skopeo.list_tags(f"docker://{self.host}/{repository}")

    def delete(self, repository: str, digest: str) -> None:
        """Deletes a manifest, and every tag that points at it. Not for a registry with a token server."""
        login = (self.username, self.password) if self.username else None
        verify = str(self.ca) if self.ca else True
        url = f"{self.url}/v2/{repository}/manifests/{digest}"
        httpx.delete(url, auth=login, verify=verify).raise_for_status()


@contextmanager
def docker_registry(folder: Path, auth: dict[str, Any] | None = None) -> Iterator[str]:
    """The URL of a docker-registry that keeps its content below `folder`."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    configuration = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "content")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
        **({"auth": auth} if auth else {}),
    }
    file = folder / "config.yml"
    file.write_text(yaml.safe_dump(configuration))
    command = [find_program("docker-registry", PACKAGE), "serve", str(file)]
    with running(command, folder / "registry.log", port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def open_registry(folder: Path) -> Iterator[RunningRegistry]:
    """A registry that asks for nothing."""
    with docker_registry(folder) as url:
        yield RunningRegistry(url)


@contextmanager
def htpasswd_registry(folder: Path) -> Iterator[RunningRegistry]:
    """A registry that asks for Basic authentication."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "htpasswd"
    command = [find_program("htpasswd", "apache2-utils"), "-Bbn", USERNAME, PASSWORD]
    file.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    with docker_registry(folder, {"htpasswd": {"realm": "Registry Realm", "path": str(file)}}) as url:
        yield RunningRegistry(url, USERNAME, PASSWORD)
