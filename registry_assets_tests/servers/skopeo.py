"""skopeo, the independent witness: it puts images into registries and says what is there."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry_assets_tests.servers.programs import find_program


@dataclass(frozen=True, slots=True)
class Skopeo:
    """skopeo with the credentials for one registry; it does not check certificates, which is not its part here."""

    credentials: str = ""

    def copy(self, source: str, target: str) -> None:
        """Copies an image with everything that an index holds, bytes unchanged."""
        self._run(
            "copy", "--all", "--preserve-digests", "--quiet", "--dest-tls-verify=false", *self._login("dest-creds"),
            source, target,
        )  # fmt: skip

    def inspect_raw(self, image: str) -> bytes:
        """The manifest as it is stored."""
        return self._run("inspect", "--raw", "--tls-verify=false", *self._login("creds"), image)

    def inspect_config(self, image: str) -> Any:
        """The image config."""
        return json.loads(self._run("inspect", "--config", "--tls-verify=false", *self._login("creds"), image))

    def list_tags(self, repository: str) -> list[str]:
        """The tags of `docker://host/repository`."""
        answer = json.loads(self._run("list-tags", "--tls-verify=false", *self._login("creds"), repository))
        return list(answer["Tags"])

    def _login(self, option: str) -> list[str]:
        return [f"--{option}={self.credentials}"] if self.credentials else []

    def _run(self, *arguments: str) -> bytes:
        command = [find_program("skopeo", "skopeo"), "--insecure-policy", *arguments]
        environment = {**os.environ, "REGISTRY_AUTH_FILE": str(Path(os.devnull).parent / "no-such-file")}
        done = subprocess.run(command, capture_output=True, check=False, timeout=60, env=environment)
        if done.returncode:
            raise RuntimeError(f"{command} failed: {done.stderr.decode(errors='replace')[-2000:]}")
        return done.stdout
