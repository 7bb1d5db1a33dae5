"""Programs of the system: found, started, and stopped by whoever started them."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
UNPACKED = PROJECT / ".tools" / "usr"
STARTUP_SECONDS = 20


def find_program(name: str, package: str) -> str:
    """The path of a program; without it the test is skipped, or fails where REQUIRE_SYSTEM_PACKAGES is 1."""
    folders = [*os.get_exec_path(), "/usr/sbin", "/sbin", str(UNPACKED / "bin"), str(UNPACKED / "sbin")]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found:
        return found
    reason = f"{name} is not installed (Debian's package {package})"
    if os.environ.get("REQUIRE_SYSTEM_PACKAGES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """A port of loopback on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str], log: Path, port: int) -> Iterator[None]:
    """The program runs and listens on `port`; what it prints is in `log`. Stopped at the end."""
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            wait_for_port(process, log, port)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for_port(process: subprocess.Popen[bytes], log: Path, port: int) -> None:
    """Returns when somebody listens; fails with the program's own words where it ended or never does."""
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as connection:
            connection.settimeout(1)
            if connection.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} does not listen on {port}: {log.read_text(errors='replace')[-2000:]}")
