"""A fixed pool of workers over one stack of jobs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Job = Callable[..., Awaitable[None]]


class Workers:
    """Runs jobs, the newest first, so that a repository is finished before the next one is begun.

    A job may add jobs. The producer of the first ones is held back while more than `high_water` wait, which bounds
    memory whatever a registry lists.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._high_water = 8 * count
        self._jobs: asyncio.LifoQueue[tuple[Job, tuple[Any, ...]]] = asyncio.LifoQueue()
        self._room = asyncio.Event()
        self._room.set()

    def add(self, job: Job, *arguments: Any) -> None:
        self._jobs.put_nowait((job, arguments))
        if self._jobs.qsize() > self._high_water:
            self._room.clear()

    async def add_when_room(self, job: Job, *arguments: Any) -> None:
        await self._room.wait()
        self.add(job, *arguments)

    async def run(self, produce: Callable[[], Awaitable[None]]) -> None:
        """Until `produce` has ended and no job is left. The first exception of any ends all, and is raised."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._work()) for _ in range(self._count)]
                await produce()
                await self._jobs.join()
                for task in tasks:
                    task.cancel()
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _work(self) -> None:
        while True:
            job, arguments = await self._jobs.get()
            try:
                await job(*arguments)
            finally:
                self._jobs.task_done()
                if self._jobs.qsize() <= self._high_water:
                    self._room.set()
