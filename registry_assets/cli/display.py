"""A crawl's progress on a terminal as one live line, elsewhere as plain lines."""

import sys
import time
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

PLAIN_SECONDS = 2.0


class Moment(Protocol):
    """What a crawl tells of itself while it runs."""

    @property
    def provider(self) -> str: ...
    @property
    def repositories(self) -> int: ...
    @property
    def tags(self) -> int: ...
    @property
    def manifests(self) -> int: ...
    @property
    def requests(self) -> int: ...
    @property
    def problems(self) -> int: ...
    @property
    def seconds(self) -> float: ...


def describe(moment: Moment) -> str:
    """One line: what was seen, what it cost, how fast."""
    rate = moment.requests / moment.seconds if moment.seconds > 0.5 else 0.0
    parts = [
        f"{moment.repositories:,} repositories",
        f"{moment.tags:,} tags",
        f"{moment.manifests:,} manifests",
        f"{moment.requests:,} requests",
        *([f"{rate:,.0f}/s"] if rate else []),
        *([f"{moment.problems:,} problem{'s' if moment.problems > 1 else ''}"] if moment.problems else []),
    ]
    return f"{moment.provider}: " + ", ".join(parts)


class Display:
    """A context in which `show` follows one crawl after the other."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, transient=True) if self._console.is_terminal else None
        self._printed = 0.0

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, moment: Moment) -> None:
        if self._live:
            self._live.update(Spinner("dots", Text(describe(moment))))
        elif min(moment.seconds, time.monotonic() - self._printed) >= PLAIN_SECONDS:  # a short crawl has only its end
            self._printed = time.monotonic()
            print(describe(moment), file=sys.stderr, flush=True)  # noqa: T201 - the command's output

    def say(self, line: str) -> None:
        """A line that stays."""
        self._console.print(Text(line), soft_wrap=True)
