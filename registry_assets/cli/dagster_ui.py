"""`dagster dev` as a child process: known to answer before its address is told, and stopped with this process."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn, Self

from registry_assets.errors import RegistryAssetsError
from registry_assets.providers.file import project_folder

FIRST_PORT = 3000
START_SECONDS = 180
STOP_SECONDS = 30
# Dagster recommends another command, which is an extra here, and is quiet about it no other way.
QUIET = "ignore:Function `dev_command` is superseded"


class DagsterUI:
    """A context in which the UI and the daemon run; `url` answers from its start on."""

    def __init__(self) -> None:
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        # A shell starts what it puts in the background with SIGINT ignored, and a child would inherit that.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        dagster = Path(sys.executable).with_name("dagster")
        warnings = ",".join(part for part in (QUIET, os.environ.get("PYTHONWARNINGS", "")) if part)
        self._process = subprocess.Popen(
            [dagster, "dev", "--host", "127.0.0.1", "--port", str(self._port), "--log-level", "warning"],
            cwd=project_folder(),
            env={**os.environ, "PYTHONWARNINGS": warnings},
            process_group=0,  # Ctrl-C reaches it once, from here
        )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Ctrl-C is how one leaves: no error."""
        self._stop()
        return isinstance(error, KeyboardInterrupt)

    def wait(self) -> None:
        """Return when `dagster dev` ends by itself, which it does only when something is wrong."""
        self._process.wait()
        raise RegistryAssetsError(f"dagster dev ended with exit code {self._process.returncode}")

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                self.wait()
            if self._answers():
                return
            time.sleep(0.3)
        raise RegistryAssetsError(f"dagster dev did not answer at {self.url} within {START_SECONDS} seconds")

    def _answers(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.url}/server_info", timeout=5):
                return True
        except OSError:
            return False

    def _stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _free_port() -> int:
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise RegistryAssetsError(f"no free port between {FIRST_PORT} and {FIRST_PORT + 99}")
