"""Runs whose process is gone: after a `kill -9` or a power cut, Dagster believes them to be running for ever."""

import os
import socket
from collections.abc import Iterable
from pathlib import Path

import dagster as dg

PARTITION = "dagster/partition"
PROCESS = "registry_assets/process"


def sign(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Notes on the run which process executes it."""
    instance.add_run_tags(run.run_id, {PROCESS: f"{socket.gethostname()} {os.getpid()} {started(os.getpid())}"})


def report_orphans(instance: dg.DagsterInstance, runs: Iterable[dg.DagsterRun]) -> list[dg.DagsterRun]:
    """Those of `runs` that may still be alive; the others are reported failed."""
    alive = []
    for run in runs:
        if is_orphan(run):
            instance.report_run_failed(run, "The process of this run is gone. What it had committed stands.")
        else:
            alive.append(run)
    return alive


def is_orphan(run: dg.DagsterRun) -> bool:
    """Whether the run was executed on this machine by a process that is no longer there."""
    host, _, process = run.tags.get(PROCESS, "").partition(" ")
    if host != socket.gethostname():
        return False
    pid, _, start = process.partition(" ")
    return started(int(pid)) != start


def started(pid: int) -> str:
    """What tells this process from a later one with the same id: its start, in clock ticks since boot; '' if gone.

    Where there is no /proc, a process that is there counts as the same.
    """
    if Path("/proc/self/stat").exists():
        try:
            # proc(5): the start time is field 22; the second, the name in brackets, may hold spaces.
            return (
                Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
            )
        except OSError:
            return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "running"
